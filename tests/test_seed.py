"""The reference pack says every clause of its brief, from fragments, within each model's budget.

`seed_clauses.yaml` names the fragment of each clause and words that have to stand on its lines.
"""

import math
from collections.abc import Mapping
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from promptpack.build import build_project
from promptpack.model import CAPABILITIES, OTHER_MCP, Agent, Fragment, Project
from promptpack.policy.lattice import describe_grant
from promptpack.reading.project import load_project
from promptpack.rendering.compose import Composer
from promptpack.rendering.lines import Lines
from promptpack.rendering.variants import Selection, resolve_variants
from promptpack.source.frontmatter import split_front_matter
from promptpack.source.yaml_entries import read_yaml
from promptpack.targets import TARGETS

ROOT = Path(__file__).resolve().parents[1]
CLAUSES: Mapping[str, Any] = read_yaml(
    (Path(__file__).parent / "seed_clauses.yaml").read_text(encoding="utf-8"), "seed_clauses.yaml"
).data
BRIEF = {"R": 3, "C": 6, "I": 8, "O": 4, "S": 8, "N": 4, "F": 5, "E": 5, "X": 1}
"""How many clauses each part of the brief has."""


@cache
def project() -> Project:
    return load_project(ROOT)


def agent(read: Project, model: str, policy: str) -> Agent:
    variant = resolve_variants(read, Selection(("python-ml-architect",), (model,), (policy,)))[0]
    return Composer(read).compose_agent(variant, "opencode")


def traced(read: Project, model: str, policy: str) -> Lines:
    variant = resolve_variants(read, Selection(("python-ml-architect",), (model,), (policy,)))[0]
    return Composer(read).trace_lines(variant, "opencode")


def said(lines: Lines, fragment: str) -> str:
    """Return the lines of a fragment, without what its layout puts on items."""
    text = "\n".join(line.text for line in lines if line.origin.path == fragment)
    return text.replace("**", "").replace("- ✅ ", "- ").replace("- ❌ ", "- ")


def missing(lines: Lines, clause: str) -> list[str]:
    """Return the words of a clause that its fragment's lines do not hold."""
    text = said(lines, CLAUSES[clause]["fragment"]).casefold()
    return [words for words in CLAUSES[clause]["says"] if words.casefold() not in text]


def test_the_table_has_every_clause_of_the_brief() -> None:
    assert list(CLAUSES) == [
        f"{part}{n}" for part, count in BRIEF.items() for n in range(1, count + 1)
    ]
    assert all(entry["says"] for entry in CLAUSES.values())


@pytest.mark.parametrize("clause", CLAUSES)
def test_the_default_variant_says_the_clause_from_its_fragment(clause: str) -> None:
    assert missing(traced(project(), "koronatech-coder", "plan-only"), clause) == []


@pytest.mark.parametrize("clause", CLAUSES)
def test_a_clause_is_missed_when_its_fragment_is_emptied(clause: str) -> None:
    path = CLAUSES[clause]["fragment"]
    fragments = {
        name: replace(f, body="") if f.path == path else f
        for name, f in project().fragments.items()
    }
    assert any(isinstance(f, Fragment) and f.path == path for f in fragments.values())
    emptied = replace(project(), fragments=fragments)
    assert (
        missing(traced(emptied, "koronatech-coder", "plan-only"), clause) == CLAUSES[clause]["says"]
    )


@pytest.mark.parametrize("policy", ["plan-only", "read-only", "review", "implement"])
def test_small_keeps_to_its_budget_with_boundaries_and_ethics_whole(policy: str) -> None:
    small = agent(project(), "small", policy)
    told = Composer(project()).compose_agent(
        resolve_variants(project(), Selection(("python-ml-architect",), ("small",), (policy,)))[0],
        "codex",
    )
    assert math.ceil(len(told.prompt) / 4) <= (small.model.prompt_budget or 0)
    assert math.ceil(len(small.prompt) / 4) <= (small.model.prompt_budget or 0) <= 700
    kept = set(small.prompt.split("\n"))
    for section in ("scope", "ethics"):
        paths = {
            project().fragments[use.fragment].path
            for one in project().packs["python-ml-architect"].sections
            if one.name == section
            for part in one.parts
            for use in part.uses
        }
        lines = traced(project(), "claude", policy)
        whole = [line.text for line in lines if line.origin.path in paths and line.text]
        assert len(whole) >= len(paths) - 1
        assert kept.issuperset(whole)


