"""Rules of texts that tell an agent to do what its policy, or its client, does not let it do."""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence

from promptpack.lint.context import LintContext
from promptpack.lint.prose import Sentence
from promptpack.lint.rule import Diagnostic, make_rule
from promptpack.lint.tool_mentions import find_mentions, list_owners
from promptpack.model import FILE_CHANGES, Capability, Origin, Policy
from promptpack.policy.lattice import is_denied
from promptpack.policy.prose import make_phrase
from promptpack.targets import TARGETS

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
    ("task",): re.compile(
        r"(?:Delegate|Hand|Spawn|Launch|Invoke)\b(?: (?!to\b)[\w`*-]+){0,6}? "
        r"(?:(?:to|over to) )?(?:(?:a|an|the|another|each|one|two|several|parallel) )?"
        r"(?:[\w`*-]+ )?sub-?agents?(?![\w-])"
    ),
}
"""Orders that need one of these capabilities, as a sentence begins."""

_TOOL_ORDER = re.compile(r"(?:Use|Call|Invoke)\b")
_TOOL_MEANS = re.compile(r"\b(?:with|using|via) (?:the )?$")
_MEANS_LENGTH = len("x using the ")
"""An order begins so that is to use a tool; or so ends what stands before the tool's name."""

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
    """Reports a sentence that tells an agent to do what its policy or its client denies.

    Why: The agent tries, fails and apologises, or hands the work to the user as if it were done. In
    a client that enforces no policy, the agent simply does what the sentence says. A client that
    can't ask, or has no such tool, takes a capability away that the policy grants.

    Fix: Write the sentence only where it is true, with `{% if policy.allows("execute") %}`, or give
    the fragment `needs: [execute]` and mark its use as `optional`. The rule looks only at plain
    orders at the start of a sentence and at orders to use a tool that is named, and skips sentences
    that are conditional, negated or about the user.

    Measured: 8 findings in 7 of 297 public agent files, 1 false alarm (2026-11).

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
    places: dict[tuple[Origin, Capability], dict[str, dict[str, None]]] = {}
    orders: dict[tuple[str, str], tuple[tuple[Capability, ...], ...]] = {}
    for prompt in context.prompts:
        policies = [context.find_permissions(prompt.variant, name) for name in prompt.targets]
        for sentence in context.split_sentences(prompt):
            key = sentence.text, sentence.lead
            if key not in orders:
                orders[key] = tuple(list_orders(sentence))
            for capabilities in orders[key]:
                names = places.setdefault((sentence.line.origin, capabilities[0]), {})
                for target, (authored, effective) in zip(prompt.targets, policies, strict=True):
                    if _denies_all(effective, capabilities):
                        client = "" if _denies_all(authored, capabilities) else target
                        names.setdefault(client, {})[authored.name] = None
    for (origin, capability), policies_by_client in places.items():
        for client, policy_names in policies_by_client.items():
            yield _make_diagnostic(origin, capability, client, [*policy_names])


def _make_diagnostic(
    origin: Origin, capability: Capability, client: str, policies: Sequence[str]
) -> Diagnostic:
    policy_list = f"the polic{'y' if len(policies) == 1 else 'ies'} {', '.join(policies)}"
    message = f"this line tells the agent to {make_phrase(capability)}, which "
    if client:
        message += f"{TARGETS[client].title} takes away under {policy_list}"
    else:
        message += f"{policy_list} den{'ies' if len(policies) == 1 else 'y'}"
    hint = f'write it only where it is true: {{% if policy.allows("{capability}") %}}'
    return Diagnostic(*origin, message, hint)


def list_orders(sentence: Sentence) -> Iterator[tuple[Capability, ...]]:
    """Yield the capabilities of which a sentence orders to use one."""
    text = re.sub(r"[*_]{1,3}(?=\S)|(?<=\S)[*_]{1,3}", "", sentence.text)
    start = _LEAD.match(text)
    order = text[start.end() if start else 0 :]
    if _NOT.search(text) or _NOT_UNDER.search(sentence.lead):
        return
    order = order[:1].upper() + order[1:]
    for capabilities, pattern in _ORDERS.items():
        if pattern.match(order):
            yield capabilities
    for name in dict.fromkeys(find_mentions(order)):
        before = order.partition(name)[0].rstrip("`")
        if _TOOL_ORDER.match(before) or _TOOL_MEANS.search(before[-_MEANS_LENGTH:]):
            yield next(iter(list_owners(name).values()))


def _denies_all(policy: Policy, capabilities: Iterable[Capability]) -> bool:
    return all(is_denied(policy.grant(c)) for c in capabilities)


RULES = (make_rule("PP107", "contradicts-policy", "policy", check_text_against_policy),)
