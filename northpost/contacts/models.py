"""Contacts and what is known of them."""

from __future__ import annotations

from django.db import models
from django.db.models.functions import Lower
from django.utils.translation import gettext_lazy as _

from northpost.core.tenancy import TenantModel

# What hangs on a person hangs there by the tens of thousands in one import, and each checked key is a query of its own
# at the commit. So the database does not check these (db_constraint=False): every statement that hangs something on
# people locks them first (FOR KEY SHARE), people go in `erase_contact` or `delete_imported_contacts` only, together
# with what hangs on them, and a purpose never goes.


class ContactRole(models.TextChoices):
    CUSTOMER = "customer", _("Customer")
    SUPPLIER = "supplier", _("Supplier")
    JOURNALIST = "journalist", _("Journalist")
    PARTNER = "partner", _("Partner")


class Contact(TenantModel):
    """A person. Someone known only by the shop's number has no e-mail, and can't be mailed.

    ``email`` is as written (domain in its ASCII form), ``email_key`` what makes it one person: lower case.
    ``attributes`` holds custom fields, key -> JSON value as typed by :class:`Field` (dates as ISO strings).
    ``first_key`` and ``last_key`` are the names in lower case, kept by the database, for search by their beginning:
    under a wall an index serves a range of a column in collation C, and neither LIKE nor lower(...).
    """

    email = models.CharField(_("e-mail address"), max_length=254, null=True)
    email_key = models.CharField(max_length=254, null=True, db_collation="C")
    external_id = models.CharField(_("customer number"), max_length=120, null=True, db_collation="C")
    first_name = models.CharField(_("first name"), max_length=120, blank=True, default="")
    last_name = models.CharField(_("last name"), max_length=120, blank=True, default="")
    phone = models.CharField(_("phone"), max_length=40, blank=True, default="")
    language = models.CharField(_("language"), max_length=8, blank=True, default="")
    time_zone = models.CharField(_("time zone"), max_length=64, blank=True, default="")
    role = models.CharField(_("role"), max_length=12, choices=ContactRole.choices, default=ContactRole.CUSTOMER)
    attributes = models.JSONField(default=dict)
    first_key = models.GeneratedField(
        expression=Lower("first_name"),
        output_field=models.CharField(max_length=240, db_collation="C"),
        db_persist=True,
    )
    last_key = models.GeneratedField(
        expression=Lower("last_name"),
        output_field=models.CharField(max_length=240, db_collation="C"),
        db_persist=True,
    )
    created_at = models.DateTimeField()
    updated_at = models.DateTimeField()
    import_run_id = models.BigIntegerField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["workspace_id", "email_key"], name="contacts_contact_email_once"),
            models.UniqueConstraint(fields=["workspace_id", "external_id"], name="contacts_contact_external_once"),
        ]
        indexes = [
            models.Index(fields=["workspace_id", "id"], name="contacts_contact_ws_idx"),
            models.Index(fields=["workspace_id", "-created_at", "-id"], name="contacts_contact_created_idx"),
            models.Index(fields=["workspace_id", "last_key", "first_key", "id"], name="contacts_contact_last_idx"),
            models.Index(fields=["workspace_id", "first_key"], name="contacts_contact_first_idx"),
        ]

    def __str__(self) -> str:
        return f"{self.first_name} {self.last_name}".strip() or self.email or self.external_id or f"#{self.pk}"


class FieldKind(models.TextChoices):
    TEXT = "text", _("Text")
    NUMBER = "number", _("Number")
    BOOLEAN = "boolean", _("Yes or no")
    DATE = "date", _("Date")
    CHOICE = "choice", _("Choice")


class Field(TenantModel):
    """A custom attribute. ``key`` never changes; ``choices`` is a list of strings for kind ``choice``."""

    key = models.SlugField(max_length=60)
    label = models.CharField(_("name"), max_length=120)
    kind = models.CharField(_("kind"), max_length=10, choices=FieldKind.choices)
    choices = models.JSONField(default=list)
    position = models.IntegerField(default=0)
    archived_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["workspace_id", "key"], name="contacts_field_key_once")]


class Purpose(TenantModel):
    """What a person agrees to: one consent per purpose (GDPR art. 6 and 7). ``marketing`` is there from the start."""

    key = models.SlugField(max_length=40)
    label = models.CharField(_("name"), max_length=120)
    text = models.TextField(_("text that people agree to"), blank=True)
    text_version = models.CharField(max_length=40, blank=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["workspace_id", "key"], name="contacts_purpose_key_once")]

    def __str__(self) -> str:
        return self.label


