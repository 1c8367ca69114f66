"""The code of a template: its text and tree in, Python that counts what it does out.

Jinja compiles a template to Python. Here each block of statements first counts its own expressions
and tags, and its literal text, so a loop counts them once for each pass. Operands, lists and slices
are weighed as they are made.
"""

import re
from collections.abc import Iterable, Iterator

from jinja2 import nodes
from jinja2.compiler import CodeGenerator, Frame
from jinja2.exceptions import TemplateSyntaxError
from jinja2.lexer import Lexer

from promptpack.patterns import compile_late
from promptpack.rendering.budget import DIGITS

BRACKET_DEPTH = 32
NODE_DEPTH = 100
TOKENS = 50_000
"""The most tags, operators, names and values in a template; its text is not counted."""

_DEBUG_INFO = compile_late(r"^debug_info = '([0-9=&]*)'$", re.MULTILINE)
_LOADS = (nodes.Include, nodes.Import, nodes.FromImport, nodes.Extends)
_LOAD_STEPS = 20
"""What using another template counts as, beside what that template does."""
_BODIES = ("body", "else_")
_BRACKETS = {"(": 1, "[": 1, "{": 1, ")": -1, "]": -1, "}": -1}
_TEXT_KINDS = ("data", "whitespace")


class BoundedLexer(Lexer):
    """Refuses a template that has too many tokens, or brackets too deep, to be compiled.

    `count` is how many tokens the template has that was read last, so far as it was read.
    """

    count = 0

    def tokeniter(
        self, source: str, name: str | None, filename: str | None = None, state: str | None = None
    ) -> Iterator[tuple[int, str, str]]:
        """Yield line, kind and text of each token; raises TemplateSyntaxError at the first over."""
        self.count = depth = 0
        for line, kind, text in super().tokeniter(source, name, filename, state):
            self.count += kind not in _TEXT_KINDS
            if kind == "operator":
                depth += _BRACKETS.get(text, 0)
            if self.count > TOKENS:
                message = f"the template has more than {TOKENS:,} names, values and operators"
            elif depth > BRACKET_DEPTH:
                message = f"brackets are nested more than {BRACKET_DEPTH} levels deep"
            elif kind in ("integer", "float") and len(text) > DIGITS:
                message = f"a number has more than {DIGITS:,} digits"
            else:
                yield line, kind, text
                continue
            raise TemplateSyntaxError(message, line, name, filename)


def check_depth(tree: nodes.Template, name: str | None, filename: str | None) -> None:
    """Raise TemplateSyntaxError where tags and expressions stand too deep in each other."""
    pending: list[tuple[nodes.Node, int]] = [(tree, 0)]
    while pending:
        node, depth = pending.pop()
        if depth > NODE_DEPTH:
            message = f"tags and expressions are nested more than {NODE_DEPTH} levels deep"
            raise TemplateSyntaxError(message, node.lineno, name, filename)
        pending += ((child, depth + 1) for child in node.iter_child_nodes(exclude=("elif_",)))
        if isinstance(node, nodes.If):  # Python nests each elif in the one before
            pending += ((branch, depth + n) for n, branch in enumerate(node.elif_, 1))


def find_template_line(code: str, line: int) -> int:
    """Return the template line of a line of the Python that was made of it."""
    found = _DEBUG_INFO.findall(code)
    pairs = [pair.split("=") for pair in found[-1].split("&") if pair] if found else []
    before = [int(own) for own, python in pairs if int(python) <= line]
    return before[-1] if before else 1


