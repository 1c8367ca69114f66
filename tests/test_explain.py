"""Where a line comes from: editing the source line that is named changes exactly these lines."""

import json
from collections import defaultdict
from dataclasses import replace
from pathlib import Path

import pytest

import support
from promptpack.build import build_project, render
from promptpack.lint.registry import render_page
from promptpack.model import Artifact, Origin, Project
from promptpack.model.project import EVERY_WIDENING, Accept, Condition
from promptpack.provenance.explain import explain_line
from promptpack.provenance.impact import SourceLine, find_impact
from promptpack.reading.project import load_project, replace_sources
from promptpack.rendering.variants import Selection
from promptpack.session import Session
from promptpack.targets import TARGETS

ROOT = Path(__file__).resolve().parents[1]


def built(root: Path, variant: str, target: str) -> Artifact:
    return render_one(load_project(root), variant, target)


def render_one(project: Project, variant: str, target: str) -> Artifact:
    model, _, policy = variant.partition(".")
    return build_project(project, Selection((), (model,), (policy,), (target,)))[0]


def name_target(project: Project, target: str) -> Project:
    """Return a project whose packs are for one target, whatever that gives more."""
    accept = Accept(target, EVERY_WIDENING, "a test", Condition(), Origin("", 0))
    packs = {
        name: replace(pack, targets=(target,), accept=(*pack.accept, accept))
        for name, pack in project.packs.items()
    }
    return replace(project, packs=packs)


def lines(artifact: Artifact) -> list[str]:
    return artifact.content.decode().split("\n")


def trace_file(project: Project, artifact: Artifact) -> tuple[tuple[Origin, ...], ...]:
    return Session(project).tracer.trace_file(artifact)


@pytest.mark.parametrize(
    ("variant", "target"),
    [("koronatech-coder.plan-only", "opencode"), ("claude.implement", "codex")],
)
def test_editing_the_named_line_changes_exactly_the_lines_that_name_it(
    variant: str, target: str
) -> None:
    project = load_project(ROOT)
    before = render_one(project, variant, target)
    reached: dict[Origin, set[int]] = defaultdict(set)
    for number, origins in enumerate(trace_file(project, before)):
        for origin in origins:
            reached[origin].add(number)
    of_text = {o: ns for o, ns in reached.items() if o.path.endswith(".md")}
    assert len(of_text) > 40
    for origin, numbers in of_text.items():
        edited = project.sources[origin.path].split("\n")
        edited[origin.line - 1] += " Edited."
        texts = {origin.path: "\n".join(edited)}
        after = lines(render_one(replace_sources(project, texts), variant, target))
        changed = {n for n, line in enumerate(lines(before)) if after[n] != line}
        assert {n for n in numbers if lines(before)[n]} <= changed <= numbers, origin


@pytest.mark.parametrize("target", support.AGENT_TARGETS)
def test_every_line_of_every_client_has_an_origin_that_exists(target: str) -> None:
    project = load_project(ROOT)
    if TARGETS[target].is_named_only:
        project = name_target(project, target)
    artifact = render_one(project, "koronatech-coder.plan-only", target)
    origins = trace_file(project, artifact)
    assert len(origins) == len(lines(artifact)) - 1
    for found in origins:
        assert found
        for origin in found:
            assert 1 <= origin.line <= project.sources[origin.path].count("\n") + 1


@pytest.mark.parametrize(
    ("text", "source", "held"),
    [
        ("description: Use", "packs/python-ml-architect/pack.yaml", "description: Use"),
        ("mode: subagent", "packs/python-ml-architect/pack.yaml", "mode: subagent"),
        ("temperature: 0.55", "packs/python-ml-architect/pack.yaml", "temperature: 0.55"),
        ("model: koronatech/Coder", "templates/models/koronatech-coder.yaml", "opencode: korona"),
        ("  bash: allow", "templates/policies/plan-only.yaml", "execute: allow"),
        ('    "*.env": ask', "templates/policies/plan-only.yaml", "read: allow"),
        ('  "*": deny', "templates/policies/plan-only.yaml", "default: deny"),
    ],
)
def test_a_line_of_the_head_leads_to_the_pack_policy_or_model(
    text: str, source: str, held: str
) -> None:
    project = load_project(ROOT)
    artifact = built(ROOT, "koronatech-coder.plan-only", "opencode")
    number = next(n for n, line in enumerate(lines(artifact), 1) if line.startswith(text))
    step = explain_line(Session(project).tracer, artifact, number)[0]
    assert step.origin.path == source
    assert step.text.startswith(held)


