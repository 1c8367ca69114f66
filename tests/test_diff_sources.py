"""Whatever line of a source is edited: each changed output has a cause, and the groups are all."""

import tempfile
from pathlib import Path

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

import support
from promptpack.diff.compare import compare_sides
from promptpack.diff.hunks import apply_hunks
from promptpack.diff.model import Hunk, Review, Side
from promptpack.diff.sides import build_project_side
from promptpack.model import UserError

TARGETS = "opencode, claude-code, gemini, codex, cursor-rule, skill, system, messages, agents-md"
DEMO = {
    **support.DEMO,
    "packs/demo/pack.yaml": support.DEMO["packs/demo/pack.yaml"].replace("opencode", TARGETS)
    + support.NO_CURSOR
    + support.NO_SHELL,
}


@pytest.fixture(scope="module")
def base() -> Side:
    """Return the demo project for nine clients, as a side."""
    with tempfile.TemporaryDirectory() as folder:
        return build_project_side(support.make_project(Path(folder), DEMO), "base", "base")


@st.composite
def edits(draw: st.DrawFn) -> dict[str, str]:
    """Draw the demo project with one to three of its lines dropped, doubled or reworded."""
    files = dict(DEMO)
    for _ in range(draw(st.integers(1, 3))):
        path = draw(st.sampled_from(sorted(files)))
        lines = files[path].splitlines(keepends=True) or ["\n"]
        at = draw(st.integers(0, len(lines) - 1))
        line = lines[at]
        words = {"allow": "ask", "ask": "deny", "deny": "inherit", "a": "one", "project": "thing"}
        was = draw(st.sampled_from(sorted(words)))
        turned = line.replace(was, words[was])
        lines[at] = draw(st.sampled_from(["", line * 2, turned, f"{line.rstrip()} indeed\n"]))
        files[path] = "".join(lines)
    return files


@settings(max_examples=support.count_cases(120), deadline=None)
@given(files=edits())
def test_every_changed_output_is_explained_and_told_whole(
    base: Side, files: dict[str, str]
) -> None:
    with tempfile.TemporaryDirectory() as folder:
        try:
            head = build_project_side(support.make_project(Path(folder), files), "head", "head")
        except UserError:
            assume(False)
    review = compare_sides(base, head)
    assert review.summary.unexplained == 0
    assert review.differs == any(
        side.outputs.get(k) is None or base.outputs[k].text != head.outputs[k].text
        for side in (base, head)
        for k in {*base.outputs, *head.outputs}
    )
    _check_whole(base, head, review)


def _check_whole(base: Side, head: Side, review: Review) -> None:
    found: dict[str, list[Hunk]] = {}
    for change in review.groups:
        for output, hunk in change.places:
            if change.kind != "output-renamed":
                found.setdefault(output, []).append(hunk)
    for reached in review.outputs:
        old = base.outputs.get(reached.before or reached.key)
        new = head.outputs.get(reached.key)
        assert apply_hunks(old.text if old else "", found.get(reached.key, ())) == (
            new.text if new else ""
        )
