"""Rules of what is written and never reaches a prompt."""

from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping
from dataclasses import replace

from promptpack.lint.context import LintContext
from promptpack.lint.rule import Diagnostic, make_rule
from promptpack.model import AS_WRITTEN, Accept, Artifact, Origin, Pack, split_translation
from promptpack.model.root import LIBRARY
from promptpack.reading.roots import find_meant_path
from promptpack.rendering.includes import LAYOUT
from promptpack.rendering.variants import iter_uses, list_all_sections
from promptpack.targets import TARGETS
from promptpack.targets.heads import encode_file


def check_unused_fragment(context: LintContext) -> Iterator[Diagnostic]:
    """Reports a fragment of the project that no pack uses, or files of a skill that is not built.

    Why: Its text reaches no agent. Someone who edits it believes that they changed something, and a
    reviewer reads a sentence that no agent receives.

    Fix: Use it in a pack, include it in a fragment, or delete the file. Fragments of a
    library are never reported.

    Measured: 0 findings in 0 of 2 packs of this project, 0 false alarms (2026-11).

    Bad: `templates/fragments/ethics/be-honest.md` exists, and the only pack contains

    ```yaml
    ethics: [ethics/keep-security-on]
    ```

    Good:

    ```yaml
    ethics: [ethics/keep-security-on, ethics/be-honest]
    ```
    """
    for fragment in context.project.fragments.values():
        if (
            context.project.packs
            and fragment.path in context.own_texts
            and fragment.path not in context.packs_by_path
        ):
            source, language = split_translation(fragment.name)
            way = f"name '{language}' in a pack that uses '{source}'"
            is_translation = source in context.project.fragments
            hint = f"{way if is_translation else 'use it in a pack'}, or delete it"
            yield Diagnostic(fragment.path, 1, "no pack uses this fragment", hint)
    copied = {file.source for artifact in context.artifacts for file in artifact.files}
    for pack in context.project.packs.values():
        unused = [file.source for file in pack.files if file.source not in copied]
        if unused and pack.path in context.own_texts:
            message = f"the pack builds no skill, so nothing uses its {len(unused)} skill files"
            yield Diagnostic(unused[0], 1, message, "add 'skill' to its targets, or delete them")


def check_unused_template(context: LintContext) -> Iterator[Diagnostic]:
    """Reports a model, policy or layout of the project that no pack uses.

    Why: It produces no variant. A policy that nobody checks is easily mistaken for one that is in
    force.

    Fix: List it in the `variants` of a pack (a layout: in a model), or delete the file. Files of
    a library are never reported, nor are the policies of the standard library in its own project.

    Measured: 0 findings in 0 of 2 packs of this project, 0 false alarms (2026-11).

    Bad: `templates/policies/strict.yaml` exists, and each pack contains

    ```yaml
    policy: [read-only]
    ```

    Good:

    ```yaml
    policy: [read-only, strict]
    ```
    """
    project = context.project
    has_library = any(root.name == LIBRARY for root in project.roots)  # and is not that itself
    layouts = {AS_WRITTEN, *(model.layout for model in project.models.values())}
    paths_by_kind = {
        "model": [m.path for m in project.models.values() if m.name != AS_WRITTEN],
        "policy": [p.path for p in project.policies.values() if has_library],
        "layout": [s.path for s in project.layouts.values() if s.name not in layouts],
    }
    for kind, paths in paths_by_kind.items():
        for path in paths:
            if project.packs and path in context.own_texts and path not in context.packs_by_path:
                user = "model" if kind == "layout" else "pack"
                yield Diagnostic(path, 1, f"no {user} uses this {kind}", "use it, or delete it")


def check_unused_value(context: LintContext) -> Iterator[Diagnostic]:
    """Reports a variable of a pack or a parameter of a fragment that no template reads.

    Why: Changing its value changes nothing. Often the template uses another name, so the value that
    was meant is not the one that is printed.

    Fix: Read it in a template, or remove it.

    Measured: 0 findings in 0 of 2 packs of this project, 0 false alarms (2026-11).

    Bad:

    ```yaml
    vars: {language: Python, version: "3.11"}
    role: ./role.md       # You know {{ vars.language }}.
    ```

    Good:

    ```yaml
    vars: {language: Python}
    ```
    """
    for pack in context.project.packs.values():
        if pack.path in context.own_texts:
            reads = _find_reads(context, pack)
            yield from _find_unread(context, pack.path, "vars", pack.vars, reads)
    shared_reads = _find_shared_reads(context)
    for fragment in context.project.fragments.values():
        if fragment.params and fragment.path in context.own_texts and fragment.path in shared_reads:
            read_names = frozenset(shared_reads[fragment.path])
            yield from _find_unread(context, fragment.path, "params", fragment.params, read_names)


