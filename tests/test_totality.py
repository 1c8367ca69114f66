"""No table has a hole: each says something of every capability, every field and every target.

A table that leaves something out on purpose is listed here with what it leaves out. So whoever adds
a capability or a field is told by this file what to think about.
"""

import ast
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from dataclasses import fields as attributes
from pathlib import Path
from typing import get_args, get_type_hints

import pytest

import support
from promptpack.cli.losses import OUTCOME_STYLES, OUTCOME_WORDS
from promptpack.cli.targets import _ICONS
from promptpack.lint.rules.contradictions import _ORDERS
from promptpack.lint.rules.policies import _OUTWARD, _PRIVATE, _UNTRUSTED
from promptpack.model import (
    CAPABILITIES,
    CAPABILITY_FACTS,
    Agent,
    Effect,
    LossKind,
    Model,
    Pack,
    Policy,
    Project,
    fields,
)
from promptpack.model.fields import AgentField, list_authored_fields
from promptpack.policy.lattice import RANK, grant_of, list_effects
from promptpack.policy.prose import _LEADS, describe_policy, make_phrase
from promptpack.provenance.perturbations import (
    _OTHER_EFFECTS,
    SourceLocator,
    iter_perturbations,
)
from promptpack.reading.project import load_project
from promptpack.reading.schema import PackFile
from promptpack.rendering.variants import resolve_variants
from promptpack.reporting.loss_table import OUTCOMES, Outcome
from promptpack.reporting.loss_words import LOSS_MEANINGS, LossWord
from promptpack.session import Session
from promptpack.site.permissions import _GROUP_LABELS
from promptpack.site.wording import EFFECT_WORDS
from promptpack.targets import TARGETS, Target, codec
from promptpack.targets.emit import encode_and_check
from promptpack.targets.table import CAPABILITY_ROWS, ENFORCEMENT_WORDS, Enforcement
from promptpack.targets.target import Reasons
from test_docs import SHORT

HOUSE = Path(support.__file__).resolve().parents[1] / "generator" / "promptpack"
NAMES = tuple(field.name for field in fields.FIELDS)
WITHOUT_ORDERS = {"read", "list", "glob", "grep", "todo", "task", "skill", "question"}
"""What no sentence is known to order that a policy could deny."""

WITHOUT_RISK = {"list", "glob", "todo", "task", "skill", "question"}
"""What neither reads private text or a stranger's, nor changes anything outside the agent."""

TOLD_OTHERWISE = {"policy", "prompt", "accepted", "extra", "stem", "form"}
"""What an agent has besides its fields."""

UNCLEAR_KEYS = {"codex": {"sandbox_mode"}, "claude-command": {"allowed-tools"}}
"""Keys of our own files of which `decode` doesn't say what they grant."""

each_target = pytest.mark.parametrize("target", TARGETS.values(), ids=TARGETS)


def agent_with(policy: Policy) -> Agent:
    """Return an agent that may do this and is otherwise like any."""
    agent = codec.make_text_agent("a", "An agent.", "Help.\n")
    return replace(agent, mode="primary", policy=policy)


CAPABILITY_TABLES: Mapping[str, Iterable[str]] = {
    "model.permission.CAPABILITY_FACTS": CAPABILITY_FACTS,
    "targets.table.CAPABILITY_ROWS": set(CAPABILITY_ROWS) - {"mcp:server"},
    "lint.rules.contradictions._ORDERS": WITHOUT_ORDERS.union(*_ORDERS),
    "lint.rules.policies": WITHOUT_RISK.union(_PRIVATE, _UNTRUSTED, _OUTWARD),
    **{f"targets.{t.name}: provides and absent": t.provides | t.absent for t in TARGETS.values()},
}


@pytest.mark.parametrize("table", CAPABILITY_TABLES)
def test_a_table_has_every_capability(table: str) -> None:
    assert set(CAPABILITY_TABLES[table]) == set(CAPABILITIES)


@each_target
def test_a_target_has_a_tool_or_has_none_and_says_why(target: Target) -> None:
    assert not target.provides & target.absent
    assert target.absent <= set(target.reasons.capabilities)


@each_target
def test_a_target_that_declares_nothing_of_a_capability_says_so(target: Target) -> None:
    silent = replace(target, provides=target.provides - {"skill"}, absent=frozenset())
    reason = silent.explain_loss("skill", "narrowed", grant_of(Effect.ALLOW))
    assert reason == f"it is not known how {target.title} treats this"


@each_target
def test_a_target_gives_what_it_provides_and_nothing_that_is_absent(target: Target) -> None:
    policy = Policy(Effect.DENY, dict.fromkeys(CAPABILITIES, grant_of(Effect.ALLOW)))
    decoded = target.decode(target.encode(agent_with(policy)), "a").policy
    given = {c for c in CAPABILITIES if Effect.ALLOW in list_effects(decoded.grant(c))}
    assert given == target.provides


def list_readers(target: Target) -> frozenset[str]:
    """Return the functions that a codec reads a file's text with, and where they are."""
    names = (name for name in target.decode.__code__.co_names if "read_f" in name)
    found = {
        name: target.decode.__globals__[name]
        for name in (*names, "json", "blocks", "read_toml")
        if name in target.decode.__globals__
    }
    return frozenset(f"{getattr(one, '__module__', '')}.{name}" for name, one in found.items())


