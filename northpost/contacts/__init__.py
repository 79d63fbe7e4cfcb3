"""The people a firm writes to: attributes, consent with its proof, lists, tags; import and export.

Tables: contacts_contact, contacts_field, contacts_purpose, contacts_consent, contacts_consent_record,
contacts_list, contacts_list_member, contacts_tag, contacts_tagged, contacts_import_run.
"""
