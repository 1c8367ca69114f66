"""promptpack: author an agent once, render it for every model, tool policy and client."""

from promptpack.version import __version__ as __version__

TYPE_CHECKING = False  # the one of `typing`, which takes longer to load than all else at the start
if TYPE_CHECKING:
    from typing import Any

    from promptpack.api import (
        Artifact,
        Change,
        Finding,
        LintResult,
        Loss,
        Project,
        Review,
        UserError,
        build_project,
        diff_projects,
        lint_project,
        load_project,
    )

__all__ = [
    "Artifact",
    "Change",
    "Finding",
    "LintResult",
    "Loss",
    "Project",
    "Review",
    "UserError",
    "build_project",
    "diff_projects",
    "lint_project",
    "load_project",
]


def __getattr__(name: str) -> "Any":  # noqa: ANN401 - whatever the name stands for
    """Return a name of the API, imported when it is asked for: `--version` needs none of it."""
    if name in __all__:
        import importlib  # noqa: PLC0415 - see above

        return getattr(importlib.import_module("promptpack.api"), name)
    message = f"module 'promptpack' has no attribute '{name}'"
    raise AttributeError(message)
