"""`import --split` and `--dedupe`: sections as fragments, shared texts, and the same bytes.

The oracle is the file: what the packs build is compared with it.
"""

import json
from collections.abc import Mapping
from pathlib import Path

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

import support
from promptpack.api import build_project, load_project
from promptpack.importing.agent_file import make_agent_file
from promptpack.importing.audit import make_audit
from promptpack.importing.importer import ImportForm, ImportPlan, plan_import
from promptpack.importing.places import match_place
from promptpack.reading.project import load_project_or_none, replace_sources
from promptpack.session import Session
from test_import import FILES, ODD, PLACES, bring, hold

EMPTY = load_project_or_none(Path(__file__).parent)
CLAUDE = ".claude/agents/critic.md"
HEAD = "---\nname: critic\ndescription: Reviews changes.\ntools: Read\n---\n\n"
SPLIT, SHARE = ImportForm(split=True), ImportForm(split=True, dedupe=True)


def plan(files: Mapping[str, str], form: ImportForm) -> tuple[ImportPlan, dict[str, bytes]]:
    """Return the import of files, and what a build of its packs makes for each that was kept."""
    read_files = []
    for path, text in files.items():
        found = match_place(path)
        assert found
        read_files.append(make_agent_file(path, found, text))
    made = plan_import(make_audit(read_files), EMPTY, form)
    artifacts = build_project(replace_sources(EMPTY, made.contents)) if made.packs else ()
    built = {artifact.path: artifact.content for artifact in artifacts}
    return made, {one.source: built[one.artifact] for pack in made.packs for one in pack.files}


def name_agents(body: str, *names: str) -> dict[str, str]:
    """Return the Claude Code files of agents that differ in a line, around the same text."""
    return {
        CLAUDE.replace("critic", name): (
            HEAD.replace("critic", name)
            + f"You are {name}.\n\n{body}\n## Output\n\nSay it as {name}.\n"
        )
        for name in names
    }


@pytest.mark.parametrize("oddity", ODD)
def test_an_oddity_is_kept_in_fragments_too(oddity: str) -> None:
    path, text = ODD[oddity]
    made, outputs = plan({path: text}, SHARE)
    assert outputs == {path: text.encode()}
    assert {*made.whole.values()} <= {"it has one section"}


@given(texts=st.lists(FILES, min_size=1, max_size=3), place=st.sampled_from(PLACES))
@settings(max_examples=support.count_cases(60))
def test_any_file_is_the_same_from_fragments(texts: list[str], place: str) -> None:
    files = {place.replace("critic", f"critic-{n}"): text for n, text in enumerate(texts)}
    files = {path: text.replace("- item", f"- {'item ' * 50}") for path, text in files.items()}
    made, outputs = plan(files, SHARE)
    assert {*made.whole.values()} <= {"it has one section"}
    kept = {path: text.encode() for path, text in files.items() if path not in made.refused}
    assert outputs == kept


def test_what_a_template_would_change_is_data_and_headings_are_titles(tmp_path: Path) -> None:
    body = (
        "You review.\n\n## Rules of the house\n\n- One.\n\n## Calls\n\nCall {{ it }}.\n\n"
        "## Output\nNo blank line.\n\n\n## Übung\n\nTwo  \nlines.\n"
    )
    imported = hold(tmp_path, {CLAUDE: HEAD + body}, "--split")
    folder = imported.project / "packs/critic"
    files = {path.name: path.read_text(encoding="utf-8") for path in folder.glob("*.md")}
    mark = "---\nverbatim: true\n---\n"
    assert files == {
        "role.md": "You review.\n",
        "rules-of-the-house.md": "- One.\n",
        "calls.md": f"{mark}Call {{{{ it }}}}.\n",
        "output.md": f"{mark}## Output\nNo blank line.\n\n\n",
        "ubung.md": f"{mark}Two  \nlines.\n",
    }
    pack = yaml.safe_load((folder / "pack.yaml").read_text(encoding="utf-8"))
    assert [*pack["sections"]] == ["role", "rules-of-the-house", "calls", "output", "ubung"]
    assert pack["titles"] == {
        "rules-of-the-house": "Rules of the house",
        "calls": "Calls",
        "ubung": "Übung",
    }


def test_a_pack_of_one_section_stays_one_file_and_the_report_says_so(tmp_path: Path) -> None:
    imported = hold(tmp_path, {CLAUDE: HEAD + "You review.\n"}, "--split")
    assert imported.data["whole"] == [{"pack": "critic", "reason": "it has one section"}]
    assert (imported.project / "packs/critic/prompt.md").exists()
    text = support.call("import", "repository", "--into", "x", "--split", "--yes", cwd=tmp_path)
    assert "critic: it has one section" in text.out


