"""Audits and imports as a comment: findings or a report in, Markdown in which nothing acts out."""

from collections.abc import Iterator, Sequence

from promptpack.diff.formats.markdown import MARKER
from promptpack.importing.overview import ImportOverview
from promptpack.model import Finding
from promptpack.reporting.code_spans import format_code
from promptpack.reporting.findings import count_findings

IMPORT_LEAD = "To make packs of these files"
NOTHING_FOUND = "No findings"
NOTHING_SINCE = "No permissions changed"
_MAX_FINDINGS = 200


def format_audit(findings: Sequence[Finding], base: str | None, import_command: str = "") -> str:
    """Return the findings as a list, grouped by what they say, and how many there are.

    With a base, they are about what is allowed since then. All words of files stand in code. A
    command that imports the files is named at the end.
    """
    since = f" since {format_code(base)}" if base else ""
    lines = [MARKER, f"**promptpack audit**{since}", ""]
    if not findings:
        lines.append(f"{NOTHING_SINCE if base else NOTHING_FOUND}.")
    else:
        lines += [f"{count_findings(findings)}.", "", *_format_findings(findings[:_MAX_FINDINGS])]
        rest = len(findings) - _MAX_FINDINGS
        lines += [f"- {rest} more, in the JSON report"] if rest > 0 else []
    lines += ["", f"{IMPORT_LEAD}: {format_code(import_command)}"] if import_command else []
    return "".join(f"{line}\n" for line in lines)


def _format_findings(findings: Sequence[Finding]) -> Iterator[str]:
    groups: dict[tuple[str, str, str, str], list[Finding]] = {}
    for finding in findings:
        key = (finding.severity, finding.code, finding.message, finding.hint)
        groups.setdefault(key, []).append(finding)
    for (severity, code, message, hint), group in groups.items():
        sign = "🔴" if severity == "error" else "🟡"
        advice = f" ({format_code(hint)})" if hint else ""
        yield f"- {sign} {code} {format_code(message)}{advice}"
        for finding in group:
            yield f"  - {format_code(f'{finding.path}:{finding.line}')}"


def format_import(overview: ImportOverview) -> str:
    """Return what an import comes to as headings, lists and a table of the packs.

    All words of files, and their names, stand in code.
    """
    lines = ["**promptpack import**", "", *(f"- {fact}" for fact in overview.facts)]
    for one in overview.lists:
        lines += ["", f"### {one.title}", ""]
        lines += [
            f"- {format_code(entry.subject)}: {format_code(entry.text)}"
            for entry in one.entries[:_MAX_FINDINGS]
        ]
        rest = len(one.entries) - _MAX_FINDINGS
        lines += [f"- {rest} more, in the JSON report"] if rest > 0 else []
    if overview.packs:
        lines += ["", "### Packs", ""]
        lines += [*_list_packs(overview)]
    return "".join(f"{line}\n" for line in lines)


def _list_packs(overview: ImportOverview) -> Iterator[str]:
    for pack in overview.packs[:_MAX_FINDINGS]:
        files = ", ".join(f"{file.target} {format_code(file.source)}" for file in pack.files)
        yield f"- {format_code(pack.name)}: {files}"
    rest = len(overview.packs) - _MAX_FINDINGS
    if rest > 0:
        yield f"- {rest} more, in the JSON report"
