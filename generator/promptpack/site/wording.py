"""Words that several pages have in common: variants, numbers and permissions in, text out."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from promptpack.model import Artifact, Effect, Variant


class Choice(NamedTuple):
    """One of several values to choose from."""

    label: str
    value: str


EFFECT_WORDS: Mapping[Effect, str] = {
    Effect.ALLOW: "allow",
    Effect.ASK: "ask",
    Effect.DENY: "deny",
    Effect.INHERIT: "client's own",
}


def name_variant(variant: Variant) -> str:
    """Return what a variant is called: its model, its policy, and which of its languages."""
    return ", ".join(list_variant_words(variant))


def list_variant_words(variant: Variant) -> list[str]:
    """Return the titles of a variant's model and policy, and its language if there are several."""
    languages = [variant.language] if len(variant.pack.languages) > 1 else []
    return [variant.model.title, variant.policy.title, *languages]


def make_install_command(artifact: Artifact) -> str:
    """Return the command that puts a file into a repository."""
    variant = artifact.variant
    command = f"promptpack install {variant.pack.name} --target {artifact.target}"
    return f"{command} --variant {variant.name} --into REPOSITORY"


def format_number(number: int) -> str:
    """Return a number with its thousands apart.

    >>> format_number(12345)
    '12,345'
    """
    return f"{number:,}"


def format_count(number: int, noun: str) -> str:
    """Return a number of things in words.

    >>> format_count(1, "file"), format_count(2000, "file")
    ('1 file', '2,000 files')
    """
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


def join_words(words: Sequence[str]) -> str:
    """Return words as a sentence lists them: `a, b and c`."""
    return f"{', '.join(words[:-1])} and {words[-1]}" if len(words) > 1 else "".join(words)