def test_each_line_comes_from_its_fragment_and_a_heading_from_the_pack(tmp_path: Path) -> None:
    body = "You review.\n\n## The rules\n\nCall {{ it }}.\n\nTwo.\n\n## Output\n\nText.\n"
    imported = hold(tmp_path, {CLAUDE: HEAD + body}, "--split")
    session = Session(load_project(imported.project))
    (artifact,) = build_project(session.project)
    places = {
        line.text: (Path(line.origin.path).name, line.origin.line, line.section)
        for line in session.tracer.trace_prompt(artifact)
    }
    pack = (imported.project / "packs/critic/pack.yaml").read_text(encoding="utf-8").split("\n")
    title_line = next(n for n, line in enumerate(pack, 1) if line.startswith("titles:"))
    assert places["You review."] == ("role.md", 1, "role")
    assert places["## The rules"] == ("pack.yaml", title_line, "the-rules")
    assert places["Call {{ it }}."] == ("the-rules.md", 4, "the-rules")
    assert places["Two."] == ("the-rules.md", 6, "the-rules")


# Fragments that are data


def write_verbatim(folder: Path, text: str, **files: str) -> Path:
    """Write the demo with a fragment that is data, and other files by name."""
    names = {"pack": "packs/demo/pack.yaml", "role": "packs/demo/role.md"}
    more = {names[name]: content for name, content in files.items()}
    fragment = {"templates/fragments/standards/small-steps.md": f"---\nverbatim: true\n---\n{text}"}
    return support.make_project(folder, {**fragment, **more})


@pytest.mark.parametrize(
    "text",
    [
        "Use {{ nothing }} and {% if %} and {# no comment #}.\n",
        "{% raw %}\n\n\n{{ x }}  \n{% endraw %}{% endraw %}\n",
        "```\n{{ x }}\n",
        "{" * 300 + "{{\n",
    ],
)
def test_a_verbatim_fragment_is_never_compiled(text: str, tmp_path: Path) -> None:
    plain = write_verbatim(tmp_path / "plain", text)
    role = '{% include "standards/small-steps" %}\n'
    included = write_verbatim(tmp_path / "included", text, role=role)
    for root in (plain, included):
        for artifact in build_project(load_project(root)):
            lines = artifact.content.decode().split("\n")
            assert {line.rstrip() for line in text.split("\n")} <= {line.rstrip() for line in lines}
        session = Session(load_project(root))
        for artifact in build_project(session.project):
            traced = [line.text for line in session.tracer.trace_prompt(artifact)]
            assert "\n".join(traced) in artifact.content.decode()


def test_an_edit_goes_back_into_a_verbatim_fragment_as_it_is(tmp_path: Path) -> None:
    root = write_verbatim(tmp_path, "Use {{ nothing }}.\n")
    assert support.call("build", cwd=root).code == 0
    output = root / "dist/opencode/tiny.look/.opencode/agents/demo.md"
    output.write_text(output.read_text().replace("{{ nothing }}", "{% that %}"))
    done = support.call("absorb", str(output.relative_to(root)), "--yes", cwd=root)
    assert done.code == 0, done.err
    fragment = root / "templates/fragments/standards/small-steps.md"
    assert fragment.read_text() == "---\nverbatim: true\n---\nUse {% that %}.\n"


def test_a_title_of_no_section_is_an_error(tmp_path: Path) -> None:
    pack = support.DEMO["packs/demo/pack.yaml"] + "titles: {rolle: Your role}\n"
    root = write_verbatim(tmp_path, "x\n", pack=pack)
    done = support.call("build", cwd=root)
    assert done.code == 3
    assert "unknown section 'rolle'" in done.err


def test_a_title_is_the_heading_in_every_layout(tmp_path: Path) -> None:
    pack = support.DEMO["packs/demo/pack.yaml"] + "titles: {role: Who you are}\n"
    root = write_verbatim(tmp_path, "x\n", pack=pack)
    for artifact in build_project(load_project(root)):
        assert "# Who you are\n" in artifact.content.decode()
        assert "# Role" not in artifact.content.decode()


# Shared texts

BLOCK = (
    "Never push to the main branch without a review, and never rewrite what others have.\n\n"
    "```sh\ngit status\n\ngit diff --stat\n```\n\n"
    "- Ask first when it is not clear who works on a branch, and say why it has to change.\n"
    "- Say what was done.\n"
)


def test_a_text_of_three_prompts_is_one_fragment(tmp_path: Path) -> None:
    assert len(BLOCK.encode()) > 200
    files = name_agents(f"## Rules\n\nFirst.\n\n{BLOCK}\nLast.\n", "a", "b", "c")
    files |= name_agents("## Rules\n\nQuite another.\n", "d")
    imported = hold(tmp_path, {**files}, "--dedupe")
    (shared,) = imported.data["shared"]
    assert shared["packs"] == ["a", "b", "c"]
    assert shared["fragment"].startswith("rules/")
    fragment = imported.project / f"templates/fragments/{shared['fragment']}.md"
    first, last = "First.\n\n", "\nLast.\n"  # they stand in the same prompts
    assert fragment.read_text(encoding="utf-8") == f"{first}{BLOCK}{last}"
    assert shared["saved_bytes"] == 2 * len(f"{first}{BLOCK}{last}".encode())
    assert (imported.project / "packs/d/prompt.md").exists()


