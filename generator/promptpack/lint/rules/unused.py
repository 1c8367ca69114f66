"""Rules of what is written and never reaches a prompt."""

from collections import defaultdict
from collections.abc import Iterator, Mapping

from promptpack.lint.context import Subject
from promptpack.lint.rule import Remark, rule
from promptpack.model import Pack
from promptpack.rendering.includes import LAYOUT
from promptpack.rendering.variants import uses
from promptpack.source.text import LIBRARY


def unused_fragment(subject: Subject) -> Iterator[Remark]:
    """Reports a fragment of the project that no pack uses.

    Why: Its text reaches no agent. Someone who edits it believes that they changed something, and a
    reviewer reads a sentence that no agent receives.

    Fix: Use it in a pack, include it in a fragment, or delete the file. Fragments of the standard
    library are never reported.

    Bad: `templates/fragments/ethics/be-honest.md` exists, and the only pack contains

    ```yaml
    ethics: [ethics/keep-security-on]
    ```

    Good:

    ```yaml
    ethics: [ethics/keep-security-on, ethics/be-honest]
    ```
    """
    for fragment in subject.project.fragments.values():
        if subject.project.packs and not fragment.library and fragment.path not in subject.users:
            hint = "use it in a pack, or delete it"
            yield Remark(fragment.path, 1, "no pack uses this fragment", hint)


def unused_template(subject: Subject) -> Iterator[Remark]:
    """Reports a model, policy or layout of the project that no pack uses.

    Why: It produces no variant. A policy that nobody checks is easily mistaken for one that is in
    force.

    Fix: List it in the `variants` of a pack (a layout: in a model), or delete the file.

    Bad: `templates/policies/strict.yaml` exists, and each pack contains

    ```yaml
    policy: [read-only]
    ```

    Good:

    ```yaml
    policy: [read-only, strict]
    ```
    """
    project = subject.project
    layouts = {model.layout for model in project.models.values()}
    found = {
        "model": [m.path for m in project.models.values()],
        "policy": [p.path for p in project.policies.values()],
        "layout": [s.path for s in project.layouts.values() if s.name not in layouts],
    }
    for kind, paths in found.items():
        for path in paths:
            if project.packs and not path.startswith(LIBRARY) and path not in subject.users:
                user = "model" if kind == "layout" else "pack"
                yield Remark(path, 1, f"no {user} uses this {kind}", "use it, or delete it")


def unused_value(subject: Subject) -> Iterator[Remark]:
    """Reports a variable of a pack or a parameter of a fragment that no template reads.

    Why: Changing its value changes nothing. Often the template uses another name, so the value that
    was meant is not the one that is printed.

    Fix: Read it in a template, or remove it.

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
    for pack in subject.project.packs.values():
        yield from _unread(subject, pack.path, "vars", pack.vars, _read_by(subject, pack))
    around = _read_around(subject)
    for fragment in subject.project.fragments.values():
        if fragment.params and fragment.path in subject.own and fragment.path in around:
            read = frozenset(around[fragment.path])
            yield from _unread(subject, fragment.path, "params", fragment.params, read)


def _read_by(subject: Subject, pack: Pack) -> frozenset[str]:
    fragments = [use.fragment for use in uses(pack.sections)]
    layouts = [LAYOUT + model.layout for model in subject.models_of(pack)]
    return frozenset().union(*(subject.dependencies.reads(n) for n in (*fragments, *layouts)))


def _read_around(subject: Subject) -> Mapping[str, set[str]]:
    """Return what each used fragment and those that include it read: they share parameters."""
    found: dict[str, set[str]] = defaultdict(set)
    for fragment in subject.project.fragments.values():
        if fragment.path in subject.users:
            for inner in subject.closure(fragment.name):
                found[inner.path] |= subject.dependencies.reads(fragment.name)
    return found


def _unread(
    subject: Subject, path: str, kind: str, names: object, read: frozenset[str]
) -> Iterator[Remark]:
    if not names or kind in read:
        return
    document = subject.document(path)
    for name in document.data[kind]:
        if f"{kind}.{name}" not in read:
            mark = document.keys[kind, name]
            message = f"no template reads '{kind}.{name}'"
            hint = "read it in a template, or take it out"
            yield Remark(path, mark.line, message, hint, mark.column, mark.width)


RULES = (
    rule("PP041", "unused-fragment", "input", unused_fragment),
    rule("PP042", "unused-template", "input", unused_template),
    rule("PP043", "unused-value", "input", unused_value),
)
