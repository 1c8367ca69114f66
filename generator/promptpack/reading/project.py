"""A project: a folder, roots or texts in, a `Project` out, or every problem of every file."""

from collections import ChainMap, defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import chain
from pathlib import Path
from types import MappingProxyType
from typing import Any

from promptpack.model import (
    AttachedFile,
    Finding,
    Fragment,
    Model,
    Pack,
    Policy,
    Project,
    Root,
    SharedSettings,
    Source,
    UserError,
)
from promptpack.model.root import LIBRARY, find_prefix, is_in_project
from promptpack.model.texts import Texts
from promptpack.reading.file_names import find_shared_files
from promptpack.reading.files import (
    SourceFile,
    gather_files,
    make_attached_file,
    make_file,
    make_unreadable_file,
)
from promptpack.reading.pack import fill_sections, read_pack, read_project_file
from promptpack.reading.placements import find_installation_problems
from promptpack.reading.references import MISSING_LIBRARY, Names
from promptpack.reading.root_finding import find_own_roots, find_root_problems, find_roots
from promptpack.reading.roots import (
    KINDS,
    PACK_FILE,
    Kind,
    SourceName,
    parse_source_path,
    resolve_shadows,
)
from promptpack.reading.templates import read_fragment, read_model, read_policy
from promptpack.reading.translations import find_translation_problems
from promptpack.source.file_system import DISK, FileSystem
from promptpack.targets import TARGETS

Item = Fragment | Model | Pack | Policy | SharedSettings | Source
"""What is made of one file."""


_PARTS = frozenset({"PP020", "PP027"})
"""What is wrong with the prompt of a pack only: fragments and sections that it has not."""


_WITHOUT_NAMES = (Fragment, Policy, Source)
"""What is made of files that refer to no other file by its name."""


class UnreadableProjectError(UserError):
    """What is wrong in the files of a project; `rest` is what can be told of permissions still."""

    def __init__(self, findings: tuple[Finding, ...], rest: Project) -> None:
        super().__init__(findings)
        self.rest = rest


class _SourceNames:
    """The names of the sources of a project, by what refers to them."""

    def __init__(
        self,
        files: Iterable[tuple[SourceFile, SourceName]],
        roots: Iterable[Root],
        others: Iterable[str] = (),
    ) -> None:
        self._names: dict[tuple[Kind, str], dict[str, str]] = defaultdict(dict)
        self._written: dict[tuple[Kind, str], dict[str, str]] = {}
        self._roots = tuple(roots)
        has_library = any(root.name == LIBRARY for root in self._roots)
        self._own: set[tuple[Kind, str]] = set()
        for file, one in files:
            self._names[one.kind, one.pack][one.name] = one.name
            if has_library and is_in_project(file.path) and not file.shadows:
                self._own.add((one.kind, one.name))
        named = (pack for kind, pack in self._names if kind == "packs")
        self._packs = frozenset((*others, *named))

    def find(self, path: str, pack: str = "") -> Names:
        """Return what a file may refer to, or a pack, which has fragments of its own.

        Each name is one as the file may write it, with the full name that it stands for.
        """
        names, prefix = self._names, find_prefix(path)
        fragments = self._list_shared("fragments", prefix)
        return {
            "fragment": ChainMap(fragments, names["fragments", pack]),
            "model": self._list_shared("models", prefix),
            "policy": self._list_shared("policies", prefix),
            "layout": self._list_shared("layouts", prefix),
            "head": names["heads", pack],
            "pack": self._packs,
            "target": TARGETS,
            "library": [root.name for root in self._roots],
            MISSING_LIBRARY: [root.name for root in self._roots if root.is_missing],
        }

    def _list_shared(self, kind: Kind, prefix: str) -> dict[str, str]:
        """Return the names of templates: in a library, its own may stand there without prefix.

        Of the others, a library can name without prefix only what the standard library has.
        """
        names = self._names[kind, ""]
        if not prefix:
            return names
        if (kind, prefix) not in self._written:
            common = {one: one for one in names if ":" in one or (kind, one) not in self._own}
            own = {one.removeprefix(prefix): one for one in names if one.startswith(prefix)}
            self._written[kind, prefix] = common | own
        return self._written[kind, prefix]


def load_project(folder: Path, similar: Project | None = None, disk: FileSystem = DISK) -> Project:
    """Return the project in a folder that holds `packs/`, its own files read through `disk`.

    Files that a `similar` project has with the same text are not parsed again. Raises UserError
    with a finding for each thing wrong in any of the files, in a stable order.
    """
    roots = find_roots(folder)
    return _load_similar(roots, gather_files(roots, own=disk), similar)


def load_in_memory(folder: Path, files: FileSystem, similar: Project | None = None) -> Project:
    """Return the project that files in memory would be, if they were in a folder.

    The project file may name no libraries. Takes `similar`, and raises, as `load_project` does.
    """
    roots = find_own_roots(folder)
    return _load_similar(roots, gather_files(roots, own=files), similar)


