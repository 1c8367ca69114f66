"""What absorbing an edited output would do: a project and the output as it stands in, texts out.

A proposal is built and compared before it is made: with its sources the output is, byte for byte,
what stands there.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from itertools import islice, product, zip_longest
from typing import NamedTuple

from promptpack.absorb.candidates import Candidate, Hunk, Prompt, candidates, hunks, reason
from promptpack.absorb.edits import Edit, applied, scalar_edit
from promptpack.build import build
from promptpack.model import Agent, Artifact, Finding, Project, UserError
from promptpack.output.locate import Place
from promptpack.output.manifest import digest
from promptpack.provenance.tracer import Tracer
from promptpack.rendering.variants import Selection
from promptpack.source.frontmatter import document
from promptpack.targets import TARGETS

_COMBINATIONS = 64

Reload = Callable[[Mapping[str, str]], Project]
"""Loads the project with other texts in place of some of its sources'."""


class Proposal(NamedTuple):
    """New texts of sources by path, and the other outputs that they change."""

    sources: Mapping[str, str]
    siblings: tuple[Artifact, ...]
    """Of the same variant, for other clients."""
    others: tuple[Artifact, ...]
    """Of other variants."""


class _Option(NamedTuple):
    """What was changed at a line of the output, in words and as the edits that would do it."""

    line: int
    why: str
    candidates: list[Candidate]


def propose(  # noqa: PLR0913, PLR0917 - a project as built, an output of it, and where to
    project: Project,
    before: Iterable[Artifact],
    reload: Reload,
    place: Place,
    path: str,
    to: tuple[str, int],
) -> Proposal:
    """Return the edit of the sources that gives the output as it stands at `path`.

    `before` is what the project builds. `to` is the source path, and line or 0, where new text is
    to go; ("", 0) leaves it open. Raises UserError with every reason why there is no such edit, or
    more than one.
    """
    work = _Absorbing(project, reload, place, path)
    work.check()
    texts = work.texts(to)
    built = {_key(artifact): artifact.content for artifact in before}
    own = _key(place.artifact)
    changed = [a for a in build(reload(texts)) if built.get(_key(a)) != a.content]
    siblings = tuple(a for a in changed if _key(a)[:2] == own[:2] and _key(a) != own)
    return Proposal(texts, siblings, tuple(a for a in changed if _key(a)[:2] != own[:2]))


