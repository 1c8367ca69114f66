"""What a source reaches, held against plain builds before and after edits of its lines."""

import difflib
import json
import os
import random
import re
from collections import Counter, defaultdict
from collections.abc import Mapping
from pathlib import Path

import pytest

import support
from impact_cases import PROJECTS, edit_line, list_edits
from promptpack.build import build_project, render
from promptpack.model import Artifact, Origin, Project, UserError
from promptpack.output.plan import make_key
from promptpack.provenance.impact import SourceLine, find_impact, select_reached
from promptpack.reading import project as reading
from promptpack.reading.pack import read_pack
from promptpack.reading.project import load_project, replace_sources
from promptpack.rendering.sandbox import Templates
from promptpack.session import Session

Outputs = Mapping[str, bytes]
TAG = re.compile(r"(\{#.*?#\}|\{%.*?%\}|\{\{.*?\}\})")


class Told:
    """A project as it is built, and what is told of each line of its sources."""

    def __init__(self, folder: Path, files: Mapping[str, str]) -> None:
        support.write_files(folder, files)
        self.project = load_project(folder)
        self.outputs = build_plainly(self.project)
        self.session = Session(self.project)
        self.artifacts = tuple(render(self.session))
        self.known: dict[SourceLine, tuple[set[str], set[str]]] = {}

    def reach(self, place: SourceLine) -> tuple[set[str], set[str]]:
        """Return the outputs that a line reaches, and those that it may reach."""
        if place not in self.known:
            self.known[place] = self._reach_anew(place)
        reached, possible = self.known[place]
        return {*reached}, {*possible}

    def _reach_anew(self, place: SourceLine) -> tuple[set[str], set[str]]:
        certain: dict[bool, set[str]] = {True: set(), False: set()}
        session = self.session
        for reach in find_impact(session.tracer, session.closures, self.artifacts, place):
            certain[reach.is_certain].add(make_key(reach.path, reach.artifact))
        return certain[True], certain[False]

    def list_places(self) -> list[SourceLine]:
        """Return every line of every source of the project's own."""
        return [
            SourceLine(path, number)
            for path, text in self.project.sources.items()
            if self.project.is_writable(path)
            for number in range(1, text.count("\n") + 1)
        ]

    def change(self, path: str, text: str) -> set[str] | None:
        """Return the outputs that are another or gone with another text, None if nothing builds."""
        try:
            after = build_plainly(replace_sources(self.project, {path: text}))
        except UserError:
            return None
        return {key for key, content in self.outputs.items() if after.get(key) != content}


def build_plainly(project: Project) -> Outputs:
    return {make_key(one.path, one): one.content for one in build_project(project)}


def lines(artifact: Artifact) -> list[str]:
    return artifact.content.decode().split("\n")[:-1]


def make_chance(name: str) -> random.Random:
    """Return the same choices for the same project and number of cases."""
    return random.Random(f"{name} {os.environ.get(support.CASES)}")  # noqa: S311 - no secret


@pytest.mark.parametrize("name", PROJECTS)
def test_no_edit_changes_an_output_that_is_not_told(name: str, tmp_path: Path) -> None:
    told = Told(tmp_path, PROJECTS[name])
    places = told.list_places()
    chance = make_chance(name)
    built = 0
    for _ in range(support.count_cases(60)):
        place = chance.choice(places)
        text = edit_line(told.project.sources[place.path], place.line, chance)
        changed = told.change(place.path, text)
        if changed is not None:
            built += 1
            reached, possible = told.reach(place)
            assert not reached & possible
            assert changed <= reached | possible, (place, text)
            assert changed <= told.reach(SourceLine(place.path))[0] | possible, place
    assert built > support.count_cases(10)


@pytest.mark.parametrize("name", PROJECTS)
def test_some_edit_of_a_line_changes_each_output_that_it_reaches(name: str, tmp_path: Path) -> None:
    told = Told(tmp_path, PROJECTS[name])
    places = told.list_places()
    chance = make_chance(name)
    for place in chance.sample(places, min(len(places), support.count_cases(16))):
        missing, _ = told.reach(place)
        has_built = False
        for text in list_edits(told.project.sources[place.path], place.line):
            if not missing:
                break
            changed = told.change(place.path, text)
            has_built |= changed is not None
            missing -= changed or set()
        assert not missing or not has_built, place  # else each edit of it stops the build


