"""Where each line of an output comes from: a project and an artifact in, origins by line out.

A line of the prompt has the origin that composing gave it. Beyond that, a line has the origin of
every value on which it depends: a variable, a parameter, a field of the pack, what the policy says.
Those are found by changing each of them in turn, composing and encoding again, so that it holds
for any template and any client and needs no table.
"""

import difflib
from collections.abc import Hashable, Iterable, Iterator, Sequence
from functools import partial
from itertools import zip_longest

from promptpack.model import Artifact, Origin, Policy, UserError
from promptpack.provenance.perturbations import Perturbation, SourceLocator, iter_perturbations
from promptpack.rendering.compose import Composer
from promptpack.rendering.lines import Lines
from promptpack.rendering.sandbox import NeedsDenied
from promptpack.source.frontmatter import Documents
from promptpack.source.text import split_lines
from promptpack.targets import TARGETS
from promptpack.targets.heads import encode_file, merge_head

Origins = tuple[Origin, ...]

_PLACEHOLDER_PROMPTS = "x", "y"
"""Two prompts: where their files differ, there the prompt stands."""


class Tracer:
    """Traces the artifacts of one project; what variants share is worked out once."""

    def __init__(self, composer: Composer, documents: Documents) -> None:
        self.composer = composer
        self.sources = SourceLocator(composer.project, composer.templates.dependencies, documents)
        self._bodies: dict[Hashable, tuple[Origins, ...]] = {}

    def trace_file(self, artifact: Artifact, *, values: bool = True) -> tuple[Origins, ...]:
        """Return the origins of each line of an artifact, the most specific first; never none.

        Without `values` a line of the prompt has only the origin of its text, which takes less.
        A line that depends on nothing in particular comes from the pack's first line.
        """
        before, after = self._trace_surroundings(artifact)
        if values:
            prompt = self.trace_values(artifact)
        else:
            prompt = tuple((line.origin,) for line in self.trace_prompt(artifact))
        count = len(split_lines(artifact.text)) - len(before) - len(after)
        if count != len(prompt):  # the whole prompt in one line
            prompt = (tuple(dict.fromkeys(origin for line in prompt for origin in line)),) * count
        fallback = (Origin(artifact.variant.pack.path, 1),)
        return tuple(origins or fallback for origins in (*before, *prompt, *after))

    def trace_prompt(self, artifact: Artifact) -> Lines:
        """Return the lines of an artifact's prompt, each with the origin of its text."""
        return self.composer.trace_lines(artifact.variant, artifact.target, artifact.agent.prompt)

    def trace_values(
        self, artifact: Artifact, subset: frozenset[Origin] | None = None
    ) -> tuple[Origins, ...]:
        """Return the origins of each line of a prompt: of its text, and of values behind it.

        With `subset` only those values are traced that are written in one of its lines.
        """
        is_text = not TARGETS[artifact.target].holds_policy  # takes nothing from a changed policy
        key = (self.composer.make_key(artifact.variant, artifact.target), is_text, subset)
        if key not in self._bodies:
            reads = self.composer.find_reads(artifact.variant, artifact.target)
            self._bodies[key] = self._trace_body(artifact, reads, subset)
        return self._bodies[key]

    def _trace_body(
        self, artifact: Artifact, reads: frozenset[str], subset: frozenset[Origin] | None
    ) -> tuple[Origins, ...]:
        variant, target = artifact.variant, TARGETS[artifact.target]
        policy_reads = {"policy"} if target.tells_policy else set()
        traced = self.trace_prompt(artifact)
        lines = [line.text for line in traced]
        values: list[list[Origin]] = [[] for _ in lines]
        for perturbation in iter_perturbations(self.sources, variant, target.name):
            is_requested = subset is None or perturbation.origin in subset
            if is_requested and _depends_on(reads | policy_reads, perturbation.name):
                for number in _find_changed_lines(
                    lines, self._compose_lines(perturbation, target.name)
                ):
                    values[number].append(perturbation.origin)
        return tuple(
            tuple(
                dict.fromkeys(
                    (
                        *_iter_own_origin(line.origin, value_origins, artifact.agent.policy),
                        *value_origins,
                    )
                )
            )
            for line, value_origins in zip(traced, values, strict=True)
        )

    def _compose_lines(self, perturbation: Perturbation, target: str) -> list[str] | None:
        """Return the lines of an alternative's prompt, or None where there is none."""
        try:
            return split_lines(self.composer.compose_text(perturbation.variant, target))
        except (UserError, NeedsDenied):
            return None

    def _trace_surroundings(self, artifact: Artifact) -> tuple[list[Origins], list[Origins]]:
        """Return the origins of the lines before the prompt, and of those after it."""
        target = TARGETS[artifact.target]
        encode = partial(encode_file, target)
        end = "\n" if artifact.agent.prompt.endswith("\n") else ""
        base, other = (
            self.composer.make_agent(artifact.variant, artifact.target, f"{prompt}{end}")
            for prompt in _PLACEHOLDER_PROMPTS
        )
        lines, other_lines = split_lines(encode(base)), split_lines(encode(other))
        pairs = enumerate(zip(lines, other_lines, strict=False))
        prompt_index = next(index for index, (a, b) in pairs if a != b)
        origins: list[dict[Origin, None]] = [{} for _ in lines]
        if head := base.form.head:
            for number, line in enumerate(merge_head(target, base).number_lines(base.prompt)):
                if line:
                    origins[number][Origin(head.path, line)] = None
        for perturbation in iter_perturbations(self.sources, artifact.variant, artifact.target):
            agent = self.composer.make_agent(perturbation.variant, artifact.target, base.prompt)
            if agent != base:
                for number in _find_changed_lines(lines, split_lines(encode(agent))):
                    origins[number][perturbation.origin] = None
        traced = [tuple(line_origins) for line_origins in origins]
        return traced[:prompt_index], traced[prompt_index + 1 :]


def _iter_own_origin(origin: Origin, values: Iterable[Origin], policy: Policy) -> Iterator[Origin]:
    """Yield the origin of a line's text; a line in words about the policy has those values only."""
    if origin.path != policy.path or not any(values):
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
