"""Packs in several languages: what is translated, what falls back, and what may not differ."""

import re
from collections.abc import Iterator, Mapping
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from promptpack.api import build_project, diff_projects, load_project
from promptpack.model import Artifact, UserError, name_translation, split_translation
from promptpack.model.languages import is_language
from promptpack.output.ownership import claims_output
from promptpack.reading.project import replace_sources
from promptpack.reading.some_packs import gather_project, load_reached
from support import DEMO, EVERY_CLIENT, Result, call, count_cases, make_project, snapshot

PACK, ROLE, STEPS = (
    "packs/demo/pack.yaml",
    "packs/demo/role.md",
    "templates/fragments/standards/small-steps.md",
)
GERMAN_ROLE, GERMAN_STEPS = "packs/demo/role.de.md", STEPS.replace(".md", ".de.md")
TRANSLATIONS = """\
translations:
  de:
    title: Vorführung
    description: Beantwortet Fragen zu einem kleinen Projekt.
    titles: {role: Rolle}
"""


GERMAN_ACCEPT = """\
accept:
  - {target: cursor, capability: all, reason: "It is read in German.", when: {language: de}}
"""
"""What would make the permissions of a file depend on its language."""


def speak(pack: str, languages: str = "[en, de]", more: str = TRANSLATIONS) -> str:
    """Return a pack file with languages."""
    return pack.replace("  model: [tiny]\n", f"  model: [tiny]\n  language: {languages}\n") + more


BOTH: Mapping[str, str] = {
    PACK: speak(DEMO[PACK]),
    GERMAN_ROLE: "Du beantwortest Fragen zu einem {{ vars.language }}-Projekt.\n",
}
"""The demo in two languages; its standards are in one."""


@pytest.fixture
def project(tmp_path: Path) -> Path:
    return make_project(tmp_path, BOTH)


def build(project: Path) -> dict[str, Artifact]:
    """Return the outputs by the name of their variant, of a project for one client."""
    return {one.variant.name: one for one in build_project(load_project(project))}


def list_codes(project: Path) -> list[tuple[str, str, int]]:
    """Return what is wrong with a project: code, path and line."""
    with pytest.raises(UserError) as caught:
        load_project(project)
    return [(one.code, one.path, one.line) for one in caught.value.findings]


# What is built


def test_a_variant_has_the_translations_that_there_are(project: Path) -> None:
    built = build(project)
    assert [*built] == ["tiny.look", "tiny.look.de", "tiny.change", "tiny.change.de"]
    agent = built["tiny.look.de"].agent
    assert built["tiny.look.de"].path == "opencode/tiny.look.de/.opencode/agents/demo.md"
    assert agent.description == "Beantwortet Fragen zu einem kleinen Projekt."
    assert agent.prompt == (
        "# Rolle\n\nDu beantwortest Fragen zu einem Python-Projekt.\n\n"
        "# Standards\n\n- Take one small step at a time.\n- Give 2 examples.\n"
    )
    assert [name for name, one in built.items() if one.variant.is_default] == ["tiny.look"]


def test_what_is_in_the_packs_own_language_is_as_without_others(tmp_path: Path) -> None:
    one, two = make_project(tmp_path / "one"), make_project(tmp_path / "two", BOTH)
    for each in (one, two):
        assert call("build", cwd=each).code == 0
    single, double = snapshot(one / "dist"), snapshot(two / "dist")
    del single[".promptpack.json"]
    assert single.items() <= double.items()
    assert {path.split("/")[1] for path in double.keys() - single.keys() if "/" in path} == {
        "tiny.look.de",
        "tiny.change.de",
    }


