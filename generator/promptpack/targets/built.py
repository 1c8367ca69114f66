"""The clients that packs are built for: a project and a pack in, the names of targets out."""

from promptpack.model import Pack, Project
from promptpack.targets import TARGETS


def list_built_targets(project: Project, pack: Pack) -> tuple[str, ...]:
    """Return the names of the targets that a pack or else its project names, or of all."""
    return project.list_targets(pack) or tuple(TARGETS)
