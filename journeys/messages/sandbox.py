"""The Jinja that templates run in: nothing to reach, nothing to write, nothing without end.

On top of Jinja's immutable sandbox, every loop, call, `~` and output spends from the rendering's budget, the operators that
make big values out of small ones are measured first, and names that nobody gives are errors with the nearest name.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, ClassVar

from jinja2 import StrictUndefined, TemplateAssertionError, TemplateSyntaxError, meta, nodes, pass_context
from jinja2.environment import Template as JinjaTemplate
from jinja2.exceptions import SecurityError
from jinja2.runtime import Context as JinjaContext
from jinja2.runtime import LoopContext
from jinja2.sandbox import ImmutableSandboxedEnvironment
from jinja2.utils import Namespace, missing
from jinja2.visitor import NodeTransformer

from journeys.base.errors import suggestion
from journeys.base.i18n import N_
from journeys.messages.context import NAMES
from journeys.messages.filters import FILTERS_FOR_PEOPLE, LANGUAGE, concat, locale_of, text_of
from journeys.messages.limits import (
    MAX_BITS,
    MAX_RANGE,
    MAX_VALUE,
    Budget,
    RangeTooLong,
    ValueTooBig,
    budget,
    check_size,
    spending,
)
from journeys.messages.place import TemplateError, place
from journeys.messages.protect import JinjaSyntax
from journeys.messages.values import Money, names_of


class UnknownName(TemplateError):
    text: ClassVar[str] = N_("{where}: “{name}” is not known.{suggestion}")


class NoSuchPart(TemplateError):
    text: ClassVar[str] = N_("{where}: there is no “{name}” here.{suggestion}")


class NothingHere(TemplateError):
    text: ClassVar[str] = N_(
        "{where}: “{name}” is asked of something that this passage does not have. Ask first whether it is there: {example}"
    )


class NotAllowed(TemplateError):
    text: ClassVar[str] = N_("{where}: a template may not use “{name}”.")


class UnknownFilter(TemplateError):
    text: ClassVar[str] = N_("{where}: there is no filter “{name}”.{suggestion}")


class TooNested(TemplateError):
    text: ClassVar[str] = N_("{where}: the template is nested too deeply.")


_TAGS_REFUSED: tuple[tuple[type[nodes.Node], str], ...] = (
    (nodes.Extends, "extends"),
    (nodes.Include, "include"),
    (nodes.Import, "import"),
    (nodes.FromImport, "import"),
    (nodes.ScopedEvalContextModifier, "autoescape"),
    (nodes.EvalContextModifier, "autoescape"),
)

#: methods of texts that give back no more than they are given
_TEXT_METHODS = frozenset(
    [
        "capitalize",
        "casefold",
        "count",
        "endswith",
        "find",
        "index",
        "isalnum",
        "isalpha",
        "isdigit",
        "islower",
        "isnumeric",
        "isspace",
        "isupper",
        "lower",
        "lstrip",
        "removeprefix",
        "removesuffix",
        "rsplit",
        "rstrip",
        "split",
        "splitlines",
        "startswith",
        "strip",
        "swapcase",
        "title",
        "upper",
    ]
)
_ATTRIBUTES: tuple[tuple[type, frozenset[str]], ...] = (
    (str, _TEXT_METHODS),
    (dict, frozenset(("get", "items", "keys", "values"))),
    (list, frozenset(("count", "index"))),
    (tuple, frozenset(("count", "index", "grouper", "list"))),
    (Money, frozenset(("minor", "currency"))),
    (
        LoopContext,
        frozenset(
            [
                "changed",
                "cycle",
                "depth",
                "depth0",
                "first",
                "index",
                "index0",
                "last",
                "length",
                "nextitem",
                "previtem",
                "revindex",
                "revindex0",
            ]
        ),
    ),
)
_WIDTH = re.compile(r"%[^a-zA-Z%]*(?:\*|\d{4,})")


class _Missing(StrictUndefined):
    """A name that nobody gives."""

    __slots__ = ()

    def _fail(self, *_: Any, **__: Any) -> Any:
        name = str(self._undefined_name)
        if issubclass(self._undefined_exception, SecurityError):
            raise NotAllowed(name=name)
        if self._undefined_obj is missing:
            raise UnknownName(name=name, suggestion=suggestion(name, NAMES))
        if self._undefined_obj is None:
            raise NothingHere(name=name, example="{% if contract %} … {% endif %}")
        raise NoSuchPart(name=name, suggestion=suggestion(name, names_of(self._undefined_obj)))

    _fail_with_undefined_error = _fail
    __iter__ = __str__ = __len__ = __eq__ = __ne__ = __bool__ = __contains__ = __hash__ = _fail
    __add__ = __radd__ = __sub__ = __rsub__ = __mul__ = __rmul__ = __truediv__ = __rtruediv__ = _fail
    __floordiv__ = __rfloordiv__ = __mod__ = __rmod__ = __pos__ = __neg__ = __call__ = __getitem__ = _fail
    __lt__ = __le__ = __gt__ = __ge__ = __int__ = __float__ = __complex__ = __pow__ = __rpow__ = _fail

    def __getattr__(self, name: str) -> Any:
        if name[:2] == "__":
            raise AttributeError(name)
        return self._fail()


class _Watch(NodeTransformer):
    """Send loops, `~` and what is written as a list through the budget."""

    def visit_For(self, node: nodes.For) -> nodes.Node:  # noqa: N802 - the visitor's name for it
        self.generic_visit(node)
        # what one round writes even where nothing is printed: in a captured block nobody else counts it
        weight = sum(len(data.data) for data in node.find_all(nodes.TemplateData))
        node.iter = nodes.Filter(node.iter, "_rounds", [nodes.Const(weight)], [], None, None, lineno=node.lineno)
        return node

    def visit_Concat(self, node: nodes.Concat) -> nodes.Node:  # noqa: N802
        self.generic_visit(node)
        return nodes.Filter(
            nodes.List(node.nodes, lineno=node.lineno), "_concat", [], [], None, None, lineno=node.lineno
        )

    def visit_List(self, node: nodes.List | nodes.Tuple | nodes.Dict) -> nodes.Node:  # noqa: N802
        self.generic_visit(node)
        if isinstance(node, nodes.Tuple) and node.ctx != "load":
            return node
        return nodes.Filter(node, "_made", [], [], None, None, lineno=node.lineno)

    visit_Tuple = visit_Dict = visit_List  # noqa: N815


class Sandbox(ImmutableSandboxedEnvironment):
    """The environment of templates. Shared between threads; a rendering's own state is in its context and budget."""

    intercepted_binops = frozenset(("*", "**", "%", "+"))

    def __init__(self, *, autoescape: bool) -> None:
        super().__init__(
            autoescape=autoescape, undefined=_Missing, finalize=_finalize, keep_trailing_newline=True, cache_size=0
        )
        self.globals = {"range": _range, "namespace": Namespace, "dict": dict}
        self.filters = {**FILTERS_FOR_PEOPLE, "_rounds": _rounds, "_concat": concat, "_made": _made}

    def _parse(self, source: str, name: str | None, filename: str | None) -> nodes.Template:
        tree = super()._parse(source, name, filename)
        for kind, tag in _TAGS_REFUSED:
            if (node := tree.find(kind)) is not None:
                raise TemplateSyntaxError(f"“{tag}”", node.lineno, name, filename)
        for name_node in tree.find_all(nodes.Filter):
            if name_node.name.startswith("_"):
                raise TemplateAssertionError(f"No filter named {name_node.name!r}.", name_node.lineno, name, filename)
        watched: nodes.Template = _Watch().visit(tree)
        watched.set_environment(self)
        return watched

    def is_safe_attribute(self, obj: Any, attr: str, value: Any) -> bool:
        if isinstance(obj, Namespace):
            return not attr.startswith("_")
        for kind, names in _ATTRIBUTES:
            if isinstance(obj, kind):
                return attr in names
        return False

    def wrap_str_format(self, value: Any) -> Callable[..., str] | None:
        # no format at all: its own attribute look-ups and widths would be a second language to guard
        return None

    def call(self, context: JinjaContext, obj: Any, /, *args: Any, **kwargs: Any) -> Any:
        budget().go_round()
        return super().call(context, obj, *args, **kwargs)

    def call_binop(self, context: JinjaContext, operator: str, left: Any, right: Any) -> Any:
        _check_operands(operator, left, right)
        return check_size(self.binop_table[operator](left, right), operator)