def test_what_stands_around_a_shared_text_stays(tmp_path: Path) -> None:
    files: dict[str, str] = {}
    for name in "abc":
        files |= name_agents(f"## Rules\n\nFirst {name}.\n\n{BLOCK}\nLast {name}.\n", name)
    imported = hold(tmp_path, {**files}, "--dedupe")
    (shared,) = imported.data["shared"]
    fragment = imported.project / f"templates/fragments/{shared['fragment']}.md"
    assert fragment.read_text(encoding="utf-8") == BLOCK
    pack = yaml.safe_load((imported.project / "packs/a/pack.yaml").read_text(encoding="utf-8"))
    assert pack["sections"]["rules"] == ["./rules.md", shared["fragment"], "./rules-2.md"]
    project = load_project(imported.project)
    changed = {f"templates/fragments/{shared['fragment']}.md": BLOCK.replace("Never", "Don't")}
    before, after = (build_project(one) for one in (project, replace_sources(project, changed)))
    for old, new in zip(before, after, strict=True):
        assert new.content == old.content.replace(b"Never", b"Don't")


@pytest.mark.parametrize(
    ("files", "count"),
    [
        (name_agents(f"## R\n\n{BLOCK}", "a", "b"), 0),  # in two only
        (name_agents("## R\n\nShort, and in three.\n", "a", "b", "c"), 0),
        ({p: t.replace("You are", "You") for p, t in name_agents(BLOCK, "a", "b", "c").items()}, 1),
        (name_agents(f"## R\n\n{BLOCK}", "a", "b", "c"), 1),
        (name_agents(f"## R\n\n```\n{BLOCK.replace('```', '')}```\n", "a", "b", "c"), 1),
    ],
)
def test_only_what_is_long_and_frequent_is_proposed(files: Mapping[str, str], count: int) -> None:
    for form in (ImportForm(), SHARE):
        made, outputs = plan(files, form)
        assert len(made.blocks) == count
        assert outputs == {path: text.encode() for path, text in files.items()}


def test_prompts_that_are_the_same_count_once() -> None:
    same = dict.fromkeys((CLAUDE, CLAUDE.replace("critic", "b")), HEAD + BLOCK)
    files = same | name_agents(BLOCK, "c")
    made, _ = plan(files, SHARE)
    assert made.blocks == []
    made, outputs = plan(files | name_agents(BLOCK, "d"), SHARE)
    (block,) = made.blocks
    assert (len(block.packs), block.count) == (4, 3)
    assert outputs[CLAUDE] == same[CLAUDE].encode()


def test_the_report_proposes_and_says_where_nothing_is_worth_it(tmp_path: Path) -> None:
    worth = name_agents(f"## R\n\n{BLOCK}", "a", "b", "c")
    support.write_files(tmp_path / "worth", worth)
    support.write_files(tmp_path / "not", name_agents("## R\n\nShort.\n", "a", "b", "c"))
    size = 2 * len(BLOCK.encode())
    said = support.call("import", "worth", "--dry-run", cwd=tmp_path).out
    assert f"1 text in 3 prompts or more could be shared, which saves {size} bytes" in said
    said = support.call("import", "worth", "--dry-run", "--dedupe", cwd=tmp_path).out
    assert f"1 text shared, which saves {size} bytes\n" in said
    said = support.call("import", "not", "--dry-run", "--dedupe", cwd=tmp_path).out
    assert "Nothing worth sharing" in said


def test_a_fragment_that_is_there_is_not_written_again(tmp_path: Path) -> None:
    files = name_agents(f"## R\n\n{BLOCK}", "a", "b", "c")
    first = bring(tmp_path / "first", {**files}, "--dedupe")
    support.write_files(tmp_path / "more", name_agents(f"## R\n\n{BLOCK}", "e", "f", "g"))
    into = ("--into", str(first.project), "--yes", "--dedupe", "--format", "json")
    done = support.call("import", "more", *into, cwd=tmp_path)
    assert done.code == 0, done.err
    (shared,) = json.loads(done.out)["shared"]
    assert shared["fragment"] != first.data["shared"][0]["fragment"]
    assert support.call("build", cwd=first.project).code == 0


def test_disagree_compares_fragments_as_it_does_one_text(tmp_path: Path) -> None:
    rules = "".join(f"- Rule {number}.\n" for number in range(12))
    (text,) = name_agents(f"## Rules\n\n{rules}", "critic").values()
    files = {CLAUDE: text, ".github/agents/critic.agent.md": text.replace("Rule 3", "Rule three")}
    details = []
    for options in (("--join",), ("--join", "--split")):
        imported = hold(tmp_path / "-".join(options), {**files}, *options)
        done = support.call("disagree", "--format", "json", cwd=imported.project)
        details.append(json.loads(done.out)["disagreements"])
    assert details[0] == details[1]
    assert "text" in {one["kind"] for one in details[0]}
