"""Where each line of an output comes from: a project and an artifact in, origins by line out.

A line of the prompt has the origin that composing gave it. Beyond that, a line has the origin of
every value on which it depends: a variable, a parameter, a field of the pack, what the policy says.
Those are found by changing each of them in turn, composing and encoding again, so that it holds
for any template and any client and needs no table.
"""

import difflib
from collections import Counter
from collections.abc import Hashable, Iterable, Iterator, Sequence
from functools import partial
from itertools import zip_longest

from promptpack.model import Artifact, Line, Origin, Policy, UserError, Variant
from promptpack.model.fields import find_client_settings
from promptpack.provenance.perturbations import (
    Perturbation,
    SourceLocator,
    iter_perturbations,
    iter_structure,
)
from promptpack.rendering.compose import Composer
from promptpack.rendering.includes import depends_on
from promptpack.rendering.lines import Lines
from promptpack.rendering.needs import NeedsDenied
from promptpack.rendering.probes import Probe
from promptpack.source.frontmatter import Documents
from promptpack.source.text import split_lines
from promptpack.targets import TARGETS
from promptpack.targets.heads import encode_file, merge_head

Origins = tuple[Origin, ...]
Subset = frozenset[Origin] | None
"""The lines of sources that somebody asks about, or None for all."""

_PLACEHOLDER_PROMPTS = "x", "y"
"""Two prompts: where their files differ, there the prompt stands."""


