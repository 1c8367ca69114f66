"""The files of a project: roots in, the text of each source out, or what is wrong with it.

The only place of this package that asks for files. What they are on may be in memory.
"""

import os
from collections.abc import Collection, Iterator, Sequence
from itertools import chain
from pathlib import Path
from typing import NamedTuple

from promptpack.model import AttachedFile, Finding
from promptpack.model.root import PROJECT, Root
from promptpack.patterns import compile_late
from promptpack.reading.roots import (
    FILES_FOLDER,
    PACK_FILE,
    PROJECT_FILE,
    SUFFIXES,
    SourceName,
    is_left_out,
    parse_source_path,
    resolve_shadows,
)
from promptpack.source.contents import ContentStore, StoredText
from promptpack.source.disk import (
    LINKED_FOLDER,
    Entry,
    UnreadableFileError,
    describe_failure,
    find_real_path,
)
from promptpack.source.file_system import DISK, FileSystem
from promptpack.source.text import (
    FORBIDDEN,
    SIZE_LIMIT,
    Span,
    decode_source,
    find_conflict_markers,
    format_code_point,
    make_finding,
)

TOTAL_LIMIT = 256 << 20
"""How many bytes all sources of a project may have: a link costs nothing, what it leads to does."""

_SOURCE_LIKE = (".yaml", ".yml", ".md", ".markdown", ".head", ".j2", ".jinja", ".jinja2")
_PACK_TEXTS = ("fragments", "heads")
_NOT_A_SOURCE = "the link leads to a file that is not a source"
_LINK_HINT = "link to a file in 'packs' or 'templates', or copy the text"
_NOT_A_FILE = "not a regular file"
_LINE_END = compile_late("[\t\n\u2028\u2029]")


class SourceFile(NamedTuple):
    """A source as it was found; where there are findings, nothing can be made of its text.

    One that goes beside an output as it is has no text: it is `attached`. One that nobody asked for
    has only a name: it is not read.
    """

    path: str
    content: str | StoredText
    shadows: str = ""
    findings: tuple[Finding, ...] = ()
    attached: AttachedFile | None = None
    is_read: bool = True

    @property
    def text(self) -> str:
        """The text, wherever it is."""
        return self.content if isinstance(self.content, str) else self.content.read()


def gather_files(
    roots: Sequence[Root],
    packs: Collection[str] | None = None,
    *,
    names_others: bool = True,
    with_texts: bool = True,
    own: FileSystem = DISK,
) -> tuple[SourceFile, ...]:
    """Return the sources of all roots that count, in the order in which they are read.

    A file that is missing or can't be read is there, with the reason. Shadowed ones are not read.
    Of packs that are not among `packs`, if these are given, only the pack files are there, unread;
    they are not even looked for unless `names_others`. Without texts, the fragments and the front
    matter of packs are not read. The project's own files are on `own`, all others on the disk.
    """
    places, files = _locate_files(roots, packs, own, names_others=names_others)
    own_paths = (path for path, (_, root) in places.items() if root.writable)
    files += [SourceFile(path, "") for path in own_paths if _looks_like_source(path)]
    size, store = 0, ContentStore()
    for path, shadows in resolve_shadows(roots, places).items():
        if not _is_asked(path, packs, with_texts=with_texts):
            files.append(SourceFile(path, "", is_read=False))
            continue
        place, root = places[path]
        file = _read_file(_choose(root, own), place, root, path, shadows)
        size += len(file.attached.content if file.attached else file.text)
        if path.startswith("packs/"):  # nobody else has these texts
            file = file._replace(content=store.add_text(file.text))
        files.append(file)
        if size > TOTAL_LIMIT:
            reason = f"the sources are larger than {TOTAL_LIMIT >> 20} MiB together"
            return (*files, make_unreadable_file(path, reason))
    return tuple(files)


