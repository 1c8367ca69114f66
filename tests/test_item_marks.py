"""The layout `marked`: marks on items and bold terms, with origins kept and edits absorbed."""

from pathlib import Path

import pytest

import support
from promptpack.build import build_project
from promptpack.reading.project import load_project
from promptpack.rendering.compose import Composer
from promptpack.rendering.item_marks import bold_terms, mark_items, strip_item_marks
from promptpack.rendering.variants import Selection, resolve_variants
from test_absorb import absorb, edit

ROOT = Path(__file__).resolve().parents[1]
OUTPUT = "dist/opencode/scan.look/.opencode/agents/demo.md"
STEPS = "templates/fragments/standards/small-steps.md"
IN, OUT = "packs/demo/in.md", "packs/demo/out.md"
FILES = {
    "templates/models/scan.yaml": "title: Scan\nfamily: tiny\nlayout: marked\n"
    "context_window: 8192\nprompt_budget: 500\nids: {opencode: demo/scan}\n",
    "packs/demo/pack.yaml": support.DEMO["packs/demo/pack.yaml"]
    .replace("model: tiny", "model: scan")
    .replace("[tiny]", "[scan]")
    .replace("  standards:", "  scope: {in: [./in.md], out: [./out.md]}\n  standards:"),
    IN: "- {{ vars.language }} services: the parts that answer requests.\n- Batch jobs.\n",
    OUT: "- Full rewrites: deliver plans.\n- Frontend work.\n",
    STEPS: "- Small steps: take one at a time.\n- Look before and after.\n",
}


@pytest.mark.parametrize(
    ("text", "marked", "bold"),
    [
        ("- Types: hints.", "- ✅ Types: hints.", "- **Types:** hints."),
        ("1. Types: hints.", "1. ✅ Types: hints.", "1. **Types:** hints."),
        ("- a\n  - b: c\n\n  d: e", "- ✅ a\n  - b: c\n\n  d: e", "- a\n  - b: c\n\n  d: e"),
        ("Types: hints.", "Types: hints.", "Types: hints."),
        ("- One. Two: three", "- ✅ One. Two: three", "- One. Two: three"),
        ("- Run `x: y`: z", "- ✅ Run `x: y`: z", "- Run `x: y`: z"),
        ("- **Bold**: z", "- ✅ **Bold**: z", "- **Bold**: z"),
        ("- Give one of:\n  - a", "- ✅ Give one of:\n  - a", "- Give one of:\n  - a"),
        ("- 3.11+ code: x", "- ✅ 3.11+ code: x", "- **3.11+ code:** x"),
        ("- https://a.example b", "- ✅ https://a.example b", "- https://a.example b"),
        ("- " + "w" * 46 + ": x", "- ✅ " + "w" * 46 + ": x", "- " + "w" * 46 + ": x"),
        ("```\n- A: b\n```\n- A: b", "```\n- A: b\n```\n- ✅ A: b", "```\n- A: b\n```\n- **A:** b"),
        ("~~~\n```\n- A: b\n~~~", "~~~\n```\n- A: b\n~~~", "~~~\n```\n- A: b\n~~~"),
        ("", "", ""),
    ],
)
def test_what_is_marked(text: str, marked: str, bold: str) -> None:
    assert mark_items(text, "✅") == marked
    assert bold_terms(text) == bold
    both = mark_items(bold_terms(text), "❌").split("\n")
    if "**" not in text and "`" not in text and "~" not in text:
        assert [strip_item_marks(line) for line in both] == text.split("\n")


def test_lines_keep_their_origins(tmp_path: Path) -> None:
    project = load_project(support.make_project(tmp_path, FILES))
    (variant,) = resolve_variants(project, Selection(("demo",), ("scan",), ("look",)))
    warned: list[object] = []
    lines = Composer(project, warn=warned.append).trace_lines(variant, "opencode")
    assert not warned
    found = {line.text: (line.origin.path, line.origin.line, line.section) for line in lines}
    assert found["- ✅ **Python services:** the parts that answer requests."] == (IN, 1, "scope")
    assert found["- ✅ Batch jobs."] == (IN, 2, "scope")
    assert found["- ❌ **Full rewrites:** deliver plans."] == (OUT, 1, "scope")
    assert found["- ❌ Frontend work."] == (OUT, 2, "scope")
    assert found["- **Small steps:** take one at a time."] == (STEPS, 1, "standards")


@pytest.mark.parametrize(
    ("old", "new", "source", "written"),
    [
        ("deliver plans", "deliver plans only", OUT, "- Full rewrites: deliver plans only.\n"),
        ("**Full rewrites:**", "**Whole rewrites:**", OUT, "- Whole rewrites: deliver plans.\n"),
        ("- ❌ **Full rewrites:** deliver plans.", "- ❌ New: all.", OUT, ""),
        ("**Full rewrites:** deliver plans", "Rewrites", OUT, "- Rewrites.\n- Frontend"),
        (
            "- ✅ Batch jobs.\n",
            "- ✅ Batch jobs.\n- ✅ **Tools:** a few.\n",
            IN,
            "\n- Tools: a few.\n",
        ),
        ("- ✅ Batch jobs.\n", "", IN, "that answer requests.\n"),
        ("that answer", "that take", IN, "- {{ vars.language }} services: the parts that take"),
        ("Look before", "- Look before", STEPS, "- - Look before"),
    ],
)
def test_an_edit_is_absorbed_without_the_marks(
    old: str, new: str, source: str, written: str, tmp_path: Path
) -> None:
    root = support.make_project(tmp_path, FILES)
    support.call("build", cwd=root)
    edited = edit(root, old, new, OUTPUT)
    result = absorb(root, "--yes", output=OUTPUT)
    if not written:  # a term is always bold
        assert result.code == 1
        return
    assert result.code == 0, result
    text = (root / source).read_text(encoding="utf-8")
    assert written in text
    assert "✅" not in text
    assert "**" not in text
    support.call("build", cwd=root)
    assert (root / OUTPUT).read_bytes() == edited


def test_the_first_pack_is_marked_for_the_model_of_its_brief() -> None:
    asked = Selection(
        ("python-ml-architect",), ("koronatech-coder",), ("plan-only",), ("opencode",)
    )
    (artifact,) = build_project(load_project(ROOT), asked)
    prompt = artifact.agent.prompt
    inside, outside = prompt.split("### In scope\n")[1].split("### Out of scope\n")
    items = [line for line in inside.split("\n") if line]
    assert items
    assert all(line.startswith("- ✅ ") for line in items)
    items = [line for line in outside.split("\n## ")[0].split("\n") if line]
    assert items
    assert all(line.startswith("- ❌ ") for line in items)
    assert "- **Type safety:** Pydantic models" in prompt
