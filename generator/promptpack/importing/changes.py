"""What a change does to the rights of hand-kept agents: files before and after in, changes out."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import NamedTuple

from promptpack.diff.model import WIDER_KINDS, Output
from promptpack.diff.permissions import NO_OUTPUT, GrantChange, PolicyDecoder, compare_permissions
from promptpack.importing.agent_file import AgentFile, Reading
from promptpack.importing.heads import list_keys
from promptpack.importing.wording import join_phrases, list_phrases
from promptpack.model import Finding, find_capability, is_mcp_name
from promptpack.policy.prose import make_phrase
from promptpack.redaction import redact_finding


class RightsChange(NamedTuple):
    """What one client grants an agent otherwise than before, of one capability or key."""

    file: AgentFile
    reading: Reading
    change: GrantChange


def compare_files(before: Iterable[AgentFile], after: Iterable[AgentFile]) -> list[RightsChange]:
    """Return what each client grants otherwise by the files after, a file of the same path before.

    A file that is not there or is not loaded grants nothing. What is removed grants nothing more.
    """
    decoder = PolicyDecoder()
    after = list(after)
    old_files = {file.path: file for file in before if not file.refusal}
    owned = {(file.found.root, file.found.target, file.found.stem) for file in after}
    changes = []
    for file in after:
        if file.refusal:
            continue
        for reading in (file.own, *file.others):
            key = file.found.root, reading.target.name, file.found.stem
            if reading is file.own or not (reading.target.prefers_own and key in owned):
                old = old_files.get(file.path)
                found = _compare_reading(old, file, reading, decoder)
                changes += [RightsChange(file, reading, change) for change in found]
    return changes


def report_widenings(
    changes: Iterable[RightsChange], before: Iterable[AgentFile]
) -> tuple[Finding, ...]:
    """Return a finding for each file and client that grants more, or may do."""
    old_files = {file.path: file for file in before}
    groups: dict[tuple[str, str, str, str], list[RightsChange]] = {}
    for one in changes:
        if one.change.kind in WIDER_KINDS:
            is_new = one.change.old == NO_OUTPUT
            words = ("", "") if is_new else (one.change.old, one.change.new)
            groups.setdefault((one.file.path, one.reading.target.title, *words), []).append(one)
    return tuple(
        _make_finding(group, old, new, old_files.get(path))
        for (path, _, old, new), group in groups.items()
    )


def make_change_data(change: RightsChange) -> Mapping[str, str]:
    """Return a change as `audit --base --format json` prints it."""
    file, reading, grant = change
    return {
        "path": file.path,
        "target": reading.target.name,
        "kind": grant.kind,
        "field": grant.field,
        "before": grant.old,
        "after": grant.new,
    }


def _compare_reading(
    old: AgentFile | None, new: AgentFile, reading: Reading, decoder: PolicyDecoder
) -> Iterator[GrantChange]:
    """Yield what one client grants otherwise; of another client's keys only what it understands."""
    outputs = [
        Output(file.path, file.text, reading.target.name, file.found.stem) if file else None
        for file in (old, new)
    ]
    assert outputs[1] is not None  # noqa: S101 - the new file is there
    for change in compare_permissions(outputs[0], outputs[1], decoder):
        if reading is new.own or find_capability(change.field) or is_mcp_name(change.field):
            yield change


def _make_finding(
    group: Sequence[RightsChange], old: str, new: str, old_file: AgentFile | None
) -> Finding:
    file, reading, _ = group[0]
    fields = [one.change.field for one in group]
    title = reading.target.title
    if not old:
        message = f"new: {title} lets this agent {join_phrases(list_phrases(fields))}"
    elif find_capability(fields[0]) or is_mcp_name(fields[0]):
        phrases = join_phrases(list_phrases(fields) or [make_phrase(field) for field in fields])
        message = f"wider: {title} lets this agent {phrases} ('{new}' instead of '{old}')"
    else:
        message = f"'{fields[0]}' was {old} and is {new}: it may give the agent more"
    line = _find_changed_line(file, old_file, fields[0].partition(".")[0])
    lines = file.text.split("\n")
    excerpt = lines[line - 1].rstrip() if line > 1 else ""
    width = max(1, len(excerpt))
    finding = Finding("PP611", "error", file.path, line, 1, message, "", excerpt, width)
    return redact_finding(finding)


def _find_changed_line(file: AgentFile, old_file: AgentFile | None, name: str) -> int:
    """Return the line of a key, else of the first permission that was changed, or the first one."""
    old_keys = list_keys(old_file.path, old_file.text) if old_file else []
    old_values = {key.name: key.value for key in old_keys}
    all_keys = list_keys(file.path, file.text)
    keys = [key for key in all_keys if file.target.decodes(key.name)]
    for key in (*(key for key in all_keys if key.name == name), *keys):
        old_value = old_values.get(key.name)
        if isinstance(key.value, Mapping) and isinstance(old_value, Mapping):
            for entry, value in key.value.items():
                if value != old_value.get(entry, ...):
                    return key.find_line(str(entry))
        elif key.value != old_value:
            return key.line
    return keys[0].line if keys else 1
