"""What a mail says and how it looks: templates in MJML with Liquid, their plain text, media, and the bytes.

compile.py turns a source into a CompiledMail once, which renders per person; bound/ makes it ready for one mailing, so
that a person's message is joined from bytes; mime.py writes headers; library/ holds the templates that come with the
product.
Tables: content_template, content_version, content_media_file.
"""
