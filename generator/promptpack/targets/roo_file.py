"""Roo Code's files of modes as it reads them: a text in, the modes out, and how they share a file.

Read in the sources of Roo Code and of Zoo Code, which has the same reader. Some characters are
replaced before the YAML is read; what is not YAML is read as JSON. One mode that is wrong, or two
with one slug, and no mode of the file is loaded.
"""

import json
from collections.abc import Collection, Mapping
from typing import Any

from promptpack.patterns import compile_late
from promptpack.source.client_yaml import LimitError, read_client_yaml
from promptpack.targets.codec import as_text, find_wrong_value
from promptpack.targets.extras import Extras, find_wrong_extras
from promptpack.targets.json_text import as_mapping, as_mappings, read_json
from promptpack.targets.list_blocks import make_list_blocks
from promptpack.targets.problems import Problem, list_misread, list_unknown

KEY = "customModes"
GROUPS = frozenset({"read", "edit", "command", "mcp", "modes"})
REPLACED: Mapping[str, str] = {
    "\u00a0": " ",
    **dict.fromkeys("\u200b\u200c\u200d", ""),
    **dict.fromkeys("\u2010\u2011\u2012\u2013\u2014\u2015\u2212", "-"),
    **dict.fromkeys("\u2018\u2019", "'"),
    **dict.fromkeys("\u201c\u201d", '"'),
}
"""The characters that Roo Code takes for others, or for none, wherever they stand in a file."""

_CLEANING = str.maketrans(dict(REPLACED))
_SLUG = compile_late(r"[a-zA-Z0-9-]+")
_TEXTS = ("whenToUse", "description", "customInstructions")
_OLD_GROUP = "browser"
"""A group that is passed over; older versions had a tool for it."""


def read_modes(text: str) -> list[Mapping[str, Any]] | None:
    """Return the modes of a file, or of some entries of one; None where it can't be read.

    What is too large to be read here has one mode that says nothing.
    """
    try:
        data = read_client_yaml(text.removeprefix("\ufeff").translate(_CLEANING), merges=False)
    except LimitError:
        return [{}]
    except ValueError:
        data = read_json(text)
        if data is None:
            return None
    modes = data if isinstance(data, list) else as_mapping(data).get(KEY)
    return as_mappings(modes or [])


def find_mode(text: str, slug: str) -> Mapping[str, Any]:
    """Return the mode of a slug, or else the first one."""
    modes = read_modes(text) or [{}]
    return next((mode for mode in modes if mode.get("slug") == slug), modes[0])


def read_groups(mode: Mapping[str, Any]) -> list[str]:
    """Return the names of a mode's groups, without the options that an entry may have."""
    groups = mode.get("groups")
    names = (one[0] if isinstance(one, list) and one else one for one in groups or ())
    return [as_text(name) for name in names] if isinstance(groups, list) else []


def find_refusal(text: str) -> str:
    """Return why Roo Code would load no mode of a file, or nothing."""
    modes = read_modes(text)
    if modes is None:
        return "it is neither YAML nor JSON"
    if not modes:
        return f"it has no list '{KEY}' of modes"
    slugs = [mode.get("slug") for mode in modes]
    if twice := next((slug for n, slug in enumerate(slugs) if slug in slugs[:n]), None):
        return f"two modes have the slug '{twice}'"
    return next(filter(None, map(find_wrong_mode, modes)), "")


def find_wrong_mode(mode: Mapping[str, Any]) -> str:
    """Return what of a mode Roo Code does not take, or nothing."""
    for key in ("slug", "name", "roleDefinition", "groups"):
        if key not in mode:
            return f"'{key}' is missing"
    checks = {
        "slug": lambda v: isinstance(v, str) and _SLUG.fullmatch(v) is not None,
        **dict.fromkeys(("name", "roleDefinition"), lambda v: isinstance(v, str) and v != ""),
        **dict.fromkeys(_TEXTS, lambda v: isinstance(v, str)),
        "groups": _are_groups,
        "source": lambda v: v in ("global", "project"),
    }
    return find_wrong_value(mode, checks)


def find_mode_problems(
    text: str, keys: Collection[str], groups: Collection[str], extras: Extras
) -> list[Problem]:
    """Return what is wrong with a mode by its keys and its groups, and an empty prompt."""
    modes = read_modes(text)
    if modes is None or len(modes) != 1:
        return list_unknown(["the text is not one mode in a list of YAML"])
    (mode,) = modes
    wrong, entries = find_wrong_mode(mode), mode.get("groups")
    is_empty = not as_text(mode.get("roleDefinition")).strip()
    has_options = isinstance(entries, list) and any(isinstance(one, list) for one in entries)
    unknown = [f"unknown key '{key}'" for key in mode if key not in {*keys, *extras}]
    unknown += [f"unknown group '{name}'" for name in read_groups(mode) if name not in groups]
    return [
        *list_unknown([*unknown, *find_wrong_extras(mode, extras)]),
        *list_misread([wrong] if wrong else [], "groups" if "'groups'" in wrong else ""),
        *list_misread(["'fileRegex' does not hold for all tools"] if has_options else [], "groups"),
        *list_misread(["the prompt is empty"] if is_empty else []),
    ]


def _are_groups(value: object) -> bool:
    entries = value if isinstance(value, list) else [None]
    kept = [one for one in entries if _OLD_GROUP not in (one, *_list_first(one))]
    names = [next(_list_first(one), one) for one in kept]
    has_twice = any(name in names[:n] for n, name in enumerate(names))
    return not has_twice and all(map(_is_group, kept))


def _list_first(entry: object) -> Any:  # noqa: ANN401 - of any YAML
    return iter(entry[:1] if isinstance(entry, list) else ())


def _is_group(entry: object) -> bool:
    if isinstance(entry, list) and len(entry) == 2 and isinstance(entry[1], dict):
        options = (entry[1].get(key, "") for key in ("fileRegex", "description"))
        return _is_group(entry[0]) and all(isinstance(one, str) for one in options)
    return isinstance(entry, str) and entry in GROUPS


def _read_slugs(text: str) -> list[str] | None:
    modes = read_modes(text)
    return None if modes is None else [as_text(mode.get("slug")) for mode in modes]


def _split_modes(text: str) -> dict[str, str]:
    """Return the modes of a file by slug, each as JSON; of two with one slug, the first."""
    modes = reversed(read_modes(text) or [])
    return {as_text(m.get("slug")): f"{json.dumps([m], ensure_ascii=False)}\n" for m in modes}


MODES = make_list_blocks(KEY, _read_slugs, _split_modes)
"""How modes share a file."""