def mark_texts(project: Project) -> tuple[dict[str, str], dict[str, Origin]]:
    """Return the templates with a mark after each run of literal text, and where each is."""
    texts: dict[str, str] = {}
    marks: dict[str, Origin] = {}
    for path, text in project.sources.items():
        is_template = path.endswith((".md", ".md.j2")) and not project.is_text(path)
        if not is_template or not project.is_writable(path):
            continue
        found = text.split("\n")
        start = found.index("---", 1) + 1 if found[0] == "---" else 0
        for index in range(start, len(found)):
            pieces = TAG.split(found[index])
            for place in range(0, len(pieces), 2):
                if pieces[place].strip(" -"):  # a mark at its hyphen would end the list
                    mark = f"Zq{len(marks)}z"
                    marks[mark] = Origin(path, index + 1)
                    bare = pieces[place].rstrip()
                    pieces[place] = f"{bare}{mark}{pieces[place][len(bare) :]}"
            found[index] = "".join(pieces)
        texts[path] = "\n".join(found)
    return texts, marks


@pytest.mark.parametrize("name", PROJECTS)
def test_a_token_comes_out_in_exactly_the_lines_that_name_its_line(
    name: str, tmp_path: Path
) -> None:
    told = Told(tmp_path, PROJECTS[name])
    texts, marks = mark_texts(told.project)
    after = {
        make_key(one.path, one): one for one in build_project(replace_sources(told.project, texts))
    }
    places = set(marks.values())
    shown = set()
    for artifact in told.artifacts:
        now = lines(after[make_key(artifact.path, artifact)])
        named = told.session.tracer.trace_file(artifact)
        assert len(now) == len(named)
        for line, old, origins in zip(now, lines(artifact), named, strict=True):
            found = {
                marks[mark]
                for mark in re.findall(r"zq\d+z", line, re.IGNORECASE)
                for mark in [f"Zq{mark[2:-1]}z"]
            }
            assert found == (set(origins) & places if old else set()), old
            shown |= found
    assert len(shown) > 4


TAGS = [
    ("branches", "templates/layouts/plain.md.j2", '{% if section.name == "role" %}', "not"),
    ("macros", "templates/layouts/plain.md.j2", "{% for section in sections %}", "empty"),
    ("branches", "templates/layouts/plain.md.j2", "{% for part in section.parts %}", "empty"),
    ("branches", "templates/layouts/plain.md.j2", "{% if sections | length > 3 %}", "not"),
    ("branches", "templates/layouts/plain.md.j2", "{{ rule(section.name) }}", "gone"),
    ("branches", "templates/fragments/shared/tests.md", "{% if many %}", "not"),
    ("branches", "templates/fragments/shared/tests.md", "{% elif vars.tier > 1 %}", "not"),
    (
        "branches",
        "templates/fragments/shared/tests.md",
        '{% for step in ["Plan", "Do"] %}',
        "empty",
    ),
    ("branches", "templates/fragments/shared/inner.md", "{% include './short' %}", "gone"),
    ("macros", "packs/mac/role.md", "{{ item(word) }}", "gone"),
    ("macros", "packs/mac/role.md", "{{ last }}", "gone"),
    ("macros", "packs/mac/said.md", "{% elif vars.flag and vars.size == vars.other %}", "not"),
    ("clients", "packs/plain/role.md", "{% if target == 'gemini' %}", "not"),
]
"""Tags, and how each is turned round by hand."""


