"""The clients that packs are built for: a project and a pack in, the names of targets out."""

from promptpack.model import Pack, Project
from promptpack.targets import TARGETS


def list_built_targets(project: Project, pack: Pack) -> tuple[str, ...]:
    """Return the names of the targets that a pack or else its project names.

    Where neither names any, these are all but those that have to be named.
    """
    named = project.list_targets(pack)
    return named or tuple(name for name, one in TARGETS.items() if not one.is_named_only)