def _locate_files(
    roots: Sequence[Root], packs: Collection[str] | None, own: FileSystem, *, names_others: bool
) -> tuple[dict[str, tuple[Path, Root]], list[SourceFile]]:
    """Return where each file is that counts, and its root, and what stands in the place of one."""
    places: dict[str, tuple[Path, Root]] = {}
    others: list[SourceFile] = []
    for root in roots:
        root = root._replace(path=find_real_path(root.path))  # noqa: PLW2901 - the same root
        for entry in _find_entries(root, _choose(root, own), packs, names_others=names_others):
            path = root.make_source_path(_make_relative(entry.path, root.path))
            if not entry.is_folder:
                places[path] = entry.path, root
            elif entry.problem or is_text_source(path):
                others.append(make_unreadable_file(path, entry.problem or _NOT_A_FILE))
    return places, others


def find_source_names(roots: Sequence[Root]) -> Iterator[SourceName]:
    """Yield the name of each source in some roots, by the paths alone; nothing is read."""
    for root in roots:
        root = root._replace(path=find_real_path(root.path))  # noqa: PLW2901 - the same root
        found = _find_entries(root, DISK)
        entries = [entry for entry in found if not (entry.is_folder or entry.problem)]
        for path in sorted({entry.path.relative_to(root.path).as_posix() for entry in entries}):
            if name := parse_source_path(root.make_source_path(path)):
                yield name


def make_file(path: str, data: bytes, shadows: str = "") -> SourceFile:
    """Return a source that holds some bytes, with what may not be in them."""
    text, findings = decode_source(data, path)
    markers = find_conflict_markers(text, path)
    return SourceFile(path, text, shadows, (*findings, *markers))


def make_attached_file(path: str, content: bytes, *, is_executable: bool) -> SourceFile:
    """Return a source that goes beside an output as it is, with what may not be in a text."""
    inner_path = path.split("/", 3)[3]
    attached = AttachedFile(inner_path, content, is_executable, path)
    found = () if attached.text is None else make_file(path, content).findings
    return SourceFile(path, "", findings=found, attached=attached)


def is_text_source(path: str) -> bool:
    """Tell whether a path is that of a source with a text, which is no file of a skill."""
    name = parse_source_path(path)
    return name is not None and name.kind != "files"


def make_unreadable_file(path: str, reason: str, shadows: str = "", hint: str = "") -> SourceFile:
    """Return a source of which nothing is known but why it can't be read."""
    return SourceFile(path, "", shadows, (make_finding("PP001", path, Span(1, 1), reason, hint),))


def _choose(root: Root, own: FileSystem) -> FileSystem:
    """Return what the files of a root are on, with that of the project's own."""
    return own if root.name == PROJECT else DISK


def _is_asked(path: str, packs: Collection[str] | None, *, with_texts: bool) -> bool:
    """Tell whether a source is to be read: it is of no pack, or of one that was asked for."""
    name = parse_source_path(path)
    if name is None or not name.pack:
        return True
    is_other = packs is not None and name.pack not in packs
    return not is_other and (with_texts or name.kind not in _PACK_TEXTS)


def _find_entries(
    root: Root,
    system: FileSystem,
    packs: Collection[str] | None = None,
    *,
    names_others: bool = True,
) -> Iterator[Entry]:
    """Yield what may be a source, and each folder of sources; of a library, its chosen packs."""
    if root.is_missing:
        return
    templates = root.path / "templates"
    if system.is_link(templates):
        yield Entry(templates, True, LINKED_FOLDER)
    else:
        for kind in SUFFIXES:
            yield from system.list_entries(templates / kind)
        yield from _find_others(system, templates) if root.name == PROJECT else ()
    if root.name == PROJECT:
        if system.is_there(root.path / PROJECT_FILE):
            yield Entry(root.path / PROJECT_FILE, False)
        yield from _find_packs(system, root.path / "packs", packs, lists=names_others)
    elif root.packs:
        chosen = root.packs if packs is None else {*root.packs} & {*packs}
        for entry in _find_packs(system, root.path / "packs", chosen, lists=names_others):
            inner_path = _make_relative(entry.path, root.path / "packs")
            if not inner_path or inner_path.split("/")[0] in root.packs:
                yield entry