@pytest.mark.parametrize(("name", "path", "tag", "turn"), TAGS)
def test_a_tag_is_named_by_the_lines_that_change_when_it_is_turned_round(
    name: str, path: str, tag: str, turn: str, tmp_path: Path
) -> None:
    told = Told(tmp_path, PROJECTS[name])
    source = told.project.sources[path].split("\n")
    origin = Origin(path, source.index(tag) + 1)
    turned = {
        "not": re.sub(r"if (.*) %", r"if not (\1) %", tag),
        "empty": re.sub(r" in .* %", " in [] %", tag),
        "gone": "{{ '' }}",
    }[turn]
    texts = {path: "\n".join(turned if line == tag else line for line in source)}
    after = {
        make_key(one.path, one): one for one in build_project(replace_sources(told.project, texts))
    }
    named = 0
    for artifact in told.artifacts:
        old, new = lines(artifact), lines(after[make_key(artifact.path, artifact)])
        codes = difflib.SequenceMatcher(None, old, new, autojunk=False).get_opcodes()
        changed = {
            n
            for kind, first, last, *_ in codes
            if kind not in {"insert", "equal"}
            for n in range(first, last)
        }
        tags = told.session.tracer.trace_tags(artifact, frozenset({origin}))
        found = {n for n, origins in enumerate(tags) if origin in origins}
        assert {n for n in found if old[n]} == {n for n in changed if old[n]}
        named += len(found)
    assert named


CONDITIONS = [
    ("vars.value == 'go'", '"python"'),
    ("vars.value in ['go', 'rust']", "python"),
    ("vars.value != 'python'", "python"),
    ("vars.value.startswith('ab')", "python"),
    ("vars.value.endswith('ab')", "python"),
    ("vars.value | length > 12", "python"),
    ("vars.value | length == 3", "python"),
    ("'-x-' in vars.value", "python"),
    ("vars.value | upper == 'GO'", "python"),
    ("vars.value[0] == 'z'", "python"),
    ("vars.value is number", "python"),
    ("vars.value | int > 7", '"5"'),
    ("vars.value == 3", "2"),
    ("vars.value > 3", "3"),
    ("vars.value < 3", "3"),
    ("vars.value >= 3 and vars.value < 5", "9"),
    ("3 <= vars.value <= 4", "8"),
    ("vars.value is divisibleby 3", "4"),
    ("vars.value is even", "7"),
    ("vars.value % 5 == 2", "5"),
    ("vars.value", "true"),
    ("not vars.value", "false"),
    ("vars.value == 'yes'", "true"),
    ("vars.value == vars.other", "python"),
    ("vars.value in {'go': 1, 'rust': 2}", "python"),
    ("{'go': true}.get(vars.value, false)", "python"),
    ("vars.value | default('none') == 'none'", "python"),
    ("(vars.value ~ '!') in ['go!'] or vars.value == 'c'", "python"),
]
"""Conditions on a value, and a value that each is not taken with, or is."""


@pytest.mark.parametrize("through", ["plain", "set", "macro", "include", "layout"])
@pytest.mark.parametrize(("condition", "value"), CONDITIONS)
def test_a_line_that_a_value_decides_about_names_the_value(
    condition: str, value: str, through: str, tmp_path: Path
) -> None:
    if through != "plain" and CONDITIONS.index((condition, value)) % 7:
        return
    branch = f"{{% if {condition} %}}\n- One way.\n{{% else %}}\n- Other way.\n{{% endif %}}\n"
    layout = support.DEMO["templates/layouts/plain.md.j2"]
    files = {
        "packs/demo/pack.yaml": support.DEMO["packs/demo/pack.yaml"].replace(
            "vars: {language: Python}", f"vars:\n  value: {value}\n  other: same"
        ),
        "packs/demo/role.md": {
            "plain": branch,
            "set": f"{{% set test = {condition} %}}\n{branch.replace(condition, 'test')}",
            "macro": f"{{% macro say() %}}\n{branch}{{% endmacro %}}\n{{{{ say() }}}}\n",
            "include": "{% include './inner.md' %}\n",
            "layout": "You answer.\n",
        }[through],
        "packs/demo/inner.md": branch,
        "templates/layouts/plain.md.j2": f"{layout}{branch}" if through == "layout" else layout,
    }
    told = Told(tmp_path, {**support.DEMO, **files})
    reached, _ = told.reach(SourceLine("packs/demo/pack.yaml", 6))
    assert reached == set(told.outputs)
    artifact = told.artifacts[0]
    (index,) = (n for n, line in enumerate(lines(artifact)) if line.endswith(" way."))
    assert Origin("packs/demo/pack.yaml", 6) in told.session.tracer.trace_file(artifact)[index]


