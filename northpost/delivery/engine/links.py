"""The rows of a mailing's tracked links: where a click leads is kept here."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping

from northpost.content.links import Link
from northpost.core import sql, tenancy
from northpost.delivery.sources import Mailing


def link_rows(mailing: Mailing, *, source_kind: str, source_id: int) -> Mapping[str, int]:
    """Each tracked address of the mailing, as written -> the id of its row; rows are made where missing."""
    found: dict[str, Link] = {}
    for variant in (0, *sorted(mailing.variants)):
        for _language, compiled in sorted(mailing.by_language(variant).items()):
            for link in compiled.links:
                found.setdefault(link.url, link)
    if not found or not mailing.track_clicks:
        return {}
    ordered = sorted(found.values(), key=lambda link: link.url)
    rows = sql.fetch_all(
        sql.load("northpost.delivery", "ensure_links"),
        {
            "workspace_id": tenancy.require_workspace(),
            "source_kind": source_kind,
            "source_id": source_id,
            "urls": [link.url for link in ordered],
            "labels": [link.label[:200] for link in ordered],
            "positions": [link.position for link in ordered],
            "hashes": [hashlib.sha256(link.url.encode()).hexdigest() for link in ordered],
        },
    )
    return {row["url"]: row["id"] for row in rows}
