"""What a template depends on, found in its text without rendering it: includes and variables."""

import re
from collections.abc import Callable, Collection, Sequence
from typing import TYPE_CHECKING, NamedTuple, Protocol

from promptpack.model import Finding, Fragment, Origin, Project, Source, UserError, is_in_project
from promptpack.model.root import LIBRARY, find_prefix
from promptpack.patterns import compile_late
from promptpack.rendering.placing import Placing
from promptpack.rendering.plain_layouts import PlainLayout, read_layout
from promptpack.rendering.questions import PolicyQuestion, Questions, join_questions
from promptpack.source.text import Span, make_finding

if TYPE_CHECKING:
    from jinja2 import nodes

INCLUDE_DEPTH = 20
LAYOUT = "layout:"
"""Before the name of a layout, where both kinds of template are named."""

_BRACES = compile_late(r"\{[{%#]")
_OPENING = compile_late(r"\{(?=[{%#])")


def find_include(project: Project, name: str, includer: str) -> str:
    """Return the full name of a fragment that a template calls by a name without `./`.

    In a library, a plain name is that of its own fragment, else of one of the standard library, and
    never of one that only the project has.
    """
    prefix = find_prefix(includer.removeprefix(LAYOUT))
    if not prefix or ":" in name:
        return name
    common, own_name = project.fragments.get(name), f"{prefix}{name}"
    if common is None or own_name in project.fragments:
        return own_name
    has_library = any(root.name == LIBRARY for root in project.roots)
    is_own = has_library and is_in_project(common.path) and not common.shadows
    return own_name if is_own else name


class TemplateFacts(NamedTuple):
    """What a template's text tells without rendering it."""

    includes: tuple[tuple[str, int], ...]
    reads: frozenset[str]
    """The variables it names, such as `target`, `policy` or, where only that is read, `vars.x`."""
    questions: Questions
    """What it asks of the policy."""
    is_literal: bool
    """Whether it holds no expression and no tag: then nothing has to be rendered."""


class TemplateReader(Protocol):
    """What reads templates by Jinja; each of its functions raises UserError where one is wrong."""

    def parse(self, name: str, source: Source) -> "nodes.Template":
        """Return the syntax tree of a template."""

    def read_facts(self, name: str, source: Source) -> TemplateFacts:
        """Return what a template's text tells."""

    def find_placing(self, name: str, source: Source) -> Placing:
        """Return how much a layout learns of the texts that it is given."""


class Dependencies:
    """The dependencies of a project's templates, each read once.

    `find` returns a fragment or layout that is known to exist. `find_reader` returns what reads
    those that are more than plain text: it is asked for the first of them.
    """

    def __init__(
        self, find: Callable[[str], Source], find_reader: Callable[[], TemplateReader]
    ) -> None:
        self.find, self._find_reader = find, find_reader
        self._plain: dict[str, PlainLayout | None] = {}
        self._facts: dict[str, TemplateFacts | tuple[Finding, ...]] = {}
        self._reads: dict[str, frozenset[str]] = {}
        self._variables: dict[str, tuple[str, ...]] = {}
        self._questions: dict[str, Questions] = {}
        self._closures: dict[str, tuple[str, ...]] = {}
        self._paths: dict[str, frozenset[str]] = {}

    def closure(self, name: str) -> tuple[str, ...]:
        """Return a template's name and those of all it includes, however deep.

        Raises UserError for an unknown, computed, circular or too deep include.
        """
        if name not in self._closures:
            depths: dict[str, int] = {}
            self._record_depths(name, (), depths)
            self._closures[name] = tuple(depths)
        return self._closures[name]

    def list_paths(self, name: str) -> frozenset[str]:
        """Return the paths of a template and of all it includes; raises as `closure` does."""
        if name not in self._paths:
            self._paths[name] = frozenset(self.find(one).path for one in self.closure(name))
        return self._paths[name]

    def reads(self, name: str) -> frozenset[str]:
        """Return the variables that a template and all it includes depend on.

        A fragment that needs a capability depends on the policy.
        """
        if name not in self._reads:
            closure = self.closure(name)
            needs_capability = any(
                getattr(self.find(included), "needs", ()) for included in closure
            )
            names = frozenset().union(*(self.read_facts(included).reads for included in closure))
            self._reads[name] = names | {"policy"} if needs_capability else names
        return self._reads[name]

    def list_variables(self, name: str) -> tuple[str, ...]:
        """Return the names in what `reads` returns, without the keys after them, in order."""
        if name not in self._variables:
            names = {one.partition(".")[0] for one in self.reads(name)}
            self._variables[name] = tuple(sorted(names))
        return self._variables[name]

    def list_questions(self, name: str) -> Questions:
        """Return what a template and all it includes ask of the policy, for what they need too."""
        if name not in self._questions:
            closure = self.closure(name)
            needs = (need for one in closure for need in getattr(self.find(one), "needs", ()))
            asked = frozenset(PolicyQuestion("denies", need, authored=False) for need in needs)
            parts = (self.read_facts(one).questions for one in closure)
            self._questions[name] = join_questions(asked, *parts)
        return self._questions[name]

    def read_facts(self, name: str) -> TemplateFacts:
        """Return what a template's text tells; raises UserError where it cannot be parsed."""
        if name not in self._facts:
            try:
                self._facts[name] = self._read_facts_anew(name)
            except UserError as error:
                self._facts[name] = error.findings
        facts = self._facts[name]
        if isinstance(facts, TemplateFacts):
            return facts
        raise UserError(facts)

    def parse(self, name: str) -> "nodes.Template":
        """Return the syntax tree of a template; raises UserError where there is none."""
        return self._find_reader().parse(name, self.find(name))

    def find_placing(self, name: str) -> Placing:
        """Return how much a layout learns of the texts that it is given."""
        plain = self.find_plain(name)
        if plain:
            return plain.placing
        return self._find_reader().find_placing(name, self.find(name))

    def find_plain(self, name: str) -> PlainLayout | None:
        """Return what a layout does where that takes no Jinja, or None."""
        if name not in self._plain:
            is_layout = name.startswith(LAYOUT)
            self._plain[name] = read_layout(self.find(name).text) if is_layout else None
        return self._plain[name]

    def _read_facts_anew(self, name: str) -> TemplateFacts:
        source = self.find(name)
        if is_verbatim(source) or not find_braces(strip_front_matter(source)):
            return TemplateFacts((), frozenset(), frozenset(), True)
        if plain := self.find_plain(name):
            return TemplateFacts((), plain.reads, frozenset(), False)
        return self._find_reader().read_facts(name, source)

    def _record_depths(self, name: str, chain: tuple[Origin, ...], depths: dict[str, int]) -> None:
        """Note the depth of a template and of all below it, each once for each greater depth."""
        source = self.find(name)
        depths[name] = len(chain)
        for included, line in self.read_facts(name).includes:
            longer_chain = (*chain, Origin(source.path, line))
            path = self.find(included).path
            if path in {origin.path for origin in longer_chain}:
                self._reject_chain(source, line, "the template includes itself", longer_chain)
            if len(longer_chain) > INCLUDE_DEPTH:
                self._reject_chain(
                    source,
                    line,
                    f"includes are nested more than {INCLUDE_DEPTH} levels deep",
                    longer_chain,
                )
            if depths.get(included, 0) < len(longer_chain):
                self._record_depths(included, longer_chain, depths)

    def _reject_chain(
        self, source: Source, line: int, message: str, chain: tuple[Origin, ...]
    ) -> None:
        hint = f"chain: {format_chain(chain)}"
        raise UserError((make_template_finding("PP032", source, Span(line, 1), message, hint),))