FIELDS = [
    ("pack.mode == 'all'", "mode: subagent"),
    ("pack.mode != 'subagent'", "mode: subagent"),
    ("'go' in pack.tags", "tags: [x]"),
    ("pack.tags", "tags: [x]"),
    ("pack.tags | length > 1", "tags: [x]"),
    ("pack.title == 'Reviewer'", "title: Demo"),
    ("'review' in pack.description", "description: Answers questions about a small project."),
]


@pytest.mark.parametrize(("condition", "old"), FIELDS)
def test_a_field_of_the_pack_that_a_template_branches_on_is_told(
    condition: str, old: str, tmp_path: Path
) -> None:
    pack = support.DEMO["packs/demo/pack.yaml"]
    pack = pack if old in pack else pack.replace("title: Demo\n", f"title: Demo\n{old}\n")
    branch = f"{{% if {condition} %}}\n- One way.\n{{% else %}}\n- Other way.\n{{% endif %}}\n"
    files = {"packs/demo/pack.yaml": pack, "packs/demo/role.md": branch}
    told = Told(tmp_path, {**support.DEMO, **files})
    line = pack.split("\n").index(old) + 1
    reached, _ = told.reach(SourceLine("packs/demo/pack.yaml", line))
    assert reached == set(told.outputs)


def test_two_conditions_and_text_that_is_left_out_are_what_a_line_may_reach(tmp_path: Path) -> None:
    role = """\
{% if vars.language == "go" and vars.tier == 3 %}
- Both.
{% endif %}
You answer.{{ vars.note }}
"""
    files = {
        "packs/demo/pack.yaml": support.DEMO["packs/demo/pack.yaml"].replace(
            "vars: {language: Python}", 'vars:\n  language: c\n  tier: 1\n  note: ""\n  unused: 1'
        ),
        "packs/demo/role.md": role,
    }
    root = support.make_project(tmp_path, files)
    told = Told(tmp_path, {})
    everything = set(told.outputs)
    for path, line in (
        ("packs/demo/pack.yaml", 6),
        ("packs/demo/pack.yaml", 7),
        ("packs/demo/role.md", 2),
    ):
        assert told.reach(SourceLine(path, line)) == (set(), everything)
    assert told.reach(SourceLine("packs/demo/pack.yaml", 8)) == (everything, set())
    assert told.reach(SourceLine("packs/demo/pack.yaml", 9)) == (set(), set())
    shown = support.call("impact", "packs/demo/role.md:2", cwd=root)
    assert shown.out.split("\n")[:3] == [
        "May reach, though nothing of it shows there now:",
        "demo  opencode: tiny.look, tiny.change",
        "packs/demo/role.md:2 reaches 0 outputs (packs: 0, clients: 0), and may reach 2 more",
    ]
    data = json.loads(
        support.call("impact", "packs/demo/role.md:2", "--format", "json", cwd=root).out
    )
    assert data["outputs"] == []
    assert len(data["may_reach"]) == 2


def many(count: int) -> dict[str, str]:
    """Return files of as many packs; one has a fragment that none of the others uses."""
    pack = support.DEMO["packs/demo/pack.yaml"]
    files = {
        "templates/fragments/standards/rare.md": "- Rare.\n",
        "templates/fragments/standards/outer.md": "{% include './rare' %}\n",
    }
    for n in range(count):
        own = pack.replace("name: demo", f"name: demo-{n}")
        own = own.replace("standards/small-steps", "standards/outer") if n == 1 else own
        files |= {f"packs/demo-{n}/pack.yaml": own, f"packs/demo-{n}/role.md": f"Number {n}.\n"}
    return files


def count_work(monkeypatch: pytest.MonkeyPatch) -> Counter[str]:
    """Count the packs that are read, and the renders of templates, from here on."""
    counted: Counter[str] = Counter()
    plain = Templates.render

    def read_and_count(*arguments: object) -> object:
        counted["packs"] += 1
        return read_pack(*arguments)  # type: ignore[arg-type]  # passed on

    def render_and_count(self: Templates, *arguments: object, marked: bool = False) -> str:
        counted["marked" if marked else "plain"] += 1
        return plain(self, *arguments, marked=marked)  # type: ignore[arg-type]  # passed on

    monkeypatch.setattr(reading, "read_pack", read_and_count)
    monkeypatch.setattr(Templates, "render", render_and_count)
    return counted


