"""AGENTS.md: the rules of a repository, in every session, from several packs and authors."""

import re
from pathlib import Path

import pytest

import support
from promptpack.api import lint_project
from promptpack.build import build_project
from promptpack.model import UserError
from promptpack.reading.project import load_project

PACK, ROLE = "packs/demo/pack.yaml", "packs/demo/role.md"
RULES = support.DEMO[PACK].replace("[opencode]", "[opencode, agents-md]")
PERSONA = RULES + "clients: {agents-md: {persona: true}}\n"
SECTIONS = """\
sections:
  role: ./role.md
  responsibilities: ./a.md
  scope: ./b.md
  standards: standards/small-steps
  workflow: ./c.md
  interaction: ./d.md
  output: ./e.md
  ethics: ./f.md
  examples: ./g.md
  data-handling: ./h.md
"""


def write(folder: Path, files: dict[str, str]) -> Path:
    return support.make_project(folder, files)


def other(pack: str, name: str = "other") -> dict[str, str]:
    text = pack.replace("name: demo", f"name: {name}")
    return {f"packs/{name}/pack.yaml": text, f"packs/{name}/role.md": f"You are {name}.\n"}


def prompt(folder: Path, target: str) -> str:
    artifacts = build_project(load_project(folder))
    return next(one.agent.prompt for one in artifacts if one.target == target)


def install(project: Path, *words: str | Path) -> support.Result:
    where = ("--target", "agents-md", "--into", project.parent / "repository")
    return support.call("install", *words, *where, cwd=project)


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    (tmp_path / "repository").mkdir()
    return tmp_path / "repository"


def test_it_has_the_rules_and_no_persona(tmp_path: Path) -> None:
    pack = re.sub(r"sections:\n(  .*\n|    .*\n)+", SECTIONS, RULES)
    texts = {f"packs/demo/{name}.md": f"- Text {name}.\n" for name in "abcdefgh"}
    project = write(tmp_path, {PACK: pack, **texts})
    headings = re.findall(r"^# (.*)$", prompt(project, "agents-md"), re.MULTILINE)
    expected = ["Scope and boundaries", "Standards", "Ethics and safety", "Data handling"]
    assert headings == [*expected, "Permissions"]
    assert "Text a" in prompt(project, "opencode")
    support.write_files(project, {PACK: pack + "clients: {agents-md: {persona: true}}\n"})
    whole = re.findall(r"^# (.*)$", prompt(project, "agents-md"), re.MULTILINE)
    assert len(whole) == len(SECTIONS.splitlines())  # one line is no section, one is written by us


def test_sections_of_a_text_are_left_out_too(tmp_path: Path) -> None:
    pack = re.sub(r"sections:\n(  .*\n|    .*\n)+", "sections: ./prompt.md\n", RULES)
    text = "You are the persona.\n\n## Scope\n\n- Only this.\n\n## Workflow\n\n- First that.\n"
    project = write(tmp_path, {PACK: pack, "packs/demo/prompt.md": text})
    told = prompt(project, "agents-md")
    assert "- Only this." in told
    assert "persona" not in told
    assert "- First that." not in told


def test_it_is_asked_for_only_where_a_file_is_shared(tmp_path: Path) -> None:
    project = write(tmp_path, {PACK: RULES + "clients: {opencode: {persona: true}}\n"})
    with pytest.raises(UserError) as caught:
        load_project(project)
    assert [finding.code for finding in caught.value.findings] == ["PP037"]


def test_a_section_that_is_left_out_there_is_not_empty(tmp_path: Path) -> None:
    project = write(tmp_path, {PACK: RULES})
    assert "PP507" not in {one.code for one in lint_project(load_project(project)).findings}


@pytest.mark.fault("two-minds")
def test_two_lists_of_permissions_in_one_file_are_an_error_of_the_build(tmp_path: Path) -> None:
    policy = support.DEMO["templates/policies/look.yaml"].replace("glob: allow", "glob: deny")
    assert policy != support.DEMO["templates/policies/look.yaml"]
    own = "clients: {agents-md: {policy: {look: other}}}\n"
    project = write(
        tmp_path,
        {PACK: RULES, **other(RULES + own), "templates/policies/other.yaml": policy},
    )
    done = support.call("build", cwd=project)
    assert done.code == 3
    assert "error[PP110]" in done.err
    assert "different permissions for demo and other" in done.err


