"""Entries of a GitLab code quality report: what is wrong and its place in, data out."""

import hashlib
from typing import Any


def make_quality_entry(  # noqa: PLR0913 - the fields of an entry
    *, check: str, description: str, severity: str, path: str, line: int, unique: str
) -> dict[str, Any]:
    """Return an entry, which GitLab knows again by its fingerprint: that of the `unique` text.

    `severity` is `info`, `minor`, `major`, `critical` or `blocker`; `path` is that in the
    repository.
    """
    return {
        "description": description,
        "check_name": f"promptpack-{check}",
        "fingerprint": hashlib.sha256(unique.encode("utf-8", "surrogatepass")).hexdigest()[:32],
        "severity": severity,
        "location": {"path": path, "lines": {"begin": line}},
    }
