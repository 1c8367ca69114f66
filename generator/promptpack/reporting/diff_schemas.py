"""What `diff` prints as JSON: causes, changes, and the outputs that they are in."""

from typing import Literal

from pydantic import Field

from promptpack.reporting.schema_base import Report


class CauseEntry(Report):
    """A source line behind a change."""

    file: str
    line: int


class ChangeEntry(Report):
    """A change that is the same in each of `outputs`; the fingerprint covers only its own text."""

    id: str
    kind: str
    severity: Literal["critical", "major", "minor", "info"]
    section: str
    field: str
    old: str
    new: str
    causes: list[CauseEntry]
    outputs: list[str]
    reach: str
    hunks: int
    fingerprint: str
    token_delta: int = Field(description="estimated number of tokens added to each output")


class BlastRadius(CauseEntry):
    """A source line that changed, and the outputs that it reaches."""

    outputs: int
    packs: int
    targets: int
    reach: str


class LineRanges(Report):
    """The first and the last line of a place on each side, from 1; null where it has none."""

    base: list[int] | None
    head: list[int] | None


class SourceEntry(Report):
    """A place of a source that changed, what it reaches, and the ids of the changes it causes."""

    file: str
    lines: LineRanges
    before: str
    after: str
    outputs: list[str]
    groups: list[str]


class DriftEntry(Report):
    """A committed output that is not what the sources of its side give."""

    path: str
    sides: list[Literal["base", "head"]] = Field(description="the sides on which it differs")
    new: bool = Field(description="true if the head commits another text than the base")
    groups: list[str]


class PackageEntry(Report):
    """A library, and the package with its version that it was in each build; "" for none."""

    name: str
    base: str
    head: str


class ToolEntry(Report):
    """The versions of promptpack that built the committed outputs; null where it is not known."""

    base: str | None
    head: str | None
    library: list[str] = Field(description="library files that both builds had in another version")
    packages: list[PackageEntry] = Field(
        description="libraries of installed packages that both builds had in another version"
    )


class AcceptedEntry(Report):
    """A change that was accepted earlier."""

    kind: str
    field: str
    fingerprint: str


class ChangedOutput(Report):
    """One output that is not the same on both sides; `before` is its path if it was renamed."""

    path: str
    status: Literal["changed", "added", "removed", "renamed"]
    groups: list[str]
    before: str | None = None


class RepresentativeEntry(Report):
    """One of few outputs that show every change; `before` is its path if it was renamed."""

    path: str
    groups: list[str] = Field(description="the ids of all changes in this output")
    before: str | None = None


class DiffSummary(Report):
    """The numbers of the whole difference, whatever part of it is shown."""

    outputs: int
    changed: int
    added: int
    removed: int
    renamed: int
    groups: int
    hunks: int
    unexplained: int = Field(description="outputs that changed although no source did; should be 0")
    suppressed: int = Field(description="groups that were accepted earlier")
    tokens_per_output: int


class DiffReport(Report):
    """`diff --format json`."""

    schema_version: Literal[1]
    base: str
    head: str
    summary: DiffSummary
    permissions: list[ChangeEntry]
    groups: list[ChangeEntry]
    causes: list[BlastRadius]
    sources: list[SourceEntry] = Field(
        default=[],
        description="each run of source lines that changed, as in a diff without context",
    )
    drift: list[DriftEntry] = Field(default=[])
    tool: ToolEntry | None = None
    accepted: list[AcceptedEntry] = Field(
        default=[], description="the changes that were accepted earlier"
    )
    pending: list[str] = Field(
        default=[],
        description="ids of changes that the head's list accepts; it counts once it is in the base",
    )
    outputs: list[ChangedOutput]
    representatives: list[RepresentativeEntry] = Field(
        default=[], description="few outputs of which each change is in at least one"
    )
    truncated: bool
