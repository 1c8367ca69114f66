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
        ("show look", "No pack 'look'. Variants with that name: demo tiny.look."),
        ("show dmo", "No pack 'dmo'. Did you mean 'demo'?"),
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
