"""What `doctor` prints as JSON."""

from typing import Literal

from pydantic import Field

from promptpack.reporting.schema_base import Report


class PythonEntry(Report):
    """The Python that runs promptpack."""

    version: str
    executable: str


class ProgramEntry(Report):
    """promptpack itself, and where `import promptpack` leads to."""

    version: str
    package: str


class ClientProgram(Report):
    """The program of a client; `path` is empty if there is none, `version` if it says none."""

    target: str
    path: str
    version: str


class InstallationSummary(Report):
    """A folder of the project file, and how many of its files `install` would change."""

    into: str
    folder: str
    files: int
    differing: int


class DoctorReport(Report):
    """`doctor --format json`; paths are absolute, and empty for what is not there."""

    schema_version: Literal[1]
    python: PythonEntry
    promptpack: ProgramEntry
    extras: dict[str, bool] = Field(description="whether each extra is installed")
    namesake: str = Field(description="the version of the unrelated distribution, or empty")
    git: str
    clients: list[ClientProgram]
    project: str
    project_file: str
    installations: list[InstallationSummary]
    problems: list[str] = Field(description="what is broken; the exit code is 1 if there is any")