def _load_similar(
    roots: Sequence[Root], files: Collection[SourceFile], similar: Project | None
) -> Project:
    """Return the project that files make, with what a similar one has of the same files."""
    if similar is None:
        return make_project(roots, files)
    names = _gather_names(file.path for file in files)
    similar_names = _gather_names((*similar.sources, *similar.attached))
    items = _index_items(similar)
    if names != similar_names:  # what a file may refer to decides about it too
        items = {file: one for file, one in items.items() if isinstance(one, _WITHOUT_NAMES)}
    return make_project(roots, files, items)


def load_project_or_none(folder: Path) -> Project:
    """Return the project in a folder, or one without packs where the folder has no `packs/`.

    Raises UserError as `load_project` does.
    """
    roots = find_roots(folder)
    if (folder / "packs").is_dir():
        return load_from_roots(roots)
    return make_project(roots, [file for file in gather_files(roots) if file.path != "packs"])


def load_from_roots(roots: Sequence[Root]) -> Project:
    """Return the project that roots make together; the first is the project's own.

    Raises UserError as `load_project` does.
    """
    return make_project(roots, gather_files(roots))


def replace_sources(
    project: Project, texts: Mapping[str, str], files: Iterable[AttachedFile] = ()
) -> Project:
    """Return a project with other texts in place of some of its sources', or with new sources.

    `files` are put beside skills, besides those that are there.

    It is what `load_project` would return with these texts written to disk, but only they are
    parsed. Raises UserError as `load_project` does.
    """
    known = _index_items(project)
    attached = {**project.attached} | {file.source: file for file in files}
    attached_files = tuple(
        make_attached_file(path, one.content, is_executable=one.is_executable)
        for path, one in attached.items()
    )
    sources = (*_replace_texts(project, known, texts), *attached_files)
    return make_project(project.roots, sources, known)


def _index_items(project: Project) -> dict[SourceFile, Item]:
    """Return what was made of the files of a project, by the file."""
    items: Iterable[Item] = chain(
        project.fragments.values(),
        project.models.values(),
        project.policies.values(),
        project.layouts.values(),
        project.shared.values(),
        project.heads.values(),
        project.packs.values(),
    )
    return {
        SourceFile(item.path, project.sources[item.path], getattr(item, "shadows", "")): item
        for item in items
    }


def make_project(
    roots: Sequence[Root],
    files: Collection[SourceFile],
    known: Mapping[SourceFile, Item] = MappingProxyType({}),
    others: Collection[str] = (),
) -> Project:
    """Return the project that files make: a pure function, which reads nothing from disk.

    `known` is what was made of some of the files before: these are not parsed again. What they
    refer to has to be among the files still. Of files that are not read only the names are known;
    `others` are names of packs that have no file here. Raises UserError as `load_project` does.
    """
    named_files = [(file, name) for file in files if (name := parse_source_path(file.path))]
    names = _SourceNames(named_files, roots, others)
    findings = {finding for file in files for finding in file.findings}
    findings.update(find_root_problems(roots, files))
    problems_by_path: dict[str, list[Finding]] = defaultdict(list)
    items: dict[str, dict[str, Any]] = {kind: {} for kind in KINDS}
    for file, source_name in named_files:
        if file.findings or file.attached or not file.is_read:
            continue
        item = known.get(file)
        if item is None:
            item, problems = _read_file(file, source_name, names)
            findings.update(problems)
            problems_by_path[file.path] = problems
        items[source_name.kind][source_name.name] = item
    texts = _list_texts(items["packs"].values())
    items["fragments"] = {k: v for k, v in items["fragments"].items() if k not in texts}
    files_by_path = {file.path: file for file, _ in named_files}
    findings.update(_fill_packs(items["packs"], files_by_path))
    _attach_files(items["packs"], named_files)
    del items["files"]
    sources = _list_sources(named_files)
    unread = tuple(sorted({file.path for file in files} - {file.path for file, _ in named_files}))
    if findings := findings - {one for path in texts for one in problems_by_path[path]}:
        sound: dict[str, Any] = {**_select_sound(items, findings)}
        rest = Project(**sound, sources=sources, roots=tuple(roots))
        raise UnreadableProjectError(tuple(sorted(findings, key=_make_sort_key)), rest)
    other_packs = (*_iter_unread_packs(named_files), *sorted(others))
    all_items: dict[str, Any] = {**items, "unread": unread, "other_packs": other_packs}
    project = Project(**all_items, sources=sources, roots=tuple(roots))
    problems = [*find_shared_files(project), *find_installation_problems(project)]
    if problems := [*problems, *find_translation_problems(project)]:
        raise UserError(tuple(problems))
    return project


def _list_sources(files: Iterable[tuple[SourceFile, SourceName]]) -> Texts:
    """Return the texts of the files that were read, by path; those beside skills have none."""
    return Texts(
        {file.path: file.content for file, _ in files if file.is_read and not file.attached}
    )


