"""What each shard of a build wrote: records of it in a folder, and one manifest of all of them.

A shard leaves a file beside the manifest, which says of which sources it is, and by which version,
and has the records of its own files. The files of all shards can then be copied into one folder.
Merging renders nothing: where all shards are there, of the sources that the project has, and each
file has the bytes that its shard recorded, the manifest becomes that of a whole build.

Like a manifest, such a record comes with its folder, so it can claim no more than one can.
"""

import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any, NamedTuple

from promptpack.model import Finding, Project, UserError
from promptpack.output.folder_plan import Plan
from promptpack.output.manifest import hash_content, read_manifest, unify_line_ends
from promptpack.output.ownership import claims_output, is_beside_output
from promptpack.output.packed import Record
from promptpack.output.places import LinkedPathError, open_place
from promptpack.output.plan import EXECUTABLE, plan_output
from promptpack.output.replace import replace_file
from promptpack.output.status import DesiredFile, read_output
from promptpack.patterns import compile_late
from promptpack.rendering.shards import Shard
from promptpack.rendering.variants import ALL
from promptpack.source.disk import UnreadableFileError, read_regular_file
from promptpack.targets.paths import fold_path
from promptpack.version import __version__

_SCHEMA_VERSION = 1
_LIMIT = 64 << 20
_NAME = compile_late(r"\.promptpack-shard-([1-9][0-9]{0,3})-of-([1-9][0-9]{0,3})\.json")
_AGAIN = "build all shards again from the same sources, with the same promptpack"
_COPY = "copy the shard's files again"


class ShardRecord(NamedTuple):
    """What a shard wrote, with which version of promptpack, and the digest of all sources.

    `library` is what its manifest is to say of the library files behind its files.
    """

    shard: Shard
    tool: str
    sources: str
    library: Mapping[str, str]
    files: Mapping[str, Record]

    @property
    def name(self) -> str:
        """The name of its file."""
        return name_record(self.shard)


def name_record(shard: Shard) -> str:
    """Return the name of the file in the output folder that records a shard."""
    return f".promptpack-shard-{shard.number}-of-{shard.total}.json"


def hash_sources(project: Project) -> str:
    """Return one SHA-256 of all sources of a project, those of the standard library included.

    The line ends and byte-order marks of texts don't count; those of files beside skills do.
    """
    digests = [
        *((path, "text", hash_content(_encode(text))) for path, text in project.sources.items()),
        *(
            (path, "run" if file.is_executable else "file", hash_content(file.content))
            for path, file in project.attached.items()
        ),
    ]
    return hashlib.sha256(_encode(json.dumps(sorted(digests)))).hexdigest()


def write_shard_record(plan: Plan, shard: Shard, project: Project) -> None:
    """Record what a shard wrote, once its plan is carried out."""
    recorded = read_manifest(plan.folder, plan.ownership.record).files
    data = {
        "schema_version": _SCHEMA_VERSION,
        "shard": shard.number,
        "of": shard.total,
        "tool": __version__,
        "sources": hash_sources(project),
        "library": plan.library or {},
        "files": {path: recorded[path] for path in sorted(plan.desired)},
    }
    plan.folder.mkdir(parents=True, exist_ok=True)
    content = (json.dumps(data, indent=2) + "\n").encode()
    replace_file(plan.folder, name_record(shard), content, sync=True)


def read_shard_records(folder: Path) -> tuple[ShardRecord, ...]:
    """Return the records of shards in a folder, by their number.

    Raises UserError where one can't be read.
    """
    records, findings = [], []
    for shard in _list_shards(folder):
        name = name_record(shard)
        try:
            records.append(_parse_record(read_regular_file(folder / name, _LIMIT), shard))
        except (UnreadableFileError, FileNotFoundError):
            findings.append(_make_finding(name, "can't be read", _COPY))
        except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
            findings.append(_make_finding(name, "is not the record of this shard", _COPY))
    if findings:
        raise UserError(tuple(findings))
    return tuple(records)


def remove_shard_records(folder: Path) -> None:
    """Remove the records of shards, of which a whole build has the files too; no other file.

    A folder in which nothing else was goes too.
    """
    shards = _list_shards(folder)
    for shard in shards:
        name = name_record(shard)
        with suppress(OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError):
            _parse_record(read_regular_file(folder / name, _LIMIT), shard)
            with open_place(folder, name) as place:
                place.remove()
    if shards:
        with suppress(OSError):
            folder.rmdir()