def _check_operands(operator: str, left: Any, right: Any) -> None:
    match operator:
        case "*":
            for sized, times in ((left, right), (right, left)):
                if isinstance(sized, str | list | tuple) and isinstance(times, int) and len(sized) * times > MAX_VALUE:
                    raise ValueTooBig(operator="*")
            if isinstance(left, int) and isinstance(right, int) and left.bit_length() + right.bit_length() > MAX_BITS:
                raise ValueTooBig(operator="*")
        case "**":
            if isinstance(left, int) and isinstance(right, int) and left.bit_length() * right > MAX_BITS:
                raise ValueTooBig(operator="**")
        case "%":
            if isinstance(left, str):
                if _WIDTH.search(left):
                    raise ValueTooBig(operator="%")
                for item in right if isinstance(right, tuple) else (right,):
                    text_of(item, locale_of(""))
        case "+":
            both = isinstance(left, str | list | tuple) and isinstance(right, str | list | tuple)
            if both and len(left) + len(right) > MAX_VALUE:
                raise ValueTooBig(operator="+")


def _range(*args: int) -> range:
    made = range(*args)
    try:
        items = len(made)
    except OverflowError:
        items = MAX_RANGE + 1
    if items > MAX_RANGE:
        raise RangeTooLong(items=items, most=MAX_RANGE)
    return made