def _iter_unread_packs(files: Iterable[tuple[SourceFile, SourceName]]) -> Iterator[str]:
    """Yield the packs whose own file was not read."""
    yield from (name.pack for file, name in files if name.kind == "packs" and not file.is_read)


def _gather_names(paths: Iterable[str]) -> Mapping[tuple[Kind, str], set[str]]:
    """Return the names of sources by kind and pack."""
    names: dict[tuple[Kind, str], set[str]] = defaultdict(set)
    for path in paths:
        if source_name := parse_source_path(path):
            names[source_name.kind, source_name.pack].add(source_name.name)
    return names


def _select_sound(
    items: Mapping[str, Mapping[str, Any]], findings: Collection[Finding]
) -> Mapping[str, Mapping[str, Any]]:
    """Return the items with which nothing is wrong, and the packs whose permissions are known.

    What a pack grants does not depend on its prompt, so that may be wrong. Where the project file
    is, it is not known what packs accept, and there are none.
    """
    wrong_paths = {finding.path for finding in findings}
    wrong_packs = {finding.path for finding in findings if finding.code not in _PARTS}
    sound = {
        kind: {name: item for name, item in group.items() if item and item.path not in wrong_paths}
        for kind, group in items.items()
    }
    packs = {
        name: pack
        for name, pack in items["packs"].items()
        if pack is not None and pack.path not in wrong_packs and _has_permissions(pack, sound)
    }
    is_shared_known = len(sound["shared"]) == len(items["shared"])
    return {**sound, "packs": packs if is_shared_known else {}}


def _has_permissions(pack: Pack, sound: Mapping[str, Mapping[str, Any]]) -> bool:
    """Tell whether all is known that decides what the files of a pack grant."""
    settings = pack.clients.values()
    policies = {*pack.policies, *(name for one in settings for name in one.policies.values())}
    heads = {one.head for one in settings if one.head}
    wanted = (("models", {*pack.models}), ("policies", policies), ("heads", heads))
    return all(names <= sound[kind].keys() for kind, names in wanted)


def _read_file(
    file: SourceFile, source_name: SourceName, names: _SourceNames
) -> tuple[Item | None, list[Finding]]:
    match source_name.kind:
        case "fragments":
            return read_fragment(file, source_name)
        case "models":
            return read_model(file, source_name, names.find(file.path))
        case "policies":
            return read_policy(file, source_name)
        case "layouts" | "heads" | "files":
            return Source(source_name.name, file.path, file.content, file.shadows), []
        case "shared":
            return read_project_file(file, names.find(file.path))
        case "packs":
            return read_pack(file, names.find(file.path, source_name.pack))


def _list_texts(packs: Iterable[Pack | None]) -> set[str]:
    """Return the paths of texts that are whole prompts, and so are no fragments."""
    read_packs = [pack for pack in packs if pack is not None]
    sections = (section for pack in read_packs for section in pack.sections)
    used = {use.fragment for section in sections for part in section.parts for use in part.uses}
    return {path for pack in read_packs for path in pack.list_texts()} - used


def _fill_packs(
    packs: dict[str, Pack | None], files: Mapping[str, SourceFile]
) -> Iterator[Finding]:
    """Give each pack of one text its sections; yield what packs say of sections they have not."""
    for name, pack in packs.items():
        if pack is not None and pack.text in files and files[pack.text].is_read:
            packs[name], problems = fill_sections(pack, files[pack.path], files[pack.text].text)
            yield from problems


def _attach_files(
    packs: dict[str, Pack | None], files: Iterable[tuple[SourceFile, SourceName]]
) -> None:
    """Give each pack the files that go beside its skill, whatever order they were found in."""
    attached: dict[str, list[AttachedFile]] = defaultdict(list)
    for file, source_name in files:
        if file.attached:
            attached[source_name.pack].append(file.attached)
    for name, pack in packs.items():
        own_files = tuple(sorted(attached[name]))
        if pack is not None and pack.files != own_files:
            packs[name] = replace(pack, files=own_files)


def _replace_texts(
    project: Project, known: Iterable[SourceFile], texts: Mapping[str, str]
) -> Iterator[SourceFile]:
    """Yield the files of a project with other texts; a new folder of `packs/` is a new pack."""
    shadowed_paths = {file.shadows for file in known if file.shadows}
    folders = {tuple(path.split("/")[:2]) for path in texts if path.count("/") > 1}
    pack_paths = {f"packs/{name}/{PACK_FILE}" for top, name in folders if top == "packs"}
    paths = {*project.sources, *shadowed_paths, *texts, *pack_paths}
    for path, shadows in resolve_shadows(project.roots, paths).items():
        if path in texts:
            yield make_file(path, texts[path].encode("utf-8", "surrogatepass"), shadows)
        elif path in project.sources:
            yield SourceFile(path, project.sources[path], shadows)
        else:
            yield make_unreadable_file(path, "no such file", shadows)


def _make_sort_key(finding: Finding) -> tuple[str, int, int, str, str]:
    return finding.path, finding.line, finding.column, finding.code, finding.message
