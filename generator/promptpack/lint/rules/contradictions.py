"""Rules of texts that tell an agent to do what its policy, or its client, does not let it do."""

import re
from collections.abc import Iterator

from promptpack.lint.context import Subject
from promptpack.lint.prose import Sentence, sentences
from promptpack.lint.rule import Remark, rule
from promptpack.model import Effect, Fragment, Loss, Origin, Policy, Use
from promptpack.policy.lattice import effects
from promptpack.policy.prose import PHRASES
from promptpack.rendering.variants import uses

_SOME = (
    r"(?:(?:the|all|any|each|every|your|its|these|existing|full|whole|new|unit|integration"
    r"|relevant) )*"
)
_ORDERS = {
    ("execute",): re.compile(
        rf"(?:Run|Execute|Re-run|Rerun) {_SOME}"
        r"(?:tests?|test suites?|linters?|commands?|shell commands?|scripts?|migrations?"
        r"|`[a-z][\w.-]* [^`]+`)(?![\w-])"
    ),
    ("edit", "write", "patch"): re.compile(
        rf"(?:Edit|Modify|Overwrite|Rewrite|Create|Delete) {_SOME}"
        r"(?:source |code |test |config(?:uration)? )?files(?![\w-])"
        r"|(?:Apply|Commit) (?:the|your|all) (?:patch|edit|change|fix)(?:es|s)?(?![\w-])"
    ),
    ("web_fetch", "web_search"): re.compile(
        r"(?:Search|Browse) (?:the )?(?:web|internet)(?![\w-])"
        r"|Fetch (?:the |a |any )?(?:web ?pages?|URLs?)(?![\w-])"
    ),
}
"""Orders that need one of these capabilities, as a sentence begins."""

_LEAD = re.compile(r"(?:(?:Always|Then|First|Next|Finally|Also|Now),? )?(?=[A-Za-z])")
_UNLIKE = (
    r"not|never|don't|without|instead|avoid|cannot|can't|outside|out of scope|out_of_scope"
    r"|forbidden|anti-?patterns?|wrong|bad|mistakes?|examples?|users?|humans?|developers?|they"
)
"""Words that turn an order round, or give it to somebody else; also in what stands over it."""
_PERHAPS = (
    r"no|unless|if|where|when|whenever|only|asks?|suggest|propose|recommend|would|should|could"
)
_NOT = re.compile(rf"\b(?:{_UNLIKE}|{_PERHAPS})\b|❌|🚫", re.IGNORECASE)
_NOT_UNDER = re.compile(rf"\b(?:{_UNLIKE})\b|❌|🚫", re.IGNORECASE)


def text_against_policy(subject: Subject) -> Iterator[Remark]:
    """Reports a sentence that tells an agent to do what its policy denies.

    Why: The agent tries, fails and apologises, or hands the work to the user as if it were done. In
    a client that enforces no policy, the agent simply does what the sentence says.

    Fix: Write the sentence only where it is true, with `{% if policy.allows("execute") %}`, or give
    the fragment `needs: [execute]` and mark its use as `optional`. The rule looks only at plain
    orders at the start of a sentence, and skips sentences that are conditional, negated or about
    the user.

    Bad, where the policy denies `execute`:

    ```markdown
    - Run the tests after each change.
    ```

    Good:

    ```markdown
    {% if policy.allows("execute") %}
    - Run the tests after each change.
    {% else %}
    - Say which tests should be run.
    {% endif %}
    ```
    """
    said: dict[tuple[str, int, str], list[str]] = {}
    for prompt in subject.prompts:
        policy = prompt.variant.policy
        for sentence in sentences(prompt.lines):
            if denied := contradicted(sentence, policy):
                names = said.setdefault((*sentence.line.origin, denied), [])
                names += [policy.name] if policy.name not in names else []
    for (path, line, denied), names in said.items():
        which = f"the polic{'y' if len(names) == 1 else 'ies'} {', '.join(names)}"
        what = f"says to {PHRASES[denied]}, which {which} den{'ies' if len(names) == 1 else 'y'}"
        hint = f'say it only where it is true: {{% if policy.allows("{denied}") %}}'
        yield Remark(path, line, what, hint)


def contradicted(sentence: Sentence, policy: Policy) -> str:
    """Return the first capability that a sentence orders to use and a policy denies, or nothing."""
    text = re.sub(r"[*_]{1,3}(?=\S)|(?<=\S)[*_]{1,3}", "", sentence.text)
    start = _LEAD.match(text)
    order = text[start.end() if start else 0 :]
    if _NOT.search(text) or _NOT_UNDER.search(sentence.lead):
        return ""
    for capabilities, pattern in _ORDERS.items():
        denied = all(effects(policy.grant(c)) == {Effect.DENY} for c in capabilities)
        if denied and pattern.match(order[:1].upper() + order[1:]):
            return capabilities[0]
    return ""


def need_lost(subject: Subject) -> Iterator[Remark]:
    """Reports a fragment that needs a capability a client takes away.

    Why: The policy gives the capability, so the fragment is in the prompt and tells the agent to
    use it. A client that can't ask, or has no such tool, takes the capability away, and the prompt
    tells the agent to do what it can't.

    Fix: Leave the client out of `targets`, accept more there with a reason, write what to do
    instead under `{% if target == "gemini" %}`, or ignore this rule where the agent copes.

    Bad: a policy that asks before each command, for a client that can't ask

    ```yaml
    workflow: {use: workflow/run-the-tests}    # needs: [execute]
    targets: [opencode, gemini]
    ```

    Good:

    ```yaml
    workflow: {use: workflow/run-the-tests}
    targets: [opencode]
    ```
    """
    found: dict[tuple[Origin, int, str, str], dict[str, None]] = {}
    for artifact in subject.artifacts:
        lost = {loss.subject for loss in artifact.losses if _takes_away(loss)}
        for use in uses(artifact.variant.sections) if lost else ():
            for capability in sorted(_needs(subject, use) & lost):
                clients = found.setdefault((use.origin, use.column, use.fragment, capability), {})
                clients[f"{artifact.target} under {artifact.variant.policy.name}"] = None
    for (origin, column, fragment, capability), clients in found.items():
        message = f"{fragment} needs {capability}, which is lost in {', '.join(clients)}"
        hint = "the prompt there tells the agent to do what it can't"
        yield Remark(origin.path, origin.line, message, hint, column, len(fragment))


def _takes_away(loss: Loss) -> bool:
    return not loss.is_field and loss.kind in {"narrowed", "dropped"} and loss.got == "deny"


def _needs(subject: Subject, use: Use) -> set[str]:
    sources = subject.closure(use.fragment)
    return {name for source in sources if isinstance(source, Fragment) for name in source.needs}


RULES = (
    rule("PP107", "text-against-policy", "policy", text_against_policy),
    rule("PP108", "need-lost", "policy", need_lost),
)
