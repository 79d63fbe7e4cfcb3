"""What a mail says and how it looks: templates in MJML with Liquid, their plain text, media, and the bytes.

compile.py turns a source into a CompiledMail once, which renders per person; mime.py turns what was rendered
into bytes; library/ holds the templates that come with the product.
Tables: content_template, content_version, content_media_file.
"""