def test_each_way_of_reading_a_file_has_a_representative() -> None:
    represented = {list_readers(TARGETS[name]) for name in support.REPRESENTATIVES}
    assert len(represented) > 6
    for target in support.AGENT_TARGETS.values():  # commands have tests of their own
        assert list_readers(target) in represented, target.name


@pytest.mark.parametrize("capability", CAPABILITIES)
def test_the_prompt_can_say_every_capability(capability: str) -> None:
    policy = Policy(Effect.INHERIT, {capability: grant_of(Effect.DENY)})
    assert describe_policy(policy) == [f"- Never {make_phrase(capability)}."]
    assert "MCP" not in make_phrase(capability)


def test_what_is_no_capability_is_no_mcp_server_either() -> None:
    with pytest.raises(ValueError, match="unknown capability 'fly'"):
        Policy(Effect.DENY, {"fly": grant_of(Effect.ALLOW)})
    with pytest.raises(ValueError, match="fly"):
        make_phrase("fly")


OTHER_TABLES: Mapping[str, tuple[Iterable[str], object]] = {
    "targets.table.ENFORCEMENT_WORDS": (ENFORCEMENT_WORDS, Enforcement),
    "cli.targets._ICONS": (_ICONS, Enforcement),
    "the table in docs/targets.md": (SHORT, Enforcement),
    "cli.losses.OUTCOME_WORDS": (set(OUTCOME_WORDS) - {"exact"}, Outcome),
    "cli.losses.OUTCOME_STYLES": (set(OUTCOME_STYLES) - {"exact"}, Outcome),
    "reporting.loss_table.Outcome": (set(OUTCOMES) - {"lost"}, LossKind),
    "reporting.loss_words.LOSS_MEANINGS": (LOSS_MEANINGS, LossWord),
}


@pytest.mark.parametrize("table", OTHER_TABLES)
def test_a_table_has_every_word_of_its_type(table: str) -> None:
    rows, words = OTHER_TABLES[table]
    assert set(rows) == set(get_args(words))


EFFECT_TABLES: Mapping[str, Iterable[str]] = {
    "policy.lattice.RANK": RANK,
    "policy.prose._LEADS": {*_LEADS, Effect.INHERIT},
    "provenance.perturbations._OTHER_EFFECTS": _OTHER_EFFECTS,
    "site.wording.EFFECT_WORDS": EFFECT_WORDS,
    "site.permissions._GROUP_LABELS": _GROUP_LABELS,
}


@pytest.mark.parametrize("table", EFFECT_TABLES)
def test_a_table_has_every_effect(table: str) -> None:
    assert set(EFFECT_TABLES[table]) == set(Effect)


def test_every_attribute_of_an_agent_is_a_field_or_told_in_another_way() -> None:
    assert {one.name for one in attributes(Agent)} - TOLD_OTHERWISE == set(NAMES)


@pytest.mark.parametrize("field", list_authored_fields(), ids=lambda field: field.name)
def test_a_field_has_the_same_type_in_the_pack_and_in_its_file(field: AgentField) -> None:
    expected = get_type_hints(Agent)[field.name]
    assert get_type_hints(Pack)[field.name] == expected
    in_file = get_type_hints(PackFile)[field.name]
    assert (tuple[str, ...] if in_file == list[str] else in_file) == expected
    if field.depends_on_model:
        assert get_type_hints(Model)[field.name] is bool


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("target_name", ["opencode", "codex", "system"])
def test_a_lost_field_has_a_reason_even_where_the_target_gives_none(
    target_name: str, name: str
) -> None:
    target = TARGETS[target_name]
    forgetful = replace(target, reasons=Reasons(), decode=lambda _text, _stem: lost)
    agent = replace(agent_with(Policy(Effect.ALLOW)), temperature=0.5, model=Model("m"))
    other = Model("other") if name == "model" else "lost"
    lost = replace(agent, **{name: other})  # type: ignore[arg-type]  # one of the fields
    (loss,) = (loss for loss in encode_and_check(forgetful, agent)[1] if loss.is_field)
    assert (loss.subject, loss.kind) == (name, "dropped")
    reasons = {"model": f"m has no id for {target.title}"}
    assert loss.reason == reasons.get(name, f"{target.title} has no {name} for an agent")


@each_target
def test_a_target_names_fields_keys_and_readers_that_there_are(target: Target) -> None:
    unclear = UNCLEAR_KEYS.get(target.name, set())
    roles = (set(NAMES), target.policy_keys, target.harmless_keys, set(target.extras), unclear)
    assert target.keys <= set().union(*roles)
    assert sum(map(len, roles)) == len(set().union(*roles)), "a key has one role"
    assert {*target.keeps, *target.reasons.fields} <= set(NAMES)
    assert {*target.hard_limits} <= {*NAMES, "prompt"}
    own = target.keys - unclear
    assert not {*target.refused_extras} & {*own, *target.extras, *NAMES}
    assert {*target.read_by} <= TARGETS.keys() - {target.name}


