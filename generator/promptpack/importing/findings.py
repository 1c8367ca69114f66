"""What is wrong with agent files that somebody keeps by hand: files in, findings out.

The worst come first: a file that is not loaded, a deny that does not hold, copies that disagree.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence

from promptpack.importing.agent_file import AgentFile, UnreadFile
from promptpack.importing.copies import list_disagreements
from promptpack.importing.dead_keys import DeadKeyFinder
from promptpack.importing.heads import list_keys
from promptpack.importing.text_claims import check_text
from promptpack.importing.wording import join_phrases, list_phrases, list_powers
from promptpack.model import (
    FILE_CHANGES,
    Effect,
    Finding,
    Severity,
)
from promptpack.policy.lattice import list_effects
from promptpack.redaction import redact_finding
from promptpack.targets import TARGETS
from promptpack.targets.rivals import explain_rival


def find_problems(
    files: Sequence[AgentFile],
    unread_files: Iterable[UnreadFile],
    groups: Iterable[Sequence[AgentFile]] = (),
) -> tuple[Finding, ...]:
    """Return what is wrong with files, errors first, then by code and place; no secret is shown.

    `groups` are the files of each agent that stands in several clients.
    """
    findings = [report_unread(one) for one in unread_files]
    used_targets = {(file.found.root, file.found.target) for file in files}
    owned_names = {(file.found.root, file.found.target, file.found.stem) for file in files}
    for file in files:
        findings += _check_loading(file)
    dead_keys = DeadKeyFinder()
    loaded_files = [file for file in files if not file.refusal]
    for file in loaded_files:
        findings += dead_keys.find_dead_keys(file)
        findings += _check_readers(file, used_targets, owned_names)
        findings += _check_shell(file)
        findings += _check_guards(file)
        findings += _check_opaque_keys(file)
        findings += _check_values(file)
        findings += check_text(file)
    findings += _check_names(loaded_files)
    findings += _check_rivals(loaded_files)
    for group in groups:
        findings += _check_copies([file for file in group if not file.refusal])
    texts = {file.path: file.text.split("\n") for file in files}
    ordered_findings = sorted(findings, key=_make_sort_key)
    return tuple(redact_finding(_add_excerpt(one, texts)) for one in ordered_findings)


def report_unread(file: UnreadFile) -> Finding:
    """Return the finding on a file that can't be looked into."""
    return Finding("PP601", "error", file.path, 1, 1, f"this file can't be read: {file.reason}")


def _make_sort_key(finding: Finding) -> tuple[str, str, str, int, str]:
    return finding.severity, finding.code, finding.path, finding.line, finding.message


def _add_excerpt(finding: Finding, texts: Mapping[str, Sequence[str]]) -> Finding:
    """Return a finding with the line that it is about; one on a whole file has none."""
    lines = texts.get(finding.path, ())
    if not 1 < finding.line <= len(lines):
        return finding
    excerpt = lines[finding.line - 1].rstrip()
    column = len(excerpt) - len(excerpt.lstrip()) + 1
    width = max(1, len(excerpt.strip()))
    return finding._replace(excerpt=excerpt, column=column, width=width)


def _check_loading(file: AgentFile) -> Iterator[Finding]:
    """Yield why the client would not load a file, or reads no front matter in it."""
    title = file.target.title
    if file.refusal:
        message = f"{title} doesn't load this file: {file.refusal}"
        yield Finding("PP601", "error", file.path, 1, 1, message)
    lines = file.text.split("\n")
    fences = [number for number, line in enumerate(lines[:20], 1) if line.strip() == "---"]
    reads_head = file.target.holds_policy and file.target.path.endswith(".md")
    has_head = reads_head and not lines[0].startswith(("---", "\ufeff---"))
    if has_head and len(fences) > 1 and any(":" in line for line in lines[fences[0] : fences[1]]):
        message = f"{title} reads no front matter here, and so none of its permissions"
        hint = "the file has to begin with '---': move what stands before it below"
        yield Finding("PP602", "error", file.path, fences[0], 1, message, hint)


def _check_readers(
    file: AgentFile, used: set[tuple[str, str]], owned: set[tuple[str, str, str]]
) -> Iterator[Finding]:
    """Yield what another client that loads the file too grants, and the file's own denies."""
    for reading in file.others:
        reader = reading.target
        key = file.found.root, reader.name, file.found.stem
        if reader.prefers_own and key in owned:
            continue
        granted = [
            name
            for name in file.names
            if name not in file.target.absent and file.own.denies(name) and not reading.denies(name)
        ]
        powers = list_powers(granted)
        if phrases := powers or list_phrases(granted):
            is_used = (file.found.root, reader.name) in used
            severity: Severity = "error" if is_used and powers else "warning"
            words = join_phrases(phrases)
            message = f"in {reader.title}, which loads this file too, the agent may {words}"
            hint = f"{file.target.title} denies that"
            yield Finding("PP603", severity, file.path, _find_policy_line(file), 1, message, hint)