def test_a_chain_goes_through_the_includes_to_the_pack(tmp_path: Path) -> None:
    fragment = "- First.\n{% include 'standards/inner' %}\n"
    project = support.make_project(
        tmp_path,
        {
            "templates/fragments/standards/small-steps.md": fragment,
            "templates/fragments/standards/inner.md": "---\ntitle: Inner\n---\n- Deep inside.\n",
        },
    )
    shown = support.call("show", "tiny.look", cwd=project).out.split("\n")
    number = shown.index("- Deep inside.") + 1
    said = support.call("explain", f"demo/tiny.look:{number}", "--format", "json", cwd=project)
    origins = [(o["path"], o["line"], o["role"]) for o in json.loads(said.out)["origins"]]
    assert origins == [
        ("templates/fragments/standards/inner.md", 4, "fragment"),
        ("templates/fragments/standards/small-steps.md", 2, "included by"),
        ("packs/demo/pack.yaml", 9, "used by"),
        ("packs/demo/pack.yaml", 8, "placed by"),
        ("templates/layouts/plain.md.j2", 1, "placed by"),
        ("templates/layouts/plain.md.j2", 4, "placed by"),
    ]


def test_an_output_an_installed_copy_and_a_variant_are_explained_alike(tmp_path: Path) -> None:
    project = support.built(tmp_path / "project")
    other = tmp_path / "other"
    other.mkdir()
    support.call("install", "demo", "--target", "opencode", "--into", str(other), cwd=project)
    relative = "opencode/tiny.look/.opencode/agents/demo.md"
    names = [relative, f"dist/{relative}", "tiny.look", str(other / ".opencode/agents/demo.md")]
    said = [support.call("explain", f"{name}:2", cwd=project) for name in names]
    assert {one.code for one in said} == {0}
    assert len({one.out for one in said}) == 1
    assert "packs/demo/pack.yaml:3" in said[0].out


@pytest.mark.parametrize(
    ("place", "message"),
    [
        ("nothing", "is not FILE:LINE"),
        ("dist/a/nothing.md:1", "is not an output of this project"),
        ("tiny.look:999", "lines."),
        ("tiny.lok:1", "Did you mean 'tiny.look'?"),
    ],
)
def test_a_wrong_place_is_a_usage_error(place: str, message: str, tmp_path: Path) -> None:
    said = support.call("explain", place, cwd=support.make_project(tmp_path))
    assert said.code == 2
    assert message in said.err


def test_impact_is_the_other_way_round(tmp_path: Path) -> None:
    root = support.make_project(tmp_path)
    project = load_project(root)
    session = Session(project)
    tracer, artifacts = session.tracer, tuple(render(session))
    named: dict[SourceLine, dict[str, list[int]]] = defaultdict(lambda: defaultdict(list))
    for artifact in artifacts:
        pairs = zip(tracer.trace_file(artifact), tracer.trace_tags(artifact), strict=True)
        for number, (origins, tags) in enumerate(pairs, 1):
            for origin in {*origins, *tags}:
                named[SourceLine(*origin)][artifact.path].append(number)
    for path, text in project.sources.items():
        for line in range(1 + (path == artifact.variant.pack.path), text.count("\n") + 1):
            place = SourceLine(path, line)
            reaches = find_impact(tracer, session.closures, artifacts, place)
            there = {one.path: [*one.lines] for one in reaches if one.is_certain}
            assert there == named[place]
    said = support.call("impact", "packs/demo/role.md", cwd=root)
    assert said.out.endswith("packs/demo/role.md reaches 2 outputs (packs: 1, clients: 1)\n")
    wrong = support.call("impact", "packs/demo/rule.md", cwd=root)
    assert (wrong.code, "Did you mean 'packs/demo/role.md'?" in wrong.err) == (2, True)


@pytest.mark.parametrize("code", ["PP101", "pp101"])
def test_a_rule_is_explained_by_its_page(code: str, tmp_path: Path) -> None:
    said = support.call("explain", code, cwd=tmp_path)
    assert (said.code, said.err) == (0, "")
    assert said.out == render_page("PP101")
    wrong = support.call("explain", "PP998", cwd=tmp_path)
    assert (wrong.code, "No rule 'PP998'" in wrong.err) == (2, True)
