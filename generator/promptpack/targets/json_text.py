"""What codecs of JSON files share: data in, text out, and back."""

import json
from collections.abc import Mapping
from typing import Any

from promptpack.patterns import compile_late

_WORDS = compile_late(r'\[\n +("\w+"(?:,\n +"\w+")*)\n +\]')


def write_json(data: object) -> str:
    """Return data as JSON with an indent of two, in the order given.

    Lists of words stand on one line, where common formatters would put them.
    """
    text = json.dumps(data, indent=2, ensure_ascii=False) + "\n"
    return _WORDS.sub(lambda match: f"[{' '.join(match[1].split())}]", text)


def read_json(text: str) -> Any:  # noqa: ANN401 - of any JSON
    """Return the data of a text, or None where it is not JSON or nested too deeply."""
    try:
        return json.loads(text.removeprefix("\ufeff"))
    except (ValueError, RecursionError):
        return None


def as_mapping(data: object) -> Mapping[str, Any]:
    """Return data that should be a JSON object; an empty one where it is not."""
    return data if isinstance(data, dict) else {}


def as_mappings(data: object) -> list[Mapping[str, Any]]:
    """Return the objects in data that should be a list of JSON objects."""
    return [one for one in data if isinstance(one, dict)] if isinstance(data, list) else []