def plan_merge(folder: Path, project: Project, records: Sequence[ShardRecord]) -> Plan:
    """Return what it takes to make the shards in a folder a whole build.

    That is its manifest, and the modes of files, which an archive may have lost. What the manifest
    there lists and no shard wrote is removed as by a whole build. Raises UserError with all that
    is wrong: a shard is missing, of other sources or another version, or its files are not there.
    """
    if findings := [*_find_strangers(project, records), *_find_gaps(records)]:
        raise UserError(tuple(findings))
    if findings := [*_find_doubles(records), *_find_unclaimed(project, records)]:
        raise UserError(tuple(findings))
    desired_files, findings = {}, []
    for path, record in sorted(_iter_files(records)):
        desired_file = _read_desired(folder, path, record)
        if desired_file:
            desired_files[path] = desired_file
        else:
            message = "not the bytes that its shard wrote"
            findings.append(Finding("PP406", "error", path, 0, 0, message, _COPY))
    if findings:
        raise UserError(tuple(findings))
    library = {path: digest for one in records for path, digest in one.library.items()}
    return plan_output(desired_files, folder, ALL, project.name, library)


def _list_shards(folder: Path) -> list[Shard]:
    """Return the shards of which records are in a folder, by their names."""
    names = [path.name for path in folder.iterdir()] if folder.is_dir() else []
    matches = filter(None, map(_NAME.fullmatch, names))
    return sorted(Shard(int(match[1]), int(match[2])) for match in matches)


def _parse_record(content: bytes, shard: Shard) -> ShardRecord:
    """Return the record in some bytes; raises TypeError, KeyError or ValueError for other bytes."""
    data: Any = json.loads(content)
    library, files = data["library"], data["files"]
    words = [data["tool"], data["sources"]]
    for mapping in (library, *files.values()):
        words += mapping.values()
    is_right = data["schema_version"] == _SCHEMA_VERSION and shard == (data["shard"], data["of"])
    if not is_right or not all(isinstance(word, str) for word in words):
        raise ValueError(shard)
    return ShardRecord(shard, data["tool"], data["sources"], library, files)


def _find_strangers(project: Project, records: Iterable[ShardRecord]) -> Iterator[Finding]:
    """Yield an error for each shard that is of other sources or another version."""
    sources = hash_sources(project)
    for record in records:
        if record.tool != __version__:
            message = f"was built by promptpack {record.tool}, and this is {__version__}"
            yield _make_finding(record.name, message, _AGAIN)
        elif record.sources != sources:
            message = "was built from other sources than those that are here"
            yield _make_finding(record.name, message, _AGAIN)


def _find_gaps(records: Sequence[ShardRecord]) -> Iterator[Finding]:
    """Yield an error for each shard that is missing, or is one of another number of shards."""
    counts = sorted({record.shard.total for record in records})
    if len(counts) > 1:
        listed = " and ".join(map(str, counts))
        hint = "remove the records of builds with another number of shards"
        message = f"is one of {records[-1].shard.total} shards; there are shards of {listed} here"
        yield _make_finding(records[-1].name, message, hint)
        return
    numbers = {record.shard.number for record in records}
    for count in counts:
        for number in sorted({*range(1, count + 1)} - numbers):
            shard = Shard(number, count)
            hint = f"run 'promptpack build --shard {shard}', and copy its files"
            yield _make_finding(name_record(shard), "is missing", hint)


def _find_doubles(records: Iterable[ShardRecord]) -> Iterator[Finding]:
    """Yield an error for each file that two shards wrote."""
    owners: dict[str, ShardRecord] = {}
    for record in records:
        for path in record.files:
            owner = owners.setdefault(fold_path(path.partition("#")[0]), record)
            if owner is not record:
                message = f"has the file '{path}', which shard {owner.shard} has too"
                yield _make_finding(record.name, message, _AGAIN)


def _find_unclaimed(project: Project, records: Iterable[ShardRecord]) -> Iterator[Finding]:
    """Yield an error for each file that no build of this project has at its path."""
    for record in records:
        for path, words in record.files.items():
            if words.get("project", "") != project.name or not claims_output(path, words):
                message = f"lists a path that promptpack would not write: {path!r}"
                yield _make_finding(record.name, message, _AGAIN)


def _iter_files(records: Iterable[ShardRecord]) -> Iterator[tuple[str, Record]]:
    for record in records:
        yield from record.files.items()


def _read_desired(folder: Path, path: str, record: Record) -> DesiredFile | None:
    """Return what a shard wrote at a path, as it stands there; None where that is not there."""
    try:
        found = read_output(folder, path)
    except LinkedPathError:
        return None
    candidates = () if found is None else (found, unify_line_ends(found))
    content = next((one for one in candidates if hash_content(one) == record.get("sha256")), None)
    if content is None:
        return None
    about = {word: value for word, value in record.items() if word != "sha256"}
    has_mode = is_beside_output(path, record)
    mode = record.get("mode") == EXECUTABLE if has_mode else None
    return DesiredFile(content, about, is_executable=mode)


def _make_finding(name: str, message: str, hint: str) -> Finding:
    return Finding("PP406", "error", name, 0, 0, f"the shard's record {message}", hint)


def _encode(text: str) -> bytes:
    return text.encode("utf-8", "surrogatepass")
