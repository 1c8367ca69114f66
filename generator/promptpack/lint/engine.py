"""Linting: a project that builds in, everything that the rules say of it out."""

from collections.abc import Collection, Iterable, Iterator, Mapping

from promptpack.lint.context import LintContext
from promptpack.lint.registry import RULES
from promptpack.lint.rule import Diagnostic, LintResult, Rule, SuppressedFinding
from promptpack.lint.suppressions import (
    Suppression,
    apply_suppressions,
    diagnose_unused,
    find_suppressions,
)
from promptpack.model import Artifact, Finding
from promptpack.redaction import find_secret_lines, redact, redact_finding
from promptpack.session import Session

UNUSED_SUPPRESSION = "PP044"
"""The rule of ignores that ignore nothing; it is asked after all others."""


def lint_session(
    session: Session, artifacts: Iterable[Artifact], codes: Collection[str] = ()
) -> LintResult:
    """Return what the rules report about a project and its artifacts, each thing once.

    With `codes` only these rules run.
    """
    context = LintContext(session, tuple(artifacts))
    requested = {code: rule for code, rule in RULES.items() if not codes or code in codes}
    findings = [finding for finding in context.untraced if finding.code in requested]
    findings += _run_rules(context, requested.values())
    suppressions = tuple(find_suppressions(context))
    active_findings, suppressed_findings, used_suppressions = apply_suppressions(
        findings, suppressions, RULES, context.packs_by_path
    )
    if UNUSED_SUPPRESSION in requested:
        active_findings += tuple(
            _find_unused_suppressions(context, set(suppressions) - used_suppressions, requested)
        )
    active_findings = _merge_findings(active_findings)
    secret_lines = find_secret_lines(context.checked_texts | context.attached_texts)
    return LintResult(
        tuple(
            sorted(
                (redact_finding(finding, secret_lines) for finding in active_findings),
                key=_make_sort_key,
            )
        ),
        tuple(
            SuppressedFinding(redact_finding(finding, secret_lines), redact(reason))
            for finding, reason in sorted(
                suppressed_findings, key=lambda pair: _make_sort_key(pair.finding)
            )
        ),
        session.expectations.summarize(),
    )


def _merge_findings(findings: Iterable[Finding]) -> tuple[Finding, ...]:
    """Return the findings, those of rules that report once per file as the first of each file."""
    merged: dict[object, list[Finding]] = {}
    for finding in findings:
        is_merged = RULES[finding.code].once_per_file
        key = (finding.code, finding.path) if is_merged else finding
        merged.setdefault(key, []).append(finding)
    return tuple(
        first._replace(message=f"{first.message} ({len(rest) + 1} in this file)") if rest else first
        for first, *rest in merged.values()
    )


def _find_unused_suppressions(
    context: LintContext, suppressions: Iterable[Suppression], requested: Mapping[str, Rule]
) -> Iterator[Finding]:
    """Yield findings on suppressions that were not used, if their own rule ran."""
    for suppression in suppressions:
        rule = RULES.get(suppression.code)
        if suppression.origin.path not in context.own_texts:
            continue  # in a library, which is built elsewhere too
        if rule is None or rule.stops_build or suppression.code in requested:
            yield _make_finding(
                context, RULES[UNUSED_SUPPRESSION], diagnose_unused(suppression, RULES)
            )


def _run_rules(context: LintContext, rules: Iterable[Rule]) -> Iterator[Finding]:
    for rule in rules:
        if rule.check is not None:
            for diagnostic in dict.fromkeys(rule.check(context)):
                yield _make_finding(context, rule, diagnostic)


def _make_finding(context: LintContext, rule: Rule, diagnostic: Diagnostic) -> Finding:
    """Return a remark as a finding, with its line; without a width the whole line is meant."""
    path, line, message, hint, column, width = diagnostic
    lines = context.list_lines(path)
    excerpt = lines[line - 1] if line <= len(lines) else ""
    if not width:
        column = len(excerpt) - len(excerpt.lstrip()) + 1
        width = max(1, len(excerpt.strip()))
    return Finding(rule.code, rule.severity, path, line, column, message, hint, excerpt, width)


def _make_sort_key(finding: Finding) -> tuple[str, int, int, str, str]:
    return finding.path, finding.line, finding.column, finding.code, finding.message