@pytest.mark.fault("language-grants-more")
def test_no_language_changes_what_a_file_grants(tmp_path: Path) -> None:
    files = {**BOTH, **EVERY_CLIENT, PACK: speak(EVERY_CLIENT[PACK])}
    files[STEPS] = DEMO[STEPS].replace("---\n- Take", "needs: [edit]\n---\n- Take")
    files[GERMAN_STEPS] = "---\nneeds: [edit]\n---\n- Tu alles, was du willst.\n"
    files[PACK] = files[PACK].replace(
        "- standards/small-steps", "- {use: standards/small-steps, optional: true}"
    )
    artifacts = build_project(load_project(make_project(tmp_path, files)))
    rights: dict[tuple[str, str], list[object]] = {}
    for one in artifacts:
        key = one.target, one.variant.policy.name
        losses = [loss for loss in one.losses if not loss.is_field]
        rights.setdefault(key, []).append((one.agent.policy, losses))
    assert {len(each) for each in rights.values()} == {2}
    assert all(first == second for first, second in rights.values())
    german = {
        one.variant.policy.name: one.agent.prompt for one in artifacts if one.variant.is_translated
    }
    assert "Tu alles" not in german["look"]
    assert "Tu alles" in german["change"]


def test_the_library_is_translated_by_the_project_and_shadowed_with_its_translations(
    tmp_path: Path,
) -> None:
    honest, brief = "ethics/keep-security-on", "interaction/be-brief"
    pack = speak(DEMO[PACK]).replace("standards/small-steps", f"{honest}\n    - {brief}")
    files = {
        **BOTH,
        PACK: pack,
        f"templates/fragments/{honest}.de.md": "- Sag die Wahrheit.\n",
        f"templates/fragments/{brief}.md": "- Ours.\n",
    }
    folder = make_project(tmp_path / "project", files)
    texts = {f"promptpack:templates/fragments/{brief}.de.md": "- Fass dich kurz.\n"}
    project = load_project(folder)
    names = [one for one in project.fragments if one in {honest, brief}]
    assert sorted(names) == [honest, brief]
    german = {
        one.variant.name: one.agent.prompt for one in build_project(replace_sources(project, texts))
    }["tiny.look.de"]
    assert "- Sag die Wahrheit.\n" in german
    assert "- Ours.\n" in german, "the library's translation is of another text"


def test_a_translation_includes_translations_and_others_do_not(tmp_path: Path) -> None:
    folder = "templates/fragments/standards"
    files = {
        **BOTH,
        GERMAN_ROLE: "Eins. {% include 'standards/more' %} {% include 'standards/other' %}\n"
        "{% include './role' %}\n",
        f"{folder}/more.md": "More.\n",
        f"{folder}/more.de.md": "Mehr.\n",
        f"{folder}/other.md": "Other.\n",
        STEPS: "- Step. {% include './more' %}\n",
    }
    prompt = build(make_project(tmp_path, files))["tiny.look.de"].agent.prompt
    assert "Eins. Mehr. Other." in " ".join(prompt.split())
    assert "You answer questions about a Python project." in prompt
    assert "- Step. More." in prompt


def test_templates_see_the_words_of_the_language(tmp_path: Path) -> None:
    role = "{{ pack.title }}: {{ pack.description }}\n"
    built = build(make_project(tmp_path, {**BOTH, ROLE: role, GERMAN_ROLE: role}))
    assert "Demo: Answers questions" in built["tiny.look"].agent.prompt
    assert "Vorführung: Beantwortet Fragen" in built["tiny.look.de"].agent.prompt


def test_combinations_are_left_out_and_expectations_are_of_a_language(tmp_path: Path) -> None:
    exclude = "  exclude: [{policy: change, language: de}]\n"
    expect = (
        'expect:\n  - {contains: "Du beantwortest", when: {language: de}}\n'
        '  - {absent: "Du beantwortest", when: {language: en}}\n'
    )
    pack = BOTH[PACK].replace("  model: [tiny]\n", f"  model: [tiny]\n{exclude}") + expect
    folder = make_project(tmp_path, {**BOTH, PACK: pack})
    assert [*build(folder)] == ["tiny.look", "tiny.look.de", "tiny.change"]
    (folder / GERMAN_ROLE).write_text("Ich weiß es nicht.\n", encoding="utf-8")
    done = call("build", cwd=folder)
    assert (done.code, done.err.count("PP510")) == (3, 1)
    assert "is not in 1 of 1 prompts: tiny.look.de for opencode" in done.err


