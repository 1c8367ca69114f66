"""SARIF 2.1.0, for code scanning: rules and results in, the log of one run out."""

from typing import Any
from urllib.parse import quote

from promptpack.reporting.json_text import dump_json
from promptpack.version import __version__


def make_log(name: str, rules: list[dict[str, Any]], results: list[dict[str, Any]]) -> str:
    """Return the log of one run of a command."""
    driver = {"name": name, "version": __version__, "rules": rules}
    run = {"tool": {"driver": driver}, "columnKind": "unicodeCodePoints", "results": results}
    return dump_json({"version": "2.1.0", "runs": [run]})


def make_location(path: str, line: int) -> dict[str, Any]:
    """Return the place of a line of a file; `path` is relative to the repository.

    A URI has room for each byte of a name, be it UTF-8 or not.
    """
    region = {"startLine": line}
    return {
        "physicalLocation": {
            "artifactLocation": {"uri": quote(path.encode("utf-8", "surrogateescape"))},
            "region": region,
        }
    }
