"""A compiled mail, bound to one mailing: per person it is joined, and hardly anything is worked out."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from northpost.content.bound.marks import Marks, filled
from northpost.content.bound.parts import FAILURES, Fixed, Maker, html_pieces, text_pieces
from northpost.content.bound.quoted import quoted
from northpost.content.bound.reading import read
from northpost.content.bound.units import Doubt, Line, Memory, Person
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


class BoundMail:
    """Gives byte for byte what CompiledMail.render gives, with CRLF for every line end. For one thread at a time."""

    def __init__(self, compiled: CompiledMail, binding: Binding, frame: Frame) -> None:
        self._compiled = compiled
        self._binding = binding
        self._frame = frame
        self._shared = tuple(binding.shared.items())
        self._fixed = plain_data(binding.shared) | dict(binding.own)
        self._subject: bytes | Line = b""
        self._pieces: list[bytes] = []
        self._places: tuple[tuple[int, ...], ...] = ()
        self._makers: list[tuple[int, Maker]] = []
        self._is_exact: bool | None = None
        self._memory = Memory()
        self._limit = MailEnvironment.output_stream_limit

    def message(self, head: Callable[[bytes], bytes], context: Mapping[str, object], tokens: Tokens) -> bytes:
        """The whole message: ASCII with CRLF line ends, and no line begins with a dot.

        head: the headers with the Subject line given, each with its line end. tokens: one for each mark, in their
        order. Raises ContentError if the Liquid fails on this person's data, TypeError for more than plain data.
        """
        if self._exact() and all(context.get(name) is value for name, value in self._shared):
            try:
                made = self._quickly(head, context, tokens)
            except (Doubt, ContentError, *FAILURES):
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

    def _quickly(self, head: Callable[[bytes], bytes], context: Mapping[str, object], tokens: Tokens) -> bytes:
        person = Person(context, self._fixed, self._binding.link_url)
        subject = self._subject
        self._memory.messages += 1
        pieces = self._pieces.copy()
        pieces[0] = head(subject if isinstance(subject, bytes) else subject(person))
        for token, places in zip(tokens, self._places, strict=True):
            for place in places:
                pieces[place] = token
        for place, make in self._makers:
            made = make(person)
            pieces[place] = made if type(made) is bytes else filled(made, tokens)  # type: ignore[arg-type]
        return b"".join(pieces)

    def _slowly(self, head: Callable[[bytes], bytes], context: Mapping[str, object], tokens: Tokens) -> bytes:
        rendered = self.render(context, tokens)
        first = head(header("Subject", rendered.subject))
        text, html = quoted(rendered.text, last=True), quoted(rendered.html, last=True)
        pieces = (
            self._frame.headers,
            self._frame.before_text,
            filled(text, ()),
            self._frame.before_html,
            filled(html, ()),
        )
        return b"".join((first, *pieces, self._frame.end))

    # --- once ------------------------------------------------------------------------------------

    def _exact(self) -> bool:
        """Whether the quick way gives what the slow one does. Bound when the first message is made."""
        if self._is_exact is None:
            try:
                self._bind()
                self._is_exact = True
            except Doubt:
                self._is_exact = False
        return self._is_exact

    def _bind(self) -> None:
        """Raises Doubt."""
        binding, compiled = self._binding, self._compiled
        fixed = Fixed(
            values=self._fixed,
            own=dict(binding.own),
            marks=binding.marks,
            link_url=binding.link_url,
            pixel_url=binding.pixel_url,
            trap_url=binding.trap_url,
        )
        memory = self._memory
        self._subject = self._bound_subject(memory)
        self._pieces = [b""]
        places: dict[int, list[int]] = {number: [] for number in range(len(binding.marks.words))}
        self._fix(self._frame.headers + self._frame.before_text)
        for piece in text_pieces(compiled.text, fixed, memory):
            self._add(piece, places)
        self._fix(self._frame.before_html)
        for piece in html_pieces(compiled.html, fixed, memory):
            self._add(piece, places)
        self._fix(self._frame.end)
        self._places = tuple(tuple(places[number]) for number in range(len(places)))

    def _add(self, piece: tuple[bytes | int, ...] | Maker, places: dict[int, list[int]]) -> None:
        if not isinstance(piece, tuple):
            self._makers.append((len(self._pieces), piece))
            self._pieces.append(b"")
            return
        for each in piece:
            if isinstance(each, int):
                places[each].append(len(self._pieces))
                self._pieces.append(b"")
            else:
                self._fix(each)

    def _fix(self, words: bytes) -> None:
        """Words that are always the same, joined to those before."""
        last = len(self._pieces) - 1
        if last and self._pieces[last]:
            self._pieces[last] += words
        else:
            self._pieces.append(words)

    def _bound_subject(self, memory: Memory) -> bytes | Line:
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


def _with_tokens(link_url: LinkUrl | None, marks: Marks, tokens: Tokens) -> LinkUrl | None:
    if link_url is None:
        return None
    return lambda link, url: marks.replaced(link_url(link, url), tokens)
