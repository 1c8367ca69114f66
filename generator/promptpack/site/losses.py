"""What is lost on the way to a client, in words: losses in, sentences out."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

from promptpack.model import Loss, Variant
from promptpack.reporting.loss_words import LOSS_WORDS, LossWord, choose_loss_word
from promptpack.site.wording import format_count, join_words
from promptpack.targets import TARGETS as CLIENTS


class LossSentence(NamedTuple):
    """What became of several things that became the same, where, and why."""

    outcome: LossWord
    change: str
    where: str
    reason: str
    subjects: list[str]


def describe_losses(losses: Iterable[Loss]) -> list[LossSentence]:
    """Return losses as sentences, those that say the same of several things as one."""
    return _make_sentences((loss, "") for loss in losses)


def describe_pack_losses(
    pack_losses: Iterable[tuple[Variant, Loss]], variants: Sequence[Variant]
) -> list[LossSentence]:
    """Return the losses in some of a pack's variants, each with the variants that it happens in."""
    variants_by_loss: dict[Loss, list[Variant]] = defaultdict(list)
    for variant, loss in pack_losses:
        variants_by_loss[loss].append(variant)
    return _make_sentences(
        (loss, _describe_variants(affected_variants, variants))
        for loss, affected_variants in variants_by_loss.items()
    )


def summarize_losses(losses: Iterable[Loss]) -> str:
    """Return how many losses there are of each word; accepted ones apart."""
    counts = Counter(map(choose_loss_word, losses))
    return ", ".join(f"{counts[word]} {word}" for word in LOSS_WORDS if counts[word])


def describe_reader(loss: Loss) -> str:
    """Return in which client something is so, where it is another one than that of the file."""
    return f"in {CLIENTS[loss.reader].title}, which loads this file too" if loss.reader else ""


def _make_sentences(located_losses: Iterable[tuple[Loss, str]]) -> list[LossSentence]:
    subjects_by_message: dict[tuple[LossWord, str, str, str], list[str]] = defaultdict(list)
    for loss, variants in located_losses:
        location = ", ".join(filter(None, (describe_reader(loss), variants)))
        change = f"{_shorten_grant(loss.wanted)} → {_shorten_grant(loss.got)}"
        reason = _end_sentence(f"Accepted: {loss.accepted}" if loss.accepted else loss.reason)
        subjects_by_message[choose_loss_word(loss), change, location, reason].append(loss.subject)
    return [LossSentence(*message, subjects) for message, subjects in subjects_by_message.items()]


def _describe_variants(affected_variants: Sequence[Variant], variants: Sequence[Variant]) -> str:
    """Return in words which of a pack's variants are meant, as shortly as is true."""
    if len(affected_variants) == len(variants):
        return "in every variant"
    models = {variant.model.name: variant.model.title for variant in affected_variants}
    policies = {variant.policy.name: variant.policy.title for variant in affected_variants}
    model_variants = [variant for variant in variants if variant.model.name in models]
    policy_variants = [variant for variant in variants if variant.policy.name in policies]
    if len(affected_variants) == len(model_variants):
        return f"with {_join_titles(models)}"
    if len(affected_variants) == len(policy_variants):
        return f"under {_join_titles(policies)}"
    if len(affected_variants) == sum(variant in policy_variants for variant in model_variants):
        return f"with {_join_titles(models)} under {_join_titles(policies)}"
    return f"in {len(affected_variants)} of {format_count(len(variants), 'variant')}"


def _join_titles(titles: Mapping[str, str]) -> str:
    return join_words([*titles.values()])


def _shorten_grant(description: str) -> str:
    """Return a described grant with its patterns counted instead of listed."""
    first, *rest = description.split("; ")
    return first + (f" + {format_count(len(rest), 'pattern')}" if rest else "")


def _end_sentence(sentence: str) -> str:
    return sentence if sentence.endswith(".") or not sentence else f"{sentence}."
