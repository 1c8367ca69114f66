"""Which outputs a file on disk holds: a path and the artifacts in, places in that file out.

The nearest manifest tells, in an output folder as in a repository that something was installed
into. A file shared by several packs holds a block of each.
"""

import difflib
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import NamedTuple

from promptpack.model import Artifact, AttachedFile
from promptpack.output.manifest import INSTALLED, MANIFEST, read_manifest
from promptpack.output.ownership import OCCASION, find_stem
from promptpack.output.packed import Record, merge_records
from promptpack.output.plan import describe_artifact
from promptpack.rendering.variants import Selection
from promptpack.source.disk import HAS_MODES, is_executable, read_regular_file
from promptpack.source.text import SIZE_LIMIT
from promptpack.targets import TARGETS
from promptpack.targets.shared_files import find_block_form

_BESIDES = ("sha256", "project", "as", "file", "mode", *OCCASION)
"""What a record has besides the description of an artifact."""


class LocatedOutput(NamedTuple):
    """An output as it stands on disk: its artifact as built, its text there, the lines before it.

    `recorded` is the SHA-256 of what promptpack wrote there; `installed` tells that it is no
    output folder where it stands.
    """

    artifact: Artifact
    text: str
    before: int
    recorded: str
    installed: bool

    def line(self, number: int) -> int | None:
        """Return which line of the artifact a line of the file is, both from 1.

        None for a line that is not in this place, or was edited since.
        """
        index = number - self.before - 1
        built_lines = self.artifact.text.split("\n")
        disk_lines = self.text.replace("\r\n", "\n").split("\n")
        matcher = difflib.SequenceMatcher(None, disk_lines, built_lines, autojunk=False)
        for first, second, size in matcher.get_matching_blocks():
            if first <= index < first + size:
                return index - first + second + 1
        return None

    def holds(self, number: int) -> bool:
        """Tell whether a line of the file, from 1, is in this place."""
        return self.before < number <= self.before + self.text.count("\n")


class LocatedFile(NamedTuple):
    """A file beside a skill as it stands on disk: as built, by which artifact, and its bytes there.

    `path` is that of the copy on disk, `installed` tells that it is in no output folder.
    """

    file: AttachedFile
    artifact: Artifact
    path: Path
    content: bytes
    installed: bool

    @property
    def is_executable(self) -> bool:
        """Tell whether the copy can be run; where files have no such bit, it is as it was built."""
        return is_executable(self.path) if HAS_MODES else self.file.is_executable


def locate_attached(path: Path, artifacts: Iterable[Artifact]) -> LocatedFile | None:
    """Return the file beside a skill that stands at a path by the nearest manifest that lists it.

    `path` is absolute and without links. None where it is anything else.
    """
    for folder in path.parents:
        key = path.relative_to(folder).as_posix()
        for name in (MANIFEST, INSTALLED):
            record = read_manifest(folder, name).files.get(key)
            if record and path.is_file():
                return _find_attached(path, key, record, artifacts)
    return None


def _find_attached(
    path: Path, key: str, record: Record, artifacts: Iterable[Artifact]
) -> LocatedFile | None:
    target = TARGETS.get(record.get("target", ""))
    own_folder = f"{target.make_path(find_stem(record)).rpartition('/')[0]}/" if target else ""
    description = _describe_record(record)
    for artifact in artifacts:
        if describe_artifact(artifact) == description:
            for file in artifact.files:
                if key.endswith(f"{own_folder}{file.path}"):
                    is_installed = not key.startswith(f"{artifact.target}/{artifact.variant.name}/")
                    content = read_regular_file(path, SIZE_LIMIT)
                    return LocatedFile(file, artifact, path, content, is_installed)
    return None


def _describe_record(record: Record) -> dict[str, str]:
    return {name: word for name, word in record.items() if name not in _BESIDES}


def locate_outputs(path: Path, artifacts: Iterable[Artifact]) -> tuple[LocatedOutput, ...]:
    """Return what a file holds by the nearest manifest that lists it; nothing where none does.

    `path` is absolute and without links.
    """
    if records := _find_records(path):
        text = path.read_bytes().decode("utf-8", "surrogateescape")
        artifacts = tuple(artifacts)
        outputs = (_locate_output(text, key, record, artifacts) for key, record in records.items())
        return tuple(output for output in outputs if output)
    return ()


def select_recorded(path: Path) -> Selection:
    """Return the selection of the outputs that a file holds; it asks for all where that is unknown.

    `path` is absolute and without links. It is what the nearest manifest says, which may be of
    another project, or older than the packs.
    """
    records = _find_records(path).values()
    names = (
        tuple(dict.fromkeys(record.get(key, "") for record in records))
        for key in ("pack", "model", "policy", "target", "language")
    )
    return Selection(*names)


def _find_records(path: Path) -> Mapping[str, Record]:
    """Return what the nearest manifest that lists a file says of it, by key; none where none is."""
    for folder in path.parents:
        relative_path = path.relative_to(folder).as_posix()
        found = (read_manifest(folder, name).files for name in (MANIFEST, INSTALLED))
        files = merge_records(*found)
        records = {key: files[key] for key in files if key.partition("#")[0] == relative_path}
        if records and path.is_file():
            return records
    return {}


def _read_text(text: str, artifact: Artifact) -> str:
    """Return a file's text, without the line ends and the mark that its form gives it."""
    form = artifact.agent.form
    text = text.removeprefix("\ufeff") if form.mark else text
    return text.replace(form.newline, "\n")


def _locate_output(
    text: str, key: str, record: Record, artifacts: Iterable[Artifact]
) -> LocatedOutput | None:
    description = _describe_record(record)
    artifact = next(
        (artifact for artifact in artifacts if describe_artifact(artifact) == description), None
    )
    if artifact is None:
        return None
    lines_before, name = 0, key.partition("#")[2]
    if name:
        block = find_block_form(key.partition("#")[0]).find(text, name)
        if block is None:
            return None
        lines_before = text[: text.index(block.removesuffix("\n"))].count("\n")
        text = block
    text = _read_text(text, artifact)
    is_installed = not key.startswith(f"{artifact.target}/{artifact.variant.name}/")
    return LocatedOutput(artifact, text, lines_before, record.get("sha256", ""), is_installed)
