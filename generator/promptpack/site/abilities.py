"""What agents may do, in the words that readers search by: effective policies in, effects out.

The source is that of the list of rights: what a client makes of the file that is written for it. An
agent asks only where nothing goes through unasked, and may not only where everything is denied.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Set
from typing import NamedTuple

from promptpack.model import FILE_CHANGES, Effect, PermissionName, Policy, Variant, is_mcp_name
from promptpack.policy.lattice import list_compared, list_effects


class Topic(NamedTuple):
    """Work that readers look for, and the capabilities that it takes; none stands for MCP tools."""

    name: str
    label: str
    capabilities: tuple[PermissionName, ...] = ()


class Question(NamedTuple):
    """What a reader wants of an agent: an effect for each topic that it is about."""

    name: str
    title: str
    effects: Mapping[str, Effect]


Abilities = Mapping[str, Effect]
"""The effect of each topic, by its name, for one file."""

TOPICS = (
    Topic("edit", "Edit files", FILE_CHANGES),
    Topic("run", "Run commands", ("execute",)),
    Topic("web", "Use the web", ("web_fetch", "web_search")),
    Topic("agents", "Start agents", ("task",)),
    Topic("mcp", "Use MCP servers"),
)
ASKED_EFFECTS = (Effect.ALLOW, Effect.ASK, Effect.DENY)
"""The effects that can be looked for, in the order in which they are offered."""

QUESTIONS = (
    Question("may-not-edit", "May not edit files", {"edit": Effect.DENY}),
    Question(
        "may-not-edit-may-run-commands",
        "May not edit files, may run commands",
        {"edit": Effect.DENY, "run": Effect.ALLOW},
    ),
    Question("may-not-run-commands", "May not run commands", {"run": Effect.DENY}),
    Question("asks-before-edits", "Asks before edits", {"edit": Effect.ASK}),
    Question("asks-before-commands", "Asks before commands", {"run": Effect.ASK}),
    Question("may-not-use-the-web", "May not use the web", {"web": Effect.DENY}),
)
"""What is asked often: each has a page for each client, which needs no script."""


class AbilitySets:
    """What variants may do in each client; those that may the same have the same number.

    `sets` holds each once, by its number.
    """

    def __init__(self) -> None:
        self.sets: list[Mapping[str, Abilities]] = []
        self._numbers: dict[str, int] = {}

    def find_number(self, abilities: Mapping[str, Abilities]) -> int:
        """Return the number of a set, by target; it is a new one the first time."""
        number = self._numbers.setdefault(join_abilities(abilities), len(self.sets))
        if number == len(self.sets):
            self.sets.append(abilities)
        return number


def find_abilities(policy: Policy | None) -> Abilities:
    """Return the effect of each topic under a policy; without one, nothing limits the client."""
    return {topic.name: _find_effect(topic, policy) for topic in TOPICS}


def is_answer(question: Question, abilities: Abilities) -> bool:
    """Tell whether a file does what a question asks for."""
    return all(abilities[name] is effect for name, effect in question.effects.items())


def find_answers(
    abilities: Iterable[tuple[Variant, Mapping[str, Abilities]]],
) -> Mapping[tuple[str, str], tuple[Variant, ...]]:
    """Return the variants that answer each question, by its name and the target.

    Each variant comes with what its files let it do, by target.
    """
    names: dict[int, tuple[Abilities, list[str]]] = {}  # with each key goes what it is of
    answers: dict[tuple[str, str], list[Variant]] = defaultdict(list)
    for variant, abilities_by_target in abilities:
        for target, found in abilities_by_target.items():
            if id(found) not in names:
                answered = [one.name for one in QUESTIONS if is_answer(one, found)]
                names[id(found)] = found, answered
            for name in names[id(found)][1]:
                answers[name, target].append(variant)
    return {key: tuple(variants) for key, variants in answers.items()}


def join_abilities(abilities_by_target: Mapping[str, Abilities]) -> str:
    """Return the abilities in each client as a script reads them: a digit a topic, in order.

    A digit is the place of the effect among those that can be looked for.

    >>> join_abilities({"codex": {topic.name: Effect.ASK for topic in TOPICS}})
    'codex:11111'
    """
    places = {effect: str(place) for place, effect in enumerate((*ASKED_EFFECTS, Effect.INHERIT))}
    return " ".join(
        f"{target}:{''.join(places[abilities[topic.name]] for topic in TOPICS)}"
        for target, abilities in abilities_by_target.items()
    )


def _find_effect(topic: Topic, policy: Policy | None) -> Effect:
    if policy is None:
        return Effect.ALLOW
    names = topic.capabilities or [name for name in list_compared(policy) if is_mcp_name(name)]
    effects = {effect for name in names for effect in list_effects(policy.grant(name))}
    return _find_widest(effects)


def _find_widest(effects: Set[Effect]) -> Effect:
    """Return what can happen without anybody being asked, if anything can."""
    order = (Effect.ALLOW, Effect.INHERIT, Effect.ASK, Effect.DENY)
    return next(effect for effect in order if effect in effects)
