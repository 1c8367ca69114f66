"""A policy in plain words: what a prompt says where the client can't hold it."""

from collections.abc import Iterator, Sequence
from itertools import dropwhile, takewhile

from promptpack.model import (
    CAPABILITIES,
    CAPABILITY_FACTS,
    Effect,
    Grant,
    PermissionName,
    Policy,
    find_capability,
    split_mcp_name,
)
from promptpack.policy.lattice import is_denied

_LEADS = {
    Effect.ALLOW: "You may",
    Effect.ASK: "Ask before you",
    Effect.DENY: "Never",
}


def describe_policy(policy: Policy) -> list[str]:
    """Return a Markdown list that says what a policy allows; what it inherits is not mentioned."""
    capabilities = (*(c for c in CAPABILITIES if c in policy.grants), *policy.list_mcp_names())
    lines = []
    for effect, lead in _LEADS.items():
        phrases = [make_phrase(c) for c in capabilities if _find_lead(policy.grant(c)) is effect]
        if phrases:
            lines.append(
                f"- {lead} {_join_phrases(phrases, 'and' if effect is Effect.ALLOW else 'or')}."
            )
    lines += _describe_partial_grants(policy, capabilities)
    if policy.default is Effect.DENY:
        lines.append("- Use no other tool.")
    return [*lines, *_describe_exceptions(policy, capabilities)]


def _find_lead(grant: Grant) -> Effect | None:
    """Return the effect that goes before all exceptions; None for "only", which says it itself."""
    base = grant[0].effect
    return None if base is Effect.DENY and not is_denied(grant) else base


def make_phrase(name: str) -> str:
    """Return what an agent does with a capability, as an infinitive: "run commands".

    Raises ValueError for a name that is neither a capability nor of an MCP server.
    """
    if capability := find_capability(name):
        return CAPABILITY_FACTS[capability].phrase
    server, tool = split_mcp_name(name)
    return (
        f"use `{tool}` of the MCP server `{server}`" if tool else f"use the MCP server `{server}`"
    )


def _describe_partial_grants(
    policy: Policy, capabilities: Sequence[PermissionName]
) -> Iterator[str]:
    """Yield lines for what is denied but for some patterns: "Edit only `docs/**`"."""
    for capability in capabilities:
        grant = policy.grant(capability)
        if _find_lead(grant) is not None:
            continue
        verb = _make_verb(capability)
        runs = list(dropwhile(lambda run: run[0] is Effect.DENY, _iter_runs(grant[1:])))
        choices = list(takewhile(lambda run: run[0] is not Effect.DENY, runs))
        words = (
            f"{'after asking ' if effect is Effect.ASK else ''}{_list_patterns(patterns)}"
            for effect, patterns in choices
        )
        yield f"- {verb.capitalize()} only {', or '.join(words)}."
        for effect, patterns in runs[len(choices) :]:
            yield f"- {_LEADS[effect]} {verb} {_list_patterns(patterns)}."


def _describe_exceptions(policy: Policy, capabilities: Sequence[PermissionName]) -> Iterator[str]:
    """Yield a line for each run of patterns with one effect, in order: the last match decides."""
    for capability in capabilities:
        grant = policy.grant(capability)
        if grant[0].effect is Effect.DENY:
            continue  # said already, whole or in part
        for effect, patterns in _iter_runs(grant[1:]):
            adverb = {"allow": "freely", "ask": "only after asking", "deny": "never"}[effect]
            verb = _make_verb(capability).capitalize()
            yield f"- {verb} {adverb}: {_list_patterns(patterns)}."


def _make_verb(capability: PermissionName) -> str:
    return make_phrase(capability).partition(" ")[0]


def _list_patterns(patterns: Sequence[str]) -> str:
    return ", ".join(f"`{pattern}`" for pattern in patterns)


def _iter_runs(rules: Grant) -> Iterator[tuple[Effect, list[str]]]:
    run: list[str] = []
    for index, (pattern, effect) in enumerate(rules):
        run.append(pattern)
        if index + 1 == len(rules) or rules[index + 1].effect is not effect:
            yield effect, run
            run = []


def _join_phrases(phrases: list[str], conjunction: str) -> str:
    *first, last = phrases
    return f"{', '.join(first)} {conjunction} {last}" if first else last
