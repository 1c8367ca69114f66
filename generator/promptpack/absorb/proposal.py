"""What absorbing an edited output would do: a project and the output as it stands in, texts out.

A proposal is built and compared before it is made: with its sources the output is, byte for byte,
what stands there.
"""

from collections.abc import Iterable, Iterator, Mapping
from itertools import islice, product, zip_longest
from typing import NamedTuple, NoReturn

from promptpack.absorb.candidates import (
    Candidate,
    OutputEdit,
    TracedPrompt,
    explain_failure,
    find_candidates,
    find_output_edits,
)
from promptpack.absorb.edits import Edit, apply_edits, edit_scalar
from promptpack.build import build_project
from promptpack.model import Agent, Artifact, Finding, Origin, Project, UserError
from promptpack.model.fields import FIELDS, Setting, list_settings
from promptpack.output.locate import LocatedOutput
from promptpack.output.manifest import hash_content
from promptpack.reading.project import replace_sources
from promptpack.rendering.variants import Selection
from promptpack.session import Session
from promptpack.source.frontmatter import read_document
from promptpack.source.text import split_lines
from promptpack.targets import TARGETS
from promptpack.targets.heads import merge_head
from promptpack.targets.kept_file import split_kept

_COMBINATIONS = 64


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


def propose(
    project: Project,
    built_artifacts: Iterable[Artifact],
    output: LocatedOutput,
    path: str,
    destination: tuple[str, int],
) -> Proposal:
    """Return the edit of the sources that gives the output as it stands at `path`.

    `built_artifacts` is what the project builds. `destination` is the source path, and line or 0,
    where new text is to go; ("", 0) leaves it open. Raises UserError with every reason why there is
    no such edit, or more than one.
    """
    absorption = _Absorption(project, output, path)
    absorption.check()
    texts = absorption.texts(destination)
    built_contents = {_make_key(artifact): artifact.content for artifact in built_artifacts}
    own_key = _make_key(output.artifact)
    changed_artifacts = [
        a
        for a in build_project(replace_sources(project, texts))
        if built_contents.get(_make_key(a)) != a.content
    ]
    siblings = tuple(
        a for a in changed_artifacts if _make_key(a)[:2] == own_key[:2] and _make_key(a) != own_key
    )
    return Proposal(
        texts, siblings, tuple(a for a in changed_artifacts if _make_key(a)[:2] != own_key[:2])
    )


