"""The formats of a verdict for programs: findings in, JSON, workflow commands or SARIF out."""

import json
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from promptpack.lint.registry import RULES
from promptpack.lint.rule import Verdict
from promptpack.model import Finding
from promptpack.reporting.github import LIMIT, annotation
from promptpack.reporting.sarif import location, log
from promptpack.source.text import LIBRARY

SCHEMA_VERSION = 1
_FIELDS = ("code", "severity", "path", "line", "column", "message", "hint")


def as_json(verdict: Verdict, prefix: str = "") -> str:  # noqa: ARG001 - its paths are the project's
    """Return the report; its schema is printed by `promptpack schema lint`."""
    data = {
        "schema_version": SCHEMA_VERSION,
        "findings": [{name: getattr(one, name) for name in _FIELDS} for one in verdict.findings],
        "suppressed": [
            {"code": one.code, "path": one.path, "line": one.line, "reason": reason}
            for one, reason in verdict.suppressed
        ],
    }
    return json.dumps(data, indent=2) + "\n"


def as_github(verdict: Verdict, prefix: str = "") -> str:
    """Return one workflow command a line, as many of each severity as GitHub shows.

    `prefix` leads from the folder of the repository to the project.
    """
    lines = list(_annotations(verdict, prefix))
    total = len(verdict.findings)
    if len(lines) < total:
        lines.append(f"{len(lines)} of {total} findings annotated")
    return "".join(f"{line}\n" for line in lines)


def as_sarif(verdict: Verdict, prefix: str = "") -> str:
    """Return the log of one run, with the page of each rule that has something to say."""
    codes = list(dict.fromkeys(one.code for one in verdict.findings))
    rules = [_rule(code) for code in codes]
    results = [_result(one, codes.index(one.code), prefix) for one in verdict.findings]
    return log("promptpack lint", rules, results)


FORMATS: Mapping[str, Callable[[Verdict, str], str]] = {
    "json": as_json,
    "github": as_github,
    "sarif": as_sarif,
}
"""Each format by its name; what they return is empty or ends with a newline."""


def _annotations(verdict: Verdict, prefix: str) -> Iterator[str]:
    said: Counter[str] = Counter()
    for one in verdict.findings:
        said[one.severity] += 1
        if said[one.severity] <= LIMIT:
            path = "" if _elsewhere(one) else prefix + one.path
            title = f"promptpack {one.code}: {RULES[one.code].name}"
            yield annotation(one.severity, title, _told(one), path, one.line)


def _rule(code: str) -> dict[str, Any]:
    entry = RULES[code]
    return {
        "id": code,
        "name": entry.name,
        "shortDescription": {"text": entry.summary},
        "help": {"text": entry.page, "markdown": entry.page},
        "defaultConfiguration": {"level": entry.severity},
    }


def _result(found: Finding, index: int, prefix: str) -> dict[str, Any]:
    result = {
        "ruleId": found.code,
        "ruleIndex": index,
        "level": found.severity,
        "message": {"text": _told(found)},
    }
    if not _elsewhere(found):
        result["locations"] = [location(prefix + found.path, max(1, found.line))]
    return result


def _elsewhere(found: Finding) -> bool:
    """Tell whether a finding is about no file of the project."""
    return not found.path or found.path.startswith(LIBRARY)


def _told(found: Finding) -> str:
    place = f"{found.path}:{found.line}: " if found.path.startswith(LIBRARY) else ""
    return f"{place}{found.message}{found.hint and f'; {found.hint}'}"
