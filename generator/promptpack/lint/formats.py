"""The formats of a verdict for programs: findings in, JSON, commands, SARIF or GitLab's out."""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from promptpack.lint.registry import RULES
from promptpack.lint.rule import LintResult
from promptpack.model import Finding, is_in_project
from promptpack.reporting.characters import reveal_line
from promptpack.reporting.github import ANNOTATION_LIMIT, format_annotation
from promptpack.reporting.gitlab import make_quality_entry
from promptpack.reporting.json_text import dump_json
from promptpack.reporting.sarif import make_location, make_log

SCHEMA_VERSION = 1
_GITLAB_SEVERITIES = {"error": "critical", "warning": "minor"}
_FIELDS = ("code", "severity", "path", "line", "column", "message", "hint")


def make_finding_data(finding: Finding) -> dict[str, Any]:
    """Return a finding as reports have it in JSON."""
    return {name: getattr(finding, name) for name in _FIELDS}


def format_json(lint_result: LintResult, prefix: str = "") -> str:  # noqa: ARG001 - its paths are the project's
    """Return the report; its schema is printed by `promptpack schema lint`."""
    expectations = lint_result.expectations
    data = {
        "schema_version": SCHEMA_VERSION,
        "findings": [make_finding_data(finding) for finding in lint_result.findings],
        "suppressed": [
            {"code": finding.code, "path": finding.path, "line": finding.line, "reason": reason}
            for finding, reason in lint_result.suppressed
        ],
        "expectations": expectations and expectations._asdict(),
    }
    return dump_json(data)


def format_github(lint_result: LintResult, prefix: str = "") -> str:
    """Return one workflow command a line, as many of each severity as GitHub shows.

    `prefix` leads from the folder of the repository to the project.
    """
    lines = list(_format_annotations(lint_result, prefix))
    total = len(lint_result.findings)
    if len(lines) < total:
        lines.append(f"{len(lines)} of {total} findings annotated")
    return "".join(f"{line}\n" for line in lines)


def format_sarif(lint_result: LintResult, prefix: str = "") -> str:
    """Return the log of one run, with the page of each rule that has something to say."""
    codes = list(dict.fromkeys(finding.code for finding in lint_result.findings))
    rules = [_make_sarif_rule(code) for code in codes]
    results = [
        _make_sarif_result(finding, codes.index(finding.code), prefix)
        for finding in lint_result.findings
    ]
    return make_log("promptpack lint", rules, results)


def format_gitlab(lint_result: LintResult, prefix: str = "") -> str:
    """Return a code quality report; findings of one code with one message stay apart by place."""
    counts: Counter[tuple[str, ...]] = Counter()
    entries = []
    for finding in lint_result.findings:
        path = "" if _is_outside_project(finding) else prefix + finding.path
        key = (finding.code, path, finding.message)
        counts[key] += 1
        entries.append(
            make_quality_entry(
                check=RULES[finding.code].name,
                description=_make_message(finding),
                severity=_GITLAB_SEVERITIES[finding.severity],
                path=path,
                line=max(1, finding.line),
                unique=" ".join([*key, str(counts[key])]),
            )
        )
    return dump_json(entries)


FORMATS: Mapping[str, Callable[[LintResult, str], str]] = {
    "json": format_json,
    "github": format_github,
    "sarif": format_sarif,
    "gitlab": format_gitlab,
}
"""Each format by its name; what they return is empty or ends with a newline."""


def _format_annotations(lint_result: LintResult, prefix: str) -> Iterator[str]:
    counts: Counter[str] = Counter()
    for finding in lint_result.findings:
        counts[finding.severity] += 1
        if counts[finding.severity] <= ANNOTATION_LIMIT:
            path = "" if _is_outside_project(finding) else prefix + finding.path
            title = f"promptpack {finding.code}: {RULES[finding.code].name}"
            yield format_annotation(
                finding.severity, title, _make_message(finding), path, finding.line
            )


def _make_sarif_rule(code: str) -> dict[str, Any]:
    rule = RULES[code]
    return {
        "id": code,
        "name": rule.name,
        "shortDescription": {"text": rule.summary},
        "help": {"text": rule.page, "markdown": rule.page},
        "defaultConfiguration": {"level": rule.severity},
    }


def _make_sarif_result(finding: Finding, index: int, prefix: str) -> dict[str, Any]:
    result = {
        "ruleId": finding.code,
        "ruleIndex": index,
        "level": finding.severity,
        "message": {"text": _make_message(finding)},
    }
    if not _is_outside_project(finding):
        result["locations"] = [make_location(prefix + finding.path, max(1, finding.line))]
    return result


def _is_outside_project(finding: Finding) -> bool:
    """Tell whether a finding is about no file of the project."""
    return not finding.path or not is_in_project(finding.path)


def _make_message(finding: Finding) -> str:
    place = f"{finding.path}:{finding.line}: " if not is_in_project(finding.path) else ""
    return f"{place}{reveal_line(finding.message)}{finding.hint and f'; {finding.hint}'}"