@pass_context
def _rounds(_context: JinjaContext, values: Iterable[Any], weight: int) -> Iterator[Any]:
    """The values, each of which spends a round. Without a look at the type: Jinja loops over anything."""
    spend = budget()
    for value in values:
        spend.write(weight) if weight else spend.go_round()
        yield value


def _made(value: Any) -> Any:
    """A list, tuple or dict as the template writes it, if it may be that big."""
    return check_size(value, "[ ]")


@pass_context
def _finalize(context: JinjaContext, value: Any) -> Any:
    if isinstance(value, str):
        text = value
    elif type(value) is int:
        # without a look for the language: counters of loops are the most frequent of all that is not text
        text = str(check_size(value, "{{ }}"))
    else:
        text = text_of(value, locale_of(context.resolve(LANGUAGE)))
    budget().write(len(text))
    return text


def prepare(
    sandbox: Sandbox,
    source: str,
    *,
    template: str,
    file: str,
    names: frozenset[str] = NAMES,
    lines: Mapping[int, int] | None = None,
) -> JinjaTemplate:
    """Compile one source, which may use `names`. Raises a TemplateError with the place.

    `lines` maps the lines of the source to those of the file.
    """

    def where(line: int | None) -> str:
        return place(template, file, lines.get(line or 0) if lines is not None else line)

    try:
        with spending(Budget()):
            prepared = sandbox.from_string(source)
            tree = sandbox.parse(source)
    except TemplateSyntaxError as error:
        message = error.message or ""
        if found := re.match(r"No filter named '(.*)'", message):
            near = suggestion(found[1], FILTERS_FOR_PEOPLE)
            raise UnknownFilter(where=where(error.lineno), name=found[1], suggestion=near) from error
        if found := re.fullmatch(r"“(.*)”", message):
            raise NotAllowed(where=where(error.lineno), name=found[1]) from error
        raise JinjaSyntax(where=where(error.lineno), reason=message.rstrip(".")) from error
    except (RecursionError, SyntaxError, MemoryError) as error:
        # Python's own limits on nested loops and expressions
        raise TooNested(where=place(template, file)) from error
    except TemplateError as error:
        raise error.at(place(template, file)) from error
    known = names | set(sandbox.globals)
    unknown = meta.find_undeclared_variables(tree) - known
    for node in tree.find_all(nodes.Name):
        # asked here and not when it is rendered: no sample contact may take the branch it stands in
        if node.name in unknown:
            raise UnknownName(where=where(node.lineno), name=node.name, suggestion=suggestion(node.name, known))
    return prepared
