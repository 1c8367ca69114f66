"""Where each line of an output comes from: a project and an artifact in, origins by line out.

A line of the prompt has the origin that composing gave it. Beyond that, a line has the origin of
every value on which it depends: a variable, a parameter, a field of the pack, what the policy says.
Those are found by changing each of them in turn, composing and encoding again, so that it holds
for any template and any client and needs no table.
"""

import difflib
from collections.abc import Hashable, Iterable, Iterator, Sequence
from itertools import zip_longest

from promptpack.model import Artifact, Line, Origin, Project, UserError, Variant
from promptpack.provenance.perturbations import Perturbation, SourceLocator, iter_perturbations
from promptpack.rendering.compose import Composer
from promptpack.rendering.sandbox import NeedsDenied
from promptpack.targets import TARGETS

Origins = tuple[Origin, ...]

_PLACEHOLDER_BODIES = (Line("x", Origin("", 1)),), (Line("y", Origin("", 1)),)
"""Two prompts: where their files differ, there the prompt stands."""


class Tracer:
    """Traces the artifacts of one project; what variants share is worked out once."""

    def __init__(self, project: Project) -> None:
        self.composer = Composer(project)
        self.sources = SourceLocator(project, self.composer.templates.dependencies)
        self._bodies: dict[Hashable, tuple[Origins, ...]] = {}

    def lines(self, artifact: Artifact, *, values: bool = True) -> tuple[Origins, ...]:
        """Return the origins of each line of an artifact, the most specific first; never none.

        Without `values` a line of the prompt has only the origin of its text, which takes less.
        A line that depends on nothing in particular comes from the pack's first line.
        """
        plain_body = tuple((line.origin,) for line in artifact.agent.body)
        body, surroundings = (
            self.body(artifact) if values else plain_body,
            self._trace_surroundings(artifact),
        )
        lines_before, lines_after = (
            surroundings[: surroundings.index(None)],
            surroundings[surroundings.index(None) + 1 :],
        )
        count = artifact.content.count(b"\n") - len(lines_before) - len(lines_after)
        if count != len(body):  # the whole prompt in one line
            body = (tuple(dict.fromkeys(origin for line in body for origin in line)),) * count
        fallback = (Origin(artifact.variant.pack.path, 1),)
        return tuple(origins or fallback for origins in (*lines_before, *body, *lines_after))

    def body(
        self, artifact: Artifact, subset: frozenset[Origin] | None = None
    ) -> tuple[Origins, ...]:
        """Return the origins of each line of an artifact's prompt.

        With `among` only those values are traced that are written in one of its lines.
        """
        variant, target = artifact.variant, TARGETS[artifact.target]
        reads = self.composer.reads(variant)
        specific = target.name if "target" in reads else ""
        key = (variant.pack.name, variant.name, specific, target.tells_policy, subset)
        if key not in self._bodies:
            self._bodies[key] = self._trace_body(artifact, reads, subset)
        return self._bodies[key]

    def _trace_body(
        self, artifact: Artifact, reads: frozenset[str], subset: frozenset[Origin] | None
    ) -> tuple[Origins, ...]:
        variant, target = artifact.variant, TARGETS[artifact.target]
        policy_reads = {"policy"} if target.tells_policy else set()
        lines = [line.text for line in artifact.agent.body]
        values: list[list[Origin]] = [[] for _ in lines]
        for perturbation in iter_perturbations(self.sources, variant, target.name):
            is_requested = subset is None or perturbation.origin in subset
            if is_requested and _depends_on(reads | policy_reads, perturbation.name):
                for number in _find_changed_lines(
                    lines, self._compose_text(perturbation, target.name, bool(policy_reads))
                ):
                    values[number].append(perturbation.origin)
        return tuple(
            tuple(
                dict.fromkeys(
                    (*_iter_own_origin(line.origin, value_origins, variant), *value_origins)
                )
            )
            for line, value_origins in zip(artifact.agent.body, values, strict=True)
        )

    def _compose_text(
        self, perturbation: Perturbation, target: str, tells_policy: bool
    ) -> list[str] | None:
        """Return the text of an alternative's prompt, or None where there is none."""
        try:
            return self.composer.text(perturbation.variant, target, tells_policy=tells_policy)
        except (UserError, NeedsDenied):
            return None

    def _trace_surroundings(self, artifact: Artifact) -> list[Origins | None]:
        """Return the origins of the lines around the prompt, with None in the prompt's place."""
        target = TARGETS[artifact.target]
        first_text, second_text = (
            target.encode(self.composer.build_agent(artifact.variant, target.name, body))
            for body in _PLACEHOLDER_BODIES
        )
        lines = first_text.split("\n")[:-1]
        prompt_index = next(
            index
            for index, (a, b) in enumerate(zip(lines, second_text.split("\n"), strict=False))
            if a != b
        )
        origins: list[list[Origin]] = [[] for _ in lines]
        base = self.composer.build_agent(artifact.variant, target.name, _PLACEHOLDER_BODIES[0])
        for perturbation in iter_perturbations(self.sources, artifact.variant, target.name):
            agent = self.composer.build_agent(
                perturbation.variant, target.name, _PLACEHOLDER_BODIES[0]
            )
            if agent == base:
                continue
            for number in _find_changed_lines(lines, target.encode(agent).split("\n")[:-1]):
                origins[number].append(perturbation.origin)
        return [
            None if index == prompt_index else tuple(dict.fromkeys(line_origins))
            for index, line_origins in enumerate(origins)
        ]


def _iter_own_origin(
    origin: Origin, values: Iterable[Origin], variant: Variant
) -> Iterator[Origin]:
    """Yield the origin of a line's text; a line in words about the policy has those values only."""
    if origin.path != variant.policy.path or not any(values):
        yield origin


def _depends_on(reads: frozenset[str] | set[str], name: str) -> bool:
    """Tell whether templates that read these variables can tell that this one is changed."""
    root = name.partition(".")[0]
    reads_member = name == root and any(variable.startswith(f"{root}.") for variable in reads)
    return bool(name) and (name in reads or root in reads or reads_member)


def _find_changed_lines(lines: Sequence[str], changed_lines: Sequence[str] | None) -> Iterator[int]:
    """Yield the numbers of the lines that are not in the changed text."""
    if changed_lines is None or changed_lines == lines:
        return
    start = next(
        n for n, pair in enumerate(zip_longest(lines, changed_lines)) if pair[0] != pair[1]
    )
    ends = zip(reversed(lines[start:]), reversed(changed_lines[start:]), strict=False)
    suffix_length = next(
        (n for n, (old, new) in enumerate(ends) if old != new),
        min(len(lines), len(changed_lines)) - start,
    )
    old, new = (
        lines[start : len(lines) - suffix_length],
        changed_lines[start : len(changed_lines) - suffix_length],
    )
    for tag, first, last, _, _ in difflib.SequenceMatcher(None, old, new, False).get_opcodes():
        if tag in ("replace", "delete"):
            yield from range(start + first, start + last)
