"""Which edits of the sources give which hunks: candidates in, those that a build confirms out."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from itertools import islice, product

from promptpack.absorb.candidates import Candidate
from promptpack.absorb.edits import Edit, apply_edits
from promptpack.absorb.hunks import OutputEdit, apply_output_edits
from promptpack.absorb.view import OutputView
from promptpack.build import build_project
from promptpack.model import Artifact, Project, UserError
from promptpack.reading.project import replace_sources
from promptpack.rendering.variants import select_variant

_COMBINATIONS = 64
_CANDIDATES = 40
"""How many places are tried for one hunk."""


@dataclass(eq=False)
class Attempt:
    """A hunk, or several that belong together, and what came of looking for its place.

    `edits` is what is to come out: without the blanks at ends of lines where no source can have
    them. `working` are the candidates that a build confirmed, `tried` all others.
    """

    edits: tuple[OutputEdit, ...]
    line: int
    why: str = ""
    hint: str = ""
    working: list[Candidate] = field(default_factory=list)
    tried: list[Candidate] = field(default_factory=list)
    is_final: bool = False
    """Whether `why` is the reason even where a candidate was tried."""
    has_ignored_blanks: bool = False
    is_text_added: bool = False
    """Whether lines only came or went, so that several places for it are not the same."""
    partners: Sequence["Attempt"] = ()
    """The hunks, this one among them, that have a place only together."""
    confirm: Callable[[Artifact], bool] | None = None
    """What else has to be true of the build, where the hunk is no line of what is compared."""


class Rebuilder:
    """Builds one output with other sources: of a project with its pack alone, each edit once."""

    def __init__(self, project: Project, view: OutputView) -> None:
        self.project, self.view = project, view
        self.count = 0
        self._built: dict[tuple[tuple[str, str], ...], Artifact | str] = {}

    def rebuild(self, edits: Iterable[Edit]) -> Artifact | str:
        """Return the output as the sources with some edits give it, or why they give none."""
        try:
            texts = apply_edits(self.project.sources, edits)
        except KeyError as error:
            return f"{error.args[0]} is not a source"
        if texts is None:
            return "it overlaps with another edit of this file"
        key = tuple(sorted(texts.items()))
        if key not in self._built:
            self.count += 1
            self._built[key] = self._build(texts)
        return self._built[key]

    def _build(self, texts: dict[str, str]) -> Artifact | str:
        artifact = self.view.place.artifact
        variant = artifact.variant
        try:
            project = replace_sources(self.project, texts)
            selection = select_variant(variant.pack.name, variant.id, (artifact.target,))
            return build_project(project, selection)[0]
        except UserError as error:
            return f"the sources would not build: {error.findings[0].message}"

    def gives(self, candidates: Iterable[Candidate], attempts: Sequence[Attempt]) -> bool:
        """Tell whether some edits give exactly some hunks, and nothing else."""
        artifact = self.rebuild(edit for candidate in candidates for edit in candidate)
        if isinstance(artifact, str):
            return False
        edits = [edit for attempt in attempts for edit in attempt.edits]
        confirms = [attempt.confirm for attempt in attempts if attempt.confirm]
        lines = apply_output_edits(self.view.built, edits)
        return self.view.read(artifact) == lines and all(one(artifact) for one in confirms)

    def confirm(self, attempt: Attempt, candidates: Iterable[Candidate]) -> None:
        """Sort the candidates of a hunk into those that give it and all others.

        Of those that differ in blanks only, the first is kept.
        """
        outcomes = set()
        for candidate in islice(candidates, _CANDIDATES):
            if not self.gives((candidate,), (attempt,)):
                attempt.tried.append(candidate)
                continue
            texts = apply_edits(self.project.sources, candidate) or {}
            outcome = tuple((path, "".join(text.split())) for path, text in sorted(texts.items()))
            if outcome not in outcomes:
                outcomes.add(outcome)
                attempt.working.append(candidate)

    def explain(self, attempt: Attempt, otherwise: str) -> str:
        """Return why no candidate gives a hunk: what the first one gives in place of it."""
        if not attempt.tried or attempt.is_final:
            return otherwise
        candidate = attempt.tried[0]
        place = f"{candidate[0].path}:{candidate[0].line}"
        artifact = self.rebuild(candidate)
        if isinstance(artifact, str):
            return artifact
        lines = self.view.read(artifact)
        if attempt.edits[0].last <= self.view.start:
            return _describe_head(attempt, lines)
        return _describe_text(attempt, lines, place)


def _describe_head(attempt: Attempt, lines: Sequence[str]) -> str:
    """Return in what way a build has other front matter than what was edited."""
    wanted = next((line for edit in attempt.edits for line in edit.new if line), "")
    first = attempt.edits[0].first
    if wanted in lines:
        return f"a build writes this in line {lines.index(wanted) + 1} of the file"
    if wanted and first < len(lines):
        return f"a build writes this line otherwise: {lines[first]}"
    return "a build writes other lines than these"


def _describe_text(attempt: Attempt, lines: Sequence[str], place: str) -> str:
    """Return in what way a build has another prompt than what was edited."""
    wanted = {line for edit in attempt.edits for line in edit.new if line}
    if not wanted:
        return f"without the lines at {place}, other lines of the file would change too"
    if wanted <= {*lines}:
        return f"a change at {place} would also change other lines of the file"
    return f"written at {place}, this text would be rendered differently"


def solve_together(rebuilder: Rebuilder, attempts: Sequence[Attempt]) -> None:
    """Give hunks a place that have one only together: a value that several lines show."""
    open_attempts = [one for one in attempts if not one.working and one.tried]
    holders: dict[Candidate, list[Attempt]] = {}
    for attempt in open_attempts:
        for candidate in attempt.tried:
            holders.setdefault(candidate, []).append(attempt)
    for candidate, group in holders.items():
        is_open = len(group) > 1 and not any(one.working for one in group)
        if is_open and rebuilder.gives((candidate,), group):
            _join(group, (candidate,) * len(group))
    rest = [one for one in open_attempts if not one.working]
    if 1 < len(rest) <= 4:
        combinations = product(*(one.tried for one in rest))
        for combination in islice(combinations, _COMBINATIONS):
            if rebuilder.gives(combination, rest):
                _join(rest, combination)
                return


def _join(group: Sequence[Attempt], candidates: Iterable[Candidate]) -> None:
    for attempt, candidate in zip(group, candidates, strict=True):
        attempt.working.append(candidate)
        attempt.partners = group


def combine(rebuilder: Rebuilder, attempts: Sequence[Attempt]) -> dict[Attempt, Candidate]:
    """Return the hunks that have a place also together with the others, each with that place.

    The first of them go before the later ones.
    """
    solved = [one for one in attempts if one.working]
    chosen = {one: one.working[0] for one in solved}
    if rebuilder.gives(chosen.values(), solved):
        return chosen
    taken: dict[Attempt, Candidate] = {}
    for attempt in solved:
        if attempt not in taken:
            options = [{attempt: candidate} for candidate in attempt.working]
            if attempt.partners:
                options = [{one: one.working[0] for one in attempt.partners}]
            for option in options:
                trial = {**taken, **option}
                if rebuilder.gives(trial.values(), [*trial]):
                    taken = trial
                    break
    return taken
