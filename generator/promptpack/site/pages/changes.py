"""The page of changes: reviews of releases in, what changed in the rendered prompts out."""

from collections.abc import Iterable, Iterator, Mapping

from promptpack.diff.model import Change, Review
from promptpack.diff.wording import NOTHING, Words, blocks, marked, subject, verb
from promptpack.model import Artifact
from promptpack.output.plan import key_of
from promptpack.site.catalogue import CHANGES, Catalogue
from promptpack.site.escape import code, text
from promptpack.site.history import History, Release
from promptpack.site.html import box, bullets, counted, folded, link, paragraph
from promptpack.site.page import Heading, Page

_MOST = 40
_RECENT = 5
_MARKS: Mapping[str, str] = {"gone": "<del>{}</del>", "come": "<ins>{}</ins>", "same": "{}"}


def changes_document(history: History) -> Page:
    """Return the page of what changed, release by release."""
    lead = "What changed in the rendered prompts, from one git tag to the next."
    parts: list[Heading | str] = [Heading("Changes", "about", 1), paragraph(lead, "pp-lead")]
    parts.append(paragraph(text(history.reason), "pp-note"))
    for number, release in enumerate(history.releases):
        date = f" <small>{text(release.date)}</small>" if release.date else ""
        parts.append(Heading(text(release.name) + date, f"release-{number}", searched=False))
        parts.append(box("pp-release", "".join(_told(release))))
    return Page("Changes", tuple(parts))


def recent_changes(known: Catalogue, history: History, here: str) -> Mapping[str, str]:
    """Return the newest changes of each pack, by its name, for the pack's page."""
    release = next((r for r in history.releases if r.review and r.review.differs), None)
    if release is None or release.review is None:
        return {}
    found: dict[str, list[Change]] = {}
    packs = {key_of(a.path, a): a.variant.pack.name for a in _artifacts(known)}
    for change in release.review.changes:
        for name in dict.fromkeys(packs[o] for o in change.outputs if o in packs):
            found.setdefault(name, []).append(change)
    more = link("All changes", CHANGES, here)
    lead = f"{text(release.name)}, since {code(release.before)}"
    return {
        name: box(
            "pp-recent", paragraph(f"{lead}. {more}") + bullets(map(_line, changes[:_RECENT]))
        )
        for name, changes in found.items()
    }


def _artifacts(known: Catalogue) -> Iterator[Artifact]:
    return (artifact for files in known.files.values() for artifact in files)


def _told(release: Release) -> Iterator[str]:
    since = f"Since {code(release.before)}: "
    if release.review is None:
        yield paragraph(f"{since}one of the two does not build with this version of promptpack.")
        return
    review = release.review
    if not review.differs:
        yield paragraph(since + text(NOTHING))
        return
    yield paragraph(f"{since}{_numbers(review)}.")
    for block in blocks(review):
        yield f"<h3>{block.title}</h3>"
        yield bullets(map(_change, block.changes[:_MOST]), "pp-changes")
        if len(block.changes) > _MOST:
            yield paragraph(f"And {len(block.changes) - _MOST} more.", "pp-note")


def _numbers(review: Review) -> str:
    found = review.summary
    numbers = ("changed", found.changed), ("added", found.added), ("removed", found.removed)
    said = [f"{number} {word}" for word, number in (*numbers, ("renamed", found.renamed)) if number]
    return f"{', '.join(said)} of {counted(review.built, 'file')}"


def _change(change: Change) -> str:
    lines = "".join(f"{_words(line)}&#10;" for line in marked(change))
    return folded(_line(change), f'<pre class="pp-diff"><code>{lines}</code></pre>')


def _line(change: Change) -> str:
    return f"<strong>{text(subject(change))}</strong> {text(verb(change))}, {text(change.reach)}"


def _words(line: Iterable[Words]) -> str:
    return "".join(_MARKS[word.mark].format(text(word.text)) for word in line)