class _Absorbing:
    """One output, what it was built as, and what it is now."""

    def __init__(self, project: Project, reload: Reload, place: Place, path: str) -> None:
        self.project, self.reload, self.place, self.path = project, reload, place, path
        artifact = place.artifact
        self.target = TARGETS[artifact.target]
        self.built = self.target.decode(artifact.content.decode(), artifact.agent.name)
        self.now = self.target.decode(place.text, artifact.agent.name)
        origins = Tracer(project).body(artifact)
        self.prompt = Prompt(tuple(line.text for line in artifact.agent.body), origins)
        self.lines = place.text.split("\n")

    def check(self) -> None:
        """Raise UserError where the output is not an edited one of these very sources."""
        if digest(self.place.artifact.content) != self.place.recorded:
            hint = "keep a copy of the file, run 'promptpack build --force', edit the new file"
            self._refuse(0, "the sources have changed since this file was built", hint)
        if self.place.text == self.place.artifact.content.decode():
            self._refuse(0, "is what the sources say: there is nothing to absorb", "")
        if "\r\n" in self.place.text:
            self._refuse(0, "has other line ends than promptpack writes", "save it with LF")
        if problems := self.target.problems(self.place.text):
            self._refuse(self._first_changed(), f"is no valid file any more: {problems[0]}", "")

    def texts(self, to: tuple[str, int]) -> dict[str, str]:
        """Return the new texts of the sources; raises UserError with all reasons against it."""
        options = [*self._head(), *self._body(to)]
        if refused := [option for option in options if not option.candidates]:
            raise UserError(tuple(self._finding(o.line, o.why) for o in refused))
        ambiguous = [o for o in options if len(o.candidates) > 1 and not o.why]
        if ambiguous:
            raise UserError(tuple(self._ambiguous(option) for option in ambiguous))
        chosen = islice(product(*(option.candidates for option in options)), _COMBINATIONS)
        wanted = self.place.text
        for combination in chosen:
            texts = applied(self.project.sources, (edit for one in combination for edit in one))
            artifact = None if texts is None else self._with(texts)
            if texts is not None and artifact and artifact.content.decode() == wanted:
                return texts
        raise UserError((self._not_reached(options),))

    def _head(self) -> Iterator[_Option]:
        """Yield the head's fields that changed; what can't be absorbed has no candidate."""
        pack = self.place.artifact.variant.pack
        text = self.project.sources[pack.path]
        values = document(text, pack.path).values
        for field in ("name", "mode", "description", "temperature"):
            value = getattr(self.now, field)
            if value == getattr(self.built, field):
                continue
            mark = values.get((field,))
            edit = scalar_edit(text, pack.path, mark, value) if mark and field != "name" else None
            why = f"the {field} can't be written to {pack.path}"
            yield _Option(self._line(str(value)), why, [(edit,)] if edit else [])
        if self.now.policy != self.built.policy:
            policy = self.place.artifact.variant.policy
            why = f"what an agent may do is said by its policy: change {policy.path}"
            yield _Option(self._first_changed(), why, [])
        if _model(self.now, self.target.name) != _model(self.built, self.target.name):
            why = f"the model's id is in {self.place.artifact.variant.model.path}"
            yield _Option(self._first_changed(), why, [])

    def _body(self, to: tuple[str, int]) -> Iterator[_Option]:
        """Yield the prompt's changes with those candidates that are known to give them."""
        now = [line.text for line in self.now.body]
        for hunk in hunks(self.prompt.lines, now):
            line = self._line(next((text for text in hunk.new if text), ""))
            found = [
                candidate
                for candidate in candidates(self.project, self.prompt, hunk)
                if all(_goes_to(edit, to) for edit in candidate)
            ]
            working = self._working(found, hunk)
            if working:
                yield _Option(line, "", working)
            else:
                yield _Option(line, reason(self.prompt, hunk), found)

    def _working(self, found: Iterable[Candidate], hunk: Hunk) -> list[Candidate]:
        """Return the candidates that give this hunk and nothing else, one for each outcome."""
        lines = self.prompt.lines
        wanted = [*lines[: hunk.first], *hunk.new, *lines[hunk.last :]]
        working: dict[tuple[tuple[str, str], ...], Candidate] = {}
        for candidate in found:
            texts = applied(self.project.sources, candidate)
            artifact = None if texts is None else self._with(texts)
            if artifact and [line.text for line in artifact.agent.body] == wanted:
                outcome = ((p, "".join(text.split())) for p, text in sorted((texts or {}).items()))
                working.setdefault(tuple(outcome), candidate)
        return [*working.values()]

    def _with(self, texts: Mapping[str, str]) -> Artifact | None:
        """Return the output as other texts would have it built, or None where they do not build."""
        artifact = self.place.artifact
        variant = artifact.variant
        names = (variant.pack.name,), (variant.model.name,), (variant.policy.name,)
        try:
            return build(self.reload(texts), Selection(*names, (artifact.target,)))[0]
        except UserError:
            return None

    def _line(self, text: str) -> int:
        """Return the line of the file that holds a text, or 1."""
        found = (n for n, line in enumerate(self.lines, 1) if text and text in line)
        return next(found, 1) + self.place.before

    def _first_changed(self) -> int:
        built = self.place.artifact.content.decode().split("\n")
        pairs = enumerate(zip_longest(self.lines, built), 1)
        return next((n for n, (now, then) in pairs if now != then), 1) + self.place.before

    def _not_reached(self, options: Iterable[_Option]) -> Finding:
        for option in options:
            if option.why:
                edit = option.candidates[0][0]
                place = f"{edit.path}:{edit.line}"
                why = (
                    f"{place} can't change this line and no other of the file"
                    if edit.length
                    else f"written at {place}, this would come out otherwise"
                )
                return self._finding(option.line, why)
        return self._finding(
            self._first_changed(),
            "this can't come from any source: white space, or the form of the head",
        )

    def _ambiguous(self, option: _Option) -> Finding:
        places = [f"{edits[0].path}:{edits[0].line}" for edits in option.candidates]
        hint = f"name one: --to {' or --to '.join(places)}"
        return self._finding(option.line, "this could go to more than one place", hint)

    def _finding(self, line: int, message: str, hint: str = "") -> Finding:
        excerpt = self.lines[line - 1 - self.place.before] if line else ""
        return Finding("PP405", "error", self.path, line, 1, message, hint, excerpt, len(excerpt))

    def _refuse(self, line: int, message: str, hint: str) -> None:
        raise UserError((Finding("PP405", "error", self.path, line, 0, message, hint),))


def _key(artifact: Artifact) -> tuple[str, str, str]:
    """Return what tells an output from all others: packs share some files."""
    return artifact.variant.pack.name, artifact.variant.name, artifact.target


def _goes_to(edit: Edit, to: tuple[str, int]) -> bool:
    path, line = to
    return not path or (edit.path == path and line in (0, edit.line))


def _model(agent: Agent, target: str) -> str:
    return agent.model.ids.get(target, "")
