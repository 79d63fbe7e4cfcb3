"""Liquid as users may write it: bounded in loops, output, nesting and time, and given plain data only.

Values are escaped for HTML where the text is HTML. No template can include another, read a file, an attribute
or the clock. What is parsed once renders for any number of people.
"""

from __future__ import annotations

import datetime as dt
import re
import time
from bisect import bisect_right
from collections.abc import Callable, Iterable, Mapping
from decimal import Decimal
from functools import lru_cache
from html import escape, unescape
from typing import Any, TextIO

from babel import Locale
from django.utils.translation import gettext as _
from liquid import Environment
from liquid.ast import BlockNode, Node
from liquid.builtin.content import ContentNode
from liquid.builtin.expressions import FilteredExpression, Path, parse_primitive
from liquid.builtin.output import Output, OutputNode
from liquid.context import RenderContext
from liquid.exceptions import LiquidError, LiquidInterrupt, ResourceLimitError, UnknownFilterError
from liquid.expression import Expression
from liquid.parser import get_parser
from liquid.stream import TokenStream
from liquid.stringify import to_liquid_string
from liquid.tag import Tag
from liquid.template import BoundTemplate
from liquid.token import TOKEN_TAG, Token
from liquid.undefined import Undefined
from liquid.utils import ReadOnlyChainMap

from northpost.content.errors import ContentError
from northpost.content.filters import date, install
from northpost.content.links import Link, clean_url, is_web_address

RENDER_SECONDS = 2.0
_REMOVED_TAGS = ("include", "render", "liquid", "doc", "#doc")
LinkUrl = Callable[[Link, str], str]


class MailContext(RenderContext):
    """One rendering for one person, with its deadline and what links and pixel become."""

    def __init__(self, template: BoundTemplate, **kwargs: Any) -> None:
        super().__init__(template, **kwargs)
        # Without the library's "now" and "today": time is given in the context or not at all.
        self.scope = ReadOnlyChainMap(self.locals, self.globals, self.counters)
        self.deadline = time.monotonic() + RENDER_SECONDS
        self.links: tuple[Link, ...] = ()
        self.link_url: LinkUrl | None = None
        self.pixel_url: str | None = None
        self.trap_url: str | None = None
        self.missing: set[str] | None = None

    def check_time(self) -> None:
        if time.monotonic() > self.deadline:
            raise ResourceLimitError("it takes too long", token=None)

    def get(self, path: list[object], *, token: Token | None, default: object = ...) -> object:
        self.check_time()
        if default is ...:
            return super().get(path, token=token)
        return super().get(path, token=token, default=default)

    def assign(self, key: str, val: Any) -> None:
        self.check_time()
        super().assign(key, val)

    def raise_for_loop_limit(self, length: int = 1) -> None:
        self.check_time()
        super().raise_for_loop_limit(length)


class ValueNode(OutputNode):
    """`{{ value }}`: dates in the locale's words, and a note of what was empty."""

    def render_to_output(self, context: RenderContext, buffer: TextIO) -> int:
        assert isinstance(context, MailContext)
        context.check_time()
        value = self.expression.evaluate(context)
        if context.missing is not None and (isinstance(value, Undefined) or value is None or value == ""):
            left = self.expression.left if isinstance(self.expression, FilteredExpression) else None
            if isinstance(left, Path):
                context.missing.add(str(left))
        if isinstance(value, dt.date):
            assert isinstance(context.env, MailEnvironment)
            value = date(value, "long", context.env.locale)
        elif isinstance(value, dict):
            value = ""
        return buffer.write(to_liquid_string(value, context.autoescape))


class ValueTag(Output):
    node_class = ValueNode


class LinkNode(Node):
    """A link's address: resolved for the person, then handed to link_url if it is tracked."""

    def __init__(self, token: Token, position: Expression, block: BlockNode, *, html: bool) -> None:
        super().__init__(token)
        self.html = html
        self.position = int(str(position))
        self.block = block
        self.blank = False
        self.static: str | None = None
        if all(isinstance(node, ContentNode) for node in block.nodes):
            self.static = self.clean("".join(str(node) for node in block.nodes))

    def clean(self, url: str) -> str:
        return clean_url(unescape(url) if self.html else url)

    def render_to_output(self, context: RenderContext, buffer: TextIO) -> int:
        assert isinstance(context, MailContext)
        if self.static is None:
            inner = context.get_buffer(buffer)
            for node in self.block.nodes:
                node.render(context, inner)
            url = self.clean(inner.getvalue())
        else:
            url = self.static
        link = context.links[self.position] if self.position < len(context.links) else None
        if link is not None and context.link_url is not None and is_web_address(url):
            url = context.link_url(link, url)
        return buffer.write(escape(url) if self.html else url)

    def children(self, static_context: RenderContext, *, include_partials: bool = True) -> Iterable[Node]:
        return self.block.nodes