@pytest.mark.parametrize(
    ("place", "packs"),
    [
        ("templates/fragments/standards/rare.md", 1),
        ("standards/rare", 1),
        ("packs/demo-3/role.md:1", 1),
        ("packs/demo-3/pack.yaml:6", 1),
        ("templates/models/tiny.yaml:1", 11),
    ],
)
def test_impact_reads_only_the_packs_that_a_source_can_reach(
    place: str, packs: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    root = support.make_project(tmp_path, many(10))
    counted = count_work(monkeypatch)
    assert support.call("impact", place, cwd=root).code == 0
    assert counted["packs"] == packs


def test_impact_renders_only_the_variants_that_a_source_can_reach(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    root = support.make_project(tmp_path)
    counted = count_work(monkeypatch)
    support.call("impact", "templates/policies/look.yaml:2", cwd=root)
    one_variant = counted.pop("marked")
    support.call("impact", "templates/models/tiny.yaml:3", cwd=root)
    assert 0 < one_variant < counted["marked"]


@pytest.mark.parametrize("built", [False, True])
def test_explain_reads_one_pack_and_traces_one_variant(
    built: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    root = support.make_project(tmp_path, many(10))
    if built:
        assert support.call("build", cwd=root).code == 0
    path = "dist/opencode/tiny.look/.opencode/agents/demo-3.md:20"
    counted = count_work(monkeypatch)
    told = support.call("explain", path if built else "demo-3/tiny.look:20", cwd=root)
    assert told.code == 0, told.err
    assert counted["packs"] == 1
    assert counted["marked"] <= 4  # its layout, and each of its fragments once


HIDDEN_NAMES = {
    "escaped in YAML": ("pack.yaml", '  extra: "standards\\x2frare"\n', ""),
    "in two strings": ("role.md", "", "{% include 'standards' '/rare' %}\n"),
    "by an escape": ("role.md", "", "{% include 'standards\\x2frare' %}\n"),
    "by an import": ("role.md", "", '{% import "standards/rare" as rare %}\n'),
    "through another pack": ("role.md", "", "{% include 'packs/demo-1/deep.md' %}\n"),
}


@pytest.mark.parametrize("how", HIDDEN_NAMES)
def test_a_name_that_is_not_spelled_out_is_found_still(how: str, tmp_path: Path) -> None:
    _, section, text = HIDDEN_NAMES[how]
    files = many(3)
    path = "packs/demo-2/pack.yaml"
    files[path] = files[path].replace("variants:\n", f"{section}variants:\n")
    files["packs/demo-2/role.md"] += text
    files["packs/demo-1/deep.md"] = "{% include 'standards/rare' %}\n"
    root = support.make_project(tmp_path, files)
    told = json.loads(support.call("impact", "standards/rare", "--format", "json", cwd=root).out)
    names = {one["path"] for one in told["outputs"]} | set(told["may_reach"])
    assert any(one.endswith("demo-2.md") for one in names)


def test_what_is_wrong_in_a_pack_that_is_not_reached_does_not_matter(tmp_path: Path) -> None:
    files = {**many(3), "packs/demo-2/role.md": "{{ nothing }}\n"}
    root = support.make_project(tmp_path, files)
    assert support.call("impact", "standards/rare", cwd=root).code == 0
    assert support.call("explain", "demo-1/tiny.look:9", cwd=root).code == 0
    assert support.call("impact", "packs/demo-2/role.md", cwd=root).code == 3
    assert support.call("explain", "demo-2/tiny.look:9", cwd=root).code == 3


def test_the_selection_of_what_is_reached_leaves_nothing_out(tmp_path: Path) -> None:
    told = Told(tmp_path, PROJECTS["clients"])
    by_path: dict[str, set[str]] = defaultdict(set)
    for path in told.project.sources:
        place = SourceLine(path)
        selection = select_reached(told.project, told.session.closures, path)
        reached, possible = told.reach(place)
        if selection.packs:
            by_path[path] = {
                make_key(one.path, one) for one in render(Session(told.project), selection)
            }
        assert reached | possible <= by_path[path]
    assert by_path["packs/own/claude.md"]