class CountingGenerator(CodeGenerator):
    """Writes the Python of a template, with what counts its steps, text and values."""

    _loop: nodes.For | None = None
    """The loop whose body comes next."""

    def blockvisit(self, block: Iterable[nodes.Node], frame: Frame) -> None:
        """Write statements after what counts them; a loop's at the line of the loop."""
        statements = list(block)
        loop, self._loop = self._loop, None
        counts = ", ".join(map(str, _count_block(statements)))
        place = loop or (statements[0] if statements else None)
        self.writeline(f"environment.budget.spend({counts})", place)
        super().blockvisit(statements, frame)

    def visit_For(self, node: nodes.For, frame: Frame) -> None:  # noqa: N802 - Jinja's own name
        """Write a loop; what is filtered out of one is counted too."""
        if node.test is not None:
            steps, *_ = _count_block([node.test])
            count = nodes.Call(
                nodes.EnvironmentAttribute("count_pass"), [nodes.Const(steps)], [], None, None
            )
            node.test = nodes.And(count, node.test, lineno=node.test.lineno)
        self._loop = node
        super().visit_For(node, frame)

    def visit_Concat(self, node: nodes.Concat, frame: Frame) -> None:  # noqa: N802 - Jinja's own name
        """Write `~`."""
        is_markup = "context.eval_ctx.autoescape"
        self.write(f"environment.join_texts(markup_join if {is_markup} else str_join, (")
        for part in node.nodes:
            self.visit(part, frame)
            self.write(", ")
        self.write("))")

    def visit_Operand(self, node: nodes.Operand, frame: Frame) -> None:  # noqa: N802 - Jinja's own name
        """Write what is compared, weighed."""
        self.write(f" {_OPERATORS[node.op]} ")
        self._weigh(node.expr, frame)

    def visit_Compare(self, node: nodes.Compare, frame: Frame) -> None:  # noqa: N802 - Jinja's own name
        """Write a comparison of weighed values."""
        self.write("(")
        self._weigh(node.expr, frame)
        for operand in node.ops:
            self.visit(operand, frame)
        self.write(")")

    def visit_Tuple(self, node: nodes.Tuple, frame: Frame) -> None:  # noqa: N802 - Jinja's own name
        """Write a tuple, weighed; one that is assigned to has no weight."""
        if node.ctx != "load":
            super().visit_Tuple(node, frame)
            return
        self.write("environment.budget.weigh(")
        super().visit_Tuple(node, frame)
        self.write(")")

    def visit_List(self, node: nodes.List, frame: Frame) -> None:  # noqa: N802 - Jinja's own name
        """Write a list, weighed."""
        self.write("environment.budget.weigh(")
        super().visit_List(node, frame)
        self.write(")")

    def visit_Dict(self, node: nodes.Dict, frame: Frame) -> None:  # noqa: N802 - Jinja's own name
        """Write a dictionary of weighed keys, weighed."""
        self.write("environment.budget.weigh({")
        for pair in node.items:
            self._weigh(pair.key, frame)
            self.write(": ")
            self.visit(pair.value, frame)
            self.write(", ")
        self.write("})")

    def visit_Getitem(self, node: nodes.Getitem, frame: Frame) -> None:  # noqa: N802 - Jinja's own name
        """Write a subscript; a slice is weighed."""
        if isinstance(node.arg, nodes.Slice):
            self.write("environment.budget.weigh(")
            super().visit_Getitem(node, frame)
            self.write(")")
        else:
            super().visit_Getitem(node, frame)

    def _weigh(self, node: nodes.Expr, frame: Frame) -> None:
        if isinstance(node, nodes.Const):
            self.visit(node, frame)
            return
        self.write("environment.budget.weigh(")
        self.visit(node, frame)
        self.write(")")


_OPERATORS = {
    "eq": "==",
    "ne": "!=",
    "gt": ">",
    "gteq": ">=",
    "lt": "<",
    "lteq": "<=",
    "in": "in",
    "notin": "not in",
}


def _count_block(statements: Iterable[nodes.Node]) -> tuple[int, int, int]:
    """Return the steps of a block, less the blocks in it, and its literal characters and lines."""
    steps, printed, lines, pending = 1, 0, 0, list(statements)
    while pending:
        node = pending.pop()
        steps += _LOAD_STEPS if isinstance(node, _LOADS) else 1
        if isinstance(node, nodes.TemplateData):
            printed += len(node.data)
            lines += node.data.count("\n")
        if isinstance(node, nodes.Stmt) and not isinstance(node, nodes.ScopedEvalContextModifier):
            pending += node.iter_child_nodes(exclude=_BODIES)
        else:
            pending += node.iter_child_nodes()
    return steps, printed, lines
