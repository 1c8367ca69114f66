"""Absorbing an edited output: after it a build gives exactly the edited bytes, or no change."""

import json
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import support
from promptpack.absorb.rewriting import rewrite_value
from promptpack.build import build_project
from promptpack.reading.project import load_project
from promptpack.rendering.includes import escape_template
from promptpack.reporting.json_schemas import AbsorbReport

OUTPUT = "dist/opencode/tiny.look/.opencode/agents/demo.md"
SMALL_STEPS = "templates/fragments/standards/small-steps.md"
TWO_LISTS = {
    "packs/demo/pack.yaml": support.DEMO["packs/demo/pack.yaml"].replace(
        "    - {use: standards/examples, with: {count: 2}}", "    - standards/last"
    ),
    "templates/fragments/standards/last.md": "---\ntitle: Last\n---\n- Stop when it is done.\n",
}


def edit(root: Path, old: str, new: str, output: str = OUTPUT) -> bytes:
    """Replace a text in an output as a person would; return the bytes that are there then."""
    path = root / output
    text = path.read_text(encoding="utf-8")
    assert text.count(old) == 1
    path.write_text(text.replace(old, new), encoding="utf-8")
    return path.read_bytes()


def absorb(root: Path, *options: str, output: str = OUTPUT) -> support.Result:
    return support.call("absorb", output, *options, cwd=root)


@pytest.mark.parametrize(
    ("old", "new", "source", "written"),
    [
        ("Take one small step", "Take a tiny step", SMALL_STEPS, "- Take a tiny step at a time."),
        (
            "- Take one small step at a time.\n",
            "- Go on.\n- Look.\n",
            SMALL_STEPS,
            "- Go on.\n- Lo",
        ),
        ("a Python project", "the Python project", "packs/demo/role.md", "the {{ vars.language }}"),
        ("a Python project", "a Rust project", "packs/demo/pack.yaml", "{language: Rust}"),
        ("Give 2 examples", "Give 3 examples", "packs/demo/pack.yaml", "with: {count: 3}"),
        (
            "Give 2 examples",
            "Give 2 short ones",
            "templates/fragments/standards/examples.md",
            "sho",
        ),
        ("small step", "{{ step }}", SMALL_STEPS, "Take one {{ '{' }}{ step }} at"),
        ("small step", "{% raw %}", SMALL_STEPS, "one {{ '{' }}% raw %} at"),
        ("small step", 'naïve "step" \\ `x`', SMALL_STEPS, '- Take one naïve "step" \\ `x` at'),
        (
            "description: Answers",
            "description: Hears",
            "packs/demo/pack.yaml",
            "description: Hears",
        ),
        (
            "description: Answers questions about a small project.",
            'description: "Mind: it answers"',
            "packs/demo/pack.yaml",
            'description: "Mind: it answers"',
        ),
    ],
)
def test_an_edit_goes_to_the_line_it_came_from(
    tmp_path: Path, old: str, new: str, source: str, written: str
) -> None:
    root = support.built(tmp_path)
    wanted = edit(root, old, new)
    before = support.snapshot(root)
    refused = absorb(root)
    assert (refused.code, "tiny.change" in refused.err) == (1, True)
    assert "1 other variant would change too. Use --yes to apply the edit anyway." in refused.err
    assert support.snapshot(root) == before
    done = absorb(root, "--yes")
    assert done.code == 0, done.err
    changed = {name for name, data in support.snapshot(root).items() if before[name] != data}
    assert changed == {source}
    assert written in (root / source).read_text(encoding="utf-8")
    assert f"+++ {source}" in done.out
    assert support.call("build", cwd=root).code == 0
    assert (root / OUTPUT).read_bytes() == wanted
    assert support.call("check", cwd=root).code == 0


def test_what_only_this_variant_says_needs_no_yes(tmp_path: Path) -> None:
    root = support.built(tmp_path)
    output = OUTPUT.replace("tiny.look", "tiny.change")
    wanted = edit(root, "what you are about to change", "what you will change", output)
    assert absorb(root, "--dry-run", output=output).code == 0
    assert "about to change" in (root / SMALL_STEPS).read_text(encoding="utf-8")
    assert absorb(root, output=output).code == 0
    assert support.call("build", cwd=root).code == 0
    assert (root / output).read_bytes() == wanted