class ConsentState(models.TextChoices):
    GRANTED = "granted", _("Agreed")
    PENDING = "pending", _("Not confirmed yet")
    WITHDRAWN = "withdrawn", _("Withdrawn")


class Consent(TenantModel):
    """Where a person stands on one purpose now: what the gate reads. No row: never asked."""

    contact = models.ForeignKey(Contact, on_delete=models.CASCADE, related_name="consents", db_constraint=False)
    purpose = models.ForeignKey(Purpose, on_delete=models.PROTECT, related_name="+", db_constraint=False)
    state = models.CharField(max_length=10, choices=ConsentState.choices)
    since = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["workspace_id", "contact", "purpose"], name="contacts_consent_once"),
        ]


class ConsentRecord(TenantModel):
    """Proof: one line for each time a consent was given, confirmed or withdrawn. Only ever added to."""

    contact = models.ForeignKey(Contact, on_delete=models.CASCADE, related_name="consent_records", db_constraint=False)
    purpose = models.ForeignKey(Purpose, on_delete=models.PROTECT, related_name="+", db_constraint=False)
    state = models.CharField(max_length=10, choices=ConsentState.choices)
    at = models.DateTimeField()
    source = models.CharField(max_length=200)
    text = models.TextField(blank=True, default="")
    text_version = models.CharField(max_length=40, blank=True, default="")
    ip = models.GenericIPAddressField(null=True)
    confirmed_at = models.DateTimeField(null=True)

    class Meta:
        db_table = "contacts_consent_record"
        indexes = [models.Index(fields=["workspace_id", "contact", "-at"], name="contacts_record_contact_idx")]


class ContactList(TenantModel):
    """A list that people are put on by hand, import or form."""

    name = models.CharField(_("name"), max_length=120)
    description = models.CharField(_("description"), max_length=300, blank=True, default="")
    created_at = models.DateTimeField()
    archived_at = models.DateTimeField(null=True)

    class Meta:
        db_table = "contacts_list"
        constraints = [models.UniqueConstraint(fields=["workspace_id", "name"], name="contacts_list_name_once")]

    def __str__(self) -> str:
        return self.name


class ListMember(TenantModel):
    contact_list = models.ForeignKey(ContactList, on_delete=models.CASCADE, related_name="members")
    contact = models.ForeignKey(Contact, on_delete=models.CASCADE, related_name="list_memberships", db_constraint=False)
    since = models.DateTimeField()

    class Meta:
        db_table = "contacts_list_member"
        constraints = [
            models.UniqueConstraint(fields=["workspace_id", "contact_list", "contact"], name="contacts_member_once"),
        ]


class Tag(TenantModel):
    name = models.CharField(_("name"), max_length=60)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["workspace_id", "name"], name="contacts_tag_name_once")]

    def __str__(self) -> str:
        return self.name


class Tagged(TenantModel):
    tag = models.ForeignKey(Tag, on_delete=models.CASCADE, related_name="tagged")
    contact = models.ForeignKey(Contact, on_delete=models.CASCADE, related_name="tags", db_constraint=False)
    since = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["workspace_id", "tag", "contact"], name="contacts_tagged_once"),
        ]


class ImportState(models.TextChoices):
    UPLOADED = "uploaded", _("Waiting for your word")
    QUEUED = "queued", _("About to start")
    RUNNING = "running", _("Running")
    DONE = "done", _("Done")
    FAILED = "failed", _("Failed")
    UNDONE = "undone", _("Undone")


class ImportRun(TenantModel):
    """One file on its way in. ``rows_done`` is committed with each batch, so a killed run goes on from there."""

    kind = models.CharField(max_length=20)
    filename = models.CharField(max_length=255)
    path = models.CharField(max_length=500)
    shape = models.JSONField(default=dict)
    mapping = models.JSONField(default=dict)
    options = models.JSONField(default=dict)
    state = models.CharField(max_length=10, choices=ImportState.choices, default=ImportState.UPLOADED)
    rows_total = models.BigIntegerField(null=True)
    rows_done = models.BigIntegerField(default=0)
    created_count = models.BigIntegerField(default=0)
    updated_count = models.BigIntegerField(default=0)
    unchanged_count = models.BigIntegerField(default=0)
    refused_count = models.BigIntegerField(default=0)
    refused_path = models.CharField(max_length=500, blank=True, default="")
    error = models.TextField(blank=True, default="")
    created_by_id = models.BigIntegerField(null=True)
    created_at = models.DateTimeField()
    started_at = models.DateTimeField(null=True)
    finished_at = models.DateTimeField(null=True)

    class Meta:
        db_table = "contacts_import_run"
        indexes = [models.Index(fields=["workspace_id", "-created_at"], name="contacts_import_created_idx")]