class LinkTag(Tag):
    """{% nplink 3 %}address{% endnplink %}, written by the compiler only. No link of that number: not tracked."""

    name = "nplink"
    end = "endnplink"

    def parse(self, stream: TokenStream) -> Node:
        token = stream.eat(TOKEN_TAG)
        tokens = stream.into_inner(tag=token)
        position = parse_primitive(self.env, tokens)
        tokens.expect_eos()
        block = get_parser(self.env).parse_block(stream, frozenset({self.end}))
        stream.expect(TOKEN_TAG, value=self.end)
        return LinkNode(token, position, block, html=self.env.autoescape)


class PixelNode(Node):
    """At the end of the mail: the image that tells of an opening, and the link that no person sees, if there are."""

    def render_to_output(self, context: RenderContext, buffer: TextIO) -> int:
        assert isinstance(context, MailContext)
        written = 0
        if context.pixel_url:
            style = "display:block;border:0;width:1px;height:1px"
            source = escape(context.pixel_url)
            written += buffer.write(f'<img src="{source}" width="1" height="1" alt="" style="{style}">')
        if context.trap_url:
            style = "display:none;font-size:0;max-height:0;overflow:hidden"
            address = f'href="{escape(context.trap_url)}" style="{style}"'
            written += buffer.write(f'<a {address} tabindex="-1" aria-hidden="true" rel="nofollow"></a>')
        return written


class PixelTag(Tag):
    """{% nppixel %}, written by the compiler only."""

    name = "nppixel"
    block = False

    def parse(self, stream: TokenStream) -> Node:
        return PixelNode(stream.expect(TOKEN_TAG))


class MailTemplate(BoundTemplate):
    context_class = MailContext


class MailEnvironment(Environment):
    """Liquid with its limits set. internal: knows the compiler's own tags too."""

    block_nesting_limit = 24
    context_depth_limit = 40
    loop_iteration_limit = 5_000
    local_namespace_limit = 500_000
    output_stream_limit = 2_000_000
    template_class = MailTemplate

    def __init__(self, *, locale: Locale, html: bool, internal: bool) -> None:
        super().__init__(autoescape=html, strict_filters=True)
        self.locale = locale
        for name in _REMOVED_TAGS:
            self.tags.pop(name, None)
        self.add_tag(ValueTag)
        if internal:
            self.add_tag(LinkTag)
            self.add_tag(PixelTag)
        install(self, locale)


@lru_cache(maxsize=64)
def environment(language: str, *, html: bool, internal: bool) -> MailEnvironment:
    return MailEnvironment(locale=_locale(language), html=html, internal=internal)


def _locale(language: str) -> Locale:
    try:
        return Locale.parse(language, sep="-")
    except (ValueError, LookupError):
        return Locale("en")


