"""The nouns of a review as immutable values: what was built on two sides, and how it differs."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Literal, NamedTuple

from promptpack.model import Origin
from promptpack.rendering.placed_lines import PlacedLines

ChangeKind = Literal[
    "widened",
    "unproven",
    "hidden",
    "output-added",
    "output-removed",
    "output-renamed",
    "model",
    "mode",
    "safety",
    "narrowed",
    "head",
    "prose",
    "moved",
    "whitespace",
]
"""What a change is, in the order in which changes are reported."""

ChangeSeverity = Literal["critical", "major", "minor", "info"]

CHANGE_KINDS: tuple[ChangeKind, ...] = ChangeKind.__args__  # type: ignore[attr-defined]  # a Literal holds its words
PERMISSION_KINDS: frozenset[ChangeKind] = frozenset({"widened", "unproven", "narrowed"})
WIDER_KINDS: frozenset[ChangeKind] = frozenset({"widened", "unproven"})
"""The kinds of which one lets an agent do more, or is not known not to."""

NEVER_CUT: frozenset[ChangeKind] = frozenset({"widened", "unproven", "narrowed", "hidden"})
SEVERITIES: Mapping[ChangeKind, ChangeSeverity] = {
    "widened": "critical",
    "unproven": "critical",
    "hidden": "critical",
    "output-added": "major",
    "output-removed": "major",
    "output-renamed": "major",
    "model": "major",
    "mode": "major",
    "safety": "major",
    "narrowed": "minor",
    "head": "minor",
    "prose": "minor",
    "moved": "minor",
    "whitespace": "info",
}

OutputStatus = Literal["same", "changed", "added", "removed", "renamed"]
Spelling = Literal["lines", "indented", "json", "raw"]
MoveHalf = Literal["whole", "from", "to"]

Origins = tuple[Origin, ...]


def find_no_origins(_segment: int, _candidates: frozenset[Origin] = frozenset()) -> Origins:
    """Return the origins of a piece of a file of which none are known."""
    return ()


class Segment(NamedTuple):
    """A line as it stands in the file, its neutral text, its section and field, its line there.

    `origin` is where the text of a line of a prompt was written, where that is known. `mark` is
    the name of the section, part or title that a line of a layout marks and does no more than that;
    of a closing tag it begins with a slash.
    """

    raw: str
    text: str
    section: str
    field: str
    line: int
    spelling: Spelling = "lines"
    origin: Origin | None = None
    mark: str = ""


class AlignedBlock(NamedTuple):
    """Old pieces that became new ones; of a move, one half leaves and the other arrives `at`."""

    start: int
    end: int
    new_start: int
    new_end: int
    half: MoveHalf = "whole"
    at: int = 0

    def shift(self, old: int, new: int) -> "AlignedBlock":
        """Return the block so many pieces later."""
        return AlignedBlock(
            self.start + old, self.end + old, self.new_start + new, self.new_end + new
        )


class PlacedPrompt(NamedTuple):
    """A file that is front matter and below it a prompt, whose lines are traced when asked for."""

    head: str
    lines: PlacedLines

    @property
    def start(self) -> int:
        """The number of lines above the prompt."""
        return self.head.count("\n")


@dataclass(frozen=True, eq=False)
class Output:
    """One file of a side; `key` tells it from all others, `dims` are its words for sets.

    `target` is empty where no client is known. `origins` gives the origins of a piece, `values`
    those among some lines of what it shows or depends on. The text depends on the files `frame`
    and `sources`: the first (pack, policy, model, layout, project file) decide about all of it.
    """

    key: str
    text: str
    target: str = ""
    stem: str = ""
    dims: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    split: Callable[[], tuple[Segment, ...]] | None = None
    """Returns its segments where their sections are known; None where only its text tells them."""
    placed: Callable[[], PlacedPrompt | None] = lambda: None
    """Returns its parts; None where it has others, or its lines have to be traced as a whole."""
    prompt: str = ""
    """Its prompt, where that is known: the same object for the files of a side that share one."""
    origins: Callable[[int], Origins] = find_no_origins
    values: Callable[[int, frozenset[Origin]], Origins] = find_no_origins
    uses: tuple[tuple[Origin, frozenset[str]], ...] = ()
    """Each use line of the pack, and the files that it brings in."""
    frame: tuple[str, ...] = ()
    sources: tuple[str, ...] = ()


class Committed(NamedTuple):
    """The outputs of a side that are committed: their texts by key, and what the manifest says.

    `recorded` are the keys that it lists, `tool` the version of promptpack that built them, and
    `library` what is recorded of each library file behind them; older manifests say neither.
    """

    texts: Mapping[str, str]
    recorded: frozenset[str]
    tool: str = ""
    library: Mapping[str, str] = MappingProxyType({})


NONE_COMMITTED = Committed({}, frozenset())


@dataclass(frozen=True, eq=False)
class Side:
    """One of the two builds: its name, its outputs by key and its source texts by path.

    `out` is the folder of the project that its outputs are built into, empty where there is none.
    """

    label: str
    outputs: Mapping[str, Output]
    sources: Mapping[str, str]
    origins_known: bool = True
    out: str = ""
    committed: Committed = NONE_COMMITTED


class Drift(NamedTuple):
    """A committed output that is not what the sources of its side give with the installed tool.

    `sides` are those on which it differs. It is new if the committed text is another than before.
    """

    key: str
    sides: tuple[str, ...]
    is_new: bool
    groups: tuple[str, ...] = ()


class PackageChange(NamedTuple):
    """A library that was of another package, or version, when the outputs of a side were built.

    A side that did not use the library has "" for it.
    """

    name: str
    base: str
    head: str


class ToolChange(NamedTuple):
    """The versions of promptpack that built the committed outputs, empty where it is not known.

    `library` are the library files that differ between what both manifests recorded, `packages` the
    installed packages with libraries that do.
    """

    base: str = ""
    head: str = ""
    library: tuple[str, ...] = ()
    packages: tuple[PackageChange, ...] = ()


class Hunk(NamedTuple):
    """A place of an output that changed: pieces `start` to `end` of the old give way to `new`.

    `old` and `new` are neutral text, the same in every client; `spelling` tells how this file
    writes it. A moved text is a hunk where it leaves and one where it arrives; both hold all of it.
    `layout` is set where only the marks of sections changed: the name of the layout, or nothing if
    it is not known; `field` is `title` if it is about the title.
    """

    kind: ChangeKind
    section: str
    field: str
    old: str
    new: str
    start: int
    end: int
    new_start: int
    new_end: int
    spelling: Spelling = "lines"
    half: MoveHalf = "whole"
    layout: str | None = None


class HunkPlace(NamedTuple):
    """A hunk in an output."""

    output: str
    hunk: Hunk


class Change(NamedTuple):
    """All that is exactly the same change, wherever it is: a group of hunks, or of effects.

    Outputs that come or go with one pack, model, policy or target are one change; its `field` says
    which of these, and `old` or `new` its name. `above` and `below` are the text around it in the
    first of its outputs, where asked for.
    """

    id: str
    kind: ChangeKind
    section: str
    field: str
    old: str
    new: str
    causes: tuple[Origin, ...]
    outputs: tuple[str, ...]
    reach: str
    fingerprint: str
    token_delta: int
    places: tuple[HunkPlace, ...] = ()
    above: str = ""
    below: str = ""

    @property
    def severity(self) -> ChangeSeverity:
        """Return how much this kind of change matters."""
        return SEVERITIES[self.kind]


class OutputChange(NamedTuple):
    """One output of either side and what became of it; `before` is its old key if renamed."""

    key: str
    status: OutputStatus
    groups: tuple[str, ...]
    before: str = ""


class SourceHunk(NamedTuple):
    """A place of a source that changed, and what follows from it.

    `base` and `head` are the first and the last line on each side, from 1; None where it has none.
    `lines` are the places that changes name as their cause. `groups` are the ids of changes.
    """

    path: str
    base: tuple[int, int] | None
    head: tuple[int, int] | None
    before: str
    after: str
    lines: frozenset[Origin]
    outputs: tuple[str, ...] = ()
    groups: tuple[str, ...] = ()
    packs: int = 0
    targets: int = 0
    reach: str = ""

    @property
    def line(self) -> int:
        """Return the first line of the place: on the new side, if the file is still there."""
        return min((origin.line for origin in self.lines), default=1)


class Cause(NamedTuple):
    """A source line that changed and its blast radius."""

    origin: Origin
    outputs: int
    packs: int
    targets: int
    reach: str


@dataclass(frozen=True)
class Summary:
    """The numbers of a review."""

    changed: int
    added: int
    removed: int
    renamed: int
    groups: int
    hunks: int
    unexplained: int
    suppressed: int
    tokens_per_output: int


class OutputPair(NamedTuple):
    """An output with a change, as it was and as it is; None where it is not there."""

    before: Output | None
    after: Output | None


UNKNOWN_TOOL = ToolChange()


@dataclass(frozen=True)
class Review:
    """The whole difference between two builds, in the order in which it is reported.

    `sources` are all changed places of sources, `accepted` the changes that were accepted earlier,
    `drift` the committed outputs that are not what their sources give.
    `prefix` leads from the folder of the repository to that of the project, and `link` is the
    address of the repository's files as they are on the new side, where it is known.
    """

    base: str
    head: str
    built: int
    summary: Summary
    permissions: tuple[Change, ...]
    groups: tuple[Change, ...]
    causes: tuple[Cause, ...]
    outputs: tuple[OutputChange, ...]
    origins_known: bool = True
    prefix: str = ""
    link: str = ""
    sources: tuple[SourceHunk, ...] = ()
    accepted: tuple[Change, ...] = ()
    drift: tuple[Drift, ...] = ()
    tool: ToolChange = UNKNOWN_TOOL
    widened: tuple[str, ...] = ()
    """The ids of all changes that widen a permission, or may do so, shown or not."""
    pack_paths: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    """The file of the pack that each changed output is made of, where it is known."""
    pairs: Mapping[str, OutputPair] = field(default_factory=lambda: MappingProxyType({}))
    """Both sides of each output with a change, where the texts are asked for."""
    accept_file: str = ""
    """The list of accepted changes, as a path in the project, where one is given."""
    failed_gate: str = ""
    """The gate that fails because of this review, such as `permissions`, where one does."""
    pending: tuple[str, ...] = ()
    """The ids of changes that this list accepts on the new side only, where it does not count."""

    @property
    def differs(self) -> bool:
        """Tell whether any output differs, accepted or not, or a committed one from its sources."""
        return bool(self.outputs) or bool(self.permissions) or any(d.is_new for d in self.drift)

    @property
    def changes(self) -> tuple[Change, ...]:
        """Return all changes in the order in which they are reported."""
        return tuple(sorted((*self.permissions, *self.groups), key=make_sort_key))


def make_sort_key(change: Change) -> tuple[int, int, str, int, str, str, str]:
    """Return the sort key of a change: its kind, then how far it reaches, prose by section."""
    equivalents: Mapping[ChangeKind, ChangeKind] = {"unproven": "widened", "moved": "prose"}
    kind = equivalents.get(change.kind, change.kind)
    section = change.section if kind == "prose" else ""
    is_unproven = int(change.kind == "unproven")
    ties = change.section, change.field, change.fingerprint
    return CHANGE_KINDS.index(kind), is_unproven, section, -len(change.outputs), *ties
