"""The page of changes: reviews of releases in, what changed in the rendered prompts out."""

from collections.abc import Iterable, Iterator, Mapping

from promptpack.diff.model import Change, Review
from promptpack.diff.wording import (
    NO_CHANGES,
    MarkedText,
    describe_action,
    iter_sections,
    mark_lines,
    name_subject,
)
from promptpack.model import Artifact
from promptpack.output.plan import make_key
from promptpack.site.catalogue import CHANGES_PAGE, Catalog
from promptpack.site.escape import escape_code, escape_text
from promptpack.site.history import History, Release
from promptpack.site.html import (
    format_count,
    render_box,
    render_details,
    render_link,
    render_list,
    render_paragraph,
)
from promptpack.site.page import Heading, Page

_MAX_CHANGES = 40
_MAX_RECENT_CHANGES = 5
_STATUS_TEMPLATES: Mapping[str, str] = {
    "gone": "<del>{}</del>",
    "come": "<ins>{}</ins>",
    "same": "{}",
}


def make_changes_page(history: History) -> Page:
    """Return the page of what changed, release by release."""
    lead = "What changed in the rendered prompts, from one git tag to the next."
    parts: list[Heading | str] = [Heading("Changes", "about", 1), render_paragraph(lead, "pp-lead")]
    parts.append(render_paragraph(escape_text(history.reason), "pp-note"))
    for number, release in enumerate(history.releases):
        date = f" <small>{escape_text(release.date)}</small>" if release.date else ""
        parts.append(Heading(escape_text(release.name) + date, f"release-{number}", searched=False))
        parts.append(render_box("pp-release", "".join(_render_release(release))))
    return Page("Changes", tuple(parts))


def render_recent_changes(catalog: Catalog, history: History, here: str) -> Mapping[str, str]:
    """Return the newest changes of each pack, by its name, for the pack's page."""
    release = next(
        (
            candidate
            for candidate in history.releases
            if candidate.review and candidate.review.differs
        ),
        None,
    )
    if release is None or release.review is None:
        return {}
    changes_by_pack: dict[str, list[Change]] = {}
    packs = {
        make_key(artifact.path, artifact): artifact.variant.pack.name
        for artifact in _iter_artifacts(catalog)
    }
    for change in release.review.changes:
        for name in dict.fromkeys(packs[output] for output in change.outputs if output in packs):
            changes_by_pack.setdefault(name, []).append(change)
    all_changes_link = render_link("All changes", CHANGES_PAGE, here)
    lead = f"{escape_text(release.name)}, since {escape_code(release.before)}"
    return {
        name: render_box(
            "pp-recent",
            render_paragraph(f"{lead}. {all_changes_link}")
            + render_list(map(_summarize_change, changes[:_MAX_RECENT_CHANGES])),
        )
        for name, changes in changes_by_pack.items()
    }


def _iter_artifacts(catalog: Catalog) -> Iterator[Artifact]:
    return (artifact for files in catalog.files.values() for artifact in files)


def _render_release(release: Release) -> Iterator[str]:
    since_text = f"Since {escape_code(release.before)}: "
    if release.review is None:
        yield render_paragraph(
            f"{since_text}one of the two does not build with this version of promptpack."
        )
        return
    review = release.review
    if not review.differs:
        yield render_paragraph(since_text + escape_text(NO_CHANGES))
        return
    yield render_paragraph(f"{since_text}{_summarize_counts(review)}.")
    for report_section in iter_sections(review):
        yield f"<h3>{report_section.title}</h3>"
        yield render_list(map(_render_change, report_section.changes[:_MAX_CHANGES]), "pp-changes")
        if len(report_section.changes) > _MAX_CHANGES:
            yield render_paragraph(
                f"And {len(report_section.changes) - _MAX_CHANGES} more.", "pp-note"
            )


def _summarize_counts(review: Review) -> str:
    summary = review.summary
    counts = ("changed", summary.changed), ("added", summary.added), ("removed", summary.removed)
    phrases = [
        f"{number} {word}" for word, number in (*counts, ("renamed", summary.renamed)) if number
    ]
    return f"{', '.join(phrases)} of {format_count(review.built, 'file')}"


def _render_change(change: Change) -> str:
    lines = "".join(f"{_render_words(line)}&#10;" for line in mark_lines(change))
    return render_details(
        _summarize_change(change), f'<pre class="pp-diff"><code>{lines}</code></pre>'
    )


def _summarize_change(change: Change) -> str:
    return (
        f"<strong>{escape_text(name_subject(change))}</strong> "
        f"{escape_text(describe_action(change))}, {escape_text(change.reach)}"
    )


def _render_words(line: Iterable[MarkedText]) -> str:
    return "".join(_STATUS_TEMPLATES[word.mark].format(escape_text(word.text)) for word in line)
