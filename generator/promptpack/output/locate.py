"""Which outputs a file on disk holds: a path and the artifacts in, places in that file out.

The nearest manifest tells, in an output folder as in a repository that something was installed
into. A file shared by several packs holds a block of each.
"""

import difflib
from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple

from promptpack.model import Artifact
from promptpack.output.manifest import INSTALLED, Record, read_manifest
from promptpack.output.ownership import OCCASION
from promptpack.output.plan import describe_artifact
from promptpack.targets import blocks

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


def locate_outputs(path: Path, artifacts: Iterable[Artifact]) -> tuple[LocatedOutput, ...]:
    """Return what a file holds by the nearest manifest that lists it; nothing where none does.

    `path` is absolute and without links.
    """
    for folder in path.parents:
        relative_path = path.relative_to(folder).as_posix()
        files = read_manifest(folder).files | read_manifest(folder, INSTALLED).files
        records = {key: files[key] for key in files if key.partition("#")[0] == relative_path}
        if records and path.is_file():
            text = path.read_bytes().decode("utf-8", "surrogateescape")
            artifacts = tuple(artifacts)
            outputs = (
                _locate_output(text, key, record, artifacts) for key, record in records.items()
            )
            return tuple(output for output in outputs if output)
    return ()


def _read_text(text: str, artifact: Artifact) -> str:
    """Return a file's text, without the line ends and the mark that its form gives it."""
    form = artifact.agent.form
    text = text.removeprefix("\ufeff") if form.mark else text
    return text.replace(form.newline, "\n")


def _locate_output(
    text: str, key: str, record: Record, artifacts: Iterable[Artifact]
) -> LocatedOutput | None:
    description = {name: word for name, word in record.items() if name not in _BESIDES}
    artifact = next(
        (artifact for artifact in artifacts if describe_artifact(artifact) == description), None
    )
    if artifact is None:
        return None
    lines_before, name = 0, key.partition("#")[2]
    if name:
        block = blocks.find_block(text, name)
        if block is None:
            return None
        lines_before = text[: text.index(block.removesuffix("\n"))].count("\n")
        text = block
    text = _read_text(text, artifact)
    is_installed = not key.startswith(f"{artifact.target}/{artifact.variant.name}/")
    return LocatedOutput(artifact, text, lines_before, record.get("sha256", ""), is_installed)
