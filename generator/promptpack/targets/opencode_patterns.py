"""Patterns as OpenCode reads them: a policy's rules in, rules for the client out, and back.

In a policy `?` is one character. In OpenCode it is one UTF-16 unit, and a character beyond U+FFFF
has two (measured on opencode-ai 1.18.33). So `?` alone misses such a character, and `??` matches
one. Next to a `*` only the least number of units counts. OpenCode also replaces `~` and `$HOME` at
the start of a pattern with the home folder.

Rules are written so that OpenCode never grants more than the policy, and are read so that nothing
that OpenCode grants is left out, even where a pattern can't say it exactly.
"""

from collections.abc import Iterable, Iterator
from itertools import groupby, product
from math import prod

from promptpack.model import Effect, Grant, PatternRule
from promptpack.patterns import compile_late

VARIANT_LIMIT = 32
"""Where a pattern would need more variants than this, one that matches more takes their place."""

_WILDCARDS = compile_late(r"([?*]+)")
_HOME = compile_late(r"~(?=/|\Z)|\$HOME")
_ANY_HOME = "*/*"
_INDEX = compile_late(r"0|[1-9][0-9]{0,9}")
_INDEX_END = 2**32 - 1


def starts_at_home(pattern: str) -> bool:
    """Tell whether OpenCode puts the home folder in place of the start of a pattern."""
    return _HOME.match(pattern) is not None


def sort_keys(keys: Iterable[str]) -> list[str]:
    """Return the keys of a map in the order in which OpenCode goes through them."""
    return sorted(keys, key=lambda key: int(key) if _is_index(key) else _INDEX_END)


def write_rules(grant: Grant) -> Grant:
    """Return rules that grant in OpenCode no more than these do where `?` is one character."""
    written: list[PatternRule] = []
    earlier_effects: set[Effect] = set()
    for rule in grant:
        written += _write_rule(rule, earlier_effects)
        earlier_effects.add(Effect.ALLOW if rule.effect is Effect.INHERIT else rule.effect)
    return tuple(written)


def read_rules(rules: Grant) -> Grant:
    """Return a grant, with `?` for one character, that is at least what OpenCode makes of rules."""
    grant: list[PatternRule] = []
    earlier_effects: set[Effect] = set()
    start = 0
    for _, group in groupby(rules, key=lambda rule: rule.effect):
        group_rules = tuple(group)
        for rule in group_rules:
            is_covered = _is_covered(rule, rules[start:] if "?" in rule.pattern else ())
            added = list(_read_rule(rule, earlier_effects, is_covered))
            grant += added
            earlier_effects.update(effect for _, effect in added)
        start += len(group_rules)
    return tuple(grant)


def _is_covered(rule: PatternRule, others: Grant) -> bool:
    """Tell whether a rule applies to all that its pattern says, with the help of other rules.

    Those are the ones that stand beside it and have its effect, and any after them.
    """
    if starts_at_home(rule.pattern) or "?" not in rule.pattern:
        return not starts_at_home(rule.pattern)
    patterns = {other.pattern for other in others if other.effect is rule.effect}
    return patterns.issuperset(_list_variants(rule.pattern))


def _is_index(key: str) -> bool:
    """Tell whether JavaScript moves a key to the front of its map, as it does with `7`."""
    return _INDEX.fullmatch(key) is not None and int(key) < _INDEX_END


def _write_rule(rule: PatternRule, earlier_effects: set[Effect]) -> list[PatternRule]:
    pattern, effect = rule
    is_narrow = effect is Effect.ALLOW or (
        effect is Effect.ASK and Effect.ALLOW not in earlier_effects
    )
    if "?" not in pattern or effect is Effect.INHERIT:
        return [rule]
    if is_narrow:  # it may match less than it says, never more
        return [] if _list_widest(pattern) != [pattern] else [rule]
    if Effect.DENY in earlier_effects:  # neither less nor more would be safe for `ask`
        effect = Effect.DENY
    return [PatternRule(variant, effect) for variant in _list_variants(pattern)]


def _read_rule(
    rule: PatternRule, earlier_effects: set[Effect], is_covered: bool
) -> Iterator[PatternRule]:
    """Yield what a rule comes to; if covered, OpenCode applies it to all that its pattern says."""
    widest_patterns = _list_widest(rule.pattern)
    pattern = rule.pattern.replace("\\", "/")
    is_exact = is_covered and widest_patterns == [pattern]
    adds = rule.effect is Effect.ALLOW or (
        rule.effect is Effect.ASK and Effect.DENY in earlier_effects
    )
    if adds and not is_exact:
        takes_too = rule.effect is Effect.ASK and Effect.ALLOW in earlier_effects
        effect = Effect.ALLOW if takes_too else rule.effect
        yield from (PatternRule(widest, effect) for widest in widest_patterns)
        if not takes_too:
            return
    if is_covered or is_exact:
        yield PatternRule(pattern, rule.effect)


def _list_variants(pattern: str) -> list[str]:
    """Return patterns that match in OpenCode whatever this one matches by characters."""
    parts = _WILDCARDS.split(pattern)
    lengths = [_list_lengths(part) for part in parts]
    if prod(len(one) or 1 for one in lengths) > VARIANT_LIMIT:
        starred = (f"{part}*" if one else part for part, one in zip(parts, lengths, strict=True))
        return ["".join(starred)]
    choices = (
        ["?" * length for length in one] or [part] for part, one in zip(parts, lengths, strict=True)
    )
    return ["".join(choice) for choice in product(*choices)]


def _list_lengths(part: str) -> range:
    """Return how many units so many `?` can need; none where a `*` takes up the rest."""
    return range(len(part), 2 * len(part) + 1) if part and set(part) == {"?"} else range(0)


def _list_widest(pattern: str) -> list[str]:
    """Return patterns that match by characters whatever this one matches in OpenCode."""
    expanded = _HOME.sub(_ANY_HOME, pattern, count=1) if starts_at_home(pattern) else pattern
    parts = _WILDCARDS.split(expanded.replace("\\", "/"))
    choices = [_list_fewest(part) if "?" in part else [part] for part in parts]
    if prod(map(len, choices)) > VARIANT_LIMIT:
        choices = [[f"{choice[0]}*" if len(choice) > 1 else choice[0]] for choice in choices]
    return ["".join(choice) for choice in product(*choices)]


def _list_fewest(wildcards: str) -> list[str]:
    """Return the wildcards for each number of characters that so many units can be."""
    units = wildcards.count("?")
    least = (units + 1) // 2
    if "*" not in wildcards:
        return ["?" * length for length in range(least, units + 1)]
    return [wildcards] if least == units else ["?" * least + "*"]
