"""Languages: their tags, the names of translated fragments, and the names of variants.

A tag is one of BCP 47 (RFC 5646, section 2.1): a language, and perhaps a script and a region, each
written as it is recommended there. So there is one spelling, and two file names never differ in
small and capital letters alone.
"""

import re
from typing import NamedTuple

LANGUAGE_REGEX = r"^([a-ln-z][a-z]|m[a-ce-z]|[a-z]{3})(-[A-Z][a-z]{3})?(-([A-Z]{2}|[0-9]{3}))?$"
"""`md` is no language in any registry, and ends the file names of fragments."""


class VariantId(NamedTuple):
    """What tells the variants of a pack apart; `language` is "" for the one it is written in."""

    model: str
    policy: str
    language: str = ""

    def __str__(self) -> str:
        """Return its name: `<model>.<policy>`, then the language, with `+` for a library's colon.

        It is a part of paths, in which some systems allow no colon.
        """
        return ".".join(filter(None, self)).replace(":", "+")


def parse_variant_id(name: str) -> VariantId:
    """Return what a variant's name says, whether there is such a variant or not.

    >>> parse_variant_id("claude.review.de")
    VariantId(model='claude', policy='review', language='de')
    >>> str(parse_variant_id("acme+claude.acme:review.de"))
    'acme+claude.acme+review.de'
    """
    model, _, rest = name.replace("+", ":").partition(".")
    policy, _, language = rest.partition(".")
    return VariantId(model, policy, language)


def is_language(word: str) -> bool:
    """Tell whether a word is the tag of a language, in its one spelling."""
    return re.fullmatch(LANGUAGE_REGEX, word) is not None and "\n" not in word


def name_translation(name: str, language: str) -> str:
    """Return the name that the translation of a fragment has.

    >>> name_translation("ethics/be-honest", "de"), name_translation("packs/demo/role.md", "pt-BR")
    ('ethics/be-honest.de', 'packs/demo/role.pt-BR.md')
    """
    stem = name.removesuffix(".md")
    return f"{stem}.{language}{name.removeprefix(stem)}"


def split_translation(name: str) -> tuple[str, str]:
    """Return the fragment that one translates by its name, and the language; "" for neither.

    >>> split_translation("packs/demo/role.de.md"), split_translation("packs/demo/role.md")
    (('packs/demo/role.md', 'de'), ('', ''))
    """
    stem = name.removesuffix(".md")
    source, _, language = stem.rpartition(".")
    is_named = source.rpartition("/")[2] != ""
    is_translation = is_named and is_language(language)
    return (source + name.removeprefix(stem), language) if is_translation else ("", "")
