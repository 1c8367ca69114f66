"""Jinja as templates get it: strict, without chance, and with a budget for all that they do."""

from collections.abc import Callable, Iterable, Iterator, Mapping, MutableMapping
from functools import wraps
from types import BuiltinMethodType, CodeType
from typing import Any

from jinja2 import Template, nodes
from jinja2.environment import TemplateModule
from jinja2.exceptions import TemplateSyntaxError
from jinja2.filters import make_attrgetter, sync_do_join
from jinja2.loaders import BaseLoader
from jinja2.nodes import EvalContext
from jinja2.parser import Parser
from jinja2.runtime import Context, StrictUndefined
from jinja2.sandbox import (
    ImmutableSandboxedEnvironment,
    SandboxedEscapeFormatter,
    SandboxedFormatter,
)
from jinja2.utils import missing, pass_context, pass_eval_context
from markupsafe import Markup

from promptpack.model import split_translation
from promptpack.rendering import costs
from promptpack.rendering.budget import Budget, Limits
from promptpack.rendering.context import VARIABLES
from promptpack.rendering.costs import require_text
from promptpack.rendering.include_indent import INDENT, indent_includes, indent_text
from promptpack.rendering.item_marks import bold_terms, mark_items
from promptpack.rendering.line_markers import LineMarkers, SectionEnd
from promptpack.rendering.probes import Probe
from promptpack.rendering.tag_switches import insert_probes, turn_value
from promptpack.rendering.template_code import (
    NODE_DEPTH,
    BoundedLexer,
    CountingGenerator,
    check_depth,
    find_template_line,
)

Translate = Callable[[str, str], str]
"""Returns the name of the translation of a fragment into a language, else the fragment's own."""

_JINJA_KEYWORDS = frozenset(("caller", "_loop_vars", "_block_vars"))
"""What Jinja's own code adds to a call."""


class UndefinedName(StrictUndefined):
    """An undefined name whose message says what was meant, from what is known at that place."""

    @property
    def _undefined_message(self) -> str:
        if self._undefined_hint:
            return self._undefined_hint
        is_variable = self._undefined_obj is missing
        names = VARIABLES if is_variable else [n for n in dir(self._undefined_obj) if n[:1] != "_"]
        type_name = "" if is_variable else type(self._undefined_obj).__name__
        return f"{self._undefined_name}\0{type_name}\0{' '.join(names)}"


class _Template(Template):
    """A template whose macros, when imported, see what the importer sees and keep nothing."""

    def _get_default_module(self, ctx: Context | None = None) -> TemplateModule:
        """Return a module for one import: Jinja's own would live on from variant to variant."""
        return self.make_module(ctx.get_all() if ctx else None, shared=True)


