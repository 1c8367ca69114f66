"""Other words that readers search by: a policy in, words out.

They stand on the page of the policy, where the search finds them; a target has its own.
"""

from collections.abc import Mapping

from promptpack.model import Effect, Policy
from promptpack.site.abilities import find_abilities

_POLICY_WORDS: Mapping[tuple[str, Effect], tuple[str, ...]] = {
    ("edit", Effect.ALLOW): ("edits files", "writes files"),
    ("edit", Effect.ASK): ("asks before edits",),
    ("edit", Effect.DENY): ("no edits", "no writing", "readonly"),
    ("run", Effect.ALLOW): ("runs commands", "shell"),
    ("run", Effect.ASK): ("asks before commands", "shell"),
    ("run", Effect.DENY): ("no commands", "no shell"),
    ("web", Effect.ALLOW): ("web", "internet"),
    ("web", Effect.ASK): ("asks before web pages", "internet"),
    ("web", Effect.DENY): ("no web", "offline"),
    ("agents", Effect.DENY): ("no subagents",),
    ("mcp", Effect.DENY): ("no MCP",),
}


def list_policy_synonyms(policy: Policy) -> list[str]:
    """Return in other words what a policy says; where the client decides, nothing."""
    abilities = find_abilities(policy)
    return [
        word
        for key, words in _POLICY_WORDS.items()
        if abilities[key[0]] is key[1]
        for word in words
    ]
