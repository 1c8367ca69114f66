"""What the commands about hand-kept files print as JSON: audit, import, disagree."""

from typing import Literal

from pydantic import Field

from promptpack.reporting.schema_base import FindingEntry, Report


class AuditSummary(Report):
    """How many files were found; copies of one agent count as one agent."""

    files: int
    agents: int
    in_several_clients: int


class ClientReading(Report):
    """What one client makes of a file: a grant for each capability and MCP server."""

    target: str
    permissions: dict[str, str]


class AuditedFile(Report):
    """A file that a client loads; its own client is the first reader."""

    path: str
    target: str
    name: str
    refusal: str = Field(description="why its client would not load it, or empty")
    readers: list[ClientReading]


class RightsChangeEntry(Report):
    """What one client grants otherwise than at the base, of a capability, a server or a key."""

    path: str
    target: str
    kind: Literal["widened", "unproven", "narrowed"]
    field: str
    before: str
    after: str


class AuditReport(Report):
    """`audit --format json`; paths are POSIX and as a person there would write them."""

    schema_version: Literal[1]
    summary: AuditSummary
    files: list[AuditedFile]
    changes: list[RightsChangeEntry]
    findings: list[FindingEntry]


class ImportedFileEntry(Report):
    """A file, as it was named, and the output with the same bytes, by its path in `dist`."""

    source: str
    target: str
    artifact: str
    identical: bool
    attached: list[str] = Field(
        default=[], description="what was copied from the folder of a skill, by its path there"
    )


class ImportedPackEntry(Report):
    """A pack, and the files that it builds."""

    name: str
    files: list[ImportedFileEntry]


class RefusedFileEntry(Report):
    """A file of which no pack is made, and why."""

    source: str
    reason: str


class DisagreementEntry(Report):
    """Where the copies of one agent differ."""

    pack: str
    kind: Literal["permission", "text", "description", "field"]
    targets: list[str]
    detail: str


class SharedBlockEntry(Report):
    """A text that several packs have: a fragment with `--dedupe`, else what could be one."""

    fragment: str
    packs: list[str]
    saved_bytes: int


class WholePackEntry(Report):
    """A pack that `--split` left as one file, and why."""

    pack: str
    reason: str


class ImportSummary(Report):
    """An import in numbers: files and packs that are made, files that are refused."""

    files: int
    packs: int
    refused: int
    shared_lines: float | None = Field(
        description="which share of the lines of copies is the same in all, null without copies"
    )
    differing_agents: int = Field(
        description="agents that may change files or run commands in one client and not in another"
    )
    differing_without_permissions: int = Field(
        description="those of them of which a file that lets it happen names no permissions"
    )
    joinable_agents: int = Field(description="agents that --join would make one pack of")


class ImportReport(Report):
    """`import --format json`; the sources of a pack are rebuilt to the byte."""

    schema_version: Literal[1]
    summary: ImportSummary
    packs: list[ImportedPackEntry]
    refused: list[RefusedFileEntry]
    disagreements: list[DisagreementEntry]
    findings: list[FindingEntry]
    shared: list[SharedBlockEntry]
    whole: list[WholePackEntry]
    installations: list[dict[str, str | list[str]]] = Field(
        description="the entries of promptpack.yaml that write the files back in place"
    )


class DisagreeReport(Report):
    """`disagree --format json`: what packs have otherwise in single clients."""

    schema_version: Literal[1]
    disagreements: list[DisagreementEntry]