class _Context(Context):
    """What the names of a template mean, each a quarter of a step wherever they are copied to."""

    def __init__(
        self,
        environment: "TemplateEnvironment",
        parent: dict[str, Any],
        name: str | None,
        blocks: dict[str, Callable[[Context], Iterator[str]]],
        globals: MutableMapping[str, Any] | None = None,  # noqa: A002 - Jinja's own signature
    ) -> None:
        environment.budget.spend(len(parent) // 4)
        super().__init__(environment, parent, name, blocks, globals)


class _TextFormatter(SandboxedFormatter):
    """Fills the fields of `str.format`, with what each may print counted before."""

    _size = 0

    def convert_field(self, value: Any, conversion: Any) -> Any:  # noqa: ANN401 - Python's own signature
        require_text(value)
        return super().convert_field(value, conversion)

    def format_field(self, value: Any, format_spec: str) -> Any:  # noqa: ANN401 - Python's own signature
        budget: Budget = self._env.budget  # type: ignore[attr-defined]  # only made by ours
        self._size += costs.count_field(budget, value, format_spec)
        budget.require_size(self._size)
        return super().format_field(value, format_spec)


class _MarkupFormatter(_TextFormatter, SandboxedEscapeFormatter):
    """The same for text that is marked as safe."""


class TemplateEnvironment(ImmutableSandboxedEnvironment):
    """Jinja as promptpack offers it; names are relative to the fragment that says them.

    `budget` is what the render that goes on has left. Whoever renders sets it; without one,
    nothing can be computed, so nothing is while a template is compiled. The tags of a `probed` one
    are turned round in the line that `probe` names.
    """

    probe: Probe | None = None

    template_class = _Template
    context_class = _Context
    code_generator_class = CountingGenerator
    intercepted_binops = frozenset(("+", "-", "*", "/", "//", "**", "%"))

    def __init__(
        self,
        loader: BaseLoader,
        find_include: Callable[[str, str], str],
        translate: Translate,
        *,
        marked: bool,
        probed: bool = False,
    ) -> None:
        super().__init__(
            loader=loader,
            undefined=UndefinedName,
            trim_blocks=True,
            lstrip_blocks=True,
            keep_trailing_newline=True,
            autoescape=False,
            auto_reload=False,
            cache_size=-1,
            optimized=False,
            finalize=_mark_text if marked else _print_text,
            extensions=[LineMarkers] if marked else [],
        )
        self.probed, self.translate = probed, translate
        self._find_include = find_include
        self.budget = Budget(Limits(0, 0, 0, 0))
        self._lexer = BoundedLexer(self)
        self._failures: dict[str, TemplateSyntaxError] = {}
        for name in ("lipsum", "cycler", "joiner"):
            self.globals.pop(name)
        own: dict[str, Any] = {"join": _join_items, "mark_items": mark_items}
        filters: dict[str, Any] = {**self.filters, **own, "bold_terms": bold_terms}
        tests: dict[str, Any] = {**self.tests}
        self.filters = {
            name: _count_call(self, filters[name], cost) for name, cost in costs.FILTERS.items()
        }
        self.filters[INDENT] = _count_call(self, indent_text, costs.FILTERS["indent"])
        self.tests = {
            name: _count_call(self, tests[name], cost) for name, cost in costs.TESTS.items()
        }

    @property
    def lexer(self) -> BoundedLexer:
        """What splits a template into tokens."""
        return self._lexer

    def join_path(self, template: str, parent: str) -> str:
        """Return the full name of `./name` beside the fragment that says it, or of another name.

        What a translation includes is the translation of that, where there is one, but for the
        fragment that it translates itself.
        """
        if template.startswith("./"):
            folder, _, last = parent.rpartition("/")
            suffix = ".md" if last.endswith(".md") else ""
            name = f"{folder}/{template[2:].removesuffix('.md')}{suffix}"
        else:
            name = self._find_include(template, parent)
        source, language = split_translation(parent)
        return self.translate(name, language) if language and name != source else name

    def _load_template(self, name: str, globals: MutableMapping[str, Any] | None) -> Template:  # noqa: A002 - Jinja's own signature
        if known := self._failures.get(name):
            raise TemplateSyntaxError(known.message or "", known.lineno, known.name, known.filename)
        try:
            return super()._load_template(name, globals)
        except TemplateSyntaxError as error:
            self._failures[name] = error
            raise

    def _parse(self, source: str, name: str | None, filename: str | None) -> nodes.Template:
        parser = Parser(self, source, name, filename)
        try:
            tree = parser.parse()
        except RecursionError:
            line = parser.stream.current.lineno
            message = "the template is nested too deeply to be read"
            raise TemplateSyntaxError(message, line, name, filename) from None
        if self._lexer.count > NODE_DEPTH // 2:  # a token adds two levels at most
            check_depth(tree, name, filename)
        tree = indent_includes(tree, source)
        return insert_probes(tree, filename or "") if self.probed else tree

    def _compile(self, source: str, filename: str) -> CodeType:
        try:
            return super()._compile(source, filename)
        except SyntaxError as error:
            line = find_template_line(source, error.lineno or 1)
            raise TemplateSyntaxError(error.msg, line, filename=filename) from None

    def call_binop(self, context: Context, operator: str, left: Any, right: Any) -> Any:  # noqa: ANN401 - any value
        """Return what an operator gives, if it is not too large to be made."""
        if operator == "*":
            costs.guard_product(self.budget, left, right)
        elif operator == "**":
            costs.guard_power(self.budget, left, right)
        elif operator == "%" and isinstance(left, str):
            costs.guard_percent(self.budget, left, right)
        return self.budget.weigh(super().call_binop(context, operator, left, right))

    def getitem(self, obj: Any, argument: Any) -> Any:  # noqa: ANN401 - any value
        """Return what stands under a key, which may be a long one."""
        self.budget.spend(1)
        return super().getitem(obj, self.budget.weigh(argument))

    def call(self, context: Context, obj: Any, /, *args: Any, **kwargs: Any) -> Any:  # noqa: ANN401 - any value
        """Return what a call gives, with its arguments and its result counted."""
        budget = self.budget
        budget.spend(1)
        own = {name: value for name, value in kwargs.items() if name not in _JINJA_KEYWORDS}
        for value in (*args, *own.values()):
            budget.weigh(value)
        owner = getattr(obj, "__self__", None)
        if isinstance(obj, BuiltinMethodType) or isinstance(owner, _BUILT_IN):
            costs.guard_method(budget, owner, obj.__name__, args, own)
        budget.enter()
        try:
            return budget.weigh(super().call(context, obj, *args, **kwargs))
        finally:
            budget.leave()

    def wrap_str_format(self, value: Any) -> Callable[..., str] | None:  # noqa: ANN401 - any attribute
        """Return what stands for `str.format` and `str.format_map`, or None for anything else."""
        if super().wrap_str_format(value) is None:
            return None
        text, is_map = value.__self__, value.__name__ == "format_map"

        def fill(*args: Any, **kwargs: Any) -> str:  # noqa: ANN401 - any values
            formatter: SandboxedFormatter = (
                _MarkupFormatter(self, escape=text.escape)
                if isinstance(text, Markup)
                else _TextFormatter(self)
            )
            named: Mapping[str, Any] = args[0] if is_map else kwargs
            filled: str = type(text)(formatter.vformat(text, () if is_map else args, named))
            return filled

        return fill

    def has_probe(self, path: str, first: int, last: int) -> bool:
        """Tell whether the probe is in one of some lines of a template."""
        probe = self.probe
        return probe is not None and probe.path == path and first <= probe.line <= last

    def turn_probed(self, value: Any) -> Any:  # noqa: ANN401 - any value
        """Return another value for an assignment in the line of the probe."""
        return turn_value(value, self.probe.turn if self.probe else 0)

    def count_pass(self, steps: int) -> bool:
        """Count a pass of a loop in which an item may be left out."""
        self.budget.spend(steps)
        return True

    def join_texts(self, join: Callable[[Iterable[Any]], str], parts: tuple[Any, ...]) -> str:
        """Return what `~` gives."""
        size = 0
        for part in parts:
            require_text(part)
            size += self.budget.measure(part)
        self.budget.require_size(size)
        return self.budget.weigh(join(parts))


_BUILT_IN = (str, bytes, int, float, list, tuple, dict, set, frozenset, range, type)


def _count_call(
    environment: TemplateEnvironment, function: Callable[..., Any], cost: costs.Cost
) -> Callable[..., Any]:
    """Return a filter or test that counts what it is given and what it gives, always a list."""
    first = 1 if hasattr(function, "jinja_pass_arg") else 0

    @wraps(function)
    def call(*args: Any, **kwargs: Any) -> Any:  # noqa: ANN401 - any values
        budget, value, rest = environment.budget, args[first], args[first + 1 :]
        budget.spend(1)
        size = budget.measure(value)
        for argument in (*rest, *kwargs.values()):
            budget.weigh(argument)
        if cost.takes_text:
            require_text(value)
        if cost.takes_items:
            value = budget.take_items(value) if isinstance(value, Iterator) else value
            budget.spend(len(value) if hasattr(value, "__len__") else 0)
        if cost.guard is not None:
            cost.guard(budget, value, *rest, **kwargs)
        budget.spend_work(size * (1 + cost.factor))
        result = function(*args[:first], value, *rest, **kwargs)
        return budget.weigh(budget.take_items(result) if isinstance(result, Iterator) else result)

    return call


@pass_eval_context
def _join_items(
    context: EvalContext,
    value: Iterable[Any],
    d: str = "",
    attribute: str | int | None = None,
) -> str:
    """Return the texts of some items, with a separator between them."""
    environment = context.environment
    budget: Budget = environment.budget  # type: ignore[attr-defined]  # only used by ours
    items = list(value)
    if attribute is not None:
        items = [make_attrgetter(environment, attribute)(item) for item in items]
    size = budget.measure(d) * len(items)
    for item in (d, *items):
        require_text(item)
        size += budget.measure(item)
    budget.require_size(size)
    text: str = sync_do_join(context, items, d)
    return text


@pass_context
def _print_text(context: Context, value: object) -> object:
    """Count what is printed; raises TypeError for what has no one spelling, such as an object."""
    require_text(value)
    budget: Budget = context.environment.budget  # type: ignore[attr-defined]  # only used by ours
    budget.print(budget.measure(value), value.count("\n") if isinstance(value, str) else 0)
    return value


@pass_context
def _mark_text(context: Context, value: object) -> object:
    """Return what is printed in a marked render: in a layout with the mark of its section."""
    if not isinstance(value, SectionEnd):
        value = _print_text(context, value)
    if "sections" not in context:
        return value
    markers = context.environment.extensions[LineMarkers.identifier]
    assert isinstance(markers, LineMarkers)  # noqa: S101 - the marked environment has it
    return markers.mark_section(value)