def check_unused_accept(context: LintContext) -> Iterator[Diagnostic]:
    """Reports an accepted capability that no file needs to have accepted.

    Why: The entry accepts something that nobody has looked at yet: the first widening that a later
    change brings.

    Fix: Remove the capability, or the whole entry. An entry of `promptpack.yaml` is reported only
    if no pack needs it.

    Measured: 0 findings in 0 of 2 packs of this project, 0 false alarms (2026-11).

    Bad: a policy that denies commands, and

    ```yaml
    accept:
      - {target: claude-code, capability: execute, reason: "it asks its user before a command"}
    ```

    Good: a policy that asks before commands, which Claude Code can't, and

    ```yaml
    accept:
      - {target: claude-code, capability: execute, reason: "it asks its user before a command"}
    ```
    """
    project = context.project
    entries = [entry for pack in project.packs.values() for entry in project.list_accepted(pack)]
    used_entries: set[Accept] = set()
    for artifact in context.artifacts:
        used_entries.update(_iter_used_entries(artifact, used_entries))
    unused_names: dict[tuple[Origin, str], list[str]] = defaultdict(list)
    for entry in dict.fromkeys(entries):
        if entry not in used_entries and entry.origin.path in context.own_texts:
            unused_names[entry.origin, entry.target].append(entry.capability)
    for ((path, line), target), names in unused_names.items():
        message = f"no file needs {', '.join(names)} to be accepted for {target}"
        yield Diagnostic(path, line, message, "remove what is not needed")


def _iter_used_entries(artifact: Artifact, known: Collection[Accept]) -> Iterator[Accept]:
    """Yield what a file grants more widely because it is accepted, or is written differently for.

    Those that are known to be used are left out. A widening in another client that reads the file
    is accepted by an entry for that client.
    """
    accepted_losses = {
        (loss.reader or artifact.target, loss.subject, loss.kind == "widened")
        for loss in artifact.losses
        if loss.accepted
    }
    target = TARGETS[artifact.target]
    for entry in artifact.variant.accept:
        if entry in known:
            continue
        is_used = any(
            entry.covers(client, capability, is_widened=is_widened)
            for client, capability, is_widened in accepted_losses
        )
        if is_used or (entry.target == target.name and _is_written_for(artifact, entry)):
            yield entry


def _is_written_for(artifact: Artifact, entry: Accept) -> bool:
    """Tell whether a file would be another one if something were not accepted."""
    target, agent = TARGETS[artifact.target], artifact.agent
    without = replace(agent, accepted=agent.accepted - {entry.capability})
    return encode_file(target, without) != encode_file(target, agent)


def _find_reads(context: LintContext, pack: Pack) -> frozenset[str]:
    sections = list_all_sections(context.project, pack)
    fragments = [use.fragment for use in iter_uses(sections)]
    layouts = [LAYOUT + model.layout for model in context.list_models(pack)]
    return frozenset().union(*(context.dependencies.reads(n) for n in (*fragments, *layouts)))


def _find_shared_reads(context: LintContext) -> Mapping[str, set[str]]:
    """Return what each used fragment and those that include it read: they share parameters."""
    shared_reads: dict[str, set[str]] = defaultdict(set)
    for fragment in context.project.fragments.values():
        if fragment.path in context.packs_by_path:
            for inner in context.closure(fragment.name):
                shared_reads[inner.path] |= context.dependencies.reads(fragment.name)
    return shared_reads


def _find_unread(
    context: LintContext, path: str, kind: str, names: object, read_names: frozenset[str]
) -> Iterator[Diagnostic]:
    if not names or kind in read_names:
        return
    document = context.document(path)
    for name in document.data[kind]:
        if f"{kind}.{name}" not in read_names:
            span = document.keys[kind, name]
            message = f"no template reads '{kind}.{name}'"
            hint = "read it in a template, or remove it"
            yield Diagnostic(path, span.line, message, hint, span.column, span.width)


def check_unread_file(context: LintContext) -> Iterator[Diagnostic]:
    """Reports a file in `packs/` or `templates/` that looks like a source and is never read.

    Why: What is read is decided by folder and name alone: `templates/policies/*.yaml`, but no
    `*.yml`, and nothing in a folder `templates/policy/`. Whoever edits such a file changes nothing.

    Fix: Rename the file or move it, or delete it. Files called `README…`, hidden files and files
    that end otherwise than sources do are not reported.

    Measured: 0 findings in 0 of 2 packs of this project, 0 false alarms (2026-11).

    Bad: a pack names the policy `strict`, and the folder `templates/policies/` holds

    ```text
    strict.yml
    ```

    Good:

    ```text
    strict.yaml
    ```
    """
    for path in context.project.unread:
        name = find_meant_path(path)
        hint = f"rename it to {name}" if name else "rename it, move it or delete it"
        yield Diagnostic(path, 1, "this file is never read", hint)


RULES = (
    make_rule("PP041", "unused-fragment", "input", check_unused_fragment),
    make_rule("PP042", "unused-template", "input", check_unused_template),
    make_rule("PP043", "unused-value", "input", check_unused_value),
    make_rule("PP045", "unused-accept", "input", check_unused_accept),
    make_rule("PP046", "unread-file", "input", check_unread_file),
)
