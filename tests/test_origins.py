"""Every line of outputs of the reference packs names the line that holds its text."""

import difflib
import re
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from pathlib import Path

import support
from promptpack.build import build_project, render
from promptpack.model import Artifact, Origin, Project, UserError, Variant
from promptpack.output.plan import make_key
from promptpack.reading.project import load_project, replace_sources
from promptpack.rendering.variants import Selection, resolve_variants
from promptpack.session import Session
from promptpack.source import frontmatter
from promptpack.targets import TARGETS

ROOT = Path(__file__).resolve().parents[1]
TAG = re.compile(r"\{#.*?#\}|\{%.*?%\}|\{\{.*?\}\}", re.DOTALL)
MARK = re.compile(r"Zq\d+z")

Named = Mapping[str, tuple[tuple[Origin, ...], ...]]


@cache
def reference() -> tuple[tuple[Artifact, ...], Named]:
    session = Session(load_reference())
    artifacts = tuple(artifact for artifact in render(session) if is_traced(artifact))
    trace = session.tracer.trace_file
    return artifacts, {name(artifact): trace(artifact) for artifact in artifacts}


def is_traced(artifact: Artifact) -> bool:
    """Tell whether an output is traced: in the suite each variant and client, else all pairs."""
    return artifact.target in (list_clients(artifact.variant) or {artifact.target})


def list_clients(variant: Variant) -> tuple[str, ...]:
    """Return the clients whose outputs of a variant are traced; none of them are all."""
    return () if variant.is_default or support.count_cases(2) > 1 else ("opencode", "codex")


EXPECTATIONS = re.compile(r"^expect:\n(?:[ #].*\n)*", re.MULTILINE)


def load_reference() -> Project:
    """Return the reference packs without what they expect, which a mark or an edit would break."""
    project = load_project(ROOT)
    packs = {pack.path: project.sources[pack.path] for pack in project.packs.values()}
    return replace_sources(project, {p: EXPECTATIONS.sub("", text) for p, text in packs.items()})


def name(artifact: Artifact) -> str:
    """Return what tells an output from all others: packs share some files."""
    return make_key(artifact.path, artifact)


def lines(artifact: Artifact) -> list[str]:
    return artifact.content.decode().split("\n")[:-1]


def marked_sources() -> tuple[dict[str, str], dict[str, Origin]]:
    """Return all templates with a mark at the end of each line that holds text, and where."""
    texts: dict[str, str] = {}
    marks: dict[str, Origin] = {}
    for path, text in load_reference().sources.items():
        if path.endswith((".md", ".md.j2")):
            head = frontmatter.split_front_matter(text).lines
            found = text.split("\n")
            for number, line in enumerate(found, 1):
                bare = TAG.sub("", line)
                inside = "{%" in bare or "%}" in bare or ".body" in line
                if number > head and TAG.sub("x", line).strip("x ") and not inside:
                    mark = f"Zq{len(marks)}z"
                    marks[mark] = Origin(path, number)
                    found[number - 1] = f"{line} {mark}"
            texts[path] = "\n".join(found)
    return texts, marks


def test_a_mark_in_a_template_line_comes_out_in_the_lines_that_name_it() -> None:
    artifacts, named = reference()
    texts, marks = marked_sources()
    assert len(marks) > 80
    project = replace_sources(load_reference(), texts)
    after = {name(artifact): artifact for artifact in build_project(project)}
    reached = set()
    for artifact in artifacts:
        now = lines(after[name(artifact)])
        assert len(now) == len(named[name(artifact)])
        for line, old, origins in zip(now, lines(artifact), named[name(artifact)], strict=True):
            found = {marks[mark] for mark in MARK.findall(line)}
            assert found == {origin for origin in origins if origin in marks.values()}, old
            reached |= found
    shown = {origin for found in named.values() for origins in found for origin in origins}
    assert reached == shown & {*marks.values()}


def edits() -> Iterator[tuple[Origin, dict[str, str]]]:
    """Yield the lines of packs, models and policies, each with another value.

    What a policy says of one capability has two other values: both have to be looked at.
    """
    effects = ("allow", "ask", "deny")
    others = {effect: [other for other in effects if other != effect] for effect in effects}
    for path, text in load_reference().sources.items():
        found = text.split("\n")
        for number, line in enumerate(found):
            new = []
            if match := re.fullmatch(r"(  (?:  )?\S+: )(allow|ask|deny)", line):
                new = [match[1] + other for other in others[match[2]]]
            elif path.endswith("pack.yaml") and re.match(r"(title|description): ", line):
                new = [f"{line} Edited"]
            elif match := re.fullmatch(r'(.*\{\w+: |  python: )"(.*)"(\}*)', line):
                new = [f'{match[1]}"{match[2]} Edited"{match[3]}']
            elif "models/" in path and re.match(r"  \S+: \S", line):
                new = [f"{line}-edited"]
            for other in new:
                edited = "\n".join([*found[:number], other, *found[number + 1 :]])
                yield Origin(path, number + 1), {path: edited}


