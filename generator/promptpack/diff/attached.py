"""Files beside skills as outputs of a comparison: bytes in, an `Output` of text out.

An executable file ends with a line that says so, and of a file that is no text only the size and
the hash are compared.
"""

import hashlib
from collections.abc import Callable, Iterable, Iterator
from types import MappingProxyType

from promptpack.diff.axes import describe_variant
from promptpack.diff.model import Origins, Output
from promptpack.model import Artifact, AttachedFile, Origin, Project
from promptpack.output.plan import EXECUTABLE, describe_artifact
from promptpack.targets import TARGETS

_NO_NEWLINE = "\n\\ No newline at end of file\n"
_MODE_LINE = f"mode: {EXECUTABLE}\n"


def iter_attached_outputs(artifacts: Iterable[Artifact]) -> Iterator[tuple[str, Output]]:
    """Yield the files beside artifacts by path, with the source that each is a copy of."""
    for artifact in artifacts:
        for file in artifact.files:
            path, text = artifact.locate(file), make_comparable(file)
            yield (
                path,
                Output(
                    path,
                    text,
                    dims=MappingProxyType({**describe_artifact(artifact), "file": file.path}),
                    origins=_make_origin_finder(file),
                    frame=(file.source,),
                ),
            )


def list_comparable_sources(project: Project) -> dict[str, str]:
    """Return what is compared of the files beside skills, by source path."""
    return {path: make_comparable(file) for path, file in project.attached.items()}


def make_comparable(file: AttachedFile) -> str:
    """Return the text that a file is compared by."""
    text = file.text
    if text is None:
        digest = hashlib.sha256(file.content).hexdigest()
        text = f"binary file, {len(file.content):,} bytes, SHA-256 {digest}\n"
    if not file.is_executable:
        return text
    end = "" if text.endswith("\n") else _NO_NEWLINE
    return f"{text}{end}{_MODE_LINE}"


def make_built_output(key: str, content: bytes, *, is_executable: bool) -> Output | None:
    """Return a file of a built folder that lies beside a skill, or None for any other.

    `key` is the path in the folder, `<target>/<variant>/…`.
    """
    name, _, rest = key.partition("/")
    variant, _, inner_path = rest.partition("/")
    target = TARGETS.get(name)
    if target is None or not target.takes_files:
        return None
    before, _, after = target.path.partition("{name}")
    stem, _, path = inner_path.removeprefix(before).partition("/")
    if not inner_path.startswith(before) or not path or f"/{path}" == after:
        return None
    dims = {"target": name, "pack": stem, **describe_variant(variant), "file": path}
    text = make_comparable(AttachedFile(path, content, is_executable, ""))
    return Output(key, text, dims=MappingProxyType(dims))


def _make_origin_finder(file: AttachedFile) -> Callable[[int], Origins]:
    """Return what tells the line of the source that a line of the copy is: the same one."""
    return lambda index: (Origin(file.source, index + 1),)
