"""What is said of a word that is wrong: the word that was meant, wherever one is taken."""

from pathlib import Path

import pytest

import support

PACK = "packs/demo/pack.yaml"
LOOK = "templates/policies/look.yaml"
ROLE = "packs/demo/role.md"


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ("list fragment", "Did you mean 'fragments'?"),
        ("list Packs", "Did you mean 'packs'?"),
        ("schema packs", "Did you mean 'pack'?"),
        ("schema polices", "Did you mean 'policy'?"),
        ("diff --format jsn", "Did you mean 'json'?"),
        ("completion bsh", "Did you mean 'bash'?"),
        ("lint --format sarf", "Did you mean 'sarif'?"),
        ("--color allways list", "Did you mean 'always'?"),
        ("--format jason list", "Did you mean 'json'?"),
        ("list --format jason", "Did you mean 'json'?"),
        ("show demo tiny", "No variant 'tiny' of demo. With that name: tiny.look, tiny.change."),
        ("show demo tiny.l", "With that name: tiny.look."),
        ("show demo change", "With that name: tiny.change."),
        ("show demo tinny.look", "Did you mean 'tiny.look'?"),
        ("show dmo", "No pack, fragment, model, policy or layout 'dmo'. Did you mean 'demo'?"),
        ("install demo --target opencode --variant tiny --into .", "With that name: tiny.look,"),
        ("build --target agents.md", "did you mean 'agents-md'?"),
        ("build --target AGENTS.md", "did you mean 'agents-md'?"),
        ("build --model Tiny", "did you mean 'tiny'?"),
        ("audit . --from Gemini", "Did you mean 'gemini'?"),
    ],
)
def test_a_wrong_word_is_told_with_the_one_that_was_meant(
    words: str, said: str, tmp_path: Path
) -> None:
    done = support.call(*words.split(), cwd=support.make_project(tmp_path))
    assert done.code == 2
    assert said in done.err


def test_a_file_that_is_not_read_is_told_with_the_name_that_was_meant(tmp_path: Path) -> None:
    files = {
        "templates/policies/strict.yml": "title: x\n",
        "templates/policy/strict.yaml": "title: x\n",
        "templates/layouts/wide.j2": "x\n",
        "templates/notes.md": "x\n",
    }
    done = support.call("lint", "--rule", "PP046", cwd=support.make_project(tmp_path, files))
    said = " ".join(done.out.replace("=", " ").split())
    assert done.code == 0
    for path in files:
        assert f"--> {path}:1" in said
    assert "rename it to templates/policies/strict.yaml" in said
    assert "rename it to templates/layouts/wide.md.j2" in said
    assert "rename it, move it or delete it" in said


def test_a_pack_file_with_another_ending_is_named(tmp_path: Path) -> None:
    root = support.make_project(tmp_path)
    (root / PACK).rename((root / PACK).with_suffix(".yml"))
    done = support.call("build", cwd=root)
    assert done.code == 3
    assert "rename pack.yml to pack.yaml" in done.err


def test_what_is_wrong_with_a_prompt_does_not_hide_what_has_to_be_accepted(tmp_path: Path) -> None:
    text = support.DEMO[PACK].replace("[opencode]", "[opencode, cursor]")
    files = {PACK: text.replace("./role.md", "role.md").replace("small-steps", "smal-steps")}
    root = support.make_project(tmp_path, files)
    for command, code in (("build", 3), ("check", 3), ("lint", 1)):
        done = support.call(command, cwd=root)
        said = done.out + done.err
        assert done.code == code
        assert [said.count(one) for one in ("PP020", "PP101")] == [2, 1], command
    assert not (root / "dist").exists()


@pytest.mark.parametrize(
    "files",
    [
        {"promptpack.yaml": "acept: []\n"},
        {LOOK: support.DEMO[LOOK] + "x: 1\n"},
        {"templates/models/tiny.yaml": "title: Tiny\n"},
        {PACK: support.DEMO[PACK].replace("[opencode]", "[opencode, cursor]") + "x: 1\n"},
    ],
)
def test_nothing_is_said_of_permissions_that_are_not_known(
    files: dict[str, str], tmp_path: Path
) -> None:
    pack = support.DEMO[PACK].replace("[opencode]", "[opencode, cursor]")
    done = support.call("build", cwd=support.make_project(tmp_path, {PACK: pack, **files}))
    assert done.code == 3
    assert "PP101" not in done.err


@pytest.mark.parametrize(
    ("path", "old", "new", "said"),
    [
        (LOOK, "glob: allow", "bash: allow", "did you mean 'execute'? 'bash' is what a client"),
        (LOOK, "glob: allow", "WebFetch: allow", "did you mean 'web_fetch'? 'WebFetch' is what"),
        (LOOK, "glob: allow", "search: allow", "did you mean 'list' or 'glob' or 'grep'? 'search'"),
        (LOOK, "glob: allow", "globb: allow", "did you mean 'glob'?"),
        (LOOK, "glob: allow", "Read: allow", "did you mean 'read'?"),
        (PACK, "targets: [opencode]", "targets: [agents.md]", "did you mean 'agents-md'?"),
        (PACK, "targets: [opencode]", "targets: [AGENTS.md]", "did you mean 'agents-md'?"),
        (PACK, "targets: [opencode]", "targets: [OpenCode]", "did you mean 'opencode'?"),
        (PACK, "role: ./role.md", "role: role.md", "did you mean './role.md'?"),
        (PACK, "sections:", "Sections:", "did you mean 'sections'?"),
        (ROLE, "You", '{{ policy.asks("bash") }} You', "did you mean 'execute'?"),
        (ROLE, "You", '{{ policy.asks("frobnicate") }} You', "unknown capability 'frobnicate'"),
    ],
)
def test_a_wrong_name_in_a_file_is_told_with_the_one_that_was_meant(
    path: str, old: str, new: str, said: str, tmp_path: Path
) -> None:
    text = support.DEMO[path]
    assert old in text
    root = support.make_project(tmp_path, {path: text.replace(old, new, 1)})
    done = support.call("build", cwd=root)
    assert done.code == 3
    assert said in " ".join(done.err.replace("=", " ").split())