# What is wrong


@pytest.mark.fault("language-grants-more")
@pytest.mark.parametrize(
    ("front_matter", "line"),
    [
        ("needs: []", 2),
        ("needs: [read]", 2),
        ("title: Rolle", 1),
        ("needs: [edit]\nparams: {x: 2}", 3),
    ],
)
def test_a_translation_has_the_needs_and_parameters_of_its_source(
    tmp_path: Path, front_matter: str, line: int
) -> None:
    files = {**BOTH, ROLE: "---\nneeds: [edit]\n---\nYou edit.\n"}
    files[GERMAN_ROLE] = f"---\n{front_matter}\n---\nDu schreibst.\n"
    found = list_codes(make_project(tmp_path, files))
    assert found == [("PP015", GERMAN_ROLE, line)]


def test_a_translation_that_no_pack_names_is_not_looked_at(tmp_path: Path) -> None:
    files = {**DEMO, GERMAN_ROLE: "---\nneeds: [edit]\n---\nDu schreibst.\n"}
    folder = make_project(tmp_path, files)
    assert [*build(folder)] == ["tiny.look", "tiny.change"]
    found = call("lint", "--rule", "PP041", cwd=folder)
    assert "name 'de' in a pack that uses 'packs/demo/role.md', or delete it" in found.out


@pytest.mark.parametrize(
    ("languages", "more", "code"),
    [
        ("[en, de]", "translations: {fr: {title: Démo}}\n", "PP017"),
        ("[en, de]", "translations: {en: {title: Demo}}\n", "PP016"),
        ("[en, de]", "translations: {de: {titles: {rolle: Rolle}}}\n", "PP027"),
        ("[en, de]", "expect: [{contains: x, when: {language: fr}}]\n", "PP017"),
        ("[en, de-de]", "", "PP013"),
        ("[en, DE]", "", "PP013"),
        ("[en, md]", "", "PP013"),
        ('[en, "../de"]', "", "PP013"),
        ("[en, en]", "", "PP010"),
        ("[]", "", "PP010"),
        ("[en, de]\n  exclude: [{language: fr}]", "", "PP017"),
        ("[en, de]\n  overrides: [{when: {language: de}, drop: [role]}]", "", "PP012"),
        ("[en, de]", GERMAN_ACCEPT, "PP012"),
        ("[en, de]\n  exclude: [{language: en}]", "", "PP026"),
    ],
)
def test_languages_are_tags_of_which_all_is_known(
    tmp_path: Path, languages: str, more: str, code: str
) -> None:
    folder = make_project(tmp_path, {PACK: speak(DEMO[PACK], languages, more)})
    assert [found for found, *_ in list_codes(folder)] == [code]


def test_a_prompt_that_is_one_text_has_one_language(tmp_path: Path) -> None:
    pack = re.sub(r"(?s)sections:.*variants:", "sections: ./prompt.md\nvariants:", DEMO[PACK])
    files = {PACK: speak(pack, more=""), "packs/demo/prompt.md": "# Role\n\nYou look.\n"}
    folder = make_project(tmp_path, files)
    assert [code for code, *_ in list_codes(folder)] == ["PP016"]
    (folder / PACK).write_text(speak(pack, "[en]", ""), encoding="utf-8")
    assert [*build(folder)] == ["tiny.look", "tiny.change"]


# Names


@pytest.mark.parametrize("language", ["../..", "de/..", "DE", "d", ".de", "de\n", "x" * 99])
def test_a_record_of_no_language_claims_no_file(language: str) -> None:
    words = {"target": "opencode", "pack": "demo", "model": "tiny", "policy": "look"}

    def claims(tag: str) -> bool:
        path = f"opencode/tiny.look.{tag}/.opencode/agents/demo.md"
        return claims_output(path, {**words, "language": tag})

    assert claims("de")
    assert not claims(language)


SLUGS = st.from_regex(r"[a-z0-9]+(-[a-z0-9]+)*", fullmatch=True)
TAGS = st.sampled_from(["de", "pt-BR", "zh-Hant", "sr-Latn-RS", "es-419", "ast"])