class LiquidText:
    """A text with Liquid, parsed. Pickles as its source.

    source_lines: (offset in text, line in the template) pairs, so that an error names the line as written.
    """

    __slots__ = ("_arguments", "_lines", "_template", "links", "origin", "text")

    def __init__(
        self,
        text: str,
        *,
        language: str,
        html: bool = False,
        internal: bool = False,
        origin: str = "liquid",
        links: tuple[Link, ...] = (),
        source_lines: tuple[tuple[int, int], ...] | None = None,
    ) -> None:
        self.text = text
        self.links = links
        self.origin = origin
        self._lines = source_lines
        self._arguments = (text, language, html, internal, origin, links, source_lines)
        try:
            self._template = environment(language, html=html, internal=internal).from_string(text)
            _check_filters(self._template)
        except (LiquidError, RecursionError, ValueError, AssertionError) as error:
            raise self._content_error(error) from error

    def __reduce__(self) -> tuple[Callable[..., LiquidText], tuple[object, ...]]:
        return _unpickle, self._arguments

    def variables(self) -> frozenset[str]:
        """Paths that must come from the context, such as contact.first_name."""
        try:
            found = self._template.analyze(include_partials=False).globals
        except (LiquidError, RecursionError) as error:
            raise self._content_error(error) from error
        return frozenset(str(variable) for group in found.values() for variable in group)

    def render(
        self,
        context: Mapping[str, object],
        *,
        link_url: LinkUrl | None = None,
        pixel_url: str | None = None,
        trap_url: str | None = None,
        missing: set[str] | None = None,
    ) -> str:
        """context: as plain_data() gives it. missing: collects the paths that were asked for and empty."""
        rendering = self.rendering(context, link_url=link_url, pixel_url=pixel_url, trap_url=trap_url)
        rendering.missing = missing
        buffer = self._template._get_buffer()
        try:
            self._template.render_with_context(rendering, buffer)
        except (
            LiquidError,
            LiquidInterrupt,
            RecursionError,
            ValueError,
            ArithmeticError,
            AssertionError,
        ) as error:
            raise self._content_error(error) from error
        return buffer.getvalue()

    @property
    def template(self) -> BoundTemplate:
        """As the library parsed it, to be looked at."""
        return self._template

    def rendering(
        self,
        context: Mapping[str, object],
        *,
        link_url: LinkUrl | None,
        pixel_url: str | None = None,
        trap_url: str | None = None,
    ) -> MailContext:
        """The state of one rendering; its time runs from now on. context: as plain_data() gives it."""
        rendering = MailContext(self._template, globals=context)
        rendering.links = self.links
        rendering.link_url = link_url
        rendering.pixel_url = pixel_url
        rendering.trap_url = trap_url
        return rendering

    def render_node(self, node: Node, rendering: MailContext) -> str:
        """One node of the template, in a rendering that others may have been in before. Raises as the library does."""
        buffer = self._template._get_buffer()
        with rendering.extend(self._template.make_partial_namespace(False, {})):
            node.render(rendering, buffer)
        return buffer.getvalue()

    def evaluate(self, condition: Expression, rendering: MailContext) -> bool:
        """A condition of the template, in a rendering. Raises as the library does."""
        with rendering.extend(self._template.make_partial_namespace(False, {})):
            return bool(condition.evaluate(rendering))

    def _content_error(self, error: Exception) -> ContentError:
        return ContentError(self._line(error), _explain(error), self.origin)

    def _line(self, error: Exception) -> int | None:
        token = getattr(error, "token", None)
        if token is None or token.start_index < 0:
            return None
        if self._lines is None:
            return self.text.count("\n", 0, token.start_index) + 1
        index = bisect_right(self._lines, (token.start_index, 1 << 60)) - 1
        return self._lines[index][1] if index >= 0 else None


def _unpickle(
    text: str,
    language: str,
    html: bool,
    internal: bool,
    origin: str,
    links: tuple[Link, ...],
    source_lines: tuple[tuple[int, int], ...] | None,
) -> LiquidText:
    return LiquidText(
        text,
        language=language,
        html=html,
        internal=internal,
        origin=origin,
        links=links,
        source_lines=source_lines,
    )


def _check_filters(template: BoundTemplate) -> None:
    """An unknown filter is an error when the template is written, not when the first person gets the mail."""
    for name, spans in template.analyze(include_partials=False).filters.items():
        if name not in template.env.filters:
            token = Token(TOKEN_TAG, name, spans[0].index, str(template))
            raise UnknownFilterError(f"unknown filter '{name}'", token=token)


def _explain(error: Exception) -> str:
    if isinstance(error, UnknownFilterError):
        match = re.search(r"'(.*)'", str(error.args[0]))
        return _("There is no filter called “%(name)s”.") % {"name": match[1] if match else ""}
    if isinstance(error, RecursionError) or isinstance(error.__cause__, RecursionError):
        return _("This is nested too deeply.")
    if isinstance(error, ResourceLimitError):
        return _("This would make the mail too big or take too long: %(detail)s.") % {"detail": error.args[0]}
    detail = str(error.args[0]) if error.args else type(error).__name__
    unknown = re.match(r"unexpected tag '(.*)'", detail)
    if unknown:
        return _("There is no tag called “%(name)s” here.") % {"name": unknown[1]}
    return _("Liquid can't read this: %(detail)s.") % {"detail": detail}


_SCALARS = (str, int, float, bool, type(None), Decimal, dt.date, dt.datetime)


def plain_data(value: object, depth: int = 0) -> Any:
    """A copy of dicts, lists and scalars. Raises TypeError for anything with behaviour of its own.

    Subclasses of str become str, so that nothing can claim to be safe HTML. Empty text becomes None: in Liquid
    "" is true, and {% if contact.first_name %} would greet nobody by name.
    """
    kind = type(value)
    if kind is str:
        return value or None
    if kind is int or value is None or kind is bool:
        return value
    if depth > 12:
        raise TypeError("the context is nested too deeply")
    if isinstance(value, Mapping):
        return {str(key): plain_data(item, depth + 1) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain_data(item, depth + 1) for item in value]
    if isinstance(value, str):
        return str.__str__(value) or None
    if isinstance(value, _SCALARS):
        return value
    raise TypeError(f"a context holds plain data, not {kind.__name__}")
