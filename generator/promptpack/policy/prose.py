"""A policy in plain words: what a prompt says where the client can't hold it."""

from collections.abc import Iterator, Sequence

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
        phrases = [make_phrase(c) for c in capabilities if policy.grant(c)[0].effect is effect]
        if phrases:
            lines.append(
                f"- {lead} {_join_phrases(phrases, 'and' if effect is Effect.ALLOW else 'or')}."
            )
    if policy.default is Effect.DENY:
        lines.append("- Use no other tool.")
    return [*lines, *_describe_exceptions(policy, capabilities)]


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


def _describe_exceptions(policy: Policy, capabilities: Sequence[PermissionName]) -> Iterator[str]:
    """Yield a line for each run of patterns with one effect, in order: the last match decides."""
    for capability in capabilities:
        grant = policy.grant(capability)
        for effect, patterns in _iter_runs(grant[1:]):
            adverb = {"allow": "freely", "ask": "only after asking", "deny": "never"}[effect]
            verb = make_phrase(capability).partition(" ")[0].capitalize()
            yield f"- {verb} {adverb}: {', '.join(f'`{pattern}`' for pattern in patterns)}."


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
