"""SARIF 2.1.0, for code scanning: rules and results in, the log of one run out."""

import json
from typing import Any
from urllib.parse import quote

from promptpack.version import __version__


def make_log(name: str, rules: list[dict[str, Any]], results: list[dict[str, Any]]) -> str:
    """Return the log of one run of a command."""
    driver = {"name": name, "version": __version__, "rules": rules}
    run = {"tool": {"driver": driver}, "columnKind": "unicodeCodePoints", "results": results}
    return json.dumps({"version": "2.1.0", "runs": [run]}, indent=2) + "\n"


def make_location(path: str, line: int) -> dict[str, Any]:
    """Return the place of a line of a file; `path` is relative to the repository."""
    region = {"startLine": line}
    return {"physicalLocation": {"artifactLocation": {"uri": quote(path)}, "region": region}}
