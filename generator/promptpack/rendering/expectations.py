"""What packs expect of their prompts: artifacts in, errors out for what does not hold."""

from collections.abc import Iterator
from itertools import product
from typing import NamedTuple

from promptpack.model import Artifact, Expectation, Finding, Pack, Project
from promptpack.rendering.tokens import estimate_tokens
from promptpack.source.frontmatter import Documents
from promptpack.source.text import make_finding
from promptpack.targets.built import list_built_targets

_MAX_SHOWN = 3
_MAX_TEXT = 60


class ExpectationSummary(NamedTuple):
    """How many expectations hold and how many do not, and the number of prompts they are about."""

    held: int = 0
    broken: int = 0
    prompts: int = 0


class ExpectationChecker:
    """Holds the prompts of artifacts, as they come by, against what their packs expect.

    A text is looked for with each run of white space taken for one blank, in the prompt and not
    in the front matter. An artifact that comes by again changes nothing.
    """

    def __init__(self, project: Project, documents: Documents) -> None:
        self._project, self._documents = project, documents
        self._packs: dict[str, Pack] = {}
        self._checked: dict[Expectation, dict[str, int]] = {}
        self._broken: dict[Expectation, dict[str, str]] = {}
        self._last = ("", "")

    def add(self, artifact: Artifact) -> None:
        """Hold the prompt of an artifact against each expectation that is about it."""
        variant, target = artifact.variant, artifact.target
        pack = self._packs.setdefault(variant.pack.name, variant.pack)
        for expectation in pack.expect:
            if expectation.covers(
                variant.model.name, variant.policy.name, variant.language, target
            ):
                prompt = artifact.agent.prompt
                tokens = estimate_tokens(len(prompt))
                self._checked.setdefault(expectation, {})[artifact.path] = tokens
                if not self._holds(expectation, prompt, tokens):
                    name = f"{variant.name} for {target}"
                    self._broken.setdefault(expectation, {})[artifact.path] = name

    def list_findings(self) -> list[Finding]:
        """Return an error for each expectation that is broken, or is about no prompt at all."""
        return [
            finding
            for pack in self._packs.values()
            for index, expectation in enumerate(pack.expect)
            for finding in self._iter_problems(pack, index, expectation)
        ]

    def summarize(self) -> ExpectationSummary:
        """Return how many expectations hold of those that are about a prompt, or about none ever.

        One that is about no prompt at all counts as broken.
        """
        prompts = {path for paths in self._checked.values() for path in paths}
        idle = sum(
            not self._is_about_any(pack, expectation)
            for pack in self._packs.values()
            for expectation in pack.expect
        )
        held = len(self._checked) - len(self._broken)
        return ExpectationSummary(held, len(self._broken) + idle, len(prompts))

    def _holds(self, expectation: Expectation, prompt: str, tokens: int) -> bool:
        if expectation.max_tokens:
            return tokens <= expectation.max_tokens
        if self._last[0] != prompt:
            self._last = prompt, _normalize(prompt)
        contained = _normalize(expectation.contains or expectation.absent) in self._last[1]
        return contained == bool(expectation.contains)

    def _iter_problems(self, pack: Pack, index: int, expectation: Expectation) -> Iterator[Finding]:
        if expectation in self._broken:
            message = f"{self._describe(expectation)}{self._list_outputs(expectation)}"
            yield self._make_finding("PP510", pack, index, message, _suggest(expectation))
        elif not self._is_about_any(pack, expectation):
            message = "this expectation is about none of the pack's prompts"
            hint = "name a model, a policy and a target for which the pack is built together"
            yield self._make_finding("PP511", pack, index, message, hint)

    def _describe(self, expectation: Expectation) -> str:
        checked, broken = self._checked[expectation], self._broken[expectation]
        count = f"{len(broken)} of {len(checked)} prompts"
        if expectation.max_tokens:
            most = max(checked[path] for path in broken)
            limit = f"more than the {expectation.max_tokens:,} tokens expected"
            return f"{count} {'has' if len(broken) == 1 else 'have'} {limit} (about {most:,})"
        text = _quote(expectation.contains or expectation.absent)
        if expectation.contains:
            return f"{text} is not in {count}"
        return f"{text} is in {count}, which should not have it"

    def _list_outputs(self, expectation: Expectation) -> str:
        names = [*self._broken[expectation].values()]
        rest = f" and {len(names) - _MAX_SHOWN} more" if len(names) > _MAX_SHOWN else ""
        return f": {', '.join(names[:_MAX_SHOWN])}{rest}"

    def _is_about_any(self, pack: Pack, expectation: Expectation) -> bool:
        """Tell whether a pack has a prompt that is meant, whatever was asked for this time."""
        targets = list_built_targets(self._project, pack)
        return any(
            expectation.covers(one.model, one.policy, pack.name_language(one), target)
            for one, target in product(pack.list_variants(), targets)
        )

    def _make_finding(self, code: str, pack: Pack, index: int, message: str, hint: str) -> Finding:
        document = self._documents.read(pack.path)
        (key,) = document.data["expect"][index].keys() - {"when"}
        span = document.keys["expect", index, key]
        return make_finding(code, pack.path, span, message, hint, self._project.sources[pack.path])


def _normalize(text: str) -> str:
    return " ".join(text.split())


def _quote(text: str) -> str:
    text = _normalize(text)
    return f'"{text if len(text) <= _MAX_TEXT else text[: _MAX_TEXT - 1] + "…"}"'


def _suggest(expectation: Expectation) -> str:
    if expectation.max_tokens:
        return "drop sections with 'overrides', shorten a fragment, or expect more tokens"
    way = "write it in a fragment" if expectation.contains else "remove it from the prompt"
    return f"{way}, or say with 'when' which prompts are meant"