def get_template(source: Source) -> str:
    """Return what Jinja is to compile of a source; where it is data, that gives it back."""
    if not isinstance(source, Fragment):
        return source.text
    if is_verbatim(source):
        head = source.body.removesuffix(source.text_below)
        return f"{head}{escape_template(source.text_below)}"
    return source.body


def find_braces(text: str) -> re.Match[str] | None:
    """Return the first braces of a text that may begin an expression, a tag or a comment."""
    return _BRACES.search(text)


def is_verbatim(source: Source) -> bool:
    """Tell whether a source is a fragment that is data."""
    return isinstance(source, Fragment) and source.verbatim


def find_end(source: Source) -> str:
    """Return the newlines that a source's text ends with, two at most, or one if it is cleaned."""
    text = strip_front_matter(source) if is_verbatim(source) else "\n"
    return text[len(text.rstrip("\n")) :][:2]


def find_start(source: Source) -> int:
    """Return the line of a source at which its text begins, from 1."""
    return source.text.removesuffix(strip_front_matter(source)).count("\n") + 1


def escape_template(text: str) -> str:
    """Return text as a template that renders to it.

    >>> escape_template("{{ x }}")
    "{{ '{' }}{ x }}"
    """
    return _OPENING.sub("{{ '{' }}", text)


def strip_front_matter(source: Source) -> str:
    """Return the text of a template below the comment that stands for its front matter."""
    return source.text_below if isinstance(source, Fragment) else source.text


def format_chain(chain: Sequence[Origin]) -> str:
    """Return the way from template to template, without its middle where it is long."""
    steps = [f"{path}:{line}" for path, line in chain]
    return " → ".join([*steps[:3], "…", *steps[-2:]] if len(steps) > 6 else steps)


def make_template_finding(
    code: str, source: Source, span: Span, message: str, hint: str = ""
) -> Finding:
    """Return an error about a whole line of a template."""
    lines = source.text.split("\n")
    excerpt = lines[span.line - 1] if 0 < span.line <= len(lines) else ""
    indent = len(excerpt) - len(excerpt.lstrip())
    line_span = Span(span.line, indent + 1, len(excerpt.strip()))
    return make_finding(code, source.path, line_span, message, hint, source.text)


def make_untraced_warning(source: Source) -> Finding:
    """Return the warning that the lines of a source can't be traced."""
    hint = (
        "a filter, length or test of captured text sees the markers "
        "that promptpack uses to trace lines"
    )
    text = "its lines can't be traced: the origin of each is reported as the first line"
    return make_template_finding("PP036", source, Span(1, 1), text, hint)._replace(
        severity="warning"
    )


def depends_on(reads: Collection[str], name: str) -> bool:
    """Tell whether templates that read these variables can tell that this one is changed."""
    root = name.partition(".")[0]
    reads_member = name == root and any(variable.startswith(f"{root}.") for variable in reads)
    return bool(name) and (name in reads or root in reads or reads_member)
