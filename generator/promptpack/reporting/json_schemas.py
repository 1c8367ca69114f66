"""What the commands print as JSON, as pydantic models, and so as JSON Schemas for whoever reads it.

The commands build plain data; tests hold it against these.
"""

from typing import Literal

from pydantic import Field

from promptpack.model import Kind, LossKind, Severity
from promptpack.output.status import State
from promptpack.reporting.audit_schemas import AuditReport, DisagreeReport, ImportReport
from promptpack.reporting.diff_schemas import DiffReport
from promptpack.reporting.installation_schemas import InstalledFolder
from promptpack.reporting.machine_schemas import DoctorReport
from promptpack.reporting.schema_base import FindingEntry, Report
from promptpack.targets.table import Enforcement


class LossEntry(Report):
    """A capability or a front matter field that differs from what was meant."""

    capability: str | None = None
    field: str | None = None
    kind: LossKind
    wanted: str
    got: str
    reason: str
    reader: str | None = Field(
        default=None,
        description="the target of another client that loads the file too, where that one is meant",
    )
    accepted: str | None = Field(
        default=None, description="the reason that is given for accepting it"
    )
    note: bool | None = Field(
        default=None, description="true if only a guard of the client's own makes the difference"
    )
    lost: bool | None = Field(
        default=None,
        description="true if the capability is granted and gone, and nothing stands in for it",
    )
    stand_in: str | None = Field(
        default=None, description="the capability by which the client does the same work"
    )


class AttachedEntry(Report):
    """A file beside that of a skill; `source` is its path in the project."""

    path: str
    source: str
    sha256: str
    bytes: int
    executable: bool


class ArtifactEntry(Report):
    """One emitted file; `path` is POSIX and relative to the output folder."""

    path: str
    target: str
    pack: str
    model: str
    policy: str
    language: str | None = Field(default=None, description="the language of a translation")
    sha256: str
    bytes: int
    losses: list[LossEntry]
    files: list[AttachedEntry] = Field(
        default=[], description="what goes beside the file of a skill, as it is"
    )


class ExpectationsEntry(Report):
    """How many expectations hold and how many do not, and the prompts that they are about."""

    held: int
    broken: int
    prompts: int


class PermissionsEntry(Report):
    """The file that lists what each agent may do, relative to the project, as it was found."""

    path: str
    state: State


class BuildReport(Report):
    """`build --format json`."""

    schema_version: Literal[1]
    artifacts: list[ArtifactEntry]
    notes: list[str] = Field(
        description="what a reader of the policies might not expect, of clients too"
    )
    expectations: ExpectationsEntry
    written: int
    unchanged: int
    removed: int
    permissions: PermissionsEntry | None = Field(
        description="null if the project file names no such file"
    )
    shard: str | None = Field(
        default=None, description="with --shard: the part that was built, such as 2/4"
    )


class FileEntry(Report):
    """A file that does not match the sources; a block in a shared file is `path#name`."""

    path: str
    state: State
    chmod: Literal["+x", "-x"] | None = Field(
        default=None, description="set where only the file's mode is to be changed"
    )


class CheckReport(Report):
    """`check --format json`."""

    schema_version: Literal[1]
    files: list[FileEntry]
    unchanged: int
    manifest_problem: str = Field(description="why the folder's manifest can't be read, or empty")
    installations: list[InstalledFolder]
    permissions: PermissionsEntry | None = Field(
        default=None, description="null if the project file names no such file"
    )


class InstallReport(CheckReport):
    """`install --format json`: what had to be done in each folder, or has to be with `--check`."""

    written: int
    removed: int


class ListEntry(Report):
    """One entry of the catalogue; `shadows` is the library's file that it replaces."""

    name: str
    path: str
    title: str = ""
    summary: str = ""
    shadows: str = ""
    default: bool = False


class PackEntry(ListEntry):
    """A pack in the catalogue; `files` go beside its skill, each by its path in the project."""

    kind: Kind
    files: list[str] = Field(default=[])
    languages: list[str] = Field(default=[], description="its languages, its own first, if named")


class VariantEntry(ListEntry):
    """A variant in the catalogue: its pack, model and policy by name."""

    pack: str
    model: str
    policy: str
    language: str = Field(default="", description="its language, where the pack names any")


class TranslatedEntry(ListEntry):
    """A fragment of a pack in one of its languages; `path` is that of the text which stands there.

    It is not translated where that is the source's.
    """

    pack: str
    language: str
    fragment: str
    translated: bool


class RuleEntry(ListEntry):
    """A rule in the catalogue: its code, its name as the title, how bad a finding is."""

    severity: Severity