@each_target
def test_what_stands_in_for_a_tool_is_provided_and_holds_as_much(target: Target) -> None:
    assert {*target.stand_ins} <= target.absent
    for name, others in target.stand_ins.items():
        assert {*others} <= target.provides
        for other in others:
            for wanted, held in ((Effect.ALLOW, True), (Effect.ASK, False)):
                policy = Policy(
                    Effect.DENY, {name: grant_of(Effect.ALLOW), other: grant_of(wanted)}
                )
                losses = encode_and_check(target, agent_with(policy))[1]
                (loss,) = (one for one in losses if one.subject == name)
                assert (loss.stand_in, loss.is_lost) == ((other, False) if held else ("", True))


@each_target
def test_a_guard_of_the_clients_own_is_a_note_and_hides_no_loss(target: Target) -> None:
    for name, guard in target.own_guards.items():
        allowed = agent_with(Policy(Effect.DENY, {name: grant_of(Effect.ALLOW)}))
        (loss,) = (one for one in encode_and_check(target, allowed)[1] if one.subject == name)
        assert (loss.is_note, loss.reason, loss.kind) == (True, guard.note, "narrowed")
        nothing = replace(allowed, policy=Policy(Effect.DENY))
        forgetful = replace(target, decode=lambda *_, agent=nothing: agent)
        (loss,) = (one for one in encode_and_check(forgetful, allowed)[1] if one.subject == name)
        assert (loss.is_note, loss.is_lost, loss.reason == guard.note) == (False, True, False)
        inherited = agent_with(Policy(Effect.DENY, {name: grant_of(Effect.INHERIT)}))
        (loss,) = (one for one in encode_and_check(target, inherited)[1] if one.subject == name)
        assert (loss.is_note, loss.is_lost, loss.reason == guard.note) == (False, True, False)


@each_target
def test_a_hard_limit_is_where_the_file_is_refused(target: Target) -> None:
    for name, most in target.hard_limits.items():
        for size in (most, most + 1):
            values = {"name": "a", "description": "An agent.", "prompt": "Help.", name: "x" * size}
            agent = codec.make_text_agent(values["name"], values["description"], values["prompt"])
            assert bool(target.problems(target.encode(agent))) == (size > most), name


def test_facts_about_targets_are_nowhere_but_in_targets() -> None:
    unmistakable = TARGETS.keys() - {*CAPABILITIES, "system", "messages"}
    for path in sorted(HOUSE.rglob("*.py")):
        if path.relative_to(HOUSE).parts[0] == "targets":
            continue
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Dict):
                keys = {key.value for key in node.keys if isinstance(key, ast.Constant)}
                assert not keys & unmistakable, f"{path}:{node.lineno}"


@dataclass(frozen=True)
class TonePack(Pack):
    """A pack with a field more."""

    tone: str | None = None


@dataclass(frozen=True)
class ToneAgent(Agent):
    """An agent with a field more."""

    tone: str | None = None


@pytest.fixture
def demo(tmp_path: Path) -> Project:
    """Load a small project."""
    support.write_files(tmp_path, support.DEMO)
    return load_project(tmp_path)


@pytest.fixture
def tone(monkeypatch: pytest.MonkeyPatch) -> AgentField:
    """Declare a field that no target knows."""
    field = AgentField("tone", label="Tone")
    monkeypatch.setattr(fields, "FIELDS", (*fields.FIELDS, field))
    monkeypatch.setattr(codec, "Agent", ToneAgent)
    return field


@each_target
def test_a_new_field_is_lost_with_a_reason_wherever_no_codec_knows_it(
    target: Target, tone: AgentField
) -> None:
    plain = agent_with(Policy(Effect.ALLOW))
    (loss,) = (
        loss
        for loss in encode_and_check(target, ToneAgent(**{**vars(plain), "tone": "warm"}))[1]
        if loss.subject == tone.name
    )
    assert loss[1:5] == (True, "dropped", "warm", "client's own")
    assert loss.reason.endswith((" has no tone for an agent", "this file has no tone"))
    losses = encode_and_check(target, ToneAgent(**vars(plain)))[1]
    assert tone.name not in {loss.subject for loss in losses}


def test_a_new_field_is_copied_and_traced_to_its_line(demo: Project, tone: AgentField) -> None:
    variant = resolve_variants(demo)[0]
    pack = TonePack(**{**vars(variant.pack), "tone": "warm"})
    text = demo.sources[pack.path] + "tone: warm\n"
    changed = replace(demo, sources={**demo.sources, pack.path: text})
    assert fields.copy_fields(pack)[tone.name] == "warm"
    assert fields.resolve_fields(replace(variant, pack=pack), "opencode")[tone.name] == "warm"
    session = Session(changed)
    sources = SourceLocator(changed, session.templates.dependencies, session.documents)
    (found,) = (
        one
        for one in iter_perturbations(sources, replace(variant, pack=pack), "opencode")
        if one.name == "pack.tone"
    )
    assert found.origin == (pack.path, text.count("\n"))
    assert found.variant.pack != pack