class _Absorption:
    """One output, what it was built as, and what it is now."""

    def __init__(self, project: Project, place: LocatedOutput, path: str) -> None:
        self.project, self.place, self.path = project, place, path
        artifact = place.artifact
        self.target = TARGETS[artifact.target]
        self.built = self.target.decode(artifact.text, artifact.agent.stem)
        self.now = self.target.decode(place.text, artifact.agent.stem)
        origins = Session(project).tracer.trace_values(artifact)
        self.prompt = TracedPrompt(tuple(self._split_prompt(artifact.agent.prompt)), origins)
        if len(self.prompt.lines) > len(origins):  # what follows the last newline
            end = origins[-1][0] if origins else Origin(artifact.variant.pack.text, 0)
            last = (end._replace(line=end.line + 1),)
            self.prompt = self.prompt._replace(origins=(*origins, last))
        self.lines = place.text.split("\n")

    def check(self) -> None:
        """Raise UserError where the output is not an edited one of these very sources."""
        if hash_content(self.place.artifact.content) != self.place.recorded:
            hint = (
                "keep a copy of the file, run 'promptpack build --force', "
                "and repeat the edit in the new file"
            )
            self._refuse(0, "the sources have changed since this file was built", hint)
        if self.place.text == self.place.artifact.text:
            self._refuse(0, "this file matches the sources: there is nothing to absorb", "")
        if "\r\n" in self.place.text:
            self._refuse(
                0,
                "this file does not have the line endings that promptpack writes",
                "save it with LF line endings",
            )
        is_kept = self.place.artifact.agent.form.head is not None
        if problems := [] if is_kept else self.target.problems(self.place.text):
            self._refuse(
                self._find_first_change(),
                f"this is no longer a valid file: {problems[0].message}",
                "",
            )

    def texts(self, destination: tuple[str, int]) -> dict[str, str]:
        """Return the new texts of the sources; raises UserError with all reasons against it."""
        options = [
            *self._propose_front_matter(),
            *self._propose_kept_lines(),
            *self._propose_body(destination),
        ]
        if refused_options := [option for option in options if not option.candidates]:
            raise UserError(tuple(self._make_finding(o.line, o.why) for o in refused_options))
        ambiguous_options = [o for o in options if len(o.candidates) > 1 and not o.why]
        if ambiguous_options:
            raise UserError(
                tuple(self._make_ambiguity_finding(option) for option in ambiguous_options)
            )
        combinations = islice(product(*(option.candidates for option in options)), _COMBINATIONS)
        expected_text = self.place.text
        for combination in combinations:
            texts = apply_edits(self.project.sources, (edit for one in combination for edit in one))
            artifact = None if texts is None else self._rebuild(texts)
            if texts is not None and artifact and artifact.text == expected_text:
                return texts
        raise UserError((self._make_unreachable_finding(options),))

    def _propose_front_matter(self) -> Iterator[_Option]:
        """Yield the fields that changed; what can't be absorbed has no candidate."""
        pack = self.place.artifact.variant.pack
        text = self.project.sources[pack.path]
        values = read_document(text, pack.path).values
        for setting, why in self._list_changed_settings():
            span = values.get(setting.place)
            if (span is None or not setting.place) and self.place.artifact.agent.form.head:
                continue  # the pack says nothing of it, and the kept lines do
            edit = edit_scalar(text, pack.path, span, setting.value) if span else None
            yield _Option(self._find_line(str(setting.value)), why, [(edit,)] if edit else [])
        if self.now.policy != self.built.policy:
            policy = self.place.artifact.agent.policy
            why = f"the policy decides what an agent may do: change {policy.path}"
            yield _Option(self._find_first_change(), why, [])

    def _propose_kept_lines(self) -> Iterator[_Option]:
        """Yield what changed in the lines of front matter that is kept: they are as they stand.

        What the pack says of a field has to change with them, so that none is tried alone.
        """
        agent = self.place.artifact.agent
        if agent.form.head is None:
            return
        lines = merge_head(self.target, agent).lines
        has_head = bool(agent.form.head.text.strip())
        new_lines = split_lines(self._split_kept()[0]) if has_head else []
        for edit in find_output_edits([line.text for line in lines], new_lines):
            numbers = [line.line for line in lines[edit.first : edit.last]]
            before = lines[edit.first - 1].line if edit.first else 0
            first = numbers[0] if numbers else before + 1
            if all(numbers) and (numbers or before):
                change = Edit(agent.form.head.path, first, len(numbers), edit.new)
                yield _Option(edit.first + 1 + self.place.before, "", [(change,)])

    def _list_changed_settings(self) -> Iterator[tuple[Setting, str]]:
        """Yield the new value of each field and extra key that changed, and where the pack has it.

        The place is () where it is not for the pack to say. Each comes with why it can't be
        written there, if it can't.
        """
        variant, client = self.place.artifact.variant, self.target.name
        for field in FIELDS:
            value = field.read(self.now, client)
            if value == field.read(self.built, client):
                continue
            settings = list_settings(field, variant, client)
            place = settings[-1].place if settings else ()
            if not settings:
                why = f"the model's id comes from {variant.model.path}: change it there"
            else:
                why = f"the {field.name} can't be written to {variant.pack.path}"
            is_absorbed = (field.is_absorbed or len(place) > 1) and place[-1:] != ("file",)
            yield Setting(value, place if is_absorbed else ()), why
        for key in sorted({*self.now.extra, *self.built.extra}):
            value = self.now.extra.get(key)
            if value != self.built.extra.get(key):
                why = f"'{key}' can't be written to {variant.pack.path}"
                yield Setting(value, ("clients", client, "extra", key)), why

    def _propose_body(self, destination: tuple[str, int]) -> Iterator[_Option]:
        """Yield the prompt's changes with those candidates that are known to give them."""
        new_lines = self._split_edited_prompt()
        for output_edit in find_output_edits(self.prompt.lines, new_lines):
            line = self._find_line(next((text for text in output_edit.new if text), ""))
            proposals = [
                candidate
                for candidate in find_candidates(self.project, self.prompt, output_edit)
                if all(_matches_destination(edit, destination) for edit in candidate)
            ]
            solutions = self._select_working(proposals, output_edit)
            if solutions:
                yield _Option(line, "", solutions)
            else:
                yield _Option(
                    line, explain_failure(self.project, self.prompt, output_edit), proposals
                )

    def _split_edited_prompt(self) -> list[str]:
        """Return the lines of the prompt as it is now: exactly, where front matter is kept."""
        built = self.place.artifact.agent
        if built.form.head is None:
            return _split_edited(built, self.now)
        has_head = bool(built.form.head.text.strip())
        return self._split_prompt(self._split_kept()[1] if has_head else self.place.text)

    def _split_kept(self) -> tuple[str, str]:
        """Return the kept head of the edited file and its prompt."""
        try:
            return split_kept(self.target, self.place.text)
        except ValueError as error:
            self._refuse(self._find_first_change(), f"this can't be kept as it is: {error}", "")

    def _split_prompt(self, prompt: str) -> list[str]:
        """Return the lines of a prompt, and where its end is kept too, what follows the last."""
        is_kept = self.place.artifact.agent.form.head is not None
        return prompt.split("\n") if is_kept else split_lines(prompt)

    def _select_working(
        self, proposals: Iterable[Candidate], output_edit: OutputEdit
    ) -> list[Candidate]:
        """Return the candidates that give this hunk and nothing else, one for each outcome."""
        lines = self.prompt.lines
        expected_lines = [*lines[: output_edit.first], *output_edit.new, *lines[output_edit.last :]]
        by_outcome: dict[tuple[tuple[str, str], ...], Candidate] = {}
        for candidate in proposals:
            texts = apply_edits(self.project.sources, candidate)
            artifact = None if texts is None else self._rebuild(texts)
            if artifact and self._split_prompt(artifact.agent.prompt) == expected_lines:
                outcome = (
                    (path, "".join(text.split())) for path, text in sorted((texts or {}).items())
                )
                by_outcome.setdefault(tuple(outcome), candidate)
        return [*by_outcome.values()]

    def _rebuild(self, texts: Mapping[str, str]) -> Artifact | None:
        """Return the output as other texts would have it built, or None where they do not build."""
        artifact = self.place.artifact
        variant = artifact.variant
        names = (variant.pack.name,), (variant.model.name,), (variant.policy.name,)
        try:
            project = replace_sources(self.project, texts)
            return build_project(project, Selection(*names, (artifact.target,)))[0]
        except UserError:
            return None

    def _find_line(self, text: str) -> int:
        """Return the line of the file that holds a text, or 1."""
        numbers = (n for n, line in enumerate(self.lines, 1) if text and text in line)
        return next(numbers, 1) + self.place.before

    def _find_first_change(self) -> int:
        built_lines = self.place.artifact.text.split("\n")
        pairs = enumerate(zip_longest(self.lines, built_lines), 1)
        return (
            next((n for n, (line, built_line) in pairs if line != built_line), 1)
            + self.place.before
        )

    def _make_unreachable_finding(self, options: Iterable[_Option]) -> Finding:
        for option in options:
            if option.why:
                edit = option.candidates[0][0]
                place = f"{edit.path}:{edit.line}"
                why = (
                    f"a change at {place} would also change other lines of the file"
                    if edit.length
                    else f"written at {place}, this text would be rendered differently"
                )
                return self._make_finding(option.line, why)
        return self._make_finding(
            self._find_first_change(),
            "no source can produce this: it is whitespace, or the format of the front matter",
        )

    def _make_ambiguity_finding(self, option: _Option) -> Finding:
        places = [f"'--to {edits[0].path}:{edits[0].line}'" for edits in option.candidates]
        hint = f"choose one: {' or '.join(places)}"
        return self._make_finding(option.line, "this edit could go to more than one place", hint)

    def _make_finding(self, line: int, message: str, hint: str = "") -> Finding:
        excerpt = self.lines[line - 1 - self.place.before] if line else ""
        return Finding("PP405", "error", self.path, line, 1, message, hint, excerpt, len(excerpt))

    def _refuse(self, line: int, message: str, hint: str) -> NoReturn:
        raise UserError((Finding("PP405", "error", self.path, line, 0, message, hint),))


