"""Translations of fragments and packs: a project in, what is wrong with any of them out."""

from collections.abc import Iterator

from promptpack.model import Finding, Fragment, Pack, Project, split_translation
from promptpack.source.frontmatter import read_document
from promptpack.source.strict_yaml import DataPath
from promptpack.source.text import Span, make_finding


def find_translation_problems(project: Project) -> Iterator[Finding]:
    """Yield what is wrong with the languages of packs, and with translations into them."""
    for pack in project.packs.values():
        yield from _find_pack_problems(project, pack)
    languages = {tag for pack in project.packs.values() for tag in pack.languages[1:]}
    for name, fragment in project.fragments.items() if languages else ():
        source, language = split_translation(name)
        if language in languages and project.find_translation(source, language) == name:
            yield from _find_differences(project, fragment, project.fragments[source])


def _find_pack_problems(project: Project, pack: Pack) -> Iterator[Finding]:
    if pack.text and len(pack.languages) > 1:
        message = "a prompt that is one text has one language"
        hint = "make its sections of fragments, which can be translated"
        yield _make_pack_finding(project, pack, ("variants", "language"), message, hint)
    for language in pack.languages[:1]:
        if language in pack.translations:
            message = f"the pack itself is in '{language}', the first of its languages"
            hint = "write it in the pack's own 'title', 'description' and 'titles'"
            yield _make_pack_finding(project, pack, ("translations", language), message, hint)


def _make_pack_finding(
    project: Project, pack: Pack, place: DataPath, message: str, hint: str
) -> Finding:
    text = project.sources[pack.path]
    span = read_document(text, pack.path).keys[place]
    return make_finding("PP016", pack.path, span, message, hint, text)


def _find_differences(project: Project, fragment: Fragment, source: Fragment) -> Iterator[Finding]:
    """Yield an error for each key that decides about variants and is not as in the source."""
    pairs = {
        "needs": (sorted(fragment.needs), sorted(source.needs)),
        "params": (repr(dict(fragment.params)), repr(dict(source.params))),
        "verbatim": (fragment.verbatim, source.verbatim),
    }
    text = project.sources[fragment.path]
    for key, (found, meant) in pairs.items():
        if found != meant:
            message = f"'{key}' is not as in {source.path}, which this translates"
            hint = f"write the same '{key}' in both"
            span = read_document(text, fragment.path).keys.get((key,), Span(1, 1))
            yield make_finding("PP015", fragment.path, span, message, hint, text)