@settings(max_examples=count_cases(60))
@given(st.lists(SLUGS, min_size=1, max_size=3), st.sampled_from(["", ".md"]), TAGS)
def test_a_translations_name_is_read_as_it_is_written(names: list[str], end: str, tag: str) -> None:
    name = "/".join(names) + end
    assert split_translation(name_translation(name, tag)) == (name, tag)
    assert split_translation(name) == ("", "")


@settings(max_examples=count_cases(100))
@given(st.text("adDerR-0AZ.\n", max_size=8))
def test_tags_that_differ_in_case_alone_are_not_both_tags(word: str) -> None:
    others = {word.lower(), word.upper(), word.title(), word.swapcase()} - {word}
    assert not is_language(word) or not any(map(is_language, others))
    assert not is_language(word) or re.fullmatch(r"[A-Za-z]{2,3}(-[A-Za-z0-9]+)*", word)


# Commands


def test_languages_are_selected_like_models(project: Path) -> None:
    assert call("build", "--language", "de", cwd=project).code == 0
    assert sorted(path.name for path in (project / "dist/opencode").iterdir()) == [
        "tiny.change.de",
        "tiny.look.de",
    ]
    assert call("check", "--language", "de", cwd=project).code == 0
    assert call("check", "--language", "en", cwd=project).code == 1
    done = call("build", "--language", "fr", cwd=project)
    assert done.code == 2
    assert "error[PP017]: unknown language 'fr'" in done.err


def test_files_of_a_language_that_goes_are_removed_and_strangers_stay(project: Path) -> None:
    assert call("build", cwd=project).code == 0
    foreign = project / "dist/opencode/tiny.look.de/notes.md"
    foreign.write_text("Ours.\n", encoding="utf-8")
    (project / PACK).write_text(DEMO[PACK], encoding="utf-8")
    (project / GERMAN_ROLE).unlink()
    assert call("build", cwd=project).code == 0
    left = {path for path in snapshot(project / "dist") if path.endswith(".md")}
    assert left == {
        "opencode/tiny.look/.opencode/agents/demo.md",
        "opencode/tiny.change/.opencode/agents/demo.md",
        "opencode/tiny.look.de/notes.md",
    }


def test_a_translation_is_installed_and_known_again(project: Path) -> None:
    words = ("--variant", "tiny.look.de", "--target", "opencode", "--into", ".", "--yes")
    assert call("install", "demo", *words, cwd=project).code == 0
    installed = project / ".opencode/agents/demo.md"
    assert "Du beantwortest" in installed.read_text(encoding="utf-8")
    (project / GERMAN_ROLE).write_text("Du weißt es.\n", encoding="utf-8")
    assert call("install", "--into", ".", "--check", cwd=project).code == 1
    assert call("install", "--into", ".", "--yes", cwd=project).code == 0
    assert "Du weißt es" in installed.read_text(encoding="utf-8")
    shown = call("show", "demo", "tiny.look.de", cwd=project)
    assert shown.out.encode() == installed.read_bytes()


def test_the_project_file_installs_a_translation(tmp_path: Path) -> None:
    shared = "installations: [{{into: ., targets: [opencode], variant: {}}}]\n"
    folder = make_project(tmp_path, {**BOTH, "promptpack.yaml": shared.format("tiny.look.de")})
    assert call("install", "--yes", cwd=folder).code == 0
    assert "Du beant" in (folder / ".opencode/agents/demo.md").read_text(encoding="utf-8")
    (folder / "promptpack.yaml").write_text(shared.format("tiny.look.fr"), encoding="utf-8")
    assert "the pack 'demo' has no variant 'tiny.look.fr'" in call("build", cwd=folder).err


def find_line(text: str, words: str) -> int:
    return next(n for n, line in enumerate(text.split("\n"), 1) if words in line)


