"""What works on any pack works on an imported one, kept as one text or in fragments."""

import html
from pathlib import Path

import pytest

import support
from promptpack.api import build_project, diff_projects, lint_project, load_project
from promptpack.session import Session
from promptpack.site.tree import make_site
from review_cases import commit, git
from test_import import bring

HEAD = "name: critic\n# kept\ndescription: Use before a merge, to review a change.\ntools: Read\n"
BODY = (
    "You review changes.\n\n## Rules\n\n- Say what breaks.\n- Call {{ it }} a name.\n\n"
    "## Output\n\n- One line for each.\n\n- The worst first.\n"
)
FILES = {
    ".claude/agents/critic.md": f"---\n{HEAD}---\n\n{BODY}",
    ".opencode/agents/critic.md": (
        "---\ndescription: Use before a merge, to review a change.\n"
        f"permission:\n  edit: deny\n---\n\n{BODY}"
    ),
}
PACK = "packs/critic/pack.yaml"
FORMS = {"one text": (), "fragments": ("--split",)}


@pytest.fixture(params=FORMS)
def project(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    """Return the folder of an imported pack that is built, in each of its forms."""
    return bring(tmp_path, {**FILES}, *FORMS[request.param]).project


def find_output(project: Path, target: str) -> Path:
    return next((project / "dist" / target).rglob("critic.md"))


def find_source(project: Path, text: str) -> tuple[str, int]:
    """Return the file of the pack that has a line, and the line's number."""
    for path in sorted((project / "packs/critic").iterdir()):
        lines = path.read_text(encoding="utf-8").split("\n")
        if text in lines:
            return path.relative_to(project).as_posix(), lines.index(text) + 1
    raise AssertionError(text)


@pytest.mark.parametrize("text", ["- Call {{ it }} a name.", "- The worst first.", "# kept"])
def test_explain_and_impact_agree_about_a_line(text: str, project: Path) -> None:
    output = find_output(project, "claude-code")
    lines = output.read_text(encoding="utf-8").split("\n")
    place = f"{output.relative_to(project).as_posix()}:{lines.index(text) + 1}"
    source, line = find_source(project, text)
    assert f"{source}:{line}" in support.call("explain", place, cwd=project).out
    reached = support.call("impact", f"{source}:{line}", cwd=project).out
    assert "claude-code" in reached


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("- Say what breaks.", "- Say what breaks, and {% why %}."),
        ("- Call {{ it }} a name.", "- Call {{ that }} a name."),
        ("- The worst first.", "- The worst first.\n- The best last."),
        ("- One line for each.\n\n", ""),
        ("to review a change.", "to review any change."),
    ],
)
def test_an_edit_of_an_output_is_absorbed(old: str, new: str, project: Path) -> None:
    output = find_output(project, "claude-code")
    before, other = output.read_bytes(), find_output(project, "opencode").read_bytes()
    edited = before.replace(old.encode(), new.encode())
    assert edited != before
    output.write_bytes(edited)
    done = support.call("absorb", str(output.relative_to(project)), "--yes", cwd=project)
    assert done.code == 0, done.err
    assert support.call("build", cwd=project).code == 0
    assert output.read_bytes() == edited
    assert find_output(project, "opencode").read_bytes() == other.replace(
        old.encode(), new.encode()
    )


def test_an_edit_of_the_kept_front_matter_is_absorbed_there(project: Path) -> None:
    output = find_output(project, "claude-code")
    edited = output.read_bytes().replace(b"# kept", b"# decided")
    output.write_bytes(edited)
    done = support.call("absorb", str(output.relative_to(project)), "--yes", cwd=project)
    assert done.code == 0, done.err
    assert b"# decided" in (project / "packs/critic/claude-code.head").read_bytes()
    assert support.call("build", cwd=project).code == 0
    assert output.read_bytes() == edited


@pytest.mark.parametrize(("old", "new"), [("tools: Read", "tools: Read, Bash")])
def test_an_edit_of_what_is_allowed_is_refused_with_the_reason(
    old: str, new: str, project: Path
) -> None:
    output = find_output(project, "claude-code")
    output.write_text(output.read_text(encoding="utf-8").replace(old, new), encoding="utf-8")
    before = support.snapshot(project / "packs")
    done = support.call("absorb", str(output.relative_to(project)), "--yes", cwd=project)
    assert done.code != 0
    assert "policies" in done.err + done.out
    assert support.snapshot(project / "packs") == before


def test_an_edit_of_a_heading_is_absorbed(project: Path) -> None:
    output = find_output(project, "claude-code")
    edited = output.read_bytes().replace(b"## Rules", b"## House rules")
    output.write_bytes(edited)
    done = support.call("absorb", str(output.relative_to(project)), "--yes", cwd=project)
    assert done.code == 0, done.err
    assert support.call("build", cwd=project).code == 0
    assert output.read_bytes() == edited


def test_a_change_is_told_by_section_with_its_cause(project: Path) -> None:
    before = load_project(project)
    source, line = find_source(project, "- Say what breaks.")
    text = (project / source).read_text(encoding="utf-8")
    (project / source).write_text(text.replace("what breaks", "what broke"), encoding="utf-8")
    review = diff_projects(before, load_project(project))
    assert {change.section for change in review.changes} == {"rules"}
    assert {(c.path, c.line) for change in review.changes for c in change.causes} == {
        (source, line)
    }


def test_the_import_itself_is_no_change_of_what_is_allowed(project: Path) -> None:
    commit(project)
    done = support.call("diff", "HEAD", "--fail-on", "permissions", cwd=project)
    assert done.code == 0, done.err
    assert git(project, "status", "--short", "packs", "templates") == ""


def test_lint_finds_no_error(project: Path) -> None:
    result = lint_project(load_project(project))
    assert [one for one in result.findings if one.severity == "error"] == []


def test_the_site_shows_each_line_with_its_source(project: Path) -> None:
    loaded = load_project(project)
    site = make_site(Session(loaded), build_project(loaded))
    pages = {path: html.unescape(repr(page)) for path, page in site.pages.items()}
    source, _ = find_source(project, "- The worst first.")
    assert any("The worst first." in text for text in pages.values())
    assert any(Path(source).name in text for text in pages.values())
