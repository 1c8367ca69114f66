"""Prompts against permissions: a file in, findings on sentences that its client contradicts out.

A prompt may order what the client denies, or say that the agent does not do what the client lets
it do. Only plain sentences count: one with a condition, or about somebody else, says neither.
"""

import re
from collections.abc import Iterator, Mapping

from promptpack.importing.agent_file import AgentFile
from promptpack.importing.wording import POWERS
from promptpack.lint.prose import Sentence, split_sentences
from promptpack.lint.rules.contradictions import list_orders
from promptpack.model import Effect, Finding, Line, Origin
from promptpack.policy.lattice import list_effects
from promptpack.policy.prose import make_phrase
from promptpack.source import frontmatter

_NEVER = r"\b(?:never|do not|don't|must not|cannot|can't|may not)(?: ever)?(?: directly)? "
_CHANGE = r"(?:edit|modify|write|change|create|implement)"
_KINDS = r"(?:(?:any|the|of|your|all|source|production|project|repo|implementation) )*"
_END = r"(?=\s*(?:[.,;:!)\u2013\u2014]|-\s|$|(?:or|and|yourself|directly)\b))"
_CLAIMS: Mapping[str, re.Pattern[str]] = {
    "change files": re.compile(
        rf"{_NEVER}{_CHANGE}(?:(?:/|, | or |, or ){_CHANGE})* {_KINDS}(?:files?|code|anything)"
        rf"{_END}"
        r"|\byou(?: are|'re) (?:[\w-]+, )?(?:an? )?(?:strictly )?read-only\b",
        re.IGNORECASE,
    ),
    "run commands": re.compile(
        rf"{_NEVER}(?:run|execute)(?: or (?:run|execute))? (?:any )?(?:shell )?commands{_END}",
        re.IGNORECASE,
    ),
}
"""Sentences that say that an agent has none of a power."""

_CONDITION = re.compile(
    r"\b(?:if|unless|until|when|while|where|without|outside|before|after|beyond|except|users?"
    r"|example)\b",
    re.IGNORECASE,
)


def check_text(file: AgentFile) -> Iterator[Finding]:
    """Yield the first sentence that orders, and the first that excludes, each thing wrongly."""
    found: dict[str, Finding] = {}
    for sentence in split_sentences(_list_prompt_lines(file)):
        for message in (*_list_denied_orders(file, sentence), *_list_untrue_claims(file, sentence)):
            place = sentence.line.origin
            found.setdefault(message, Finding("PP613", "warning", *place, 1, message))
    yield from found.values()


def _list_denied_orders(file: AgentFile, sentence: Sentence) -> Iterator[str]:
    for capabilities in list_orders(sentence):
        if {*capabilities} & file.target.provides and all(file.own.denies(c) for c in capabilities):
            phrase = make_phrase(capabilities[0])
            yield f"the prompt tells the agent to {phrase}, and {file.target.title} denies that"


def _list_untrue_claims(file: AgentFile, sentence: Sentence) -> Iterator[str]:
    if _CONDITION.search(f"{sentence.lead} {sentence.text}"):
        return
    text = re.sub(r"[*_`]", "", sentence.text)
    title = file.target.title
    for phrase, pattern in _CLAIMS.items():
        grants = (file.own.agent.policy.grant(name) for name in POWERS[phrase])
        if pattern.search(text) and any(Effect.ALLOW in list_effects(grant) for grant in grants):
            yield f"the prompt says that this agent doesn't {phrase}, and {title} lets it"


def _list_prompt_lines(file: AgentFile) -> list[Line]:
    """Return the lines of a prompt with their places in the file."""
    text = file.text.replace("\r\n", "\n")
    body = frontmatter.split_front_matter(text.removeprefix("\ufeff")).body
    lines = file.own.agent.prompt.strip("\n").split("\n")
    start = max(0, text.find(lines[0], len(text) - len(body)))
    first = text.count("\n", 0, start) + 1
    return [Line(line, Origin(file.path, first + number)) for number, line in enumerate(lines)]
