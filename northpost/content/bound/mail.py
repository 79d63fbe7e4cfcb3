"""A compiled mail, bound to one mailing: per person it is joined, and hardly anything is worked out."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property

from northpost.content.bound.marks import Marks, Plate, filled
from northpost.content.bound.parts import FAILURES, Doubt, Fixed, Maker, html_pieces, text_pieces
from northpost.content.bound.quoted import whole
from northpost.content.bound.reading import read
from northpost.content.bound.units import Line, Memory, Person
from northpost.content.compile import CompiledMail, RenderedMail, one_line
from northpost.content.errors import ContentError
from northpost.content.liquid import LinkUrl, MailEnvironment, plain_data
from northpost.content.mime import Frame, header

Tokens = Sequence[bytes]


@dataclass(frozen=True)
class Binding:
    """What is the same for everybody who gets the mailing.

    shared: values that stand in everybody's context (a person whose context holds another object there gets a mail
    rendered as a whole). own: the message's own addresses, by their names in the context. link_url, pixel_url,
    trap_url: as for CompiledMail.render. In own and in all addresses, marks stand for what differs by message; a link's
    own address may differ, the marks around it not.
    """

    marks: Marks
    shared: Mapping[str, object] = field(default_factory=dict)
    own: Mapping[str, str] = field(default_factory=dict)
    link_url: LinkUrl | None = None
    pixel_url: str | None = None
    trap_url: str | None = None


@dataclass(frozen=True)
class _Bound:
    """The message but for its headers. pieces: bytes, and empty places for tokens and for what is made per person.

    places: of each token, in the order of the marks. makers: what is made, and its place.
    """

    subject: bytes | Line
    pieces: list[bytes]
    places: tuple[tuple[int, ...], ...]
    makers: tuple[tuple[int, Maker], ...]
    memory: Memory


class BoundMail:
    """Gives byte for byte what CompiledMail.render gives, with CRLF for every line end."""

    def __init__(self, compiled: CompiledMail, binding: Binding, frame: Frame) -> None:
        self._compiled = compiled
        self._binding = binding
        self._frame = frame
        self._shared = tuple(binding.shared.items())
        self._fixed = plain_data(binding.shared) | dict(binding.own)
        self._limit = MailEnvironment.output_stream_limit

    def message(self, head: Callable[[bytes], bytes], context: Mapping[str, object], tokens: Tokens) -> bytes:
        """The whole message: ASCII with CRLF line ends, and no line begins with a dot.

        head: the headers with the Subject line given, each with its line end. tokens: one for each mark, in their
        order. Raises ContentError if the Liquid fails on this person's data, TypeError if its data is not plain.
        """
        bound = self._bound
        if bound is not None and all(context.get(name) is value for name, value in self._shared):
            try:
                made = self._quickly(bound, head, context, tokens)
            except (ContentError, *FAILURES):
                pass  # the slow way knows, and says which line is to blame
            else:
                if len(made) < self._limit:
                    return made
        return self._slowly(head, context, tokens)

    def render(self, context: Mapping[str, object], tokens: Tokens) -> RenderedMail:
        """The mail rendered as a whole."""
        binding, marks = self._binding, self._binding.marks
        return self._compiled.render(
            dict(context) | marks.replaced_in(binding.own, tokens),
            link_url=_with_tokens(binding.link_url, marks, tokens),
            pixel_url=marks.replaced(binding.pixel_url, tokens) if binding.pixel_url else None,
            trap_url=marks.replaced(binding.trap_url, tokens) if binding.trap_url else None,
        )

    def _quickly(
        self, bound: _Bound, head: Callable[[bytes], bytes], context: Mapping[str, object], tokens: Tokens
    ) -> bytes:
        person = Person(context, self._fixed, self._binding.link_url)
        subject = bound.subject
        bound.memory.messages += 1
        pieces = bound.pieces.copy()
        pieces[0] = head(subject if isinstance(subject, bytes) else subject(person))
        for token, places in zip(tokens, bound.places, strict=True):
            for place in places:
                pieces[place] = token
        for place, make in bound.makers:
            made = make(person)
            pieces[place] = made if isinstance(made, bytes) else filled(made, tokens)
        return b"".join(pieces)

    def _slowly(self, head: Callable[[bytes], bytes], context: Mapping[str, object], tokens: Tokens) -> bytes:
        rendered = self.render(context, tokens)
        frame = self._frame
        return b"".join(
            (
                head(header("Subject", rendered.subject)),
                frame.headers,
                frame.before_text,
                whole(rendered.text),
                frame.before_html,
                whole(rendered.html),
                frame.end,
            )
        )

    # --- once ------------------------------------------------------------------------------------

    @cached_property
    def _bound(self) -> _Bound | None:
        """Worked out when the first message is made; None where nothing can be told before a person is known."""
        try:
            return self._bind()
        except Doubt:
            return None

    def _bind(self) -> _Bound:
        binding, compiled, frame = self._binding, self._compiled, self._frame
        fixed = Fixed(
            values=self._fixed,
            own=dict(binding.own),
            marks=binding.marks,
            link_url=binding.link_url,
            pixel_url=binding.pixel_url,
            trap_url=binding.trap_url,
        )
        memory = Memory()
        row = _Row(len(binding.marks.words))
        row.fix(frame.headers + frame.before_text)
        row.add(text_pieces(compiled.text, fixed, memory))
        row.fix(frame.before_html)
        row.add(html_pieces(compiled.html, fixed, memory))
        row.fix(frame.end)
        places = tuple(tuple(each) for each in row.places)
        return _Bound(self._bound_subject(memory), row.pieces, places, tuple(row.makers), memory)

    def _bound_subject(self, memory: Memory) -> bytes | Line:
        """Raises Doubt."""
        text = self._compiled.subject
        readings = [read(node, text.template) for node in text.template.nodes]
        paths = {path for reading in readings for path in reading.paths}
        constant = all(reading.constant for reading in readings)
        if any(path[0] in self._binding.own for path in paths):
            raise Doubt

        def finish(words: str) -> bytes:
            return header("Subject", one_line(words))

        if constant and all(path[0] in self._fixed for path in paths):
            try:
                return finish(text.render(self._fixed))
            except (ContentError, ValueError):
                raise Doubt from None
        personal = [path for path in paths if path[0] not in self._fixed]
        return Line(text, paths=personal if constant else None, memory=memory, finish=finish)


class _Row:
    """Pieces in their order; the first is left empty for the headers."""

    def __init__(self, tokens: int) -> None:
        self.pieces: list[bytes] = [b""]
        self.places: list[list[int]] = [[] for _ in range(tokens)]
        self.makers: list[tuple[int, Maker]] = []

    def add(self, pieces: Iterable[Plate | Maker]) -> None:
        for piece in pieces:
            if not isinstance(piece, tuple):
                self.makers.append((len(self.pieces), piece))
                self.pieces.append(b"")
                continue
            for each in piece:
                if isinstance(each, int):
                    self.places[each].append(len(self.pieces))
                    self.pieces.append(b"")
                else:
                    self.fix(each)

    def fix(self, words: bytes) -> None:
        """Words that are always the same, joined to those before."""
        if len(self.pieces) > 1 and self.pieces[-1]:
            self.pieces[-1] += words
        else:
            self.pieces.append(words)


def _with_tokens(link_url: LinkUrl | None, marks: Marks, tokens: Tokens) -> LinkUrl | None:
    if link_url is None:
        return None
    return lambda link, url: marks.replaced(link_url(link, url), tokens)