@pytest.mark.fault("two-minds")
def test_two_lists_of_permissions_are_not_installed(tmp_path: Path, repository: Path) -> None:
    project = write(tmp_path / "project", {PACK: RULES, **other(RULES)})
    assert install(project, "demo").code == 0
    before = support.snapshot(repository)
    refused = install(project, "other", "--variant", "tiny.change")
    assert refused.code == 3
    assert "error[PP110]" in refused.err
    assert support.snapshot(repository) == before
    assert install(project, "other").code == 0
    entry = "  - {into: ../repository, targets: [agents-md], packs: [%s], variant: tiny.%s}\n"
    file = f"name: x\ninstallations:\n{entry % ('demo', 'look')}{entry % ('other', 'change')}"
    support.write_files(project, {"promptpack.yaml": file})
    assert "error[PP110]" in support.call("install", cwd=project).err


def test_what_codex_cuts_is_told_with_all_that_is_in_the_file(
    tmp_path: Path, repository: Path
) -> None:
    rules = "".join(f"- Rule {number} is one of many here.\n" for number in range(380))
    files = {PACK: RULES, "templates/fragments/standards/small-steps.md": rules}
    project = write(tmp_path / "project", {**files, **other(RULES), **other(RULES, "third")})
    (found,) = (one for one in lint_project(load_project(project)).findings if one.code == "PP203")
    assert (found.path, found.severity) == ("packs/third/pack.yaml", "warning")
    for name in ("demo", "other"):
        assert "PP203" not in install(project, name).err
    assert "warning[PP203]" in install(project, "third").err
    size = (repository / "AGENTS.md").stat().st_size
    assert size > 32 * 1024
    install(project, "third", "--uninstall")
    with (repository / "AGENTS.md").open("a", encoding="utf-8") as file:
        file.write("Our own text.\n" * 1000)
    assert "warning[PP203]" in install(project, "demo").err


def test_a_link_to_the_file_of_another_client_is_followed_by_name(
    tmp_path: Path, repository: Path
) -> None:
    project = write(tmp_path / "project", {PACK: RULES})
    (repository / "CLAUDE.md").write_text("# Ours\n", encoding="utf-8")
    (repository / "AGENTS.md").symlink_to("CLAUDE.md")
    done = install(project, "demo")
    assert (done.code, done.out) == (0, "create CLAUDE.md#demo\n")
    assert (repository / "AGENTS.md").is_symlink()
    assert "- Take one small step" in (repository / "CLAUDE.md").read_text(encoding="utf-8")
    support.write_files(project, {"templates/fragments/standards/small-steps.md": "- New.\n"})
    assert install(project, "demo").out == "replace CLAUDE.md#demo\n"
    assert install(project, "demo", "--check").code == 0
    assert install(project, "demo", "--uninstall").out == "remove CLAUDE.md#demo\n"
    assert (repository / "CLAUDE.md").read_text(encoding="utf-8") == "# Ours\n"


@pytest.mark.fault(4)
@pytest.mark.parametrize("pointed", ["../secret.md", "notes.md", "sub/CLAUDE.md", "CLAUDE.md"])
def test_no_other_link_is_followed(pointed: str, tmp_path: Path, repository: Path) -> None:
    project = write(tmp_path / "project", {PACK: RULES})
    place = repository / pointed
    place.parent.mkdir(exist_ok=True)
    if pointed == "CLAUDE.md":
        (tmp_path / "secret.md").write_text("Mine.\n", encoding="utf-8")
        place.symlink_to(tmp_path / "secret.md")
    else:
        place.write_text("Mine.\n", encoding="utf-8")
    (repository / "AGENTS.md").symlink_to(pointed)
    done = install(project, "demo")
    assert done.code == 1
    assert "make it the file" in done.err
    assert "PP402" in done.err
    assert place.read_text(encoding="utf-8") == "Mine.\n"