class LibraryEntry(ListEntry):
    """A library that templates come from; `path` is its folder, absolute."""

    version: str
    count: int = Field(description="how many files it has")
    digest: str = Field(
        description="SHA-256 of a list of the files as sha256sum prints one, sorted by path"
    )


class ListReport(Report):
    """`list --format json`; only the kinds that were asked for."""

    schema_version: Literal[1]
    packs: list[PackEntry] = Field(default=[])
    variants: list[VariantEntry] = Field(default=[])
    fragments: list[ListEntry] = Field(default=[])
    models: list[ListEntry] = Field(default=[])
    policies: list[ListEntry] = Field(default=[])
    layouts: list[ListEntry] = Field(default=[])
    translations: list[TranslatedEntry] = Field(default=[])
    rules: list[RuleEntry] = Field(default=[])
    libraries: list[LibraryEntry] = Field(default=[])


class SuppressedEntry(Report):
    """A suppressed finding, and the reason."""

    code: str
    path: str
    line: int
    reason: str


class LintReport(Report):
    """`lint --format json`."""

    schema_version: Literal[1]
    findings: list[FindingEntry]
    suppressed: list[SuppressedEntry]
    expectations: ExpectationsEntry | None = Field(
        description="null where the project can't be read, so that there are no prompts"
    )


class TargetCheck(Report):
    """How it was checked what a client does."""

    means: Literal["client", "schema", "documentation", "text"]
    subject: str = Field(description="what was looked at")
    versions: str = Field(description="of packages, empty where there is none")
    day: str = Field(description="as YYYY-MM-DD, empty where no client has to read the file")


class TargetEntry(Report):
    """One client, and the most that it can enforce for each capability."""

    name: str
    title: str
    path: str
    verified: str = Field(description="the check, in words")
    check: TargetCheck
    is_named_only: bool = Field(description="built only for packs and projects that name it")
    read_by: list[str] = Field(description="other targets whose clients load the file too")
    capabilities: dict[str, Enforcement]


class OtherClientEntry(Report):
    """A client that loads no agent from a file, and what it has instead."""

    name: str
    title: str
    reason: str
    reads: list[str] = Field(description="the targets whose files it reads")
    check: str = Field(description="by what means that was found out, and when")


class TargetsReport(Report):
    """`targets --format json`."""

    schema_version: Literal[1]
    targets: list[TargetEntry]
    others: list[OtherClientEntry]


class OriginEntry(Report):
    """One step of a chain; `origins` go from the line itself outwards."""

    path: str
    line: int
    role: str
    text: str


class ExplainReport(Report):
    """`explain --format json`."""

    schema_version: Literal[1]
    path: str
    line: int
    origins: list[OriginEntry]


class AbsorbedSource(Report):
    """A source, and what changes in it as a unified diff."""

    path: str
    diff: str


class RefusedEdit(Report):
    """A place of the edited file that is not absorbed, and why; `line` is 0 for all of it."""

    line: int
    reason: str
    hint: str


class IgnoredEdit(Report):
    """A difference in white space that stays behind; `line` is 0 for all of the file."""

    line: int
    reason: str


class AbsorbedPermission(Report):
    """What an output grants otherwise with the new sources, as its client reads it."""

    path: str
    pack: str
    capability: str
    direction: Literal["narrowed", "widened"]
    old: str
    new: str


class AbsorbReport(Report):
    """`absorb --format json`; siblings are other clients' outputs of the same variant.

    `refused` is filled with `--partial` only: without it, one refused edit is an error.
    """

    schema_version: Literal[1]
    path: str
    sources: list[AbsorbedSource]
    siblings: list[str]
    others: list[str]
    refused: list[RefusedEdit]
    ignored: list[IgnoredEdit]
    permissions: list[AbsorbedPermission]


class ReachEntry(Report):
    """An output, and its lines that come from the source."""

    path: str
    lines: list[int]


class ImpactReport(Report):
    """`impact --format json`."""

    schema_version: Literal[1]
    path: str
    line: int | None
    outputs: list[ReachEntry]
    may_reach: list[str]


REPORTS: dict[str, type[Report]] = {
    "absorb": AbsorbReport,
    "audit": AuditReport,
    "build": BuildReport,
    "check": CheckReport,
    "diff": DiffReport,
    "disagree": DisagreeReport,
    "doctor": DoctorReport,
    "explain": ExplainReport,
    "impact": ImpactReport,
    "import": ImportReport,
    "install": InstallReport,
    "lint": LintReport,
    "list": ListReport,
    "targets": TargetsReport,
}
"""The reports by the command that prints them."""
