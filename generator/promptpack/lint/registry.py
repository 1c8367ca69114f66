"""The registry of everything that promptpack can report: its code, and a page that explains it.

A lint rule is one function and one line in its module's table; its docstring is its page. What the
pipeline itself reports has a page under `catalogue/`, one Markdown file for each code.
"""

from collections.abc import Iterator, Mapping
from pathlib import Path

from promptpack.lint.rule import Rule
from promptpack.lint.rules import (
    clients,
    content,
    contradictions,
    copies,
    policies,
    prompts,
    secrets,
    texts,
    tools,
    translations,
    unused,
)
from promptpack.source import frontmatter

__all__ = ["RULES", "Rule", "render_page"]

_CATALOGUE = Path(__file__).parent / "catalogue"
_MODULES = (
    unused,
    policies,
    contradictions,
    clients,
    tools,
    texts,
    content,
    secrets,
    prompts,
    copies,
    translations,
)


def _read_catalogue() -> Iterator[Rule]:
    """Yield the entries of what the pipeline itself reports."""
    for path in _CATALOGUE.glob("*.md"):
        text = path.read_text(encoding="utf-8")
        fields = frontmatter.read_document(text, path.name).data
        yield Rule(code=path.stem, page=frontmatter.split_front_matter(text).body.strip(), **fields)


RULES: Mapping[str, Rule] = {
    entry.code: entry
    for entry in sorted(
        (*_read_catalogue(), *(rule for module in _MODULES for rule in module.RULES)),
        key=lambda entry: entry.code,
    )
}
"""All entries by code, in the order of their codes."""


def render_page(code: str) -> str:
    """Return the page of a code as Markdown, ended by a newline; raises KeyError for no code."""
    rule = RULES[code]
    finder = "lint" if rule.check else "audit" if rule.family == "audit" else ""
    origin = f", found by `promptpack {finder}`" if finder else ""
    details = f"{rule.family}, {rule.severity}{origin}"
    return f"# {rule.code} {rule.name}\n\n{details}\n\n{rule.page}\n"
