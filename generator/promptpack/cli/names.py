"""Names for shell completion: a click context and the start of a word in, the names that fit out.

Nothing is rendered, and only variants need the sources to be read. Whatever goes wrong there, the
shell gets no names and no message: the command itself reports it.
"""

from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

import click
from click.shell_completion import CompletionItem

from promptpack.cli.state import find_given_folder
from promptpack.patterns import compile_late
from promptpack.reading.root_finding import find_roots
from promptpack.reading.roots import Kind, find_project_folder

Completer = Callable[[click.Context, click.Parameter, str], list[CompletionItem]]

_PLAIN = compile_late(r"[A-Za-z0-9_./+-]+")
"""What every shell takes for one word of no meaning. Other names are not valid in a project."""


def _make_completer(
    list_names: Callable[[click.Context], Iterable[str]], *, files: bool = False
) -> Completer:
    """Return what click asks for the names that begin with a word; with `files`, files as well."""

    def complete(context: click.Context, _: click.Parameter, start: str) -> list[CompletionItem]:
        try:
            names = sorted({*list_names(context)})
        except Exception:
            names = []
        found = [CompletionItem(one) for one in names if one.startswith(start)]
        plain = [item for item in found if _PLAIN.fullmatch(item.value)]
        return [*plain, CompletionItem(start, type="file")] if files else plain

    return complete


def _find_folder(context: click.Context) -> Path | None:
    return find_given_folder(context) or find_project_folder(Path.cwd())


def _make_lister(kind: Kind) -> Callable[[click.Context], Iterator[str]]:
    def list_names(context: click.Context) -> Iterator[str]:
        from promptpack.reading.files import find_source_names  # noqa: PLC0415 - only to complete

        folder = _find_folder(context)
        for name in find_source_names(find_roots(folder)) if folder else ():
            if name.kind == kind and not name.name.endswith(".md"):
                yield name.name

    return list_names


_list_packs = _make_lister("packs")


def _list_variants(context: click.Context) -> Iterator[str]:
    """Yield the variants of the packs that the words before name, or of all packs."""
    from promptpack.reading.project import load_project  # noqa: PLC0415 - only to complete
    from promptpack.reading.some_packs import load_packs  # noqa: PLC0415 - the same

    folder = _find_folder(context)
    given = next(filter(None, map(context.params.get, ("pack", "packs", "name"))), ())
    packs = {given} if isinstance(given, str) else {*given}
    if folder:
        project = load_packs(folder, packs) if packs else load_project(folder)
        for pack in project.packs.values():
            yield from map(str, pack.list_variants())


def _list_packs_or_variants(context: click.Context) -> Iterator[str]:
    """Yield the packs; where there is only one, its name may be left out."""
    packs = [*_list_packs(context)]
    yield from packs
    if len(packs) == 1:
        yield from _list_variants(context)


def _list_languages(context: click.Context) -> Iterator[str]:
    """Yield the languages of all packs."""
    from promptpack.reading.project import load_project  # noqa: PLC0415 - only to complete

    folder = _find_folder(context)
    for pack in load_project(folder).packs.values() if folder else ():
        yield from pack.languages


def _list_targets(_: click.Context) -> Iterable[str]:
    from promptpack.targets import TARGETS  # noqa: PLC0415 - only to complete

    return TARGETS


def _list_rules(_: click.Context) -> Iterable[str]:
    from promptpack.lint.registry import RULES  # noqa: PLC0415 - only to complete

    return RULES


complete_packs = _make_completer(_list_packs)
complete_variants = _make_completer(_list_variants)
complete_packs_or_variants = _make_completer(_list_packs_or_variants)
complete_models = _make_completer(_make_lister("models"))
complete_policies = _make_completer(_make_lister("policies"))
complete_languages = _make_completer(_list_languages)
complete_targets = _make_completer(_list_targets)
complete_rules = _make_completer(_list_rules)
complete_rules_and_files = _make_completer(_list_rules, files=True)
complete_fragments_and_files = _make_completer(_make_lister("fragments"), files=True)

SELECTION: dict[str, Completer] = {
    "pack": complete_packs,
    "model": complete_models,
    "policy": complete_policies,
    "target": complete_targets,
    "language": complete_languages,
}
"""Who completes the options that select variants and targets."""
