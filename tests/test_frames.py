"""What is rendered once for many prompts: the render of each prompt by itself is the oracle."""

from dataclasses import replace
from itertools import product
from pathlib import Path

import pytest
from jinja2 import Environment

from promptpack.model import Policy, Project, UserError, Variant
from promptpack.provenance.tracer import Tracer
from promptpack.reading.project import load_project
from promptpack.rendering.frames import Frames
from promptpack.rendering.placing import Placing
from promptpack.rendering.questions import PolicyQuestion
from promptpack.rendering.tree_placing import find_placing
from promptpack.rendering.tree_questions import find_questions
from promptpack.rendering.variants import resolve_variants
from promptpack.session import Session
from promptpack.targets.built import list_built_targets
from support import make_project

ROOT = Path(__file__).parents[1]
LAYOUT = "templates/layouts/plain.md.j2"

PLACING = {
    "# {{ pack.title }}\n\n{% for s in sections %}\n{{ s.body }}\n\n{% endfor %}\n": "nothing",
    "{% for s in sections %}\n{% for p in s.parts %}\n{{ p.body }}\n{% endfor %}\n{% endfor %}": (
        "nothing"
    ),
    "{% for s in sections %}\n> {{ s.body }}\n{% endfor %}\n": "nothing",
    "{% for s in sections %}{{ s.text }}{% endfor %}": "nothing",
    "{{ pack.tags | length }}\n{% for s in sections %}\n{{ s.body }}\n{% endfor %}\n": "pack",
    "{{ pack.title | upper }}\n{% for s in sections %}\n{{ s.body }}\n{% endfor %}\n": "pack",
    "{% if pack.mode == 'primary' %}\nP\n{% endif %}\n{{ sections | length }}\n": "pack",
    "{% for s in sections if s.name != 'role' %}\n{{ s.title | upper }}\n{{ s.body }}\n"
    "{% else %}\n-\n{% endfor %}\n": "nothing",
    "{% if policy.denies('edit') %}\nNo edit.\n{% endif %}\n{% for s in sections %}\n"
    "{% set tag = s.name | replace('-', '_') %}\n<{{ tag }}>\n{{ s.body }}\n</{{ tag }}>\n"
    "{% endfor %}\n": "nothing",
    # these look into a text, or may
    "{% for s in sections %}\n{{ s.body | replace('e', 'u') }}\n{% endfor %}\n": "all",
    "{% for s in sections %}\n{{ s.body | length }}\n{% endfor %}\n": "all",
    "{% for s in sections %}\n{% if 'step' in s.body %}\n!\n{% endif %}\n{% endfor %}\n": "all",
    "{% for s in sections if s.body %}\n{{ s.body }}\n{% endfor %}\n": "all",
    "{% for s in sections %}\n{% set b = s.body %}\n{{ b }}\n{% endfor %}\n": "all",
    "{% for s in sections %}\n{{ s.body ~ '!' }}\n{% endfor %}\n": "all",
    "{% for s in sections %}\n{{ s['body'] }}\n{% endfor %}\n": "all",
    "{% for s in sections %}\n{{ s.body[:3] }}\n{% endfor %}\n": "all",
    "{% for s in sections %}\n{{ s.body.split(' ') | first }}\n{% endfor %}\n": "all",
    "{% filter upper %}{% for s in sections %}\n{{ s.body }}\n{% endfor %}{% endfilter %}": "all",
    "{% set x %}{% for s in sections %}{{ s.body }}{% endfor %}{% endset %}\n{{ x | length }}": (
        "all"
    ),
    "{{ sections | map(attribute='body') | join('-') }}\n": "all",
    "{% for s in sections | sort(attribute='text') %}\n{{ s.name }}\n{% endfor %}\n": "all",
    "{% for s in sections %}\n{% if loop.changed(s.body) %}\n{{ s.body }}\n{% endif %}\n"
    "{% endfor %}\n": "all",
    "{% for s in sections %}\n{% if s == sections %}\n-\n{% endif %}\n{{ s.body }}\n"
    "{% endfor %}\n": "all",
    "{% macro m(s) %}{{ s.body | upper }}{% endmacro %}\n{% for s in sections %}\n{{ m(s) }}\n"
    "{% endfor %}\n": "all",
    "{% for pack in sections %}\n{{ pack.title }}\n{{ pack.body }}\n{% endfor %}\n": "all",
}
"""Layouts, and what each may learn of the texts that it places."""


@pytest.mark.parametrize("text", PLACING)
def test_what_a_layout_learns_is_found(text: str) -> None:
    assert find_placing(Environment(autoescape=True).parse(text)) == PLACING[text]


@pytest.mark.parametrize("text", PLACING)
def test_a_layout_gives_the_same_with_frames_and_without(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, text: str
) -> None:
    project = load_project(make_project(tmp_path / "p", {LAYOUT: text}))
    quick = _compose_twice(project)
    monkeypatch.setattr(Frames, "render", lambda *_: None)
    monkeypatch.setattr(Frames, "trace", lambda *_: None)
    assert _compose_twice(project) == quick