def _find_others(system: FileSystem, templates: Path) -> Iterator[Entry]:
    """Yield the files in the folder of templates that are in none of the folders that are read."""
    kinds = {templates / kind for kind in SUFFIXES}
    for entry in system.list_entries(templates, skips=kinds.__contains__):
        if not entry.is_folder and not entry.problem:
            yield entry


def _looks_like_source(path: str) -> bool:
    """Tell whether a file that is no source has a name as if it were one."""
    *folders, name = path.split("/")
    is_hidden = any(part.startswith(".") for part in (*folders, name))
    is_like = name.endswith(_SOURCE_LIKE) and not name.startswith("README")
    return is_like and not is_hidden and parse_source_path(path) is None


def _find_packs(
    system: FileSystem, packs: Path, chosen: Collection[str] | None = None, *, lists: bool = True
) -> Iterator[Entry]:
    """Yield what the folder of packs holds, and for each pack its file, be it there or not.

    Into the folders of packs that are not among the chosen ones, if there are, nobody looks. Unless
    `lists`, these are not among what is yielded either.
    """
    if not system.is_folder(packs):
        yield Entry(packs, True, "there is no 'packs' folder here")
        return

    def is_skipped(path: Path) -> bool:
        inner_path = _make_relative(path, packs)
        is_other = chosen is not None and "/" not in inner_path and inner_path not in chosen
        return is_other or _is_passed_over(inner_path)

    folders = [packs] if lists or chosen is None else [packs / name for name in sorted(chosen)]
    for entry in chain.from_iterable(system.list_entries(one, skips=is_skipped) for one in folders):
        inner_path = _make_relative(entry.path, packs)
        _, *inner = inner_path.split("/")
        if inner_path.startswith(".") or _is_passed_over(inner_path):
            continue
        yield entry
        if entry.is_folder and not entry.problem and not inner:
            yield Entry(entry.path / PACK_FILE, False)


def _is_passed_over(path: str) -> bool:
    """Tell whether something in the folder of packs lies with the files of a skill and is none."""
    _, folder, *inner = path.split("/", 2) if "/" in path else (path, "")
    return folder == FILES_FOLDER and is_left_out("".join(inner))


def _make_relative(path: Path, folder: Path) -> str:
    """Return the way from a folder to what is in it, with slashes; "" for the folder itself."""
    return str(path)[len(str(folder)) :].replace(os.sep, "/").removeprefix("/")


def _read_file(
    system: FileSystem, path: Path, root: Root, source_path: str, shadows: str
) -> SourceFile:
    """Return a regular file's text; links may lead only to other sources of the root."""
    if problem := _find_name_problem(source_path):
        return SourceFile(source_path, "", shadows, (problem,))
    try:
        resolved = system.resolve(path, root.path)
        target = root.make_source_path(resolved.relative_to(root.path).as_posix())
        if parse_source_path(target) is None:
            return make_unreadable_file(source_path, _NOT_A_SOURCE, shadows, _LINK_HINT)
        content = system.read(resolved, SIZE_LIMIT)
        if is_text_source(source_path):
            return make_file(source_path, content, shadows)
        return make_attached_file(
            source_path, content, is_executable=system.is_executable(resolved)
        )
    except (FileNotFoundError, UnreadableFileError) as error:
        is_yml = path.name == PACK_FILE and system.is_there(path.with_suffix(".yml"))
        hint = f"rename {path.stem}.yml to {path.name}" if is_yml else ""
        return make_unreadable_file(source_path, describe_failure(error), shadows, hint)


def _find_name_problem(path: str) -> Finding | None:
    """Return what is wrong with the characters of a source's path, if anything is."""
    try:
        os.fsencode(path).decode()  # its bytes, whatever the locale takes them for
    except UnicodeError:
        return make_finding("PP001", path, Span(1, 1), "the file's name is not UTF-8", "rename it")
    match = FORBIDDEN.search(path) or _LINE_END.search(path)
    if match is None:
        return None
    message = f"the file's name has the hidden or control character {format_code_point(match)}"
    return make_finding("PP301", path, Span(1, 1), message, "rename it")