def _make_key(artifact: Artifact) -> tuple[str, str, str]:
    """Return what tells an output from all others: packs share some files."""
    return artifact.variant.pack.name, artifact.variant.name, artifact.target


def _matches_destination(edit: Edit, destination: tuple[str, int]) -> bool:
    path, line = destination
    return not path or (edit.path == path and line in (0, edit.line))


def _split_edited(built: Agent, now: Agent) -> list[str]:
    """Return the lines of an edited prompt, with the blank ends that it was built with.

    What a client reads of a file says nothing of those.
    """
    lines = split_lines(built.prompt)
    filled = [number for number, line in enumerate(lines) if line.strip()] or [0]
    body = split_lines(now.prompt)
    if body and lines:  # the first line's indent, and what is blank at the last one's end
        body[0] = _copy_indent(lines[filled[0]], body[0])
        body[-1] += _find_blank_end(lines[filled[-1]])
    return [*lines[: filled[0]], *body, *lines[filled[-1] + 1 :]]


def _copy_indent(source: str, line: str) -> str:
    """Return a line with the indent of another."""
    return source[: len(source) - len(source.lstrip())] + line.lstrip()


def _find_blank_end(line: str) -> str:
    """Return what is blank at the end of a line."""
    return line[len(line.rstrip()) :]
