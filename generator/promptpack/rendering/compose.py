"""Composition: a variant in, its agent out - fragments into sections, sections through a layout."""

import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any, NamedTuple

from promptpack.model import (
    Agent,
    Finding,
    Fragment,
    Line,
    Origin,
    Part,
    Project,
    Source,
    Use,
    UserError,
    Variant,
)
from promptpack.policy.prose import policy_lines
from promptpack.reading.validation import did_you_mean
from promptpack.rendering.context import (
    Params,
    PartView,
    PolicyView,
    SectionView,
    Vars,
    model_view,
    pack_view,
    told,
)
from promptpack.rendering.includes import LAYOUT, problem
from promptpack.rendering.lines import Lines, clean, join, text_of
from promptpack.rendering.sandbox import NeedsDenied, Templates
from promptpack.rendering.variants import uses
from promptpack.source.text import Mark, finding

TITLES = {
    "role": "Role",
    "scope": "Scope and boundaries",
    "ethics": "Ethics and safety",
    "output": "Output",
    "in": "In scope",
    "out": "Out of scope",
}
"""Titles of the known sections and parts whose name alone would not do."""


Warn = Callable[[Finding], None]


class _Part(NamedTuple):
    name: str
    lines: Lines


class _Section(NamedTuple):
    name: str
    parts: tuple[_Part, ...]


