"""What a layout does with the texts of sections, found in its syntax tree without rendering it.

Only what is known to be harmless counts: a tag, a filter or a test that is not named here may look
into a text.
"""

from collections.abc import Iterable, Iterator

from jinja2 import nodes

from promptpack.rendering.context import VARIABLES
from promptpack.rendering.placing import PACK_TEXTS, Placing

_TEXTS = frozenset({"body", "text"})
_LISTS = frozenset({"parts"})
_PLAIN = frozenset(
    {"name", "title", "index", "index0", "revindex", "revindex0", "first", "last", "length"}
)
"""What a section, a part and a loop have that holds no text."""

_FILTERS = frozenset({"upper", "lower", "replace", "title", "capitalize", "trim"})
_SEEN = frozenset({*VARIABLES} - {"pack"})
_PLAIN_NODES = (
    nodes.Const,
    nodes.TemplateData,
    nodes.Compare,
    nodes.Operand,
    nodes.Not,
    nodes.And,
    nodes.Or,
    nodes.CondExpr,
    nodes.Concat,
    nodes.List,
    nodes.Tuple,
)


def find_placing(tree: nodes.Template) -> Placing:
    """Return what a layout with this syntax tree learns of the texts that it is given."""
    stored = [node.name for node in tree.find_all(nodes.Name) if node.ctx != "load"]
    items = {name for node in tree.find_all(nodes.For) for name in _iter_names(node.target)}
    values = {name for node in tree.find_all(nodes.Assign) for name in _iter_names(node.target)}
    is_clear = items.isdisjoint(values) and {*stored} == items | values
    if not is_clear or not {*stored}.isdisjoint((*VARIABLES, "sections", "loop")):
        return Placing.ALL
    reader = _Reader(frozenset(values))
    if not all(map(reader.is_harmless, tree.body)):
        return Placing.ALL
    return Placing.PACK if reader.sees_pack else Placing.NOTHING


def _iter_names(target: nodes.Node) -> Iterator[str]:
    """Yield the name that a loop or an assignment gives, if it is one."""
    if isinstance(target, nodes.Name):
        yield target.name


class _Reader:
    """Reads the syntax tree of a layout; `values` are the names that it gives to plain values."""

    def __init__(self, values: frozenset[str]) -> None:
        self._plain_names = values | _SEEN
        self.sees_pack = False

    def is_harmless(self, node: nodes.Node) -> bool:
        """Tell whether a statement prints texts at most."""
        match node:
            case nodes.Output():
                return all(self._is_printable(one) for one in node.nodes)
            case nodes.If():
                parts = (*node.body, *node.elif_, *node.else_)
                return self._is_plain(node.test) and all(map(self.is_harmless, parts))
            case nodes.For(recursive=False):
                tested = node.test is None or self._is_plain(node.test)
                is_known = tested and self._is_list(node.iter)
                return is_known and all(map(self.is_harmless, (*node.body, *node.else_)))
            case nodes.Assign():
                return self._is_plain(node.node)
        return False

    def _is_printable(self, node: nodes.Node) -> bool:
        """Tell whether an expression may be printed: a text, or what holds nothing of one."""
        if isinstance(node, nodes.Getattr) and isinstance(node.node, nodes.Name):
            if node.node.name == "pack" and node.attr in PACK_TEXTS:
                return True
            if node.attr in _TEXTS and node.node.name not in self._plain_names:
                return True
        return self._is_plain(node)

    def _is_plain(self, node: nodes.Node) -> bool:
        """Tell whether a value is the same whatever the texts of sections are."""
        match node:
            case nodes.Name():
                self.sees_pack |= node.name == "pack"
                return node.name in (*self._plain_names, "pack")
            case nodes.Getattr():
                return self._is_plain_field(node)
            case nodes.Filter(name="length", node=nodes.Expr() as items):
                return self._is_list(items)
            case nodes.Filter() | nodes.Call():
                is_known = isinstance(node, nodes.Call) or node.name in _FILTERS
                is_whole = node.dyn_args is None and node.dyn_kwargs is None
                return is_known and is_whole and self._are_plain(_iter_operands(node))
            case _:
                are_known = isinstance(node, _PLAIN_NODES)
                return are_known and self._are_plain(node.iter_child_nodes())

    def _is_plain_field(self, node: nodes.Getattr) -> bool:
        if isinstance(node.node, nodes.Name) and node.node.name not in (*self._plain_names, "pack"):
            return node.attr in _PLAIN
        return self._is_plain(node.node)

    def _are_plain(self, found: Iterable[nodes.Node]) -> bool:
        return all(map(self._is_plain, found))

    def _is_list(self, node: nodes.Node) -> bool:
        """Tell whether a value is a list of sections or parts, or a plain one."""
        if isinstance(node, nodes.Getattr) and isinstance(node.node, nodes.Name):
            return node.attr in _LISTS or self._is_plain(node)
        return (isinstance(node, nodes.Name) and node.name == "sections") or self._is_plain(node)


def _iter_operands(node: nodes.Filter | nodes.Call) -> Iterator[nodes.Node]:
    if node.node is not None:
        yield node.node
    yield from node.args
    yield from (pair.value for pair in node.kwargs)