def test_a_deleted_line_goes_from_its_fragment(tmp_path: Path) -> None:
    body = support.DEMO[SMALL_STEPS].replace("{% if", "- Rest.\n{% if")
    root = support.built(tmp_path, {SMALL_STEPS: body})
    edit(root, "- Rest.\n", "")
    assert absorb(root, "--yes").code == 0
    assert (root / SMALL_STEPS).read_text(encoding="utf-8") == support.DEMO[SMALL_STEPS]


def test_new_text_between_two_fragments_is_asked_about(tmp_path: Path) -> None:
    root = support.built(tmp_path, TWO_LISTS)
    wanted = edit(root, "- Stop", "- New.\n- Stop")
    before = support.snapshot(root)
    said = absorb(root, "--yes")
    assert said.code == 1
    assert "this edit could go to more than one place" in said.err
    last = "templates/fragments/standards/last.md"
    options = " ".join(said.err.split())
    assert f"'--to {SMALL_STEPS}:6' or '--to {last}:4'" in options
    assert support.snapshot(root) == before
    assert absorb(root, "--yes", "--to", last).code == 0
    assert support.call("build", cwd=root).code == 0
    assert (root / OUTPUT).read_bytes() == wanted
    assert (
        (root / last).read_text(encoding="utf-8").endswith("---\n- New.\n- Stop when it is done.\n")
    )


@pytest.mark.parametrize(
    ("old", "new", "reason"),
    [
        ("# Role", "# The role", "generated from the layout templates/layouts/plain.md.j2"),
        ("glob: allow", "glob: ask", "change templates/policies/look.yaml"),
        (
            "model: demo/tiny",
            "model: demo/big",
            "the model's id comes from templates/models/tiny.yaml",
        ),
        ("---\nYou", "---\n\n\nYou", "no source can produce this"),
        ("mode: subagent", "mode: sub", "no longer a valid file"),
        ("project.\n", "project.  \n", "whitespace"),
    ],
)
def test_what_is_computed_is_refused_with_the_reason(
    tmp_path: Path, old: str, new: str, reason: str
) -> None:
    root = support.built(tmp_path)
    path = root / OUTPUT
    text = path.read_text(encoding="utf-8")
    head, _, body = text.partition("\n---\n")
    if old.startswith("---\n"):
        path.write_text(f"{head}\n---\n\n\n{body}", encoding="utf-8")
    elif old in head:
        path.write_text(text.replace(old, new, 1), encoding="utf-8")
    else:
        path.write_text(f"{head}\n---\n{body.replace(old, new, 1)}", encoding="utf-8")
    before = support.snapshot(root)
    said = absorb(root, "--yes")
    assert said.code == 1
    assert reason in said.err, said.err
    assert "PP405" in said.err
    assert support.snapshot(root) == before


def test_a_value_shown_twice_has_to_be_edited_twice(tmp_path: Path) -> None:
    fragment = support.DEMO[SMALL_STEPS].replace("small step", "{{ vars.language }} step")
    root = support.built(tmp_path, {SMALL_STEPS: fragment})
    edit(root, "a Python project", "a Rust project")
    said = absorb(root, "--yes")
    assert said.code == 1
    assert "would also change other lines of the file" in said.err
    wanted = edit(root, "one Python step", "one Rust step")
    assert absorb(root, "--yes").code == 0
    support.call("build", cwd=root)
    assert (root / OUTPUT).read_bytes() == wanted


def test_a_file_of_other_sources_is_not_absorbed(tmp_path: Path) -> None:
    root = support.built(tmp_path)
    assert "there is nothing to absorb" in absorb(root).err
    edit(root, "small step", "tiny step")
    (root / "packs/demo/role.md").write_text("You do something else.\n", encoding="utf-8")
    said = absorb(root, "--yes")
    assert (said.code, "the sources have changed since this file was built" in said.err) == (
        1,
        True,
    )
    foreign = absorb(root, output="packs/demo/role.md")
    assert (foreign.code, "promptpack did not write" in foreign.err) == (2, True)


