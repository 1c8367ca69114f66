"""Linting: a project that builds in, everything that the rules say of it out."""

from collections.abc import Collection, Iterable, Iterator, Mapping

from promptpack.lint.context import Subject
from promptpack.lint.registry import RULES
from promptpack.lint.rule import Entry, Remark, Suppressed, Verdict
from promptpack.lint.suppressions import Ignore, idle_ignore, ignores, sort_out
from promptpack.model import Artifact, Finding, Project
from promptpack.redaction import conceal, hidden_lines, masked

IDLE = "PP044"
"""The rule of ignores that ignore nothing; it is asked after all others."""


def lint(
    project: Project,
    artifacts: Iterable[Artifact],
    warned: Iterable[Finding] = (),
    codes: Collection[str] = (),
) -> Verdict:
    """Return what the rules say of a project and its artifacts, each thing once.

    `warned` is what the build said and did not stop for. With `codes` only these rules are asked.
    """
    subject = Subject(project, tuple(artifacts))
    asked = {code: entry for code, entry in RULES.items() if not codes or code in codes}
    found = [one for one in warned if one.code in asked]
    found += _said(subject, asked.values())
    wanted = tuple(ignores(subject))
    counted, suppressed, used = sort_out(found, wanted, RULES, subject.users)
    if IDLE in asked:
        counted += tuple(_idle(subject, set(wanted) - used, asked))
    hidden = hidden_lines(subject.own)
    return Verdict(
        tuple(sorted((conceal(one, hidden) for one in counted), key=_by_place)),
        tuple(
            Suppressed(conceal(one, hidden), masked(reason))
            for one, reason in sorted(suppressed, key=lambda pair: _by_place(pair.finding))
        ),
    )


def _idle(
    subject: Subject, unused: Iterable[Ignore], asked: Mapping[str, Entry]
) -> Iterator[Finding]:
    """Yield what is said of ignores that were not used, where their own rule was asked too."""
    for one in unused:
        entry = RULES.get(one.code)
        if entry is None or entry.stops or one.code in asked:
            yield _finding(subject, RULES[IDLE], idle_ignore(one, RULES))


def _said(subject: Subject, entries: Iterable[Entry]) -> Iterator[Finding]:
    for entry in entries:
        if entry.check is not None:
            for remark in dict.fromkeys(entry.check(subject)):
                yield _finding(subject, entry, remark)


def _finding(subject: Subject, entry: Entry, remark: Remark) -> Finding:
    """Return a remark as a finding, with its line; without a width the whole line is meant."""
    path, line, message, hint, column, width = remark
    lines = subject.project.sources.get(path, "").split("\n")
    excerpt = lines[line - 1] if line <= len(lines) else ""
    if not width:
        column = len(excerpt) - len(excerpt.lstrip()) + 1
        width = max(1, len(excerpt.strip()))
    return Finding(entry.code, entry.severity, path, line, column, message, hint, excerpt, width)


def _by_place(found: Finding) -> tuple[str, int, int, str, str]:
    return found.path, found.line, found.column, found.code, found.message
