"""What a template depends on, found in its syntax tree: a source in, its facts out."""

from collections.abc import Iterable, Iterator

from jinja2 import Environment, TemplateSyntaxError, nodes

from promptpack.model import Finding, Fragment, Project, Source, UserError
from promptpack.reading.references import list_candidates
from promptpack.rendering.includes import (
    TemplateFacts,
    find_braces,
    get_template,
    make_template_finding,
    strip_front_matter,
)
from promptpack.rendering.placing import Placing
from promptpack.rendering.tree_placing import find_placing
from promptpack.rendering.tree_questions import find_questions
from promptpack.source.closest import suggest
from promptpack.source.text import Span, make_finding

_INCLUDES = (nodes.Include, nodes.Import, nodes.FromImport, nodes.Extends)


class TreeReader:
    """Reads the templates of a project as an environment parses them."""

    def __init__(self, environment: Environment, project: Project) -> None:
        self._environment, self._project = environment, project

    def parse(self, name: str, source: Source) -> nodes.Template:
        """Return the syntax tree of a template; raises UserError where there is none."""
        try:
            return self._environment.parse(get_template(source), name, source.path)
        except TemplateSyntaxError as error:
            raise UserError((_explain_syntax(source, error),)) from None

    def read_facts(self, name: str, source: Source) -> TemplateFacts:
        """Return what a template's text tells; raises UserError where it can't be parsed."""
        tree = self.parse(name, source)
        includes = tuple(self._iter_includes(source, tree))
        is_literal = _find_literal_text(tree) == strip_front_matter(source)
        reads = frozenset(_iter_read_names(tree))
        return TemplateFacts(includes, reads, find_questions(tree), is_literal)

    def find_placing(self, name: str, source: Source) -> Placing:
        """Return how much a layout learns of texts; raises UserError where it can't be parsed."""
        return find_placing(self.parse(name, source))

    def _iter_includes(self, source: Source, tree: nodes.Template) -> Iterator[tuple[str, int]]:
        for node in tree.find_all(_INCLUDES):
            include = node.template  # type: ignore[attr-defined]  # each of the four has it
            if not isinstance(include, nodes.Const) or not isinstance(include.value, str):
                span = Span(node.lineno, 1)
                hint = "choose between plain includes with {% if %}"
                message = "an include must name its fragment as a plain string"
                raise UserError((make_template_finding("PP033", source, span, message, hint),))
            name = self._environment.join_path(include.value, source.name)
            if name not in self._project.fragments:
                candidates = list_candidates(include.value, self._project.fragments, source.name)
                message = f"unknown fragment '{include.value}'"
                hint = suggest(include.value, candidates)
                span = Span(node.lineno, 1)
                raise UserError((make_template_finding("PP020", source, span, message, hint),))
            yield name, node.lineno


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


def _explain_syntax(source: Source, error: TemplateSyntaxError) -> Finding:
    """Return the error, at the first braces of its line if it has any, with how they are text."""
    line, message = error.lineno, error.message or "not valid"
    rows = source.text.split("\n")
    match = find_braces(rows[line - 1]) if 0 < line <= len(rows) else None
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
