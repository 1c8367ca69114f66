"""Where fragments, models, policies, layouts and packs come from: the project and the library."""

from pathlib import Path
from typing import NamedTuple


class Folder(NamedTuple):
    """A templates folder: where it is, how its paths are shown, whether it is the library's."""

    path: Path
    shown: str
    library: bool


def find_library() -> Path:
    """Return the standard library: inside the installed package, or beside its source tree."""
    package_folder = Path(__file__).resolve().parents[1]
    return (
        package_folder / "templates"
        if (package_folder / "templates").is_dir()
        else package_folder.parents[1] / "templates"
    )


def find_root(start: Path) -> Path | None:
    """Return the nearest folder from `start` upwards that holds `packs/`, or None."""
    return next((f for f in (start, *start.parents) if (f / "packs").is_dir()), None)
