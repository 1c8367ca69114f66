"""What a template depends on, found in its text without rendering it: includes and variables."""

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import NamedTuple

from jinja2 import Environment, TemplateSyntaxError, nodes

from promptpack.model import Finding, Fragment, Origin, Project, Source, UserError, is_in_project
from promptpack.model.root import LIBRARY, find_prefix
from promptpack.reading.references import list_candidates
from promptpack.rendering.questions import PolicyQuestion, Questions, find_questions, join_questions
from promptpack.source.closest import suggest
from promptpack.source.text import Span, make_finding

INCLUDE_DEPTH = 20
LAYOUT = "layout:"
"""Before the name of a layout, where both kinds of template are named."""

_BRACES = re.compile(r"\{[{%#]")
_OPENING = re.compile(r"\{(?=[{%#])")
_INCLUDES = (nodes.Include, nodes.Import, nodes.FromImport, nodes.Extends)


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


class Dependencies:
    """The dependencies of a project's templates, each read once.

    `find` returns a fragment or layout that is known to exist; `environment` is what parses them.
    """

    def __init__(
        self, environment: Environment, find: Callable[[str], Source], project: Project
    ) -> None:
        self.environment, self.find, self.project = environment, find, project
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
                self._facts[name] = self._parse_facts(name)
            except UserError as error:
                self._facts[name] = error.findings
        facts = self._facts[name]
        if isinstance(facts, TemplateFacts):
            return facts
        raise UserError(facts)

    def parse(self, name: str) -> nodes.Template:
        """Return the syntax tree of a template; raises UserError where there is none."""
        source = self.find(name)
        try:
            return self.environment.parse(get_template(source), name, source.path)
        except TemplateSyntaxError as error:
            raise UserError((_explain_syntax(source, error),)) from None

    def _parse_facts(self, name: str) -> TemplateFacts:
        source = self.find(name)
        if is_verbatim(source) or not _BRACES.search(strip_front_matter(source)):
            return TemplateFacts((), frozenset(), frozenset(), True)
        tree = self.parse(name)
        includes = tuple(self._iter_includes(source, tree))
        is_literal = _find_literal_text(tree) == strip_front_matter(source)
        reads = frozenset(_iter_read_names(tree))
        return TemplateFacts(includes, reads, find_questions(tree), is_literal)

    def _iter_includes(self, source: Source, tree: nodes.Template) -> Iterator[tuple[str, int]]:
        for node in tree.find_all(_INCLUDES):
            include = node.template  # type: ignore[attr-defined]  # each of the four has it
            if not isinstance(include, nodes.Const) or not isinstance(include.value, str):
                span = Span(node.lineno, 1)
                hint = "choose between plain includes with {% if %}"
                message = "an include must name its fragment as a plain string"
                raise UserError((make_template_finding("PP033", source, span, message, hint),))
            name = self.environment.join_path(include.value, source.name)
            if name not in self.project.fragments:
                candidates = list_candidates(include.value, self.project.fragments, source.name)
                message = f"unknown fragment '{include.value}'"
                hint = suggest(include.value, candidates)
                span = Span(node.lineno, 1)
                raise UserError((make_template_finding("PP020", source, span, message, hint),))
            yield name, node.lineno

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


def _iter_read_names(node: nodes.Node) -> Iterator[str]:
    """Yield each name that is read, with the key after it where that is plain."""
    children: Iterable[nodes.Node] = node.iter_child_nodes()
    if isinstance(node, nodes.Name) and node.ctx == "load":
        yield node.name
    elif isinstance(node, (nodes.Getattr, nodes.Getitem)) and isinstance(node.node, nodes.Name):
        key = node.attr if isinstance(node, nodes.Getattr) else node.arg
        if isinstance(key, nodes.Const):
            key = key.value
        if isinstance(key, str):
            yield f"{node.node.name}.{key}"
            return
    for child in children:
        yield from _iter_read_names(child)


def get_template(source: Source) -> str:
    """Return what Jinja is to compile of a source; where it is data, that gives it back."""
    if not isinstance(source, Fragment):
        return source.text
    if is_verbatim(source):
        head = source.body.removesuffix(source.text_below)
        return f"{head}{escape_template(source.text_below)}"
    return source.body


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


def _explain_syntax(source: Source, error: TemplateSyntaxError) -> Finding:
    """Return the error, at the first braces of its line if it has any, with how they are text."""
    line, message = error.lineno, error.message or "not valid"
    rows = source.text.split("\n")
    match = _BRACES.search(rows[line - 1]) if 0 < line <= len(rows) else None
    if match is None:
        return make_template_finding("PP030", source, Span(line, 1), message)
    hint = "braces that are text stand between '{% raw %}' and '{% endraw %}'"
    if isinstance(source, Fragment):
        hint += "; 'verbatim: true' in the front matter makes text of the whole fragment"
    span = Span(line, match.start() + 1, len(match[0]))
    return make_finding("PP030", source.path, span, message, hint, source.text)


def _find_literal_text(tree: nodes.Template) -> str | None:
    """Return the text of a template that is text alone, or None for any other."""
    parts: list[str] = []
    for node in tree.body:
        for part in node.nodes if isinstance(node, nodes.Output) else (node,):
            if not isinstance(part, nodes.TemplateData):
                return None
            parts.append(part.data)
    return "".join(parts)


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
