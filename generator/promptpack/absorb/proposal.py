"""What absorbing an edited output would do: a project and the output as it stands in, texts out.

A proposal is built and compared before it is made: with its sources the output is, byte for byte,
what stands there, or, if only a part is wanted, the output as it was with the absorbed hunks.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import NamedTuple, NoReturn

from promptpack.absorb.candidates import (
    Candidate,
    TracedPrompt,
    explain_failure,
    find_candidates,
)
from promptpack.absorb.edits import Edit, apply_edits
from promptpack.absorb.front_matter import (
    FORMAT,
    group_head_edits,
    read_head_change,
)
from promptpack.absorb.hunks import (
    OutputEdit,
    apply_output_edits,
    find_output_edits,
    list_blank_slides,
    split_edit,
)
from promptpack.absorb.policies import list_changed_grants
from promptpack.absorb.scope import isolate_pack
from promptpack.absorb.solving import Attempt, Rebuilder, combine, solve_together
from promptpack.absorb.view import make_view
from promptpack.model import Artifact, Finding, Origin, Project, UserError
from promptpack.model.fields import FIELDS
from promptpack.output.locate import LocatedOutput
from promptpack.output.manifest import hash_content
from promptpack.rendering.lines import clean_text
from promptpack.session import Session

_BLANKS = "white space that no source can produce"


class Wish(NamedTuple):
    """How an edit is to be absorbed.

    `destination` is the source path, and line or 0, where new text is to go; ("", 0) leaves it
    open. `partial` takes what can be taken, `change_policy` takes permissions too.
    """

    destination: tuple[str, int] = ("", 0)
    partial: bool = False
    change_policy: bool = False


class Ignored(NamedTuple):
    """A difference that stays behind because nobody can mean it, at a line of the file, or 0."""

    line: int
    reason: str


class Absorption(NamedTuple):
    """New texts of sources by path, the output that they give, and what is not in it."""

    sources: Mapping[str, str]
    artifact: Artifact
    refused: tuple[Finding, ...]
    ignored: tuple[Ignored, ...]
    line: int
    """The first line of the edited file that is absorbed, from 1."""


def absorb_output(project: Project, place: LocatedOutput, path: str, wish: Wish) -> Absorption:
    """Return the edit of the sources that gives the output as it stands at `path`.

    Raises UserError with every reason why there is no such edit, or more than one.
    """
    ignored: list[Ignored] = []
    if "\r\n" in place.text:
        ignored.append(Ignored(0, "its line endings, which are not those that promptpack writes"))
        place = place._replace(text=place.text.replace("\r\n", "\n"))
    if place.text.startswith("\ufeff") and not place.artifact.text.startswith("\ufeff"):
        ignored.append(Ignored(1, "its byte-order mark"))
        place = place._replace(text=place.text.removeprefix("\ufeff"))
    if hash_content(place.artifact.content) != place.recorded:
        hint = (
            "keep a copy of the file, run 'promptpack build --force', "
            "and repeat the edit in the new file"
        )
        _refuse(path, 0, "the sources have changed since this file was built", hint)
    if place.text == place.artifact.text:
        only = f", only {ignored[0].reason}" if ignored else ""
        _refuse(path, 0, f"this file matches the sources: there is nothing to absorb{only}")
    return _Absorber(project, place, path, wish, ignored).absorb()


def _refuse(path: str, line: int, message: str, hint: str = "") -> NoReturn:
    raise UserError((Finding("PP405", "error", path, line, 0, message, hint),))


class _Absorber:
    """One output, what it was built as, what it is now, and what came of each hunk."""

    def __init__(
        self,
        project: Project,
        place: LocatedOutput,
        path: str,
        wish: Wish,
        ignored: list[Ignored],
    ) -> None:
        artifact = place.artifact
        self.project = isolate_pack(project, artifact.variant.pack.name)
        self.place, self.path, self.wish, self.ignored = place, path, wish, ignored
        self.lines = place.text.split("\n")
        try:
            self.view = make_view(place)
        except ValueError as error:
            line = self._find_change()
            _refuse(path, line, f"this can't be kept as it is: {error}")
        if self.view.kind == "prompt" and artifact.agent.form.head is None:
            problems = self.view.target.problems(place.text)
            if problems:
                message = f"this is no longer a valid file: {problems[0].message}"
                _refuse(path, self._find_change(), message)
        self.prompt = self._trace_prompt()
        self.rebuilder = Rebuilder(self.project, self.view)

    def _find_change(self) -> int:
        pairs = zip(
            [*self.lines, None], [*self.place.artifact.text.split("\n"), None], strict=False
        )
        different = (number for number, (now, old) in enumerate(pairs, 1) if now != old)
        return min(next(different, 1), len(self.lines)) + self.place.before

    def _trace_prompt(self) -> TracedPrompt:
        artifact, view = self.place.artifact, self.view
        lines = view.built[view.start : view.stop]
        origins = Session(self.project).tracer.trace_values(artifact)
        if len(lines) > len(origins):  # what follows the last newline
            end = origins[-1][0] if origins else Origin(artifact.variant.pack.text, 0)
            origins = (*origins, (end._replace(line=end.line + 1),))
        return TracedPrompt(lines, origins)

    def absorb(self) -> Absorption:
        """Return the new sources; raises UserError with all reasons against them."""
        attempts = [*self._attempt_all()]
        solve_together(self.rebuilder, attempts)
        refused = {one: self._make_refusal(one) for one in attempts if not one.working}
        for attempt in attempts:
            if attempt.working and not self._choose(attempt):
                refused[attempt] = self._make_ambiguity(attempt)
        path = self.wish.destination[0]
        if path and not any(self._goes_there(one) for one in attempts):
            message = f"no edit of this file can go to {path}"
            refused |= {one: self._make_finding(one.line, message) for one in attempts}
        taken = combine(self.rebuilder, [one for one in attempts if one not in refused])
        for attempt in attempts:
            if attempt not in refused and attempt not in taken:
                message = "this edit can't be made together with the others in this file"
                refused[attempt] = self._make_finding(attempt.line, message)
        findings = tuple(refused[one] for one in attempts if one in refused)
        if not taken and not findings:
            findings = tuple(self._make_finding(one.line, FORMAT) for one in self.ignored[:1])
        if not taken or (findings and not self.wish.partial):
            raise UserError(findings)
        return self._finish(taken, findings)

    def _finish(
        self, taken: Mapping[Attempt, Candidate], findings: tuple[Finding, ...]
    ) -> Absorption:
        """Return what was taken, once more compared with what it is to give."""
        edits = [edit for candidate in taken.values() for edit in candidate]
        texts = apply_edits(self.project.sources, edits)
        artifact = self.rebuilder.rebuild(edits)
        ignored = [*self.ignored]
        blanks = (one for one in taken if one.has_ignored_blanks)
        ignored += [Ignored(one.line, "white space at the end of lines") for one in blanks]
        assert texts is not None and not isinstance(artifact, str)  # noqa: S101 - it was compared
        if not findings and not ignored and artifact.text != self.place.text:
            _refuse(self.path, self._find_change(), FORMAT)
        if self.view.kind != "file" and not self._has_fields(artifact, taken):
            _refuse(self.path, self._find_change(), FORMAT)
        if not self.wish.change_policy and self._grants_otherwise(artifact):
            message = "together, these edits change what the agent may do"
            _refuse(self.path, self._find_change(), message, "use '--policy', or edit the policy")
        line = min(one.line for one in taken)
        return Absorption(texts, artifact, findings, tuple(sorted(ignored)), line)

    def _grants_otherwise(self, artifact: Artifact) -> bool:
        """Tell whether a client reads other permissions in a build than in the file as built."""
        decode, stem = self.view.target.decode, artifact.agent.stem
        before, after = decode(self.place.artifact.text, stem), decode(artifact.text, stem)
        return bool(list_changed_grants(before.policy, after.policy))

    def _has_fields(self, artifact: Artifact, taken: Iterable[Attempt]) -> bool:
        """Tell whether a file that is not compared by line says only what was taken of it."""
        decode, stem, client = self.view.target.decode, artifact.agent.stem, self.view.target.name
        built = decode(self.place.artifact.text, stem)
        edits = [e for one in taken for e in one.edits if e.last <= self.view.start]
        now = decode(self.view.make_text(edits), stem)
        if self.view.kind == "prompt":
            now = decode(self.place.text, stem)
            is_all = any(one.confirm for one in taken)
            now = now if is_all else built
        result = decode(artifact.text, stem)
        is_same = all(one.read(result, client) == one.read(now, client) for one in FIELDS)
        return is_same and result.extra == now.extra and result.policy == now.policy

    def _attempt_all(self) -> Iterator[Attempt]:
        """Yield what comes of each hunk, in the order of the file."""
        view = self.view
        head: list[OutputEdit] = []
        body: list[OutputEdit] = []
        for edit in self._find_edits():
            slides = list_blank_slides(view.built, edit)
            if inner := next(filter(self._is_in_prompt, slides), None):
                body.append(inner)
            elif self._is_blank(edit):
                self._ignore(edit)
            else:
                head.append(edit)
        yield from (self._attempt_head(group) for group in group_head_edits(view, head))
        if view.kind == "prompt":
            yield from self._attempt_fields()
        for edit in body:
            yield from self._attempt_body(edit)

    def _is_in_prompt(self, edit: OutputEdit) -> bool:
        return self.view.start <= edit.first and edit.last <= self.view.stop

    def _find_edits(self) -> Iterator[OutputEdit]:
        """Yield the hunks; those that reach over an end of the prompt are cut there."""
        view = self.view
        for edit in find_output_edits(view.built, view.now):
            ends = [end for end in (view.start, view.stop) if edit.first < end < edit.last]
            yield from split_edit(edit) if ends else (edit,)

    def _attempt_head(self, edits: tuple[OutputEdit, ...]) -> Attempt:
        change = read_head_change(
            self.project, self.view, edits, change_policy=self.wish.change_policy
        )
        line = min(self.view.find_line(edit) for edit in edits)
        attempt = Attempt(edits, line, change.why, change.hint, is_final=change.is_final)
        self.rebuilder.confirm(attempt, change.candidates)
        return attempt

    def _attempt_fields(self) -> Iterator[Attempt]:
        """Yield what comes of the fields that differ, where a file has no lines to compare."""
        change = read_head_change(
            self.project, self.view, (), change_policy=self.wish.change_policy
        )
        if not change.subjects:
            return
        value = str(change.settings[0].value) if change.settings else ""
        line = self.view.find_text(value)
        attempt = Attempt((), line, change.why, change.hint, confirm=self._make_confirm())
        self.rebuilder.confirm(attempt, change.candidates)
        yield attempt

    def _make_confirm(self) -> Callable[[Artifact], bool]:
        """Return what tells whether a build says in its fields what the file says."""
        decode, client = self.view.target.decode, self.view.target.name
        stem = self.place.artifact.agent.stem
        now = decode(self.place.text, stem)

        def confirm(artifact: Artifact) -> bool:
            result = decode(artifact.text, stem)
            is_same = all(one.read(result, client) == one.read(now, client) for one in FIELDS)
            return is_same and not list_changed_grants(result.policy, now.policy)

        return confirm

    def _attempt_body(self, edit: OutputEdit) -> Iterator[Attempt]:
        """Yield what comes of a hunk of the prompt: as a whole, or of each of its parts."""
        parts = split_edit(edit)
        is_even = len(edit.old) == len(edit.new)
        if len(parts) <= 1:
            yield from self._attempt_part(edit)
            return
        if not is_even:
            whole = self._try(edit)
            if whole.working:
                yield whole
                return
        attempts = [one for part in parts for one in self._attempt_part(part)]
        if is_even and not all(one.working for one in attempts):
            whole = self._try(edit)
            if whole.working:
                yield whole
                return
        yield from attempts

    def _attempt_part(self, edit: OutputEdit) -> Iterator[Attempt]:
        """Yield what comes of a hunk; nothing where it is only white space that can be ignored."""
        attempt = self._try(edit)
        if attempt.working:
            yield attempt
        elif self._is_blank(edit):
            self._ignore(edit)
        else:
            stripped = edit.strip_blanks()
            # In a code fence blanks count, and the build would not take them away.
            if stripped != edit and self._clean(stripped) == self._clean(edit):
                attempt = self._try(stripped)
                attempt.has_ignored_blanks = True
            yield attempt

    def _try(self, edit: OutputEdit) -> Attempt:
        inner = edit.shift(self.view.start)
        why = explain_failure(self.project, self.prompt, inner)
        is_added = not (edit.old and edit.new)
        attempt = Attempt((edit,), self.view.find_line(edit), why, is_text_added=is_added)
        self.rebuilder.confirm(attempt, find_candidates(self.project, self.prompt, inner))
        return attempt

    def _is_blank(self, edit: OutputEdit) -> bool:
        """Tell whether a hunk changes nothing but blanks that a build would take away again.

        In a code fence a build takes none away.
        """
        return self._clean(edit) == self._clean()

    def _clean(self, *edits: OutputEdit) -> str:
        """Return the output with some hunks applied, without the blanks that a build takes away."""
        return clean_text("\n".join(apply_output_edits(self.view.built, edits)))

    def _ignore(self, edit: OutputEdit) -> None:
        self.ignored.append(Ignored(self.view.find_line(edit), _BLANKS))

    def _choose(self, attempt: Attempt) -> bool:
        """Leave a hunk one place, or the equal ones; tell whether that is clear."""
        wanted = self.wish.destination
        matching = [one for one in attempt.working if all(_matches(edit, wanted) for edit in one)]
        if matching:
            attempt.working = matching
        elif wanted[0] and len(attempt.working) > 1:
            return False
        return not attempt.is_text_added or len(attempt.working) == 1

    def _goes_there(self, attempt: Attempt) -> bool:
        """Tell whether a hunk can go to the source that was named."""
        wanted = self.wish.destination
        return any(all(_matches(edit, wanted) for edit in one) for one in attempt.working)

    def _make_refusal(self, attempt: Attempt) -> Finding:
        why = self.rebuilder.explain(attempt, attempt.why) if attempt.edits else attempt.why
        return self._make_finding(attempt.line, why, attempt.hint)

    def _make_ambiguity(self, attempt: Attempt) -> Finding:
        places = [f"'--to {edits[0].path}:{edits[0].line}'" for edits in attempt.working]
        hint = f"choose one: {' or '.join(places)}"
        return self._make_finding(attempt.line, "this edit could go to more than one place", hint)

    def _make_finding(self, line: int, message: str, hint: str = "") -> Finding:
        number = line - 1 - self.place.before
        excerpt = self.lines[number] if 0 <= number < len(self.lines) else ""
        return Finding("PP405", "error", self.path, line, 1, message, hint, excerpt, len(excerpt))


def _matches(edit: Edit, destination: tuple[str, int]) -> bool:
    path, line = destination
    return not path or (edit.path == path and line in (0, edit.line))
