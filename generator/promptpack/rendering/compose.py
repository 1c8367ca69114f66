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
from promptpack.policy.prose import describe_policy
from promptpack.reading.validation import suggest
from promptpack.rendering.context import (
    Params,
    PartView,
    PolicyView,
    SectionView,
    Vars,
    make_cache_key,
    make_model_view,
    make_pack_view,
)
from promptpack.rendering.includes import LAYOUT, make_template_finding
from promptpack.rendering.lines import Lines, clean_lines, join_blocks, join_text
from promptpack.rendering.sandbox import NeedsDenied, Templates
from promptpack.rendering.variants import iter_uses
from promptpack.source.text import Span, make_finding

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


class _RenderedPart(NamedTuple):
    name: str
    lines: Lines


class _RenderedSection(NamedTuple):
    name: str
    parts: tuple[_RenderedPart, ...]


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
        body = self._get_body(variant, target, tells_policy=tells_policy)
        return self.build_agent(variant, target, body)

    @staticmethod
    def build_agent(variant: Variant, target: str, body: Lines) -> Agent:
        """Return the agent of a variant for a target with this for a prompt."""
        pack, model = variant.pack, variant.model
        accepted_capabilities = frozenset(
            accept.capability for accept in variant.accept if accept.target == target
        )
        return Agent(
            name=pack.name,
            description=pack.description,
            mode=pack.mode,
            model=model,
            temperature=pack.temperature if model.temperature else None,
            policy=variant.policy,
            body=body,
            accepted=accepted_capabilities,
        )

    def _get_body(self, variant: Variant, target: str, *, tells_policy: bool) -> Lines:
        """Return the prompt's lines: composed once, unless a template reads the target."""
        specific = target if "target" in self.reads(variant) else ""
        key = (variant.pack.name, variant.name, specific, tells_policy)
        if key not in self._bodies:
            self._bodies[key] = self._compose_body(variant, target, tells_policy=tells_policy)
        return self._bodies[key]

    def reads(self, variant: Variant) -> frozenset[str]:
        """Return the variables that a variant's templates read; raises what is wrong with any."""
        variables: set[str] = set()
        findings: list[Finding] = []
        for name in dict.fromkeys(
            (_get_layout_name(variant), *(use.fragment for use in iter_uses(variant.sections)))
        ):
            try:
                variables |= self.templates.dependencies.reads(name)
            except UserError as error:
                findings += error.findings
        if findings:
            raise UserError(tuple(findings))
        return frozenset(variables)

    def _compose_body(self, variant: Variant, target: str, *, tells_policy: bool = False) -> Lines:
        """Return the lines of a variant's prompt, composed anew; raises as `agent` does."""
        sections, context = self._prepare_sections(variant, target, tells_policy=tells_policy)
        return self._apply_layout(_get_layout_name(variant), sections, context)

    def text(self, variant: Variant, target: str, *, tells_policy: bool = False) -> list[str]:
        """Return the lines that `body` would, as text, in half the time."""
        sections, context = self._prepare_sections(variant, target, tells_policy=tells_policy)
        views = tuple(_make_view(section, join_text) for section in sections)
        text = self.templates.render(_get_layout_name(variant), {**context, "sections": views})
        start = Origin("", 1)
        return [line.text for line in clean_lines(Line(line, start) for line in text.split("\n"))]

    def _prepare_sections(
        self, variant: Variant, target: str, *, tells_policy: bool
    ) -> tuple[tuple[_RenderedSection, ...], Mapping[str, Any]]:
        """Return the sections of a variant with their lines, and what templates see."""
        context = {
            "pack": make_pack_view(variant.pack),
            "model": make_model_view(variant.model),
            "policy": PolicyView(variant.policy),
            "target": target,
            "vars": Vars(variant.pack.vars),
        }
        findings: list[Finding] = []
        sections = tuple(self._render_sections(variant, context, findings))
        if findings:
            raise UserError(tuple(findings))
        extra_sections = (_make_permissions_section(variant),) if tells_policy else ()
        return (*sections, *extra_sections), context

    def _render_sections(
        self, variant: Variant, context: Mapping[str, Any], findings: list[Finding]
    ) -> Iterator[_RenderedSection]:
        """Yield the sections that have text, with the parts that have."""
        for section in variant.sections:
            parts = [self._render_part(part, variant, context, findings) for part in section.parts]
            if filled_parts := tuple(part for part in parts if part.lines):
                yield _RenderedSection(section.name, filled_parts)

    def _render_part(
        self, part: Part, variant: Variant, context: Mapping[str, Any], findings: list[Finding]
    ) -> _RenderedPart:
        blocks = []
        for use in part.uses:
            try:
                if lines := self._render_fragment(use, context):
                    blocks.append((use.origin, lines))
            except NeedsDenied as denial:
                if not use.optional:
                    findings.append(self._make_needs_finding(variant, use, denial))
            except UserError as error:
                findings.extend(error.findings)
        return _RenderedPart(part.name, join_blocks(blocks))

    def _render_fragment(self, use: Use, context: Mapping[str, Any]) -> Lines:
        """Return a fragment's lines: the text of the plain render, origins of the marked one."""
        context = {**context, "params": Params(self._resolve_params(use))}
        variables = {
            name.partition(".")[0] for name in self.templates.dependencies.reads(use.fragment)
        }
        key = (
            use.fragment,
            *(make_cache_key(context[name]) for name in sorted(variables & context.keys())),
        )
        if key not in self._fragments:
            self._fragments[key] = self._render_with_origins(use.fragment, context, context)
        return self._fragments[key]

    def _render_with_origins(
        self, name: str, plain_context: Mapping[str, Any], marked_context: Mapping[str, Any]
    ) -> Lines:
        """Return clean lines with origins; one origin for all where marking changed the text."""
        source = self.templates.find(name)
        start = Origin(source.path, 1)
        text = self.templates.render(name, plain_context)
        marked_text = self.templates.render(name, marked_context, marked=True)
        lines = clean_lines(Line(line, start) for line in text.split("\n"))
        traced_lines = clean_lines(self.templates.marks.read(marked_text, start))
        if join_text(traced_lines) == join_text(lines):
            return traced_lines
        self.warn(_make_untraced_warning(source))
        return lines

    def _resolve_params(self, use: Use) -> dict[str, Any]:
        """Return the values of all parameters of a fragment and of what it includes.

        The pack's own go before the fragment's defaults, and those before what it includes says.
        """
        closure = [
            self.templates.find(name) for name in self.templates.dependencies.closure(use.fragment)
        ]
        fragments = (fragment for fragment in reversed(closure) if isinstance(fragment, Fragment))
        defaults = {
            name: value for included in fragments for name, value in included.params.items()
        }
        problems = [
            (f"fragment '{use.fragment}' has no parameter '{name}'", suggest(name, defaults))
            for name in use.params
            if name not in defaults
        ]
        values = {**defaults, **use.params}
        problems += [
            (
                f"fragment '{use.fragment}' requires the parameter '{name}'",
                f"add 'with: {{{name}: …}}'",
            )
            for name, value in values.items()
            if value is None
        ]
        if problems:
            raise UserError(
                tuple(self._make_use_finding(use, "PP035", text, hint) for text, hint in problems)
            )
        return values

    def _make_needs_finding(self, variant: Variant, use: Use, denial: NeedsDenied) -> Finding:
        hint = "to leave the fragment out of such variants, add 'optional: true' to its use"
        return self._make_use_finding(
            use, "PP102", _describe_denial(denial, variant.policy.name), hint
        )

    def _make_use_finding(self, use: Use, code: str, message: str, hint: str) -> Finding:
        source = self.project.sources[use.origin.path]
        line = source.split("\n")[use.origin.line - 1]
        width = len(re.split(r"[\s,}\]]", line[use.column - 1 :], maxsplit=1)[0])
        span = Span(use.origin.line, use.column, width)
        return make_finding(code, use.origin.path, span, message, hint, source)

    def _apply_layout(
        self, layout: str, sections: tuple[_RenderedSection, ...], context: Mapping[str, Any]
    ) -> Lines:
        plain_views = tuple(_make_view(section, join_text) for section in sections)
        marked_views = tuple(
            _make_view(section, self.templates.marks.write) for section in sections
        )
        try:
            return self._render_with_origins(
                layout, {**context, "sections": plain_views}, {**context, "sections": marked_views}
            )
        except NeedsDenied as denial:
            source = self.templates.find(layout)
            text = _describe_denial(denial, context["policy"].name)
            denial_finding = make_finding("PP102", source.path, Span(1, 1), text, "", source.text)
            raise UserError((denial_finding,)) from None