def test_the_default_variant_is_the_agent_of_the_brief() -> None:
    asked = Selection(
        ("python-ml-architect",), ("koronatech-coder",), ("plan-only",), ("opencode",)
    )
    (artifact,) = build_project(project(), asked)
    text = artifact.content.decode()
    head = read_yaml(split_front_matter(text).head or "", artifact.path).data
    assert set(head) == {"description", "mode", "model", "temperature", "permission"}
    assert (head["mode"], head["model"], head["temperature"]) == (
        "subagent",
        "koronatech/Coder",
        0.55,
    )
    assert "plans implementations" in head["description"].casefold()
    assert "guides architecture for Python backend and ML services" in head["description"]
    policy = TARGETS["opencode"].decode(text, "python-ml-architect").policy
    allowed = {"list", "glob", "grep", "execute", "web_fetch", "todo"}
    names: tuple[str, ...] = (*CAPABILITIES, OTHER_MCP)
    assert {name: describe_grant(policy.grant(name)) for name in names} == {
        **dict.fromkeys(names, "deny"),
        **dict.fromkeys(allowed, "allow"),
        "read": "allow; ask *.env; ask *.env.*; allow *.env.example",
    }
    assert not [loss for loss in artifact.losses if loss.is_field or loss.kind == "widened"]


@pytest.mark.parametrize("policy", ["plan-only", "read-only", "review", "implement"])
def test_small_keeps_to_its_budget_where_the_prompt_tells_the_policy(policy: str) -> None:
    (variant,) = resolve_variants(
        project(), Selection(("python-ml-architect",), ("small",), (policy,))
    )
    told = Composer(project()).compose_agent(variant, "system")
    assert "Permissions".casefold() in told.prompt.casefold()
    assert math.ceil(len(told.prompt) / 4) <= (told.model.prompt_budget or 0)


def test_every_variant_keeps_to_its_models_budget() -> None:
    for artifact in build_project(project(), Selection(targets=("opencode",))):
        prompt = artifact.agent.prompt
        assert math.ceil(len(prompt) / 4) <= (artifact.variant.model.prompt_budget or 0), (
            artifact.path
        )


def test_the_pack_ships_five_models_and_four_policies() -> None:
    pack = project().packs["python-ml-architect"]
    assert pack.default == ("koronatech-coder", "plan-only")
    assert pack.models == ("koronatech-coder", "claude", "gpt", "gemini", "small")
    assert pack.policies == ("plan-only", "read-only", "review", "implement")
    assert len(resolve_variants(project(), Selection(("python-ml-architect",)))) == 20


def test_each_policy_is_told_in_words_that_agree_with_it() -> None:
    prompts = {
        p: agent(project(), "claude", p).prompt for p in ("plan-only", "read-only", "implement")
    }
    assert "You cannot edit files" in prompts["plan-only"]
    assert "You cannot edit files" in prompts["read-only"]
    assert "You cannot edit files" not in prompts["implement"]
    assert len(set(prompts.values())) == len(prompts)


def test_most_fragments_of_the_library_are_used_by_two_packs_or_more() -> None:
    users: dict[str, set[str]] = {name: set() for name in project().fragments}
    dependencies = Composer(project()).templates.dependencies
    for pack in project().packs.values():
        uses = (use for section in pack.sections for part in section.parts for use in part.uses)
        for use in uses:
            for name in dependencies.closure(use.fragment):
                users[name].add(pack.name)
    library = {name: packs for name, packs in users.items() if not name.startswith("packs/")}
    assert len(library) > 40
    shared = [name for name, packs in library.items() if len(packs) > 1]
    assert len(shared) >= 0.6 * len(library)


def test_a_pack_says_when_to_use_it() -> None:
    told = {pack.name: pack.description for pack in project().packs.values()}
    assert len(told) >= 7
    assert all(description.startswith("Use ") for description in told.values())


LANGUAGES = {"Python": "Pydantic models", "TypeScript": "`AbortSignal`", "Go": "`errors.Is`"}


@pytest.mark.parametrize("name", ["code-reviewer", "debugger", "test-engineer"])
@pytest.mark.parametrize("language", [*LANGUAGES, "Rust"])
def test_a_pack_has_the_standards_of_its_language(name: str, language: str) -> None:
    pack = replace(project().packs[name], vars={"language": language})
    read = replace(project(), packs={name: pack})
    variant = resolve_variants(read, Selection((name,), ("claude",)))[0]
    prompt = Composer(read).compose_agent(variant, "opencode").prompt
    assert f" {language} services" in prompt
    assert [one for one, words in LANGUAGES.items() if words in prompt] == [
        one for one in LANGUAGES if one == language
    ]


def test_who_may_edit_is_told_how_changes_are_recorded() -> None:
    told = {
        (a.variant.pack.name, a.variant.policy.name): a.agent.prompt
        for a in build_project(project(), Selection(targets=("opencode",)))
    }
    commits = {key for key, prompt in told.items() if "Commit only when asked" in prompt}
    assert commits == {("debugger", "implement"), ("test-engineer", "implement")}
    assert {key for key, prompt in told.items() if "You cannot commit" in prompt} == {
        ("docs-writer", "docs-only")
    }