def test_other_line_ends_are_ignored_and_lines_still_found(tmp_path: Path) -> None:
    root = support.built(tmp_path)
    path = root / OUTPUT
    path.write_bytes(path.read_bytes().replace(b"small step", b"tiny step").replace(b"\n", b"\r\n"))
    said = absorb(root, "--yes")
    assert (said.code, "not absorbed: its line endings" in said.err) == (0, True)
    assert "tiny step" in (root / SMALL_STEPS).read_text(encoding="utf-8")
    assert support.call("build", cwd=root).code == 0  # line ends aside, the file is as built
    lines = path.read_text(encoding="utf-8").split("\n")
    number = lines.index("# Standards") + 1
    found = support.call("explain", f"{OUTPUT}:{number}", cwd=root)
    assert "templates/layouts/plain.md.j2:2" in found.out


def test_the_standard_library_is_not_written_to(tmp_path: Path) -> None:
    pack = support.DEMO["packs/demo/pack.yaml"].replace(
        "standards/small-steps", "ethics/zero-trust"
    )
    root = support.built(tmp_path, {"packs/demo/pack.yaml": pack})
    text = (root / OUTPUT).read_text(encoding="utf-8")
    line = next(line for line in text.split("\n") if "internet" in line)
    edit(root, line, f"{line} Always.")
    said = absorb(root, "--yes")
    assert said.code == 1
    assert "copy it to templates/fragments/ethics/zero-trust.md and edit the copy" in said.err


def test_the_mark_line_ends_and_mode_of_a_source_are_kept(tmp_path: Path) -> None:
    data = b"\xef\xbb\xbf" + support.DEMO[SMALL_STEPS].replace("\n", "\r\n").encode()
    root = support.built(tmp_path, {SMALL_STEPS: data})
    (root / SMALL_STEPS).chmod(0o600)
    edit(root, "small step", "tiny step")
    assert absorb(root, "--yes").code == 0
    assert (root / SMALL_STEPS).read_bytes() == data.replace(b"small step", b"tiny step")
    assert (root / SMALL_STEPS).stat().st_mode & 0o777 == 0o600


def test_an_installed_copy_is_absorbed(tmp_path: Path) -> None:
    root, other = support.make_project(tmp_path / "project"), tmp_path / "other"
    other.mkdir()
    support.call("install", "demo", "--target", "opencode", "--into", str(other), cwd=root)
    copy = str(other / ".opencode/agents/demo.md")
    edit(root, "small step", "tiny step", copy)
    said = absorb(root, "--yes", "--format", "json", output=copy)
    assert said.code == 0
    data = json.loads(said.out)
    AbsorbReport.model_validate(data)
    assert [source["path"] for source in data["sources"]] == [SMALL_STEPS]
    assert "+- Take one tiny step" in data["sources"][0]["diff"]
    assert data["others"] == ["opencode/tiny.change/.opencode/agents/demo.md"]
    assert "tiny step" in (root / SMALL_STEPS).read_text(encoding="utf-8")


@pytest.fixture
def two_packs(tmp_path: Path) -> Path:
    """Return a repository with the blocks of two packs in one AGENTS.md, under text of its own."""
    pack = support.DEMO["packs/demo/pack.yaml"].replace("[opencode]", "[agents-md]")
    pack += "clients: {agents-md: {persona: true}}\n"
    files = {
        "packs/demo/pack.yaml": pack,
        "packs/other/pack.yaml": pack.replace("name: demo", "name: other"),
        "packs/other/role.md": "You are the other one.\n",
    }
    root, repository = support.make_project(tmp_path / "project", files), tmp_path / "repository"
    repository.mkdir()
    (repository / "AGENTS.md").write_text("# Ours\n\nOur own text.\n", encoding="utf-8")
    for name in ("demo", "other"):
        said = support.call(
            "install", name, "--target", "agents-md", "--into", str(repository), cwd=root
        )
        assert said.code == 0, said.err
    return root


