"""The extra keys of a pack's clients: YAML data in, a finding for each that a client can't have."""

from collections.abc import Iterator

from promptpack.model import Finding
from promptpack.model.fields import is_field
from promptpack.reading.files import SourceFile
from promptpack.source.closest import suggest
from promptpack.source.strict_yaml import UNREADABLE_CODES, DataPath, Document
from promptpack.source.text import make_finding
from promptpack.targets import TARGETS, Target
from promptpack.targets.heads import takes_head


def find_extra_problems(data: object, document: Document, file: SourceFile) -> Iterator[Finding]:
    """Yield an error for each key and value under `extra` that its target doesn't take.

    What isn't a known target, or isn't a mapping, is reported elsewhere.
    """
    if any(finding.code in UNREADABLE_CODES for finding in document.findings):
        return
    clients = data.get("clients") if isinstance(data, dict) else None
    for name, settings in clients.items() if isinstance(clients, dict) else ():
        yield from _find_form_problems(str(name), settings, document, file)
        extra = settings.get("extra") if isinstance(settings, dict) else None
        for key, value in extra.items() if isinstance(extra, dict) else ():
            if name in TARGETS and (problem := _explain_key(TARGETS[name], key, value)):
                place: DataPath = ("clients", name, "extra", key)
                span = document.at(place) if problem[0] == "PP010" else document.keys[place]
                yield make_finding(problem[0], file.path, span, *problem[1:], file.text)


def _find_form_problems(
    name: str, settings: object, document: Document, file: SourceFile
) -> Iterator[Finding]:
    """Yield an error for each setting of how a file is kept that a target's file can't have."""
    target = TARGETS.get(name)
    if target is None or not isinstance(settings, dict):
        return
    reasons = {
        "head": "" if takes_head(target) else "its file has no front matter",
        **dict.fromkeys(
            ("file", "newlines", "bom"), "its file is shared with others" if target.block else ""
        ),
        "persona": "" if target.is_common else "its file is the agent's own",
    }
    for key, reason in reasons.items():
        if key in settings and reason:
            message = f"'{key}' can't be set for {target.title}: {reason}"
            span = document.keys["clients", name, key]
            yield make_finding("PP037", file.path, span, message, "", file.text)


def _explain_key(target: Target, key: str, value: object) -> tuple[str, str, str] | None:
    """Return the code, the message and the hint for what a target doesn't take, or None."""
    if key in target.extras:
        extra = target.extras[key]
        message = f"'{key}' can't have this value in {target.title}"
        return None if extra.accepts(value) else ("PP010", message, f"use {extra.form}")
    if is_field(key):
        return "PP037", f"'{key}' is no extra key", _suggest_field(target, key)
    if reason := target.explain_refused_extra(key):
        return "PP037", f"'{key}' can't be added for {target.title}: {reason}", ""
    hint = suggest(key, target.extras) or f"{target.title} takes no extra key that is known"
    return "PP012", f"unknown key '{key}' for {target.title}", hint


def _suggest_field(target: Target, key: str) -> str:
    if key in {"name", "description", "model"}:
        return f"write '{key}' under 'clients: {{{target.name}: …}}', beside 'extra'"
    return f"write '{key}' in the pack, for all clients"
