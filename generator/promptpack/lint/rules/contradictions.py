"""Rules of texts that tell an agent to do what its policy, or its client, does not let it do."""

import re
from collections.abc import Iterator, Mapping

from promptpack.lint.context import LintContext
from promptpack.lint.prose import Sentence, split_sentences
from promptpack.lint.rule import Diagnostic, make_rule
from promptpack.model import FILE_CHANGES, Capability, Effect, Fragment, Loss, Origin, Policy, Use
from promptpack.policy.lattice import list_effects
from promptpack.policy.prose import make_phrase
from promptpack.rendering.variants import iter_uses

_QUANTIFIERS = (
    r"(?:(?:the|all|any|each|every|your|its|these|existing|full|whole|new|unit|integration"
    r"|relevant) )*"
)
_ORDERS: Mapping[tuple[Capability, ...], re.Pattern[str]] = {
    ("execute",): re.compile(
        rf"(?:Run|Execute|Re-run|Rerun) {_QUANTIFIERS}"
        r"(?:tests?|test suites?|linters?|commands?|shell commands?|scripts?|migrations?"
        r"|`[a-z][\w.-]* [^`]+`)(?![\w-])"
    ),
    FILE_CHANGES: re.compile(
        rf"(?:Edit|Modify|Overwrite|Rewrite|Create|Delete) {_QUANTIFIERS}"
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
_NEGATIONS = (
    r"not|never|don't|without|instead|avoid|cannot|can't|outside|out of scope|out_of_scope"
    r"|forbidden|anti-?patterns?|wrong|bad|mistakes?|examples?|users?|humans?|developers?|they"
)
"""Words that turn an order round, or give it to somebody else; also in what stands over it."""
_CONDITIONS = (
    r"no|unless|if|where|when|whenever|only|asks?|suggest|propose|recommend|would|should|could"
)
_NOT = re.compile(rf"\b(?:{_NEGATIONS}|{_CONDITIONS})\b|❌|🚫", re.IGNORECASE)
_NOT_UNDER = re.compile(rf"\b(?:{_NEGATIONS})\b|❌|🚫", re.IGNORECASE)


def check_text_against_policy(context: LintContext) -> Iterator[Diagnostic]:
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
    policies_by_order: dict[tuple[str, int, str], list[str]] = {}
    for prompt in context.prompts:
        policy = prompt.variant.policy
        for sentence in split_sentences(prompt.lines):
            if capability := find_contradiction(sentence, policy):
                names = policies_by_order.setdefault((*sentence.line.origin, capability), [])
                names += [policy.name] if policy.name not in names else []
    for (path, line, capability), names in policies_by_order.items():
        policy_list = f"the polic{'y' if len(names) == 1 else 'ies'} {', '.join(names)}"
        message = (
            f"this line tells the agent to {make_phrase(capability)}, which {policy_list} "
            f"den{'ies' if len(names) == 1 else 'y'}"
        )
        hint = f'write it only where it is true: {{% if policy.allows("{capability}") %}}'
        yield Diagnostic(path, line, message, hint)


def find_contradiction(sentence: Sentence, policy: Policy) -> str:
    """Return the first capability that a sentence orders to use and a policy denies, or nothing."""
    text = re.sub(r"[*_]{1,3}(?=\S)|(?<=\S)[*_]{1,3}", "", sentence.text)
    start = _LEAD.match(text)
    order = text[start.end() if start else 0 :]
    if _NOT.search(text) or _NOT_UNDER.search(sentence.lead):
        return ""
    for capabilities, pattern in _ORDERS.items():
        all_denied = all(list_effects(policy.grant(c)) == {Effect.DENY} for c in capabilities)
        if all_denied and pattern.match(order[:1].upper() + order[1:]):
            return capabilities[0]
    return ""


def check_need_lost(context: LintContext) -> Iterator[Diagnostic]:
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
    clients_by_need: dict[tuple[Origin, int, str, str], dict[str, None]] = {}
    for artifact in context.artifacts:
        lost_capabilities = {loss.subject for loss in artifact.losses if _removes_capability(loss)}
        for use in iter_uses(artifact.variant.sections) if lost_capabilities else ():
            for capability in sorted(_find_needs(context, use) & lost_capabilities):
                clients = clients_by_need.setdefault(
                    (use.origin, use.column, use.fragment, capability), {}
                )
                clients[f"{artifact.target} under {artifact.variant.policy.name}"] = None
    for (origin, column, fragment, capability), clients in clients_by_need.items():
        message = f"{fragment} needs {capability}, which is not available in {', '.join(clients)}"
        hint = "the prompt there tells the agent to do what it can't"
        yield Diagnostic(origin.path, origin.line, message, hint, column, len(fragment))


def _removes_capability(loss: Loss) -> bool:
    return not loss.is_field and loss.kind in {"narrowed", "dropped"} and loss.got == "deny"


def _find_needs(context: LintContext, use: Use) -> set[str]:
    sources = context.closure(use.fragment)
    return {name for source in sources if isinstance(source, Fragment) for name in source.needs}


RULES = (
    make_rule("PP107", "contradicts-policy", "policy", check_text_against_policy),
    make_rule("PP108", "lost-capability", "policy", check_need_lost),
)
