"""Secrets by their shape: text in, where they are or the text without them out.

Whatever shows source text in a report passes it through `redact` or `make_redactor` first: a
secret is never shown, not even by the rule that reports it.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from functools import cache
from typing import NamedTuple

from promptpack.model import Finding


class Shape(NamedTuple):
    """How a kind of secret looks: the pattern, and pieces of which each such secret has one."""

    pattern: str
    marks: tuple[str, ...]


SHAPES: Mapping[str, Shape] = {
    "AWS access key": Shape(r"\b(?:AKIA|ASIA)[0-9A-Z]{16}\b", ("AKIA", "ASIA")),
    "GitHub token": Shape(
        r"\b(?:gh[pousr]_[A-Za-z0-9]{36,}|github_pat_[A-Za-z0-9_]{50,})\b",
        ("ghp_", "gho_", "ghu_", "ghs_", "ghr_", "github_pat_"),
    ),
    "GitLab token": Shape(r"\bglpat-[A-Za-z0-9_-]{20,}", ("glpat-",)),
    "Slack token": Shape(r"\bxox[abprs]-[0-9A-Za-z-]{20,}", ("xox",)),
    "Slack webhook": Shape(
        r"\bhooks\.slack\.com/services/T\w{6,}/B\w{6,}/\w{20,}", ("hooks.slack.com",)
    ),
    "API key of a model provider": Shape(
        r"\bsk-(?:ant-|proj-|or-v1-|svcacct-)?[A-Za-z0-9_-]{24,}", ("sk-",)
    ),
    "Stripe key": Shape(r"\b[rs]k_live_[A-Za-z0-9]{16,}", ("k_live_",)),
    "Google API key": Shape(r"\bAIza[0-9A-Za-z_-]{35}", ("AIza",)),
    "Hugging Face token": Shape(r"\bhf_[A-Za-z0-9]{30,}\b", ("hf_",)),
    "npm token": Shape(r"\bnpm_[A-Za-z0-9]{36}\b", ("npm_",)),
    "PyPI token": Shape(r"\bpypi-AgEI[A-Za-z0-9_-]{50,}", ("pypi-",)),
    "JSON web token": Shape(
        r"\beyJ[A-Za-z0-9_-]{10,8192}+\.eyJ[A-Za-z0-9_-]{10,}+\.[A-Za-z0-9_-]{10,}", (".eyJ",)
    ),
    "private key": Shape(
        r"-----BEGIN (?:[A-Z]+ )*PRIVATE KEY(?: BLOCK)?-----(?s:.)*?(?:-----END [A-Z ]+-----|\Z)",
        ("PRIVATE KEY",),
    ),
    "password in a URL": Shape(
        r"(?<=://)[^\s/:@<>{}$\[\]]+:[^\s/:@<>{}$\[\]*]{6,}(?=@[\w.-]+)", ("://",)
    ),
}
"""The shapes by which secrets can be recognized, by kind."""

_SAMPLE = re.compile(
    r"example|sample|placeholder|dummy|changeme|your[-_]|redacted|password|passwd|secret|user:pass"
    r"|:pass\Z|x{6}|(.)\1{7}|1234567|abcdefg|\.\.\.",
    re.IGNORECASE,
)
"""What stands in for a secret in documentation."""


class Secret(NamedTuple):
    """What looks like a secret: what it is, and where in the text it stands."""

    kind: str
    start: int
    end: int


def find_secrets(text: str) -> Iterator[Secret]:
    """Yield what looks like a secret and not like an example of one."""
    kinds = tuple(
        kind for kind, shape in SHAPES.items() if any(map(text.__contains__, shape.marks))
    )
    for match in _compile_shapes(kinds).finditer(text) if kinds else ():
        kind = kinds[(match.lastindex or 1) - 1]
        if not _SAMPLE.search(match[0]) and (kind == "private key" or _is_random(match[0])):
            yield Secret(kind, *match.span())


def redact(text: str) -> str:
    """Return a text with a dot for each character of a secret."""
    pieces, position = [], 0
    for _, start, end in find_secrets(text):
        pieces += [text[position:start], re.sub(r"[^\n]", "•", text[start:end])]
        position = end
    return "".join([*pieces, text[position:]])


def find_secret_lines(texts: Mapping[str, str]) -> frozenset[tuple[str, int]]:
    """Return the places (path, line) in secrets of several lines: no line alone looks like one."""
    places: set[tuple[str, int]] = set()
    for path, text in texts.items():
        for _, start, end in find_secrets(text):
            first_line, more_lines = text.count("\n", 0, start) + 1, text.count("\n", start, end)
            places.update((path, first_line + n) for n in range(more_lines + 1) if more_lines)
    return frozenset(places)


def redact_finding(
    finding: Finding, secret_lines: frozenset[tuple[str, int]] = frozenset()
) -> Finding:
    """Return a finding in which no secret is shown; of the places in `hidden` no line is."""
    excerpt = "" if (finding.path, finding.line) in secret_lines else redact(finding.excerpt)
    return finding._replace(
        message=redact(finding.message), hint=redact(finding.hint), excerpt=excerpt
    )


def make_redactor(*texts: str) -> Callable[[str], str]:
    """Return what masks excerpts of these texts, lines of a secret of several lines among them."""
    lines = {
        line
        for text in texts
        if "PRIVATE KEY" in text
        for _, start, end in find_secrets(text)
        for line in text[start:end].split("\n")
        if "\n" in text[start:end]
    }

    def redact_excerpt(excerpt: str) -> str:
        result = excerpt
        for line in lines & {*excerpt.split("\n")}:
            result = result.replace(line, "•" * len(line))
        return redact(result)

    return redact_excerpt


@cache
def _compile_shapes(kinds: tuple[str, ...]) -> re.Pattern[str]:
    """Return the pattern of secrets of some kinds: a pattern of all takes long for each text."""
    return re.compile("|".join(f"({SHAPES[kind].pattern})" for kind in kinds))


def _is_random(text: str) -> bool:
    """Tell whether a text has the variety of a key: letters and digits, hardly a word."""
    return any(c.isdigit() for c in text) and len(set(text)) >= min(10, len(text) // 2)
