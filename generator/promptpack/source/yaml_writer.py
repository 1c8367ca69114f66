"""Data in, YAML out: in the form that common formatters leave alone, and that all readers agree on.

Block collections are indented below their key, and what has to be quoted is in double quotes, or in
single ones where it holds a double quote and needs no escape. Measured against prettier 3.10.1.
"""

import json
import re
import sys
from collections.abc import Collection, Iterator, Mapping
from functools import lru_cache
from typing import Any

import yaml

from promptpack.patterns import compile_late
from promptpack.source.strict_yaml import AMBIGUOUS_SCALAR

_SPECIAL = compile_late("[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029\ufeff\ufffe\uffff]")
"""What stands in no YAML text as it is, or ends a line to some readers."""

_ASTRAL = compile_late("[\U00010000-\U0010ffff]")
_LINE_ENDS = frozenset("\n\r\x85\u2028\u2029")
_LONGEST_KEY = 1000
"""How many characters a key may have that stands before its colon; YAML allows 1024 with quotes."""

PLAIN_KEY = "[A-Za-z_][A-Za-z0-9_-]*"
"""A key that begins a line of a file, and stands there without quotes."""

_LONGEST_KEPT = 500
"""How many characters a text may have that is kept with how it is spelled."""


class _Dumper(yaml.CSafeDumper):
    """Quotes what PyYAML itself reads as text, but not every other reader."""

    def ignore_aliases(self, data: Any) -> bool:  # noqa: ANN401, ARG002 - YAML data
        return True


_Dumper.add_implicit_resolver(
    "!surprise", compile_late(rf"(?:{AMBIGUOUS_SCALAR.pattern})\Z", re.IGNORECASE), None
)


def _represent_text(dumper: yaml.CSafeDumper, text: str) -> yaml.Node:
    """Return a text as YAML; one of several lines stays on the line of its key."""
    style = '"' if _LINE_ENDS & {*text} else None
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style=style)


_Dumper.add_representer(str, _represent_text)


def write_mapping(mapping: Mapping[str, Any]) -> str:
    """Return block YAML in the order given, one key a line, ended by a newline.

    Whatever a reader could take for something else is quoted.
    """
    spellings = map(_spell, _iter_scalars(dict(mapping)))
    return "".join(f"{line}\n" for line in _iter_lines(dict(mapping), spellings))


def write_compact_mapping(mapping: Mapping[str, Any]) -> str:
    """Return the same with the innermost collections on one line each, as people write sources."""
    return _dump(dict(mapping), flow=None)


def write_text(text: str, escaped: Collection[str] = ()) -> str:
    """Return a text as a value in a block mapping, its further lines two spaces in.

    One of several lines stands a line each: as it is, or in double quotes where a reader could take
    it otherwise. So it does where it has one of the characters that have to be `escaped`.
    """
    is_plain = not _SPECIAL.search(text) and {*escaped}.isdisjoint(text)
    if "\n" not in text:
        shown = _ASTRAL.sub("x", text)  # libyaml writes these as escapes
        if is_plain and (shown == text or _spell(shown) == shown):
            return text if shown != text else _spell(text)
        return f'"{_escape(text, escaped)}"'
    lines = text.removesuffix("\n").split("\n")
    if is_plain and lines[0][:1].strip() and lines[-1].strip():
        mark = "|" if text.endswith("\n") else "|-"
        return "\n".join([mark, *(f"  {line}" if line else "" for line in lines)])
    end = "\\n" if text.endswith("\n") else ""
    spelled = (re.sub("^ ", r"\\ ", _escape(line, escaped)) for line in lines)
    return '"\\\n  ' + "\\n\\\n  ".join(spelled) + f'{end}"'


def _escape(text: str, escaped: Collection[str]) -> str:
    """Return a text as it stands between double quotes."""
    quoted = json.dumps(text, ensure_ascii=False)[1:-1]
    shown = (f"\\u{ord(c):04x}" if c in escaped or _SPECIAL.match(c) else c for c in quoted)
    return "".join(shown)


def _dump(data: object, *, flow: bool | None) -> str:
    return yaml.dump(
        data,
        Dumper=_Dumper,
        sort_keys=False,
        allow_unicode=True,
        default_flow_style=flow,
        width=sys.maxsize >> 33,
    )


def _iter_scalars(data: object) -> Iterator[object]:
    """Yield the scalars of some data in the order they are written; an empty collection is one."""
    if isinstance(data, dict) and data:
        for key, value in data.items():
            yield key
            yield from _iter_scalars(value)
    elif isinstance(data, (list, tuple)) and data:
        for value in data:
            yield from _iter_scalars(value)
    else:
        yield data


def _spell(scalar: object) -> str:
    """Return a scalar as YAML, on one line."""
    is_short = isinstance(scalar, str) and len(scalar) <= _LONGEST_KEPT
    is_known = scalar is None or isinstance(scalar, (bool, int)) or is_short
    return _spell_short(scalar) if is_known else _spell_anew(scalar)


@lru_cache(maxsize=8192, typed=True)
def _spell_short(scalar: object) -> str:
    """Return a short text, a whole number or a word as YAML.

    The last few thousand are kept, because the files of one build share most of them.
    """
    return _spell_anew(scalar)


def _spell_anew(scalar: object) -> str:
    line = _dump([scalar], flow=False).removesuffix("\n")
    spelled = line.removeprefix("- ")
    is_requoted = spelled.startswith("'") and isinstance(scalar, str) and '"' not in scalar
    return _quote(scalar) if is_requoted and isinstance(scalar, str) else spelled


def _quote(text: str) -> str:
    """Return a text that has neither double quotes nor control characters in double quotes."""
    return '"' + text.replace("\\", "\\\\") + '"'


def _iter_lines(data: object, spellings: Iterator[str]) -> Iterator[str]:
    """Yield the lines of some data, the next spellings for its scalars."""
    if isinstance(data, dict) and data:
        for value in data.values():
            yield from _iter_entry_lines(value, spellings)
    elif isinstance(data, (list, tuple)) and data:
        for value in data:
            lead = "- "
            for line in _iter_lines(value, spellings):
                yield f"{lead}{line}"
                lead = "  "
    else:
        yield next(spellings)


def _iter_entry_lines(value: object, spellings: Iterator[str]) -> Iterator[str]:
    start = f"{next(spellings)}:"
    if len(start) > _LONGEST_KEY:
        yield f"? {start[:-1]}"
        start = ":"
    if isinstance(value, (dict, list, tuple)) and value:
        yield start
        yield from (f"  {line}" for line in _iter_lines(value, spellings))
    else:
        yield f"{start} {next(spellings)}"