def _get_layout_name(variant: Variant) -> str:
    return LAYOUT + variant.model.layout


def _make_untraced_warning(source: Source) -> Finding:
    hint = (
        "a filter, length or test of captured text sees the markers "
        "that promptpack uses to trace lines"
    )
    text = "its lines can't be traced: the origin of each is reported as the first line"
    return make_template_finding("PP036", source, Span(1, 1), text, hint)._replace(
        severity="warning"
    )


def _describe_denial(denial: NeedsDenied, policy: str) -> str:
    names = ", ".join(denial.denied)
    return f"fragment '{denial.fragment.name}' needs {names}, which the policy '{policy}' denies"


def _make_permissions_section(variant: Variant) -> _RenderedSection:
    origin = Origin(variant.policy.path, 1)
    lines = tuple(Line(text, origin) for text in describe_policy(variant.policy))
    return _RenderedSection("permissions", (_RenderedPart("", lines),))


def make_title(name: str) -> str:
    """Return the title of a section or a part: `data-handling` is "Data handling"."""
    return TITLES.get(name, name.replace("-", " ").capitalize())


def _make_view(section: _RenderedSection, write: Any) -> SectionView:  # noqa: ANN401 - lines to text
    parts = tuple(
        PartView(part.name, make_title(part.name) if part.name else "", write(part.lines))
        for part in section.parts
    )
    return SectionView(section.name, make_title(section.name), parts)
