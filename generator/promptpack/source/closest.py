"""A word that nobody knows and the words that there are in, the one that was meant out."""

from collections.abc import Iterable


def find_closest(word: str, candidates: Iterable[str]) -> str:
    """Return the closest of the known words, small and capital letters aside, or nothing.

    >>> find_closest("AGENTS.md", ["agents-md", "system"])
    'agents-md'
    """
    names = {name.casefold(): name for name in sorted(candidates, reverse=True)}
    import difflib  # noqa: PLC0415 - where nothing is misspelled, it is not needed

    matches = difflib.get_close_matches(word.casefold(), names, n=1)
    return names[matches[0]] if matches else ""


def suggest(word: str, candidates: Iterable[str]) -> str:
    """Return a hint that names the closest known word, or the few there are, or nothing.

    >>> suggest("sectoins", ["sections", "tags"])
    "did you mean 'sections'?"
    """
    candidates = sorted(candidates)
    if closest := find_closest(word, candidates):
        return f"did you mean '{closest}'?"
    return f"use one of: {', '.join(candidates)}" if 0 < len(candidates) <= 8 else ""


def list_variants_with(part: str, variants: Iterable[str]) -> list[str]:
    """Return the variants, `<model>.<policy>`, that begin with a text or have it for a policy.

    >>> list_variants_with("claude", ["claude.review", "gpt.review"])
    ['claude.review']
    """
    return [name for name in variants if name.startswith(part) or name.endswith(f".{part}")]
