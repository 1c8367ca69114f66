"""What somebody decided to live with: findings in, those that still count and those ignored out.

A pack ignores a rule in its own file, a line in a comment; both say why. What a pack ignores counts
in its own files, and in a template where every pack that uses it ignores the same.
"""

import re
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping
from typing import NamedTuple

from promptpack.lint.context import LintContext
from promptpack.lint.rule import Diagnostic, Rule, SuppressedFinding
from promptpack.model import Finding, Origin
from promptpack.source.closest import suggest

_COMMENT = re.compile(
    r"(?P<before>.*?)(?P<open>\{#-?|#)[ \t]*promptpack:[ \t]*ignore[ \t]+"
    r"(?P<codes>[A-Za-z]+[0-9]+(?:[ \t]*,[ \t]*[A-Za-z]+[0-9]+)*)"
    r"(?:[ \t]*[-–—:][ \t]*(?P<reason>.{0,500}?))?[ \t]*(?:-?#\}.*)?$"  # noqa: RUF001 - as people type
)


class Suppression(NamedTuple):
    """One rule ignored in one place: in a pack (`where` names one path, or is empty), or a line."""

    code: str
    reason: str
    origin: Origin
    pack: str = ""
    where: str = ""
    line: int = 0


class SuppressionResult(NamedTuple):
    """Findings that count, findings that are ignored, and what was used to ignore them."""

    findings: tuple[Finding, ...]
    suppressed: tuple[SuppressedFinding, ...]
    used: frozenset[Suppression]


def find_suppressions(context: LintContext) -> Iterator[Suppression]:
    """Yield what the packs and the comments of a project ignore; text that is data has none."""
    for pack in context.project.packs.values():
        for entry in pack.ignore:
            yield Suppression(entry.rule, entry.reason, entry.origin, pack.name, entry.where)
    for path, text in context.checked_texts.items():
        if "promptpack:" in text and not context.project.is_text(path):
            yield from _parse_comments(path, text)


def apply_suppressions(
    findings: Iterable[Finding],
    suppressions: Collection[Suppression],
    rules: Mapping[str, Rule],
    packs_by_path: Mapping[str, frozenset[str]],
) -> SuppressionResult:
    """Return the findings apart: those that count, and those that ignores with a reason cover."""
    active_findings, suppressed_findings, used_suppressions = [], [], set[Suppression]()
    candidates = _Candidates(suppressions)
    for finding in findings:
        matching = (
            []
            if rules[finding.code].stops_build
            else candidates.find(finding, packs_by_path.get(finding.path, frozenset()))
        )
        used_suppressions.update(matching)
        if matching and _is_covered(matching, packs_by_path.get(finding.path, frozenset())):
            suppressed_findings.append(SuppressedFinding(finding, matching[0].reason))
        else:
            active_findings.append(finding)
    return SuppressionResult(
        tuple(active_findings), tuple(suppressed_findings), frozenset(used_suppressions)
    )


def diagnose_unused(suppression: Suppression, rules: Mapping[str, Rule]) -> Diagnostic:
    """Return what is wrong with an ignore that ignores nothing."""
    path, line = suppression.origin
    if suppression.code not in rules:
        hint = suggest(suppression.code, rules)
        return Diagnostic(path, line, f"unknown rule '{suppression.code}'", hint)
    if rules[suppression.code].stops_build:
        return Diagnostic(
            path, line, f"{suppression.code} stops the build and can't be ignored", "fix it instead"
        )
    if not suppression.reason:
        hint = f"add a reason: 'promptpack: ignore {suppression.code} - the reason'"
        return Diagnostic(
            path,
            line,
            f"this ignore of {suppression.code} has no reason, so it has no effect",
            hint,
        )
    return Diagnostic(path, line, f"{suppression.code} reports nothing here", "remove this ignore")


class _Candidates:
    """The ignores that have a reason, by what they can be about."""

    def __init__(self, suppressions: Collection[Suppression]) -> None:
        self._by_line: dict[tuple[str, str, int], list[Suppression]] = defaultdict(list)
        self._by_pack: dict[tuple[str, str], list[tuple[int, Suppression]]] = defaultdict(list)
        for number, one in enumerate(suppressions):
            if one.reason and one.line:
                self._by_line[one.code, one.origin.path, one.line].append(one)
            elif one.reason and one.pack:
                self._by_pack[one.code, one.pack].append((number, one))

    def find(self, finding: Finding, packs: Collection[str]) -> list[Suppression]:
        """Return the ignores that are about a finding: those of its line, else of its packs."""
        if on_same_line := self._by_line.get((finding.code, finding.path, finding.line)):
            return on_same_line
        of_packs = [one for pack in packs for one in self._by_pack.get((finding.code, pack), ())]
        return [one for _, one in sorted(of_packs) if one.where in ("", finding.path)]


def _is_covered(suppressions: Collection[Suppression], packs: frozenset[str]) -> bool:
    """Tell whether a line is ignored itself, or by each pack that uses its file."""
    return any(suppression.line for suppression in suppressions) or packs == {
        suppression.pack for suppression in suppressions
    }


def _parse_comments(path: str, text: str) -> Iterator[Suppression]:
    """Yield what comments ignore: on a line of its own a comment is about the next line."""
    comment_start = "#" if path.endswith(".yaml") else "{#"
    for number, line in enumerate(text.split("\n"), 1):
        match = _COMMENT.match(line)
        if match and match["open"].startswith(comment_start):
            target_line = number if match["before"].strip() else number + 1
            for code in re.split(r"[\s,]+", match["codes"]):
                reason = match["reason"] or ""
                yield Suppression(code, reason, Origin(path, number), line=target_line)
