"""What messages come from: rooms above register how a source of theirs becomes mail.

A campaign says, from its AppConfig.ready(): ``sources.register("campaign", load, on_breaker=stopped)``. ``load`` is
called inside the workspace, on a run's first message from that source.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from northpost.content.compile import CompiledMail
from northpost.content.errors import ContentError
from northpost.delivery.rules.breakers import Breaker

Contexts = Callable[[Sequence[int]], Mapping[int, Mapping[str, object]]]


@dataclass(frozen=True)
class Mailing:
    """All that is the same for everybody who gets it.

    contents: compiled mail by language; language: the one for people whose own is not there. variants: other versions,
    by the number that their messages carry (0 is ``contents``), each by language as well. contexts: contact ids ->
    each person's Liquid context (plain data), asked for a few hundred people at once; the addresses for unsubscribing
    and the web version are added here. transactional: without the headers and the way out of bulk mail.
    shared: what stands in everybody's context, the same objects there and here: it is worked out once for all.
    mail_type: a word for mailbox providers' feedback (Feedback-ID). list_name: shown as List-Id.
    """

    sender_name: str
    sender_email: str
    reply_to: str
    contents: Mapping[str, CompiledMail]
    language: str
    contexts: Contexts
    variants: Mapping[int, Mapping[str, CompiledMail]] = field(default_factory=dict)
    shared: Mapping[str, object] = field(default_factory=dict)
    list_name: str = ""
    mail_type: str = "marketing"
    transactional: bool = False
    track_opens: bool = True
    track_clicks: bool = True

    def by_language(self, variant: int) -> Mapping[str, CompiledMail]:
        """Raises ContentError for a variant that there is none of."""
        found = self.variants.get(variant) if variant else self.contents
        if found is None:
            raise ContentError(None, f"this mailing has no variant {variant}", "mjml")
        return found

    def content(self, language: str, variant: int = 0) -> CompiledMail:
        """In its main language where it hasn't this one. Raises ContentError for a variant that there is none of."""
        found = self.by_language(variant)
        return found.get(language) or found[self.language]


class UnknownSource(LookupError):
    """No room has registered this kind of source. Permanent."""

    retryable = False


Loader = Callable[[int], Mailing]
OnBreaker = Callable[[int, Breaker], None]


@dataclass(frozen=True)
class Kind:
    load: Loader
    on_breaker: OnBreaker | None


_kinds: dict[str, Kind] = {}


def register(kind: str, loader: Loader, *, on_breaker: OnBreaker | None = None) -> None:
    """``loader(source_id)`` gives the Mailing; ``on_breaker(source_id, breaker)`` hears of limits reached."""
    _kinds[kind] = Kind(loader, on_breaker)


def load(kind: str, source_id: int) -> Mailing:
    """The mailing of a source. Raises UnknownSource, and whatever the room raises that can't make it."""
    return _kind(kind).load(source_id)


def tell(kind: str, source_id: int, breaker: Breaker) -> None:
    """Pass on to the room that the source belongs to that a limit was reached."""
    hook = _kind(kind).on_breaker
    if hook is not None:
        hook(source_id, breaker)


def _kind(kind: str) -> Kind:
    if kind not in _kinds:
        raise UnknownSource(f"no room sends for {kind!r}")
    return _kinds[kind]
