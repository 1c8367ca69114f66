"""The registry of everything that promptpack can say: its code, and a page that explains it.

A rule is one function and one line in its module's table; its docstring is its page. What the
pipeline says itself has a page only.
"""

from collections.abc import Mapping

from promptpack.lint.rule import Entry
from promptpack.lint.rules import (
    clients,
    contradictions,
    policies,
    prompts,
    said_input,
    said_names,
    said_outputs,
    said_templates,
    secrets,
    texts,
    unused,
)

__all__ = ["RULES", "Entry", "page"]

_MODULES = (
    *(said_input, said_names, said_templates, said_outputs),
    *(unused, policies, contradictions, clients, texts, secrets, prompts),
)

RULES: Mapping[str, Entry] = {
    entry.code: entry
    for entry in sorted((one for module in _MODULES for one in module.RULES), key=lambda e: e.code)
}
"""All entries by code, in the order of their codes."""


def page(code: str) -> str:
    """Return the page of a code as Markdown, ended by a newline; raises KeyError for no code."""
    entry = RULES[code]
    found = ", found by `promptpack lint`" if entry.check else ""
    kind = f"{entry.family}, {entry.severity}{found}"
    return f"# {entry.code} {entry.name}\n\n{kind}\n\n{entry.page}\n"
