"""The extra keys of a pack's clients: YAML data in, a finding for each that a client can't have."""

from collections.abc import Iterator
from typing import Any

from promptpack.model import Finding
from promptpack.model.fields import is_field
from promptpack.reading.files import SourceFile
from promptpack.reading.validation import suggest
from promptpack.source.strict_yaml import UNREADABLE_CODES, DataPath, Document
from promptpack.source.text import make_finding
from promptpack.targets import TARGETS, Target


def find_extra_problems(data: object, document: Document, file: SourceFile) -> Iterator[Finding]:
    """Yield an error for each key and value under `extra` that its target doesn't take.

    What isn't a known target, or isn't a mapping, is reported elsewhere.
    """
    if any(finding.code in UNREADABLE_CODES for finding in document.findings):
        return
    clients = data.get("clients") if isinstance(data, dict) else None
    for name, settings in clients.items() if isinstance(clients, dict) else ():
        extra = settings.get("extra") if isinstance(settings, dict) else None
        if name in TARGETS and isinstance(extra, dict):
            for key, value in extra.items():
                place = ("clients", name, "extra", key)
                yield from _check_key(TARGETS[name], key, value, document, place, file)


def _check_key(  # noqa: PLR0913 - a key, its value, and where they stand
    target: Target,
    key: str,
    value: Any,  # noqa: ANN401 - anything YAML can hold
    document: Document,
    place: DataPath,
    file: SourceFile,
) -> Iterator[Finding]:
    extra = target.extras.get(key)
    if extra is None:
        code, message, hint = _explain_key(target, key)
        yield make_finding(code, file.path, document.keys[place], message, hint, file.text)
    elif not extra.accepts(value):
        message = f"'{key}' can't have this value in {target.title}"
        span, hint = document.at(place), f"use {extra.form}"
        yield make_finding("PP010", file.path, span, message, hint, file.text)


def _explain_key(target: Target, key: str) -> tuple[str, str, str]:
    """Return the code, the message and the hint for a key that a pack can't add."""
    if is_field(key):
        return "PP037", f"'{key}' is no extra key", _suggest_field(target.name, key)
    if reason := target.explain_refused_extra(key):
        return "PP037", f"'{key}' can't be added for {target.title}: {reason}", ""
    hint = suggest(key, target.extras) or f"{target.title} takes no extra keys that are known"
    return "PP012", f"unknown key '{key}' for {target.title}", hint


def _suggest_field(target: str, key: str) -> str:
    own = "name", "description", "model"
    place = f"under 'clients: {{{target}: …}}', beside 'extra'" if key in own else "in the pack"
    return f"write '{key}' {place}"
