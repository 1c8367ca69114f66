"""A policy in plain words: what a prompt says where the client can't hold it."""

from collections.abc import Iterable, Iterator

from promptpack.model import CAPABILITIES, Effect, Grant, Policy

PHRASES = {
    "read": "read files",
    "list": "list folders",
    "glob": "find files",
    "grep": "search files",
    "edit": "edit files",
    "write": "write files",
    "patch": "apply patches",
    "execute": "run commands",
    "web_fetch": "fetch web pages",
    "web_search": "search the web",
    "todo": "keep a to-do list",
    "task": "start other agents",
    "skill": "load skills",
    "question": "ask questions with a tool",
}
_LEADS = {
    Effect.ALLOW: "You may",
    Effect.ASK: "Ask before you",
    Effect.DENY: "Never",
}


def describe_policy(policy: Policy) -> list[str]:
    """Return a Markdown list that says what a policy allows; what it inherits is not mentioned."""
    capabilities = [c for c in CAPABILITIES if c in policy.grants]
    capabilities += sorted(set(policy.grants) - set(CAPABILITIES))
    lines = []
    for effect, lead in _LEADS.items():
        phrases = [_make_phrase(c) for c in capabilities if policy.grant(c)[0].effect is effect]
        if phrases:
            lines.append(
                f"- {lead} {_join_phrases(phrases, 'and' if effect is Effect.ALLOW else 'or')}."
            )
    if policy.default is Effect.DENY:
        lines.append("- Use no other tool.")
    return [*lines, *_describe_exceptions(policy, capabilities)]


def _describe_exceptions(policy: Policy, capabilities: Iterable[str]) -> Iterator[str]:
    """Yield a line for each run of patterns with one effect, in order: the last match decides."""
    for capability in capabilities:
        grant = policy.grant(capability)
        for effect, patterns in _iter_runs(grant[1:]):
            adverb = {"allow": "freely", "ask": "only after asking", "deny": "never"}[effect]
            verb = PHRASES[capability].partition(" ")[0].capitalize()
            yield f"- {verb} {adverb}: {', '.join(f'`{pattern}`' for pattern in patterns)}."


def _iter_runs(rules: Grant) -> Iterator[tuple[Effect, list[str]]]:
    run: list[str] = []
    for index, (pattern, effect) in enumerate(rules):
        run.append(pattern)
        if index + 1 == len(rules) or rules[index + 1].effect is not effect:
            yield effect, run
            run = []


def _make_phrase(capability: str) -> str:
    if capability in PHRASES:
        return PHRASES[capability]
    server, _, tool = capability.removeprefix("mcp:").partition("/")
    return (
        f"use `{tool}` of the MCP server `{server}`" if tool else f"use the MCP server `{server}`"
    )


def _join_phrases(phrases: list[str], conjunction: str) -> str:
    *first, last = phrases
    return f"{', '.join(first)} {conjunction} {last}" if first else last