def test_a_line_leads_to_the_translation_and_back(project: Path) -> None:
    assert call("build", cwd=project).code == 0
    path = "dist/opencode/tiny.look.de/.opencode/agents/demo.md"
    text = (project / path).read_text(encoding="utf-8")

    def explain(words: str) -> str:
        return call("explain", f"{path}:{find_line(text, words)}", cwd=project).out

    title = find_line(BOTH[PACK], "titles:")
    assert f"{GERMAN_ROLE}:1" in explain("Du beantwortest")
    assert f"{PACK}:{find_line(BOTH[PACK], 'description: Beant')}" in explain("description:")
    assert f"{PACK}:{title}" in explain("# Rolle")
    assert f"{STEPS}:5" in explain("- Take one")
    reached = call("impact", f"{GERMAN_ROLE}:1", cwd=project).out
    assert "tiny.look.de, tiny.change.de" in reached
    assert "tiny.look, tiny.change" in call("impact", ROLE, cwd=project).out
    edited = text.replace("Du beantwortest Fragen", "Du klärst Fragen")
    (project / path).write_text(edited, encoding="utf-8")
    assert call("absorb", path, "--yes", cwd=project).code == 0
    assert (project / GERMAN_ROLE).read_text(encoding="utf-8").startswith("Du klärst Fragen")
    assert (project / ROLE).read_text(encoding="utf-8") == DEMO[ROLE]


def test_an_edited_description_goes_into_the_translation(project: Path) -> None:
    assert call("build", cwd=project).code == 0
    path = project / "dist/opencode/tiny.look.de/.opencode/agents/demo.md"
    text = path.read_text(encoding="utf-8")
    path.write_text(text.replace("kleinen", "sehr kleinen"), encoding="utf-8")
    done = call("absorb", path.relative_to(project), "--yes", cwd=project)
    assert done.code == 0, done.err
    pack = (project / PACK).read_text(encoding="utf-8")
    assert pack == BOTH[PACK].replace("kleinen", "sehr kleinen")


def test_a_source_of_one_language_is_read_with_the_packs_that_it_reaches(project: Path) -> None:
    (project / GERMAN_STEPS).write_text(
        DEMO[STEPS].replace("Take one small step at a time", "Ein Schritt"), encoding="utf-8"
    )
    reached = load_reached(project, gather_project(project), GERMAN_STEPS)
    assert [*reached.packs] == ["demo"]


def test_a_comparison_names_the_language(project: Path) -> None:
    base = load_project(project)
    text = DEMO[STEPS].replace("Take one small step", "Ein Schritt")
    review = diff_projects(base, replace_sources(base, {GERMAN_STEPS: text}))
    assert {key.split("/")[1] for group in review.groups for key in group.outputs} == {
        "tiny.look.de",
        "tiny.change.de",
    }
    assert {cause.path for group in review.groups for cause in group.causes} == {GERMAN_STEPS}
    french = BOTH[PACK].replace("[en, de]", "[en, de, fr]")
    added = diff_projects(base, replace_sources(base, {PACK: french}))
    assert {(one.kind, one.field, one.new) for one in added.groups} == {
        ("output-added", "language", "fr")
    }
    assert not added.permissions


def iter_rows(done: Result) -> Iterator[list[str]]:
    yield from (line.split() for line in done.out.splitlines()[1:])


def test_what_is_not_translated_is_listed(project: Path) -> None:
    assert [*iter_rows(call("list", "translations", cwd=project))] == [
        ["demo", "de", "packs/demo/role.md", GERMAN_ROLE],
        ["demo", "de", "standards/small-steps", "not", "translated"],
        ["demo", "de", "standards/examples", "not", "translated"],
    ]


def test_any_file_may_be_beside_a_source(project: Path) -> None:
    """None of them is an error, and none changes what the pack's own language has."""
    known = {name: one.content for name, one in build(project).items()}
    for name in ("role.en.md", "role.fr.md", "role.de.de.md", "role.DE.md", ".de.md", "role.d.md"):
        (project / "packs/demo" / name).write_text("{% include './role' %}\n", encoding="utf-8")
    with suppress(UserError):
        assert {name: one.content for name, one in build(project).items()} == known
