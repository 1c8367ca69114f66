"""Composition: a variant in, its agent out - fragments into sections, sections through a layout."""

import re
from collections.abc import Iterable, Iterator, Mapping
from itertools import pairwise
from typing import Any, NamedTuple

from promptpack.diagnose import did_you_mean
from promptpack.model import (
    Agent,
    Finding,
    Fragment,
    Line,
    Origin,
    Part,
    Project,
    Use,
    UserError,
    Variant,
)
from promptpack.source import Mark, finding
from promptpack.telling import policy_lines
from promptpack.templating import LAYOUT, NeedsDenied, Templates
from promptpack.views import (
    Params,
    PartView,
    PolicyView,
    SectionView,
    Vars,
    model_view,
    pack_view,
)

TITLES = {
    "role": "Role",
    "scope": "Scope and boundaries",
    "ethics": "Ethics and safety",
    "output": "Output",
    "in": "In scope",
    "out": "Out of scope",
}
"""Titles of the known sections and parts whose name alone would not do."""

_ITEM = re.compile(r"([-*+]|[0-9]+[.)]) ")
_FENCE = re.compile(r"\s*(`{3,}(?!.*`)|~{3,})")

Lines = tuple[Line, ...]


class _Part(NamedTuple):
    name: str
    lines: Lines


class _Section(NamedTuple):
    name: str
    parts: tuple[_Part, ...]


class Composer:
    """Composes the variants of one project; templates are compiled once, bodies shared."""

    def __init__(self, project: Project) -> None:
        self.project = project
        self.templates = Templates(project)
        self._bodies: dict[tuple[str, str, str, bool], Lines] = {}

    def agent(self, variant: Variant, target: str, *, tells_policy: bool = False) -> Agent:
        """Return the agent of a variant as one target is given it.

        With `tells_policy` the prompt ends with a section that says what the policy allows.
        Raises UserError with every finding of the templates that the variant uses.
        """
        pack, model = variant.pack, variant.model
        accepted = frozenset(a.capability for a in variant.accept if a.target == target)
        return Agent(
            name=pack.name,
            description=pack.description,
            mode=pack.mode,
            model=model,
            temperature=pack.temperature if model.temperature else None,
            policy=variant.policy,
            body=self._body(variant, target, tells_policy=tells_policy),
            accepted=accepted,
        )

    def _body(self, variant: Variant, target: str, *, tells_policy: bool) -> Lines:
        """Return the prompt's lines: composed once, unless a template reads the target."""
        uses = [u for s in variant.sections for p in s.parts for u in p.uses]
        layout = LAYOUT + variant.model.layout
        names = dict.fromkeys((layout, *(use.fragment for use in uses)))
        specific = target if self._reads_target(names) else ""
        key = (variant.pack.name, variant.name, specific, tells_policy)
        if key not in self._bodies:
            added = (_permissions(variant),) if tells_policy else ()
            self._bodies[key] = self._composed(variant, layout, target, added)
        return self._bodies[key]

    def _reads_target(self, names: Iterable[str]) -> bool:
        """Tell whether a template reads the target; says what is wrong with any of them."""
        reads = False
        findings: list[Finding] = []
        for name in names:
            try:
                reads = self.templates.reads_target(name) or reads
            except UserError as error:
                findings += error.findings
        if findings:
            raise UserError(tuple(findings))
        return reads

    def _composed(
        self, variant: Variant, layout: str, target: str, added: tuple[_Section, ...]
    ) -> Lines:
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
        return self._laid_out(layout, (*sections, *added), context)

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
                blocks.append(self._fragment(use, context))
            except NeedsDenied as denied:
                if not use.optional:
                    findings.append(self._needs(variant, use, denied))
            except UserError as error:
                findings.extend(error.findings)
        return _Part(part.name, _joined(block for block in blocks if block))

    def _fragment(self, use: Use, context: Mapping[str, Any]) -> Lines:
        """Return a fragment's lines: the text of the plain render, origins of the marked one."""
        params = self._params(use)
        context = {**context, "params": Params(params)}
        return self._rendered(use.fragment, context, context)

    def _rendered(self, name: str, plain: Mapping[str, Any], marked: Mapping[str, Any]) -> Lines:
        """Return clean lines with origins; one origin for all where marking changed the text."""
        start = Origin(self.templates.find(name).path, 1)
        text = self.templates.render(name, plain)
        with_marks = self.templates.render(name, marked, marked=True)
        lines = clean(Line(line, start) for line in text.split("\n"))
        found = clean(self.templates.marks.read(with_marks, start))
        return found if _text(found) == _text(lines) else lines

    def _params(self, use: Use) -> dict[str, Any]:
        """Return the values of all parameters of a fragment and of what it includes.

        The pack's own go before the fragment's defaults, and those before what it includes says.
        """
        closure = [self.templates.find(name) for name in self.templates.closure(use.fragment)]
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
        plain = tuple(_view(s, _text) for s in sections)
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


def _denied(denied: NeedsDenied, policy: str) -> str:
    names = ", ".join(denied.denied)
    return f"fragment '{denied.fragment.name}' needs {names}, which the policy '{policy}' denies"


def _permissions(variant: Variant) -> _Section:
    origin = Origin(variant.policy.path, 1)
    lines = tuple(Line(text, origin) for text in policy_lines(variant.policy))
    return _Section("permissions", (_Part("", lines),))


def clean(lines: Iterable[Line]) -> Lines:
    """Return lines without trailing white space, doubled blank lines, or blank ends.

    What stands inside a code fence is kept as it is.
    """
    kept: list[Line] = []
    fence = ""
    for line in lines:
        match = _FENCE.match(line.text)
        if fence:
            kept.append(line)
            if match and match[1].startswith(fence) and not line.text.strip(fence[0] + " \t"):
                fence = ""
            continue
        fence = match[1] if match else ""
        stripped = line._replace(text=line.text.rstrip())
        if stripped.text or (kept and kept[-1].text):
            kept.append(stripped)
    while kept and not kept[-1].text:
        kept.pop()
    return tuple(kept)


def title_of(name: str) -> str:
    """Return the title of a section or a part: `data-handling` is "Data handling"."""
    return TITLES.get(name, name.replace("-", " ").capitalize())


def _joined(blocks: Iterable[Lines]) -> Lines:
    """Return blocks one after the other: lists of one kind run on, all else is set apart."""
    blocks = list(blocks)
    lines = list(blocks[0]) if blocks else []
    for before, after in pairwise(blocks):
        if _list_kind(before) is None or _list_kind(before) != _list_kind(after):
            lines.append(Line("", before[-1].origin))
        lines.extend(after)
    return tuple(lines)


def _list_kind(block: Lines) -> str | None:
    """Return the marker of a block that is a list and nothing else, or None."""
    kinds = set()
    for line in block:
        if line.text and not line.text.startswith((" ", "\t")):
            match = _ITEM.match(line.text)
            kinds.add((match[1] if match[1] in "-*+" else "1") if match else None)
    return next(iter(kinds)) if len(kinds) == 1 else None


def _view(section: _Section, write: Any) -> SectionView:  # noqa: ANN401 - lines to text
    parts = tuple(
        PartView(part.name, title_of(part.name) if part.name else "", write(part.lines))
        for part in section.parts
    )
    return SectionView(section.name, title_of(section.name), parts)


def _text(lines: Lines) -> str:
    return "\n".join(line.text for line in lines)
