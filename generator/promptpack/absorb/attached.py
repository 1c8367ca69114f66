"""An edited file beside a skill: its copy on disk in, the new source and what it changes out."""

from collections.abc import Iterable
from typing import NamedTuple

from promptpack.model import Artifact, AttachedFile, Project, UserError
from promptpack.output.locate import LocatedFile
from promptpack.output.manifest import unify_line_ends
from promptpack.reading.files import make_attached_file
from promptpack.reading.project import replace_sources


class FileProposal(NamedTuple):
    """A source as it is and as it would be, and the other artifacts whose copies change."""

    old: AttachedFile
    new: AttachedFile
    siblings: tuple[Artifact, ...]
    """Of the same variant, for other clients."""
    others: tuple[Artifact, ...]
    """Of other variants."""


def propose_file(
    project: Project, artifacts: Iterable[Artifact], located: LocatedFile
) -> FileProposal:
    """Return what it takes to have the source as the copy is; the two may be equal.

    Line ends alone are no edit: git may change them at a checkout. Raises UserError for what may
    not be in a source.
    """
    old, content = located.file, located.content
    if old.text is not None and b"\r\n" not in old.content:
        content = unify_line_ends(content)
    new = old._replace(content=content, is_executable=located.is_executable)
    source = make_attached_file(old.source, content, is_executable=new.is_executable)
    if source.findings:
        raise UserError(source.findings)
    replace_sources(project, {}, (new,))
    variant = located.artifact.variant
    holders = [one for one in artifacts if old in one.files and one.path != located.artifact.path]
    siblings = tuple(one for one in holders if one.variant is variant)
    return FileProposal(old, new, siblings, tuple(o for o in holders if o.variant is not variant))
