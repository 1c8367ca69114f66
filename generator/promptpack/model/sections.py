"""The section kinds: what promptpack knows of sections by their names; a pack may have others."""

import re
import unicodedata
from typing import NamedTuple

from promptpack.patterns import compile_late


class SectionKind(NamedTuple):
    """A section that is known by its name.

    Of a safety-relevant one no change should go unnoticed. An expected one should be in each pack,
    under its own name or one of `aliases`. A personal one is about one agent: who it is and how it
    works, and no rule for everybody who works in a repository.
    """

    name: str
    title: str
    is_safety: bool = False
    is_expected: bool = False
    is_personal: bool = False
    aliases: tuple[str, ...] = ()


SECTION_KINDS = (
    SectionKind(
        "role",
        "Role",
        is_expected=True,
        is_personal=True,
        aliases=("identity", "persona", "about", "purpose"),
    ),
    SectionKind("responsibilities", "Responsibilities", is_personal=True),
    SectionKind(
        "scope",
        "Scope and boundaries",
        is_safety=True,
        is_expected=True,
        aliases=("boundaries", "limits", "constraints", "rules"),
    ),
    SectionKind("standards", "Standards"),
    SectionKind("workflow", "Workflow", is_personal=True),
    SectionKind("interaction", "Interaction", is_personal=True),
    SectionKind("output", "Output", is_personal=True),
    SectionKind(
        "ethics",
        "Ethics and safety",
        is_safety=True,
        is_expected=True,
        aliases=("safety", "security", "guardrails", "principles"),
    ),
    SectionKind("examples", "Examples", is_personal=True),
    SectionKind("permissions", "Permissions", is_safety=True),
)
"""In the order in which they are usually read; `permissions` is written by promptpack itself."""

SAFETY_SECTIONS = frozenset(
    name for kind in SECTION_KINDS if kind.is_safety for name in (kind.name, *kind.aliases)
)
"""The sections of which no change should go unnoticed."""

PERSONAL_SECTIONS = frozenset(
    name for kind in SECTION_KINDS if kind.is_personal for name in (kind.name, *kind.aliases)
)
"""The sections that are about one agent and not about the work of all."""

_TITLES = {kind.name: kind.title for kind in SECTION_KINDS} | {
    "in": "In scope",
    "out": "Out of scope",
}
"""The titles of known sections, and of the parts whose name alone would not do."""


_SLUG_LENGTH = 64
_NUMBER = compile_late(r"\s*[0-9]+[.)]\s+")


def make_slug(text: str) -> str:
    """Return a text as a name: small letters and digits with single hyphens; perhaps nothing.

    >>> make_slug("Über uns: 2 Dinge!"), make_slug("🚀")
    ('uber-uns-2-dinge', '')
    """
    plain = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode()
    words = re.sub(r"[^a-z0-9]+", "-", plain.lower()).strip("-")
    return words[:_SLUG_LENGTH].rstrip("-")


def name_section(title: str) -> str:
    """Return the name of a section by its heading: that of a known section, or a name like it.

    >>> name_section("2. Ethics and Safety"), name_section("Our way"), name_section("🚀")
    ('ethics', 'our-way', 'section')
    """
    slug = make_slug(_NUMBER.sub("", title, count=1) or title)
    return _NAMES.get(slug, slug) or "section"


def make_title(name: str) -> str:
    """Return the title of a section or a part.

    >>> make_title("ethics"), make_title("data-handling")
    ('Ethics and safety', 'Data handling')
    """
    return _TITLES.get(name, name.replace("-", " ").capitalize())


_NAMES = {make_slug(kind.title): kind.name for kind in SECTION_KINDS}
"""The names of known sections by the slugs of their titles."""