def touched(old: Sequence[str], new: Sequence[str]) -> set[int]:
    if old == new:
        return set()
    codes = difflib.SequenceMatcher(None, old, new, autojunk=False).get_opcodes()
    return {n for tag, i, j, _, _ in codes if tag in ("replace", "delete") for n in range(i, j)}


def touched_lines(old: Artifact, new: Artifact) -> set[int]:
    """Return the lines that are gone from an output, those of its prompt told by themselves."""
    heads = [one.text.partition(one.agent.prompt)[0].count("\n") for one in (old, new)]
    (old_head, old_rest), (new_head, new_rest) = (
        (lines(one)[:count], lines(one)[count:])
        for one, count in zip((old, new), heads, strict=True)
    )
    return touched(old_head, new_head) | {heads[0] + n for n in touched(old_rest, new_rest)}


def build_changed(before: Project, after: Project) -> dict[str, Artifact]:
    """Return the traced artifacts made of anything else: a build is a function of its sources."""
    if (before.fragments, before.layouts) != (after.fragments, after.layouts):
        return {name(artifact): artifact for artifact in build_project(after)}
    old = {(one.pack.name, one.name): one for one in resolve_variants(before)}
    session = Session(after)
    artifacts: dict[str, Artifact] = {}
    for one in resolve_variants(after):
        if old[one.pack.name, one.name] != one:
            known = one.pack.targets or TARGETS
            targets = tuple(target for target in list_clients(one) if target in known)
            selection = Selection((one.pack.name,), (one.model.name,), (one.policy.name,), targets)
            artifacts |= {name(artifact): artifact for artifact in render(session, selection)}
    return artifacts


def test_an_edit_of_a_value_changes_the_lines_that_name_it() -> None:
    artifacts, named = reference()
    changed: dict[Origin, set[tuple[str, int]]] = defaultdict(set)
    complete, partial = set(), set()
    project = load_reference()
    for origin, texts in edits():
        try:
            after = build_changed(project, replace_sources(project, texts))
        except UserError:
            partial.add(origin)
            continue  # a fragment needs it, or a client would grant more: nothing is rendered
        for artifact in artifacts:
            if name(artifact) in after:
                numbers = touched_lines(artifact, after[name(artifact)])
                changed[origin] |= {(name(artifact), number) for number in numbers}
        complete.add(origin)
    complete -= partial
    assert len(changed) > 30
    naming: dict[Origin, set[tuple[str, int]]] = defaultdict(set)
    for path, found in named.items():
        for number, origins in enumerate(found):
            for origin in origins:
                naming[origin].add((path, number))
    for origin, places in changed.items():
        assert places <= naming[origin], origin
        if origin in complete:
            assert places == naming[origin], origin
    assert len(complete) > 25


UNTRACED = """\
{% set said %}
- One.
{% endset %}
{% if said | length > 8 %}
- Long.
{% endif %}
- Last.
"""


def test_a_fragment_that_sees_the_marks_has_one_origin_and_says_so(tmp_path: Path) -> None:
    path = "templates/fragments/standards/small-steps.md"
    root = support.make_project(tmp_path, {path: UNTRACED})
    session = Session(load_project(root))
    artifact = next(render(session))
    assert not session.untraced
    origins = session.tracer.trace_file(artifact)
    assert [(one.code, one.severity, one.path) for one in session.untraced] == [
        ("PP036", "warning", path)
    ]
    number = lines(artifact).index("- Last.")
    assert origins[number] == (Origin(path, 1),)
    said = support.call("lint", "--rule", "PP036", cwd=root)
    assert said.code == 0
    assert f"{path}:1" in said.out
    assert "PP036" in said.out


def test_the_origins_of_an_output_do_not_depend_on_what_was_traced_before() -> None:
    project, targets = load_reference(), ("claude-code", "cursor", "codex")
    selection = Selection(("python-ml-architect",), ("small",), ("implement",), targets)
    traced = []
    for step in (1, -1):
        session = Session(project)
        artifacts = tuple(render(session, selection))[::step]
        traced.append({name(one): session.tracer.trace_file(one) for one in artifacts})
    assert traced[0] == traced[1]