class Tracer:
    """Traces the artifacts of one project; what variants share is worked out once.

    A `subset` of lines of sources asks for these alone: a line of an output has no other origins
    then, beside those of its text, and nothing else is tried.
    """

    def __init__(self, composer: Composer, documents: Documents) -> None:
        self.composer = composer
        self.sources = SourceLocator(composer.project, composer.templates.dependencies, documents)
        self._bodies: dict[Hashable, tuple[Origins, ...]] = {}
        self._tags: dict[Hashable, tuple[Origins, ...]] = {}
        self._changes: dict[Hashable, tuple[int, ...]] = {}

    def trace_file(
        self, artifact: Artifact, *, values: bool = True, subset: Subset = None
    ) -> tuple[Origins, ...]:
        """Return the origins of each line of an artifact, the most specific first.

        Without `values` a line of the prompt has only the origins of its text, which takes less.
        A line that depends on nothing in particular comes from the pack's first line, unless a
        subset is asked for.
        """
        before, after = self._trace_surroundings(artifact, subset)
        if values:
            prompt = self.trace_values(artifact, subset)
        else:
            prompt = tuple(line.origins for line in self.trace_prompt(artifact))
        fallback = (Origin(artifact.variant.pack.path, 1),) if subset is None else ()
        lines = _put_together(artifact, before, prompt, after)
        return tuple(origins or fallback for origins in lines)

    def trace_tags(self, artifact: Artifact, subset: Subset = None) -> tuple[Origins, ...]:
        """Return for each line of an artifact the lines of sources that put it there, often none.

        Their text is not in it: conditions, loops, macros, includes and assignments of templates,
        and what a pack says of sections and of fragments in them.
        """
        before, after = self._trace_surroundings(artifact, frozenset())
        key = self._make_key(artifact, subset)
        if key not in self._tags:
            self._tags[key] = self._trace_tags_anew(artifact, subset)
        return _put_together(artifact, before, self._tags[key], after)

    def trace_prompt(self, artifact: Artifact) -> Lines:
        """Return the lines of an artifact's prompt, each with the origins of its text."""
        return self.composer.trace_lines(artifact.variant, artifact.target, artifact.agent.prompt)

    def trace_values(self, artifact: Artifact, subset: Subset = None) -> tuple[Origins, ...]:
        """Return the origins of each line of a prompt: of its text, and of values behind it."""
        key = self._make_key(artifact, subset), artifact.target  # in another, a policy is another
        if key not in self._bodies:
            reads = self.composer.keys.find_reads(artifact.variant, artifact.target)
            self._bodies[key] = self._trace_body(artifact, reads, subset)
        return self._bodies[key]

    def _make_key(self, artifact: Artifact, subset: Subset) -> Hashable:
        is_text = not TARGETS[artifact.target].holds_policy  # takes nothing from a changed policy
        return self.composer.keys.make(artifact.variant, artifact.target), is_text, subset

    def _trace_body(
        self, artifact: Artifact, reads: frozenset[str], subset: Subset
    ) -> tuple[Origins, ...]:
        variant, target = artifact.variant, TARGETS[artifact.target]
        policy_reads = {"policy"} if target.tells_policy else set()
        traced = self.trace_prompt(artifact)
        lines = [line.text for line in traced]
        values: list[list[Origin]] = [[] for _ in lines]
        body_key = self._make_key(artifact, None)
        base_key = body_key, self._make_policy_key(variant, target.name)
        self._changes[base_key] = ()
        counts: Counter[tuple[Origin, str]] = Counter()
        for perturbation in self._iter_asked(variant, target.name, subset):
            if depends_on(reads | policy_reads, perturbation.name):
                place = perturbation.origin, perturbation.name
                counts[place] += 1
                key: Hashable = body_key, place, counts[place]
                if perturbation.name == "policy":  # many policies become one in a client
                    key = body_key, self._make_policy_key(perturbation.variant, target.name)
                if key not in self._changes:
                    text = self._compose_lines(perturbation.variant, target.name)
                    self._changes[key] = tuple(_find_changed_lines(lines, text))
                for number in self._changes[key]:
                    values[number].append(perturbation.origin)
        return tuple(
            tuple(
                dict.fromkeys(
                    (
                        *_iter_own_origins(line, value_origins, artifact.agent.policy),
                        *value_origins,
                    )
                )
            )
            for line, value_origins in zip(traced, values, strict=True)
        )

    def _make_policy_key(self, variant: Variant, target: str) -> Hashable:
        return variant.pack.mode, self.composer.keys.tell_policy(variant, target)

    def _trace_tags_anew(self, artifact: Artifact, subset: Subset) -> tuple[Origins, ...]:
        variant, target = artifact.variant, artifact.target
        lines = split_lines(artifact.agent.prompt)
        tags: list[dict[Origin, None]] = [{} for _ in lines]
        if not find_client_settings(variant.pack, target).prompt:
            for origin, changed_variant, probe in self._iter_tags(variant, subset):
                text = self._compose_lines(changed_variant, target, probe)
                for number in _find_changed_lines(lines, text):
                    tags[number][origin] = None
        return tuple(map(tuple, tags))

    def _iter_tags(
        self, variant: Variant, subset: Subset
    ) -> Iterator[tuple[Origin, Variant, Probe | None]]:
        """Yield each tag that may put lines of a variant there, and the variant without it."""
        path = variant.pack.path  # the structure is written there and nowhere else
        if subset is None or any(origin.path == path for origin in subset):
            for perturbation in iter_structure(self.sources, variant):
                if subset is None or perturbation.origin in subset:
                    yield perturbation.origin, perturbation.variant, None
        for probe in self.sources.list_probes(variant):
            origin = Origin(probe.path, probe.line)
            if subset is None or origin in subset:
                yield origin, variant, probe

    def _iter_asked(self, variant: Variant, target: str, subset: Subset) -> Iterator[Perturbation]:
        paths = None if subset is None else {origin.path for origin in subset}
        for perturbation in iter_perturbations(self.sources, variant, target, paths):
            if subset is None or perturbation.origin in subset:
                yield perturbation

    def _compose_lines(
        self, variant: Variant, target: str, probe: Probe | None = None
    ) -> list[str] | None:
        """Return the lines of an alternative's prompt, or None where there is none."""
        try:
            return split_lines(self.composer.compose_text(variant, target, probe))
        except (UserError, NeedsDenied):
            return None

    def _trace_surroundings(
        self, artifact: Artifact, subset: Subset
    ) -> tuple[list[Origins], list[Origins]]:
        """Return the origins of the lines before the prompt, and of those after it."""
        perturbations = self._iter_asked(artifact.variant, artifact.target, subset)
        if subset is not None:
            listed = list(perturbations)
            head = artifact.agent.form.head
            has_head = head is not None and any(origin.path == head.path for origin in subset)
            count = _count_lines_before(artifact)
            if count is not None and not listed and not has_head:
                return [()] * count, []
            perturbations = iter(listed)
        return self._trace_head(artifact, perturbations)

    def _trace_head(
        self, artifact: Artifact, perturbations: Iterable[Perturbation]
    ) -> tuple[list[Origins], list[Origins]]:
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
        for perturbation in perturbations:
            agent = self.composer.make_agent(perturbation.variant, artifact.target, base.prompt)
            if agent != base:
                for number in _find_changed_lines(lines, split_lines(encode(agent))):
                    origins[number][perturbation.origin] = None
        traced = [tuple(line_origins) for line_origins in origins]
        return traced[:prompt_index], traced[prompt_index + 1 :]


def _put_together(
    artifact: Artifact,
    before: Sequence[Origins],
    prompt: Sequence[Origins],
    after: Sequence[Origins],
) -> tuple[Origins, ...]:
    """Return the origins of all lines of an artifact, of those of its prompt, before and after."""
    count = len(split_lines(artifact.text)) - len(before) - len(after)
    if count != len(prompt):  # the whole prompt in one line
        whole = tuple(dict.fromkeys(origin for line in prompt for origin in line))
        prompt = (whole,) * count
    return (*before, *prompt, *after)


def _count_lines_before(artifact: Artifact) -> int | None:
    """Return how many lines stand before a prompt that ends its file, or None for any other."""
    head = artifact.text.removesuffix(artifact.agent.prompt)
    is_last = artifact.agent.prompt and artifact.text.endswith(artifact.agent.prompt)
    return head.count("\n") if is_last and (not head or head.endswith("\n")) else None


def _iter_own_origins(line: Line, values: Iterable[Origin], policy: Policy) -> Iterator[Origin]:
    """Yield the origins of a line's text; words about the policy come from its values only."""
    has_values = any(values)
    yield from (one for one in line.origins if one.path != policy.path or not has_values)


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