def test_each_pack_has_its_own_lines_in_a_shared_file(two_packs: Path) -> None:
    shared = two_packs.parent / "repository/AGENTS.md"
    lines = shared.read_text(encoding="utf-8").split("\n")

    def explained(text: str) -> support.Result:
        number = lines.index(text) + 1
        return support.call("explain", f"{shared}:{number}", cwd=two_packs)

    assert "packs/demo/role.md:1" in explained("You answer questions about a Python project.").out
    assert "packs/other/role.md:1" in explained("You are the other one.").out
    ours = explained("Our own text.")
    assert (ours.code, "promptpack did not write line" in ours.err) == (2, True)
    edit(two_packs, "You are the other one.", "You are another one.", str(shared))
    after = support.call("explain", f"{shared}:{len(lines) - 3}", cwd=two_packs)
    assert after.code == 0
    edited = support.call(
        "explain", f"{shared}:{lines.index('You are the other one.') + 1}", cwd=two_packs
    )
    assert (edited.code, "absorb" in edited.err) == (2, True)
    assert absorb(two_packs, "--yes", output=str(shared)).code == 0
    text = (two_packs / "packs/other/role.md").read_text(encoding="utf-8")
    assert text == "You are another one.\n"


def test_another_pack_in_the_same_file_is_another_output(two_packs: Path) -> None:
    assert support.call("build", cwd=two_packs).code == 0
    shared = two_packs / "dist/agents-md/tiny.look/AGENTS.md"
    first, _, rest = shared.read_text(encoding="utf-8").partition("one small step")
    shared.write_text(f"{first}one tiny step{rest}", encoding="utf-8")
    said = absorb(two_packs, output=str(shared))
    assert (said.code, "  other: tiny.look, tiny.change\n" in said.err) == (1, True)
    assert "  demo: tiny.change\n" in said.err


WORDS = st.lists(
    st.sampled_from(
        ["one", "{{", "}}", "{%", "%}", "{#", "#}", "{", "a|b", "'", '"', "\\", "é", "`"]
    ),
    min_size=1,
    max_size=6,
)


@settings(deadline=None, max_examples=support.count_cases(60))
@given(WORDS, st.sampled_from(["", " "]))
def test_any_text_can_be_written_as_a_template(words: list[str], glue: str) -> None:
    from jinja2.sandbox import SandboxedEnvironment  # noqa: PLC0415 - only here

    text = glue.join(words)
    assert SandboxedEnvironment().from_string(escape_template(text)).render() == text


@pytest.mark.fault(50)
@settings(
    deadline=None,
    max_examples=support.count_cases(50),
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(WORDS)
def test_absorbed_text_is_never_a_template(
    tmp_path_factory: pytest.TempPathFactory, words: list[str]
) -> None:
    root = support.built(tmp_path_factory.mktemp("project"))
    wanted = edit(root, "small step", " ".join(words))
    assert absorb(root, "--yes").code == 0
    artifacts = {f"dist/{a.path}": a.content for a in build_project(load_project(root))}
    assert artifacts[OUTPUT] == wanted


@pytest.mark.parametrize(
    ("value", "old", "new", "expected"),
    [
        ("3.11", "Python 3.11 here", "Python 3.12 here", "3.12"),
        ("3.11", "Python 3.11 here", "Python here", None),
        ("a", "a and a", "b and a", None),
        ("", "x", "y", None),
        ("x", "x", "", ""),
    ],
)
def test_what_a_shown_value_has_to_become(
    value: str, old: str, new: str, expected: str | None
) -> None:
    assert rewrite_value(value, old, new) == expected


@pytest.mark.parametrize(
    "target", ["claude-code", "codex", "gemini", "system", "messages", "skill"]
)
def test_every_kind_of_file_can_be_absorbed(tmp_path: Path, target: str) -> None:
    pack = support.DEMO["packs/demo/pack.yaml"].replace("[opencode]", f"[{target}]")
    pack = pack.replace("policy: [look, change]", "policy: [look]")
    pack += support.NO_CURSOR + support.NO_SHELL
    root = support.built(tmp_path, {"packs/demo/pack.yaml": pack})
    (path,) = (p for p in (root / "dist").rglob("*") if p.is_file() and p.name[0] != ".")
    output = path.relative_to(root).as_posix()
    wanted = edit(root, "one small step at a time", "one tiny step at once", output)
    said = absorb(root, output=output)
    assert said.code == 0, said.err
    support.call("build", cwd=root)
    assert path.read_bytes() == wanted
