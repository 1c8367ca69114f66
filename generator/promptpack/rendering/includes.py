"""What a template depends on, told from its text without rendering it: includes and variables."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import NamedTuple

from jinja2 import Environment, TemplateSyntaxError, nodes

from promptpack.model import Finding, Fragment, Origin, Project, Source, UserError
from promptpack.reading.validation import did_you_mean
from promptpack.source.text import Mark, finding

INCLUDE_DEPTH = 20
LAYOUT = "layout:"
"""Before the name of a layout, where both kinds of template are named."""

_INCLUDES = (nodes.Include, nodes.Import, nodes.FromImport, nodes.Extends)


class Facts(NamedTuple):
    """What a template's text tells without rendering it."""

    includes: tuple[tuple[str, int], ...]
    reads: frozenset[str]
    """The variables it names, such as `target`, `policy` or, where only that is read, `vars.x`."""


class Dependencies:
    """The dependencies of a project's templates, each read once.

    `find` returns a fragment or layout that is known to exist; `environment` is what parses them.
    """

    def __init__(
        self, environment: Environment, find: Callable[[str], Source], project: Project
    ) -> None:
        self.environment, self.find, self.project = environment, find, project
        self._facts: dict[str, Facts] = {}
        self._reads: dict[str, frozenset[str]] = {}

    def closure(self, name: str) -> tuple[str, ...]:
        """Return a template's name and those of all it includes, however deep.

        Raises UserError for an unknown, computed, circular or too deep include.
        """
        found: dict[str, int] = {}
        self._walk(name, (), found)
        return tuple(found)

    def reads(self, name: str) -> frozenset[str]:
        """Return the variables that a template and all it includes depend on.

        A fragment that needs a capability depends on the policy.
        """
        if name not in self._reads:
            closure = self.closure(name)
            needs = any(getattr(self.find(one), "needs", ()) for one in closure)
            named = frozenset().union(*(self.facts(one).reads for one in closure))
            self._reads[name] = named | {"policy"} if needs else named
        return self._reads[name]

    def facts(self, name: str) -> Facts:
        """Return what a template's text tells; raises UserError where it cannot be parsed."""
        if name not in self._facts:
            self._facts[name] = self._read_facts(name)
        return self._facts[name]

    def _read_facts(self, name: str) -> Facts:
        source = self.find(name)
        body = source.body if isinstance(source, Fragment) else source.text
        try:
            tree = self.environment.parse(body, name, source.path)
        except TemplateSyntaxError as error:
            mark, text = Mark(error.lineno, 1), error.message or "not valid"
            raise UserError((problem("PP030", source, mark, text),)) from None
        except RecursionError:
            deep = problem("PP030", source, Mark(1, 1), "nested too deeply to be read")
            raise UserError((deep,)) from None
        includes = tuple(self._includes(source, tree))
        return Facts(includes, frozenset(_names_read(tree)))

    def _includes(self, source: Source, tree: nodes.Template) -> Iterator[tuple[str, int]]:
        for node in tree.find_all(_INCLUDES):
            named = node.template  # type: ignore[attr-defined]  # each of the four has it
            if not isinstance(named, nodes.Const) or not isinstance(named.value, str):
                mark = Mark(node.lineno, 1)
                hint = "choose with {% if %}, so that every dependency can be seen"
                text = "an include must name its fragment"
                raise UserError((problem("PP033", source, mark, text, hint),))
            name = self.environment.join_path(named.value, source.name)
            if name not in self.project.fragments:
                known = [n for n in self.project.fragments if not n.endswith(".md")]
                text, hint = f"unknown fragment '{named.value}'", did_you_mean(named.value, known)
                raise UserError((problem("PP020", source, Mark(node.lineno, 1), text, hint),))
            yield name, node.lineno

    def _walk(self, name: str, chain: tuple[Origin, ...], found: dict[str, int]) -> None:
        """Note the depth of a template and of all below it, each once for each greater depth."""
        source = self.find(name)
        found[name] = len(chain)
        for included, line in self.facts(name).includes:
            here = (*chain, Origin(source.path, line))
            path = self.find(included).path
            if path in {origin.path for origin in here}:
                self._bad_chain(source, line, "includes itself", here)
            if len(here) > INCLUDE_DEPTH:
                self._bad_chain(source, line, f"included deeper than {INCLUDE_DEPTH}", here)
            if found.get(included, 0) < len(here):
                self._walk(included, here, found)

    def _bad_chain(self, source: Source, line: int, what: str, chain: tuple[Origin, ...]) -> None:
        hint = f"chain: {chain_of(chain)}"
        raise UserError((problem("PP032", source, Mark(line, 1), what, hint),))


def _names_read(node: nodes.Node) -> Iterator[str]:
    """Yield each name that is read, with the key after it where that is plain."""
    inner: Iterable[nodes.Node] = node.iter_child_nodes()
    if isinstance(node, nodes.Name) and node.ctx == "load":
        yield node.name
    elif isinstance(node, (nodes.Getattr, nodes.Getitem)) and isinstance(node.node, nodes.Name):
        key = node.attr if isinstance(node, nodes.Getattr) else node.arg
        if isinstance(key, nodes.Const):
            key = key.value
        if isinstance(key, str):
            yield f"{node.node.name}.{key}"
            return
    for child in inner:
        yield from _names_read(child)


def chain_of(chain: Sequence[Origin]) -> str:
    """Return the way from template to template, without its middle where it is long."""
    shown = [f"{path}:{line}" for path, line in chain]
    return " → ".join([*shown[:3], "…", *shown[-2:]] if len(shown) > 6 else shown)


def problem(code: str, source: Source, mark: Mark, message: str, hint: str = "") -> Finding:
    """Return an error about a whole line of a template."""
    lines = source.text.split("\n")
    excerpt = lines[mark.line - 1] if 0 < mark.line <= len(lines) else ""
    indent = len(excerpt) - len(excerpt.lstrip())
    place = Mark(mark.line, indent + 1, len(excerpt.strip()))
    return finding(code, source.path, place, message, hint, source.text)
