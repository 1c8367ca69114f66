"""What the commands about installed agents print as JSON: one entry a folder."""

from pydantic import Field

from promptpack.output.installations import InstalledState
from promptpack.reporting.schema_base import Report


class InstalledFile(Report):
    """A file that is, or should be, installed; a block in a shared file is `path#name`."""

    path: str
    pack: str
    variant: str
    target: str
    name: str = Field(default="", alias="as", description="what the pack is called there")
    state: InstalledState


class InstalledFolder(Report):
    """A repository, or `user` for the user's own folders."""

    into: str
    files: list[InstalledFile]
