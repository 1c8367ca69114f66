"""What somebody decided to live with: findings in, those that still count and those ignored out.

A pack ignores a rule in its own file, a line in a comment; both say why. What a pack ignores counts
in its own files, and in a template where every pack that uses it ignores the same.
"""

import re
from collections.abc import Collection, Iterable, Iterator, Mapping
from typing import NamedTuple

from promptpack.lint.context import Subject
from promptpack.lint.rule import Entry, Remark, Suppressed
from promptpack.model import Finding, Origin
from promptpack.reading.validation import did_you_mean

_COMMENT = re.compile(
    r"(?P<before>.*?)(?P<open>\{#-?|#)[ \t]*promptpack:[ \t]*ignore[ \t]+"
    r"(?P<codes>[A-Za-z]+[0-9]+(?:[ \t]*,[ \t]*[A-Za-z]+[0-9]+)*)"
    r"(?:[ \t]*[-–—:][ \t]*(?P<reason>.{0,500}?))?[ \t]*(?:-?#\}.*)?$"  # noqa: RUF001 - as people type
)


class Ignore(NamedTuple):
    """One rule ignored in one place: in a pack (`where` names one path, or is empty), or a line."""

    code: str
    reason: str
    origin: Origin
    pack: str = ""
    where: str = ""
    line: int = 0


class Sorted(NamedTuple):
    """Findings that count, findings that are ignored, and what was used to ignore them."""

    findings: tuple[Finding, ...]
    suppressed: tuple[Suppressed, ...]
    used: frozenset[Ignore]


def ignores(subject: Subject) -> Iterator[Ignore]:
    """Yield what the packs and the comments of a project ignore."""
    for pack in subject.project.packs.values():
        for one in pack.ignore:
            yield Ignore(one.rule, one.reason, one.origin, pack.name, one.where)
    for path, text in subject.own.items():
        if "promptpack:" in text:
            yield from _in_comments(path, text)


def sort_out(
    found: Iterable[Finding],
    wanted: Collection[Ignore],
    rules: Mapping[str, Entry],
    users: Mapping[str, frozenset[str]],
) -> Sorted:
    """Return the findings apart: those that count, and those that ignores with a reason cover."""
    counted, suppressed, used = [], [], set[Ignore]()
    for one in found:
        about = [] if rules[one.code].stops else _about(one, wanted, users)
        used.update(about)
        if about and _covers(about, users.get(one.path, frozenset())):
            suppressed.append(Suppressed(one, about[0].reason))
        else:
            counted.append(one)
    return Sorted(tuple(counted), tuple(suppressed), frozenset(used))


def idle_ignore(ignore: Ignore, rules: Mapping[str, Entry]) -> Remark:
    """Return what is wrong with an ignore that ignores nothing."""
    path, line = ignore.origin
    if ignore.code not in rules:
        hint = did_you_mean(ignore.code, rules)
        return Remark(path, line, f"there is no rule {ignore.code} to ignore", hint)
    if rules[ignore.code].stops:
        return Remark(path, line, f"{ignore.code} stops the build: it can't be ignored", "mend it")
    if not ignore.reason:
        hint = f"write why: promptpack: ignore {ignore.code} - the reason"
        return Remark(path, line, f"{ignore.code} is ignored without a reason, so it counts", hint)
    return Remark(path, line, f"{ignore.code} says nothing here to ignore", "take this out")


def _about(
    found: Finding, wanted: Collection[Ignore], users: Mapping[str, frozenset[str]]
) -> list[Ignore]:
    """Return the ignores that are about a finding: those of its line, else those of its packs."""
    same = [one for one in wanted if one.code == found.code and one.reason]
    here = [one for one in same if one.line and (one.origin.path, one.line) == found[2:4]]
    packs = users.get(found.path, frozenset())
    return here or [one for one in same if one.pack in packs and one.where in ("", found.path)]


def _covers(about: Collection[Ignore], packs: frozenset[str]) -> bool:
    """Tell whether a line is ignored itself, or by each pack that uses its file."""
    return any(one.line for one in about) or packs == {one.pack for one in about}


def _in_comments(path: str, text: str) -> Iterator[Ignore]:
    """Yield what comments ignore: on a line of its own a comment is about the next line."""
    opens = "#" if path.endswith(".yaml") else "{#"
    for number, line in enumerate(text.split("\n"), 1):
        match = _COMMENT.match(line)
        if match and match["open"].startswith(opens):
            about = number if match["before"].strip() else number + 1
            for code in re.split(r"[\s,]+", match["codes"]):
                reason = match["reason"] or ""
                yield Ignore(code, reason, Origin(path, number), line=about)
