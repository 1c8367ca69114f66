"""The documents are true: their commands are run, their tables are derived, their examples load.

A `console` fence in README.md and docs/ is played like a story of `commands/`; the README's in a
copy of this project, a page's in an empty folder that its own files fill. Tables between
`<!-- table: name -->` and `<!-- end -->` are computed. `PROMPTPACK_ACCEPT=1` rewrites both.
"""

import os
import re
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

import support
from promptpack.diagnose import validate
from promptpack.frontmatter import split
from promptpack.schema import FILES
from promptpack.source import read_yaml
from promptpack.targets import TARGETS
from promptpack.targets.table import ROWS, Holding, capability_table
from test_commands import Stage

ROOT = Path(__file__).resolve().parents[1]
ACCEPT = bool(os.environ.get("PROMPTPACK_ACCEPT"))
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
SHORT: dict[Holding, str] = {
    "patterns": "denies, asks, patterns",
    "ask": "denies, asks",
    "deny": "denies",
    "told": "told",
    "not held": "**not held**",
    "no tool": "no tool",
}

_FENCE = re.compile(r"^```([^\n]+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_TABLE = re.compile(r"(<!-- table: (\w+) -->\n).*?(<!-- end -->)", re.DOTALL)


def hold(page: Path, text: str, told: str) -> None:
    """Compare a page with what it should say, or rewrite it."""
    if ACCEPT and told != text:
        page.write_text(told, encoding="utf-8")
    assert ACCEPT or told == text


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_the_commands_of_a_page_print_what_it_says(page: Path, tmp_path: Path) -> None:
    text = page.read_text(encoding="utf-8")
    stage = Stage(tmp_path)
    shutil.rmtree(stage.project)
    for folder in ("packs", "templates"):
        if page.name == "README.md":
            shutil.copytree(ROOT / folder, stage.project / folder)
        (stage.project / folder).mkdir(parents=True, exist_ok=True)

    def play(fence: re.Match[str]) -> str:
        info, body = fence[1], fence[2]
        if title := re.search(r'title="(\S+)"', info):
            support.write_files(stage.project, {title[1]: body})
        elif info == "console":
            return stage.play("```", info, body)
        return fence[0]

    hold(page, text, _FENCE.sub(play, text))


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_the_tables_of_a_page_are_the_computed_ones(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    told = _TABLE.sub(lambda found: f"{found[1]}{TABLES[found[2]]()}{found[3]}", text)
    hold(page, text, told)


def test_the_examples_of_the_authors_guide_are_valid() -> None:
    page = (ROOT / "docs" / "authoring.md").read_text(encoding="utf-8")
    bodies = [body for info, body in _FENCE.findall(page) if info in ("yaml", "markdown")]
    kinds = ("pack", "fragment", "policy", "model")
    for kind, body in zip(kinds, bodies, strict=True):
        text = split(body).head if kind == "fragment" else body
        assert text is not None
        document = read_yaml(text, kind)
        assert validate(FILES[kind], document, kind, text), document.findings


def held() -> str:
    table = capability_table()
    enforced = [name for name in TARGETS if set(table[name].values()) - {"told"}]
    rows = [["capability", *(TARGETS[name].title for name in enforced)]]
    rows += [[f"`{row}`", *(SHORT[table[name][row]] for name in enforced)] for row in ROWS]
    others = ", ".join(TARGETS[name].title for name in TARGETS if name not in enforced)
    return f"{as_table(rows)}\nIn the other files everything is told: {others}.\n\n"


def verified() -> str:
    rows = [["target", "file", "seen with"]]
    rows += [
        [f"`{t.name}`", f"`{t.path.format(name='<name>')}`", t.verified] for t in TARGETS.values()
    ]
    return as_table(rows)


def as_table(rows: list[list[str]]) -> str:
    head, *body = (f"| {' | '.join(row)} |" for row in rows)
    return "\n".join(["", head, "|" + "---|" * len(rows[0]), *body]) + "\n"


TABLES: dict[str, Callable[[], str]] = {"held": held, "verified": verified}