def _check_shell(file: AgentFile) -> Iterator[Finding]:
    """Yield that an agent may change no file, but run commands that can."""
    denies_edits = all(file.own.denies(name) for name in FILE_CHANGES)
    effects = list_effects(file.own.agent.policy.grant("execute"))
    if denies_edits and Effect.ALLOW in effects and "execute" in file.target.provides:
        message = "edits are denied and commands allowed: a shell can write files too"
        yield Finding("PP608", "warning", file.path, _find_policy_line(file), 1, message)


def _check_guards(file: AgentFile) -> Iterator[Finding]:
    """Yield that a client would ask by itself, and the file has it not ask."""
    policy = file.own.agent.policy
    for name, guard in file.target.own_guards.items():
        asked = {rule.pattern for rule in guard.rules if rule.effect is Effect.ASK}
        grant = policy.grant(name)
        kept = {rule.pattern for rule in grant if rule.effect is not Effect.ALLOW}
        is_open = Effect.ALLOW in list_effects(grant)
        if is_open and not asked <= kept and "*" not in kept:
            message = f"{guard.note}, and this file has it not ask"
            hint = f"leave '{name}' out, or write the patterns {', '.join(sorted(asked))} after it"
            yield Finding("PP609", "warning", file.path, _find_policy_line(file), 1, message, hint)


def _check_opaque_keys(file: AgentFile) -> Iterator[Finding]:
    """Yield the keys of the client by which an agent may get more than its permissions say."""
    target = file.target
    for key in list_keys(file.path, file.text):
        reason = target.refused_extras.get(key.name)
        grants = key.name in target.refused_extras and not target.decodes(key.name)
        if grants and key.value not in (None, "", "default", [], {}):
            message = f"'{key.name}' can give the agent more than its permissions say: {reason}"
            yield Finding("PP610", "warning", file.path, key.line, 1, message)


def _check_values(file: AgentFile) -> Iterator[Finding]:
    """Yield what the client takes otherwise than the file says, though it loads the file."""
    lines = {key.name: key.line for key in list_keys(file.path, file.text)}
    for problem in file.target.problems(file.text):
        if problem.kind == "misread":
            message = f"{file.target.title} misreads this file: {problem.message}"
            line = lines.get(problem.key, 1)
            yield Finding("PP612", "warning", file.path, line, 1, message)


def _check_names(files: Iterable[AgentFile]) -> Iterator[Finding]:
    """Yield names that two files of one client have, and names of a client's own agents."""
    first_paths: dict[tuple[str, str, str], str] = {}
    for file in files:
        target, command = file.target, file.target.command
        client = TARGETS[command.client].title if command else target.title
        thing = "a command" if command else "an agent"
        first_path = first_paths.setdefault((file.found.root, target.name, file.name), file.path)
        if first_path != file.path:
            message = f"{client} already has {thing} '{file.name}' from {first_path}"
            yield Finding("PP605", "error", file.path, 1, 1, message, "give one another name")
        if file.name in target.own_agents:
            message = f"{client} has {thing} '{file.name}' of its own"
            hint = f"rename the file's {thing.split()[1]}: one of the two replaces the other"
            yield Finding("PP605", "error", file.path, 1, 1, message, hint)


def _check_rivals(files: Iterable[AgentFile]) -> Iterator[Finding]:
    """Yield each command in whose place its client calls another file of the same name."""
    files = tuple(files)
    paths = {(file.found.root, file.target.name, file.found.stem): file.path for file in files}
    for file in files:
        form = file.target.command
        key = file.found.root, form.yields_to if form else "", file.found.stem
        if form and key in paths:
            message = explain_rival(file.target, file.found.stem, paths[key])
            yield Finding("PP605", "error", file.path, 1, 1, message, "give one another name")


def _check_copies(copies: Sequence[AgentFile]) -> Iterator[Finding]:
    """Yield where the copies of an agent for several clients grant different things."""
    for disagreement in list_disagreements(copies):
        granting, denying = disagreement.granting, disagreement.denying
        severity: Severity = "error" if disagreement.power else "warning"
        titles = " and ".join(dict.fromkeys(file.target.title for file in granting))
        message = (
            f"this agent may {join_phrases(disagreement.phrases)} in {titles}, "
            f"but not in {denying.target.title}"
        )
        hint = f"compare {denying.path}:{_find_policy_line(denying)}"
        line = _find_policy_line(granting[0])
        yield Finding("PP604", severity, granting[0].path, line, 1, message, hint)


def _find_policy_line(file: AgentFile) -> int:
    """Return the line of the first key that says what the agent may do, or the first line."""
    keys = list_keys(file.path, file.text)
    return next((key.line for key in keys if file.target.decodes(key.name)), 1)
