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
from promptpack.provenance.perturbations import Alternative, Sources, alternatives
from promptpack.rendering.compose import Composer
from promptpack.rendering.sandbox import NeedsDenied
from promptpack.targets import TARGETS

Origins = tuple[Origin, ...]

_STANDING_IN = (Line("x", Origin("", 1)),), (Line("y", Origin("", 1)),)
"""Two prompts: where their files differ, there the prompt stands."""


class Tracer:
    """Traces the artifacts of one project; what variants share is worked out once."""

    def __init__(self, project: Project) -> None:
        self.composer = Composer(project)
        self.sources = Sources(project, self.composer.templates.dependencies)
        self._bodies: dict[Hashable, tuple[Origins, ...]] = {}

    def lines(self, artifact: Artifact, *, values: bool = True) -> tuple[Origins, ...]:
        """Return the origins of each line of an artifact, the most specific first; never none.

        Without `values` a line of the prompt has only the origin of its text, which takes less.
        A line that depends on nothing in particular comes from the pack's first line.
        """
        plain = tuple((line.origin,) for line in artifact.agent.body)
        body, head = self.body(artifact) if values else plain, self._head(artifact)
        before, after = head[: head.index(None)], head[head.index(None) + 1 :]
        count = artifact.content.count(b"\n") - len(before) - len(after)
        if count != len(body):  # the whole prompt in one line
            body = (tuple(dict.fromkeys(origin for line in body for origin in line)),) * count
        first = (Origin(artifact.variant.pack.path, 1),)
        return tuple(found or first for found in (*before, *body, *after))

    def body(
        self, artifact: Artifact, among: frozenset[Origin] | None = None
    ) -> tuple[Origins, ...]:
        """Return the origins of each line of an artifact's prompt.

        With `among` only those values are traced that are written in one of its lines.
        """
        variant, target = artifact.variant, TARGETS[artifact.target]
        reads = self.composer.reads(variant)
        specific = target.name if "target" in reads else ""
        key = (variant.pack.name, variant.name, specific, target.tells_policy, among)
        if key not in self._bodies:
            self._bodies[key] = self._traced(artifact, reads, among)
        return self._bodies[key]

    def _traced(
        self, artifact: Artifact, reads: frozenset[str], among: frozenset[Origin] | None
    ) -> tuple[Origins, ...]:
        variant, target = artifact.variant, TARGETS[artifact.target]
        told = {"policy"} if target.tells_policy else set()
        lines = [line.text for line in artifact.agent.body]
        values: list[list[Origin]] = [[] for _ in lines]
        for other in alternatives(self.sources, variant, target.name):
            asked = among is None or other.origin in among
            if asked and _depends(reads | told, other.name):
                for number in _touched(lines, self._body_of(other, target.name, bool(told))):
                    values[number].append(other.origin)
        return tuple(
            tuple(dict.fromkeys((*_own(line.origin, found, variant), *found)))
            for line, found in zip(artifact.agent.body, values, strict=True)
        )

    def _body_of(self, other: Alternative, target: str, tells_policy: bool) -> list[str] | None:
        """Return the text of an alternative's prompt, or None where there is none."""
        try:
            return self.composer.text(other.variant, target, tells_policy=tells_policy)
        except (UserError, NeedsDenied):
            return None

    def _head(self, artifact: Artifact) -> list[Origins | None]:
        """Return the origins of the lines around the prompt, with None in the prompt's place."""
        target = TARGETS[artifact.target]
        one, two = (
            target.encode(self.composer.with_body(artifact.variant, target.name, body))
            for body in _STANDING_IN
        )
        lines = one.split("\n")[:-1]
        place = next(
            n for n, (a, b) in enumerate(zip(lines, two.split("\n"), strict=False)) if a != b
        )
        found: list[list[Origin]] = [[] for _ in lines]
        base = self.composer.with_body(artifact.variant, target.name, _STANDING_IN[0])
        for other in alternatives(self.sources, artifact.variant, target.name):
            agent = self.composer.with_body(other.variant, target.name, _STANDING_IN[0])
            if agent == base:
                continue
            for number in _touched(lines, target.encode(agent).split("\n")[:-1]):
                found[number].append(other.origin)
        return [None if n == place else tuple(dict.fromkeys(f)) for n, f in enumerate(found)]


def _own(origin: Origin, values: Iterable[Origin], variant: Variant) -> Iterator[Origin]:
    """Yield the origin of a line's text; a line in words about the policy has those values only."""
    if origin.path != variant.policy.path or not any(values):
        yield origin


def _depends(reads: frozenset[str] | set[str], name: str) -> bool:
    """Tell whether templates that read these variables can tell that this one is changed."""
    root = name.partition(".")[0]
    inside = name == root and any(one.startswith(f"{root}.") for one in reads)
    return bool(name) and (name in reads or root in reads or inside)


def _touched(lines: Sequence[str], changed: Sequence[str] | None) -> Iterator[int]:
    """Yield the numbers of the lines that are not in the changed text."""
    if changed is None or changed == lines:
        return
    start = next(n for n, pair in enumerate(zip_longest(lines, changed)) if pair[0] != pair[1])
    ends = zip(reversed(lines[start:]), reversed(changed[start:]), strict=False)
    same = next(
        (n for n, (old, new) in enumerate(ends) if old != new),
        min(len(lines), len(changed)) - start,
    )
    old, new = lines[start : len(lines) - same], changed[start : len(changed) - same]
    for tag, first, last, _, _ in difflib.SequenceMatcher(None, old, new, False).get_opcodes():
        if tag in ("replace", "delete"):
            yield from range(start + first, start + last)
