"""Some packs of a project: a folder and names, or a source, in, and a project of few packs out.

Whoever asks about one pack, or one source, has not to wait for a thousand others to be read. What
packs a source may reach is told from the texts: too many are read rather than too few.
"""

import re
from collections.abc import Collection, Iterable, Mapping
from pathlib import Path

from promptpack.model import Project, split_translation
from promptpack.patterns import compile_late
from promptpack.reading.files import SourceFile, gather_files
from promptpack.reading.project import make_project
from promptpack.reading.root_finding import find_roots
from promptpack.reading.roots import SourceName, parse_source_path

_TAG = compile_late(r"\{%[-+]?\s*(?:include|import|from|extends)\b")
_PLAIN_TAG = compile_late(
    r"""\{%[-+]?\s*(?:include|import|from|extends)\s+(?:"[^"\\]*"|'[^'\\]*')(?!\s*["'])"""
)
_OWN_NAME = compile_late(r"(?<![\w-])packs/([^/\s]+)/")

Named = Iterable[tuple[SourceName, SourceFile]]


def load_packs(folder: Path, packs: Collection[str], others: Collection[str] = ()) -> Project:
    """Return the project in a folder with the named packs, and those whose fragments they include.

    Of the others only the names are known: their files are not read, so nothing that is wrong in
    them is found, nor what is wrong between two packs. Where the names of all `others` are given,
    nobody looks for more. Raises UserError as `load_project` does.
    """
    roots, asked = find_roots(folder), frozenset(packs)
    while True:
        files = gather_files(roots, asked, names_others=not others)
        if (closure := _add_mentioned(files, asked, others)) == asked:
            return make_project(roots, files, others={*others} - asked)
        asked = closure


def load_pack_files(folder: Path) -> Project:
    """Return the project in a folder with all its packs, but without the texts that are theirs.

    Of these only the names are known, so nothing that is wrong in them is found, and packs can't be
    rendered. Raises UserError as `load_project` does.
    """
    roots = find_roots(folder)
    return make_project(roots, gather_files(roots, with_texts=False))


def load_reached(folder: Path, files: Collection[SourceFile], path: str) -> Project:
    """Return the project in a folder with the packs that one of its source files may reach.

    `files` are all that the folder has. Raises UserError as `load_packs` does, for these packs.
    """
    packs = _add_mentioned(files, _find_reached(files, path))
    return make_project(find_roots(folder), _select_files(files, packs))


def gather_project(folder: Path) -> tuple[SourceFile, ...]:
    """Return the files of the project in a folder, as they are read."""
    return gather_files(find_roots(folder))


def _find_reached(files: Collection[SourceFile], path: str) -> frozenset[str]:
    """Return the packs that a source may reach, by their texts."""
    source = parse_source_path(path)
    named = [(name, file) for file in files if (name := parse_source_path(file.path))]
    packs = frozenset(name.pack for name, _ in named if name.pack)
    if source is None or source.kind == "shared" or _mentions_packs(named):
        return packs
    words = _find_words(named, source)
    fragments = _compile_words(words["fragments"])
    others = _compile_words(words["models"] | words["policies"])
    reached = {source.pack} if source.pack else set()
    for name, file in named:
        if name.pack and name.pack not in reached and not file.attached:
            is_pack = name.kind == "packs"
            is_hidden = "\\" in file.text if is_pack else _hides_names(file.text)
            if is_hidden or fragments.search(file.text) or (is_pack and others.search(file.text)):
                reached.add(name.pack)
    return _add_mentioning(named, reached)


def _mentions_packs(named: Named) -> bool:
    """Tell whether a template that all packs can use includes a fragment of one pack."""
    return any(not name.pack and _OWN_NAME.search(file.text) for name, file in named)


def _add_mentioning(named: Named, packs: Collection[str]) -> frozenset[str]:
    """Return packs, and those that include fragments of any of them."""
    speaks_of = {
        (name.pack, other)
        for name, file in named
        for other in _OWN_NAME.findall(file.text)
        if name.pack != other
    }
    closure, before = frozenset(packs), None
    while closure != before:
        before = closure
        closure |= {name for name, other in speaks_of if other in before}
    return closure


def _find_words(named: Named, source: SourceName) -> Mapping[str, set[str]]:
    """Return the names by kind of all templates that have a source in them, and its own."""
    words: dict[str, set[str]] = {
        kind: set()
        for kind in ("fragments", "layouts", "models", "policies", "heads", "files", "packs")
    }
    translated, _ = split_translation(source.name)
    words[source.kind] |= _list_spellings(source.name)
    words[source.kind] |= _list_spellings(translated) if translated else set()
    shared = [(name, file) for name, file in named if not name.pack]
    is_growing = True
    while is_growing:
        count = sum(map(len, words.values()))
        fragments, layouts = _compile_words(words["fragments"]), _compile_words(words["layouts"])
        for name, file in shared:
            if name.kind in ("fragments", "layouts"):
                own_names = _compile_words(_list_sibling_names(name, words["fragments"]))
                found = fragments.search(file.text) or own_names.search(file.text)
                if found or _hides_names(file.text):
                    words[name.kind] |= _list_spellings(name.name)
            elif name.kind == "models" and ("\\" in file.text or layouts.search(file.text)):
                words["models"] |= _list_spellings(name.name)
        is_growing = sum(map(len, words.values())) > count
    return words


def _list_spellings(name: str) -> set[str]:
    """Return a name, and what a library may call it if it is its own."""
    return {name, name.partition(":")[2] or name}


def _list_sibling_names(source: SourceName, names: Iterable[str]) -> set[str]:
    """Return how a template may write the names of those that lie beside it."""
    folder = f"{source.name.rpartition('/')[0]}/"
    return {f"./{name.removeprefix(folder)}" for name in names if name.startswith(folder)}


def _compile_words(words: Collection[str]) -> re.Pattern[str]:
    """Return what finds any of some names in a text, or nothing where there are none."""
    if not words:
        return re.compile(r"(?!)")
    return re.compile(rf"(?<![\w/-])(?:{'|'.join(map(re.escape, sorted(words)))})(?![\w/-])")


def _hides_names(text: str) -> bool:
    """Tell whether a template may include what its text does not spell out."""
    return len(_TAG.findall(text)) != len(_PLAIN_TAG.findall(text))


def _add_mentioned(
    files: Iterable[SourceFile], packs: Collection[str], others: Collection[str] = ()
) -> frozenset[str]:
    """Return packs, and those of whose own fragments some of their texts speak."""
    named = [(name, file) for file in files if (name := parse_source_path(file.path))]
    known = {*others, *(name.pack for name, _ in named)}
    closure, before = frozenset(packs), None
    while closure != before:
        before = closure
        texts = (file.text for name, file in named if not name.pack or name.pack in before)
        closure |= {pack for text in texts for pack in _OWN_NAME.findall(text) if pack in known}
    return closure


def _select_files(files: Iterable[SourceFile], packs: Collection[str]) -> tuple[SourceFile, ...]:
    """Return the files of some packs and of none; of other packs their pack files, unread."""
    selected = []
    for file in files:
        source = parse_source_path(file.path)
        if source is None or not source.pack or source.pack in packs:
            selected.append(file)
        elif source.kind == "packs":
            selected.append(SourceFile(file.path, "", is_read=False))
    return tuple(selected)
