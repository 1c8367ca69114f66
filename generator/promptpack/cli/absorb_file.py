"""How `promptpack absorb` reports an edit of a file beside a skill: a proposal in, lines out."""

from collections.abc import Iterator

from promptpack.absorb.attached import FileProposal
from promptpack.cli import report


def format_file_change(proposal: FileProposal) -> Iterator[str]:
    """Yield how the source changes: its text as a diff, else its size, and its mode."""
    old, new = proposal.old, proposal.new
    if old.text is not None and new.text is not None:
        yield from report.format_diff(old.text, new.text, old.source, old.source)
    elif old.content != new.content:
        yield f"{old.source}: {len(old.content):,} bytes before, {len(new.content):,} bytes after"
    if old.is_executable != new.is_executable:
        yield f"{old.source}: {'+x' if new.is_executable else '-x'}"
