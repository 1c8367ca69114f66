"""What a template asks of the policy: its syntax tree in, the questions out."""

from collections.abc import Iterator

from jinja2 import nodes

from promptpack.rendering.questions import PolicyQuestion, Questions

POLICY = "policy"
_AUTHORED = "authored"
_WORDS = frozenset({"name", "title", "summary"})
_TESTS = frozenset({"denies", "allows", "asks"})


class _OpenQuestionError(Exception):
    """A template does something else with the policy than to ask a plain question."""


def find_questions(tree: nodes.Template) -> Questions:
    """Return what a template asks of the policy, without what it includes."""
    try:
        return frozenset(_iter_questions(tree))
    except _OpenQuestionError:
        return None


def _iter_questions(node: nodes.Node) -> Iterator[PolicyQuestion]:
    question = _read_question(node)
    if question:
        yield question
        return
    if isinstance(node, nodes.Name) and node.name == POLICY:
        raise _OpenQuestionError
    for child in node.iter_child_nodes():
        yield from _iter_questions(child)


def _read_question(node: nodes.Node) -> PolicyQuestion | None:
    match node:
        case nodes.Call(
            node=nodes.Getattr() as asked,
            args=[nodes.Const(value=str() as capability)],
            kwargs=[],
            dyn_args=None,
            dyn_kwargs=None,
        ):
            names, argument = _TESTS, capability
        case nodes.Getattr():
            asked, names, argument = node, _WORDS, ""
        case _:
            return None
    view, is_authored = asked.node, False
    if isinstance(view, nodes.Getattr) and view.attr == _AUTHORED:
        view, is_authored = view.node, True
    is_question = isinstance(view, nodes.Name) and view.name == POLICY and asked.attr in names
    return PolicyQuestion(asked.attr, argument, is_authored) if is_question else None