def test_the_reference_packs_are_the_same_with_frames_and_without(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    project = load_project(ROOT)
    parse = Session(project).templates.dependencies.parse
    found = {name: find_placing(parse(f"layout:{name}")) for name in project.layouts}
    assert [name for name, one in found.items() if one is Placing.ALL] == ["marked"]  # marks texts
    quick = _trace_all(project)
    monkeypatch.setattr(Frames, "render", lambda *_: None)
    monkeypatch.setattr(Frames, "trace", lambda *_: None)
    assert _trace_all(project) == quick


def test_a_layout_that_prints_too_much_is_still_refused(tmp_path: Path) -> None:
    bodies = "{{ section.body }}\n" * 2_000
    layout = f"{{% for section in sections %}}\n{bodies}{{% endfor %}}\n"
    assert find_placing(Environment(autoescape=True).parse(layout)) is Placing.NOTHING
    root = make_project(tmp_path, {LAYOUT: layout, "packs/demo/role.md": "word " * 20_000})
    project = load_project(root)
    with pytest.raises(UserError) as caught:
        Session(project).composer.compose_text(next(iter(resolve_variants(project))), "opencode")
    assert [finding.code for finding in caught.value.findings] == ["PP038"]


QUESTIONS = {
    "{{ policy.title }}{% if policy.denies('edit') %}x{% endif %}": {
        ("title", "", False),
        ("denies", "edit", False),
    },
    "{% if policy.authored.asks('execute') %}x{% endif %}": {("asks", "execute", True)},
    "{% set policy = 1 %}": None,
    "{% set p = policy %}{{ p.denies('edit') }}": None,
    "{% if policy.denies(target) %}x{% endif %}": None,
    "{% if policy['denies']('edit') %}x{% endif %}": None,
    "{% if policy.denies('edit', 1) %}x{% endif %}": None,
    "{% if policy.authored.authored.denies('edit') %}x{% endif %}": None,
    "{{ [policy] | map(attribute='name') | join }}": None,
    "{% for c in ['edit'] %}{{ policy.denies(c) }}{% endfor %}": None,
    "{{ target }}": set(),
}
"""Templates, and what each asks of the policy: None where it may be anything."""


@pytest.mark.parametrize("text", QUESTIONS)
def test_what_a_template_asks_of_the_policy_is_found(text: str) -> None:
    known = QUESTIONS[text]
    expected = None if known is None else {PolicyQuestion(*one) for one in known}
    assert find_questions(Environment(autoescape=True).parse(text)) == expected


ASKING = {
    "plain": '{% if policy.denies("edit") %}\n- No edits.\n{% else %}\n- Edits.\n{% endif %}\n',
    "asks": '{% if policy.asks("execute") %}\n- Ask.\n{% endif %}\n- Always.\n',
    "authored": '{% if policy.authored.denies("edit") %}\n- Written so.\n{% endif %}\n- Else.\n',
    "words": "- {{ policy.title }}\n",
    "loop": '{% for c in ["edit", "glob"] %}\n- {{ policy.allows(c) }}\n{% endfor %}\n',
    "alias": '{% set p = policy %}\n- {{ p.denies("write") }}\n',
}


@pytest.mark.parametrize("asked", ASKING)
def test_prompts_with_equal_keys_are_equal_and_no_policy_is_mixed_up(
    tmp_path: Path, asked: str
) -> None:
    fragment = "templates/fragments/standards/small-steps.md"
    head = "---\ntitle: Small steps\nsummary: One change at a time.\n---\n"
    project = load_project(make_project(tmp_path, {fragment: f"{head}{ASKING[asked]}"}))
    session = Session(project)
    seen: dict[object, set[str]] = {}
    for variant, target in product(_list_policies(project), ("opencode", "claude-code", "gemini")):
        fresh = Session(project).composer.compose_text(variant, target)
        assert session.composer.compose_agent(variant, target).prompt == fresh
        seen.setdefault(session.composer.keys.make(variant, target), set()).add(fresh)
    assert all(len(prompts) == 1 for prompts in seen.values())
    assert len(seen) > 1


def _list_policies(project: Project) -> list[Variant]:
    """Return the first variant of a project under all its policies, and each grant turned round."""
    variant = next(iter(resolve_variants(project)))
    policies: list[Policy] = [*project.policies.values()]
    for policy in project.policies.values():
        for name in policy.grants:
            grants = {one: grant for one, grant in policy.grants.items() if one != name}
            policies.append(replace(policy, grants=grants))
    return [replace(variant, policy=policy) for policy in policies]


def _compose_twice(project: Project) -> list[object]:
    """Return all prompts and their lines, each pack beside one of another title."""
    results: list[object] = []
    session = Session(project)
    for variant in resolve_variants(project):
        other = replace(variant, pack=replace(variant.pack, name="other", title="Other title"))
        for one in (variant, other):
            results.append(session.composer.compose_text(one, "opencode"))
            results.append(session.composer.trace_lines(one, "opencode"))
    return results


def _trace_all(project: Project) -> list[object]:
    session = Session(project)
    tracer = Tracer(session.composer, session.documents)
    return [
        tracer.composer.trace_lines(variant, target)
        for variant in resolve_variants(project)
        for target in list_built_targets(project, variant.pack)
    ]