class Composer:
    """Composes the variants of one project; templates are compiled once, texts shared.

    `warn` is told what is no reason to stop; each of it may be told more than once.
    """

    def __init__(self, project: Project, warn: Warn = lambda _: None) -> None:
        self.project, self.warn = project, warn
        self.templates = Templates(project)
        self._bodies: dict[tuple[str, str, str, bool], Lines] = {}
        self._fragments: dict[tuple[str, ...], Lines] = {}

    def agent(self, variant: Variant, target: str, *, tells_policy: bool = False) -> Agent:
        """Return the agent of a variant as one target is given it.

        With `tells_policy` the prompt ends with a section that says what the policy allows.
        Raises UserError with every finding of the templates that the variant uses.
        """
        body = self._body(variant, target, tells_policy=tells_policy)
        return self.with_body(variant, target, body)

    @staticmethod
    def with_body(variant: Variant, target: str, body: Lines) -> Agent:
        """Return the agent of a variant for a target with this for a prompt."""
        pack, model = variant.pack, variant.model
        accepted = frozenset(a.capability for a in variant.accept if a.target == target)
        return Agent(
            name=pack.name,
            description=pack.description,
            mode=pack.mode,
            model=model,
            temperature=pack.temperature if model.temperature else None,
            policy=variant.policy,
            body=body,
            accepted=accepted,
        )

    def _body(self, variant: Variant, target: str, *, tells_policy: bool) -> Lines:
        """Return the prompt's lines: composed once, unless a template reads the target."""
        specific = target if "target" in self.reads(variant) else ""
        key = (variant.pack.name, variant.name, specific, tells_policy)
        if key not in self._bodies:
            self._bodies[key] = self.body(variant, target, tells_policy=tells_policy)
        return self._bodies[key]

    def reads(self, variant: Variant) -> frozenset[str]:
        """Return the variables that a variant's templates read; raises what is wrong with any."""
        read: set[str] = set()
        findings: list[Finding] = []
        for name in dict.fromkeys(
            (_layout(variant), *(use.fragment for use in uses(variant.sections)))
        ):
            try:
                read |= self.templates.dependencies.reads(name)
            except UserError as error:
                findings += error.findings
        if findings:
            raise UserError(tuple(findings))
        return frozenset(read)

    def body(self, variant: Variant, target: str, *, tells_policy: bool = False) -> Lines:
        """Return the lines of a variant's prompt, composed anew; raises as `agent` does."""
        sections, context = self._filled(variant, target, tells_policy=tells_policy)
        return self._laid_out(_layout(variant), sections, context)

    def text(self, variant: Variant, target: str, *, tells_policy: bool = False) -> list[str]:
        """Return the lines that `body` would, as text, in half the time."""
        sections, context = self._filled(variant, target, tells_policy=tells_policy)
        views = tuple(_view(section, text_of) for section in sections)
        text = self.templates.render(_layout(variant), {**context, "sections": views})
        start = Origin("", 1)
        return [line.text for line in clean(Line(line, start) for line in text.split("\n"))]

    def _filled(
        self, variant: Variant, target: str, *, tells_policy: bool
    ) -> tuple[tuple[_Section, ...], Mapping[str, Any]]:
        """Return the sections of a variant with their lines, and what templates see."""
        context = {
            "pack": pack_view(variant.pack),
            "model": model_view(variant.model),
            "policy": PolicyView(variant.policy),
            "target": target,
            "vars": Vars(variant.pack.vars),
        }
        findings: list[Finding] = []
        sections = tuple(self._sections(variant, context, findings))
        if findings:
            raise UserError(tuple(findings))
        added = (_permissions(variant),) if tells_policy else ()
        return (*sections, *added), context

    def _sections(
        self, variant: Variant, context: Mapping[str, Any], findings: list[Finding]
    ) -> Iterator[_Section]:
        """Yield the sections that have text, with the parts that have."""
        for section in variant.sections:
            parts = [self._part(part, variant, context, findings) for part in section.parts]
            if filled := tuple(part for part in parts if part.lines):
                yield _Section(section.name, filled)

    def _part(
        self, part: Part, variant: Variant, context: Mapping[str, Any], findings: list[Finding]
    ) -> _Part:
        blocks = []
        for use in part.uses:
            try:
                if lines := self._fragment(use, context):
                    blocks.append((use.origin, lines))
            except NeedsDenied as denied:
                if not use.optional:
                    findings.append(self._needs(variant, use, denied))
            except UserError as error:
                findings.extend(error.findings)
        return _Part(part.name, join(blocks))

    def _fragment(self, use: Use, context: Mapping[str, Any]) -> Lines:
        """Return a fragment's lines: the text of the plain render, origins of the marked one."""
        context = {**context, "params": Params(self._params(use))}
        read = {name.partition(".")[0] for name in self.templates.dependencies.reads(use.fragment)}
        key = (use.fragment, *(told(context[name]) for name in sorted(read & context.keys())))
        if key not in self._fragments:
            self._fragments[key] = self._rendered(use.fragment, context, context)
        return self._fragments[key]

    def _rendered(self, name: str, plain: Mapping[str, Any], marked: Mapping[str, Any]) -> Lines:
        """Return clean lines with origins; one origin for all where marking changed the text."""
        source = self.templates.find(name)
        start = Origin(source.path, 1)
        text = self.templates.render(name, plain)
        with_marks = self.templates.render(name, marked, marked=True)
        lines = clean(Line(line, start) for line in text.split("\n"))
        found = clean(self.templates.marks.read(with_marks, start))
        if text_of(found) == text_of(lines):
            return found
        self.warn(_untraced(source))
        return lines

    def _params(self, use: Use) -> dict[str, Any]:
        """Return the values of all parameters of a fragment and of what it includes.

        The pack's own go before the fragment's defaults, and those before what it includes says.
        """
        closure = [
            self.templates.find(name) for name in self.templates.dependencies.closure(use.fragment)
        ]
        inner = (fragment for fragment in reversed(closure) if isinstance(fragment, Fragment))
        declared = {name: value for f in inner for name, value in f.params.items()}
        problems = [
            (f"fragment '{use.fragment}' has no parameter '{name}'", did_you_mean(name, declared))
            for name in use.params
            if name not in declared
        ]
        values = {**declared, **use.params}
        problems += [
            (f"fragment '{use.fragment}' wants the parameter '{name}'", f"with: {{{name}: …}}")
            for name, value in values.items()
            if value is None
        ]
        if problems:
            raise UserError(tuple(self._at(use, "PP035", text, hint) for text, hint in problems))
        return values

    def _needs(self, variant: Variant, use: Use, denied: NeedsDenied) -> Finding:
        hint = "mark the use 'optional: true' to leave it out there"
        return self._at(use, "PP102", _denied(denied, variant.policy.name), hint)

    def _at(self, use: Use, code: str, message: str, hint: str) -> Finding:
        source = self.project.sources[use.origin.path]
        line = source.split("\n")[use.origin.line - 1]
        width = len(re.split(r"[\s,}\]]", line[use.column - 1 :], maxsplit=1)[0])
        mark = Mark(use.origin.line, use.column, width)
        return finding(code, use.origin.path, mark, message, hint, source)

    def _laid_out(
        self, layout: str, sections: tuple[_Section, ...], context: Mapping[str, Any]
    ) -> Lines:
        plain = tuple(_view(s, text_of) for s in sections)
        marked = tuple(_view(s, self.templates.marks.write) for s in sections)
        try:
            return self._rendered(
                layout, {**context, "sections": plain}, {**context, "sections": marked}
            )
        except NeedsDenied as denied:
            source = self.templates.find(layout)
            text = _denied(denied, context["policy"].name)
            said = finding("PP102", source.path, Mark(1, 1), text, "", source.text)
            raise UserError((said,)) from None


def _layout(variant: Variant) -> str:
    return LAYOUT + variant.model.layout


def _untraced(source: Source) -> Finding:
    hint = "a filter, length or test of captured text sees the marks that lines are traced by"
    text = "where its lines come from can't be told: all have its first line as their origin"
    return problem("PP036", source, Mark(1, 1), text, hint)._replace(severity="warning")


def _denied(denied: NeedsDenied, policy: str) -> str:
    names = ", ".join(denied.denied)
    return f"fragment '{denied.fragment.name}' needs {names}, which the policy '{policy}' denies"


def _permissions(variant: Variant) -> _Section:
    origin = Origin(variant.policy.path, 1)
    lines = tuple(Line(text, origin) for text in policy_lines(variant.policy))
    return _Section("permissions", (_Part("", lines),))


def title_of(name: str) -> str:
    """Return the title of a section or a part: `data-handling` is "Data handling"."""
    return TITLES.get(name, name.replace("-", " ").capitalize())


def _view(section: _Section, write: Any) -> SectionView:  # noqa: ANN401 - lines to text
    parts = tuple(
        PartView(part.name, title_of(part.name) if part.name else "", write(part.lines))
        for part in section.parts
    )
    return SectionView(section.name, title_of(section.name), parts)
