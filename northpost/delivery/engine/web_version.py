"""A message as a page, made anew from its mailing."""

from __future__ import annotations

from dataclasses import replace

from northpost.core import tenancy
from northpost.delivery import sources
from northpost.delivery.engine.compose import prepare, render
from northpost.delivery.engine.links import link_rows
from northpost.delivery.models import Message


def web_version(message_id: int) -> str | None:
    """The HTML of a message, links tracked, no pixel; None if the message or its person is gone.

    Raises what the mailing's room and its template raise.
    """
    message = Message.objects.filter(pk=message_id).first()
    if message is None:
        return None
    mailing = replace(sources.load(message.source_kind, message.source_id), track_opens=False)
    context = mailing.contexts([message.contact_id]).get(message.contact_id)
    if context is None:
        return None
    prepared = prepare(
        mailing,
        workspace_id=tenancy.require_workspace(),
        source_kind=message.source_kind,
        source_id=message.source_id,
        link_ids=link_rows(mailing, source_kind=message.source_kind, source_id=message.source_id),
    )
    own = dict(context) | dict(message.context or {})
    return render(prepared, message_id=message_id, language=message.language, variant=message.variant, context=own).html
