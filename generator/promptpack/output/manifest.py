"""The record of what promptpack wrote into a folder: JSON in the folder, a `Manifest` in between.

A manifest never makes promptpack own more than it wrote: what can't be read is no record at all.
"""

import hashlib
import json
import os
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import Any

from promptpack.model import Finding, UserError

MANIFEST = ".promptpack.json"
SCHEMA_VERSION = 1

Record = dict[str, str]
"""The SHA-256 of a file, and the words about it."""


@dataclass
class Manifest:
    """The record of what promptpack wrote into a folder, and was about to write."""

    files: dict[str, Record] = field(default_factory=dict)
    pending: dict[str, Record] = field(default_factory=dict)

    def owns(self, path: str, content: bytes) -> bool:
        """Tell whether these bytes at this path are what promptpack wrote there."""
        records = self.files.get(path, {}), self.pending.get(path, {})
        return hash_content(content) in [record.get("sha256") for record in records]


def hash_content(content: bytes) -> str:
    """Return the SHA-256 of some bytes, in hexadecimal."""
    return hashlib.sha256(content).hexdigest()


def read_manifest(folder: Path) -> Manifest:
    """Return a folder's manifest: an empty one where there is none or it can't be read.

    A lost record makes promptpack own less, never more. Raises UserError for a manifest of a newer
    promptpack, and for one that names a path outside the folder.
    """
    try:
        data = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))
        if data["schema_version"] > SCHEMA_VERSION:
            raise UserError(
                (_make_manifest_finding("was written by a newer promptpack: use that version"),)
            )
        manifest = Manifest(dict(data["files"]), dict(data["pending"]))
    except (OSError, ValueError, KeyError, TypeError, RecursionError):
        return Manifest()
    if not _is_well_formed(manifest):
        return Manifest()
    if outside_paths := [p for p in (*manifest.files, *manifest.pending) if not _is_inside(p)]:
        raise UserError(
            (
                _make_manifest_finding(
                    f"lists a path that promptpack would never write: {outside_paths[0]!r}"
                ),
            )
        )
    return manifest


def write_manifest(folder: Path, manifest: Manifest) -> None:
    """Write a manifest so that it survives a crash; one that says nothing is removed."""
    data: dict[str, Any] = {
        "schema_version": SCHEMA_VERSION,
        "files": manifest.files,
        "pending": manifest.pending,
    }
    if manifest == Manifest():
        (folder / MANIFEST).unlink(missing_ok=True)
        return
    replace_file(folder / MANIFEST, (json.dumps(data, indent=1) + "\n").encode(), sync=True)


def make_temporary_path(target: Path) -> Path:
    """Return the path beside a file at which its new bytes are written first."""
    return target.with_name(f".{target.name}.promptpack-tmp")


def replace_file(target: Path, content: bytes, *, sync: bool = False) -> None:
    """Put bytes at a path so that a reader sees the old or the new, never a part."""
    temporary_path = make_temporary_path(target)
    temporary_path.unlink(missing_ok=True)
    try:
        with temporary_path.open("xb") as file:
            file.write(content)
            if sync:
                file.flush()
                os.fsync(file.fileno())
        temporary_path.replace(target)
    except BaseException:
        temporary_path.unlink(missing_ok=True)
        raise


def _is_inside(path: str) -> bool:
    parts = PurePosixPath(path).parts
    return bool(parts) and not path.startswith("/") and not {"..", *"\\:\0"} & {*parts, *path}


def _is_well_formed(manifest: Manifest) -> bool:
    """Tell whether a manifest holds what is written into one: records of words."""
    records = (*manifest.files.values(), *manifest.pending.values())
    return all(isinstance(record, dict) for record in records) and all(
        isinstance(word, str) for record in records for word in record.values()
    )


def _make_manifest_finding(message: str) -> Finding:
    return Finding("PP404", "error", MANIFEST, 1, 1, f"the manifest {message}")
