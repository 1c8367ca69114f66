"""Composition: a variant in, its agent out - fragments into sections, sections through a layout."""

from collections.abc import Callable, Hashable, Mapping, Sequence
from typing import Any, Generic, NamedTuple, TypeVar

from promptpack.model import (
    AS_WRITTEN,
    Agent,
    FileForm,
    Finding,
    Line,
    Origin,
    Part,
    Project,
    Section,
    UserError,
    Variant,
    split_source_path,
)
from promptpack.model.fields import find_client_settings, resolve_fields
from promptpack.rendering.arguments import Arguments, add_model_id, make_arguments
from promptpack.rendering.blocks import (
    BlockForm,
    RenderedPart,
    RenderedSection,
    make_section,
    make_views,
    quote_lines,
    quote_text,
    render_passage,
)
from promptpack.rendering.budget import OVER_BUDGET
from promptpack.rendering.context import (
    SectionView,
    TrackedSectionView,
    Vars,
    make_model_view,
    make_pack_view,
)
from promptpack.rendering.draft import Draft
from promptpack.rendering.frames import Frames
from promptpack.rendering.includes import (
    find_end,
    find_start,
    is_verbatim,
    make_untraced_warning,
    strip_front_matter,
)
from promptpack.rendering.lines import (
    Lines,
    clean_lines,
    clean_text,
    drop_last_blank,
    join_blocks,
    join_text,
    join_traced_blocks,
    name_title,
)
from promptpack.rendering.needs import NeedsDenied
from promptpack.rendering.part_cache import KeptPart, PartCache
from promptpack.rendering.permissions import PermissionFinder
from promptpack.rendering.placed_lines import PlacedLines, PlacedPart
from promptpack.rendering.probes import Probe
from promptpack.rendering.prompt_keys import PromptKeys, get_layout_name, list_template_names
from promptpack.rendering.sandbox import Templates
from promptpack.rendering.uses import ParamsFinder, make_use_finding
from promptpack.rendering.variants import choose_sections
from promptpack.source.changed import find_changed_paths
from promptpack.source.text import Span, make_finding, split_lines
from promptpack.targets import TARGETS

OPTIONAL = "add 'optional: true' to its use"
_NEWLINES = {"lf": "\n", "crlf": "\r\n"}
Warn = Callable[[Finding], None]
Sections = tuple[RenderedSection[str], ...]
B = TypeVar("B")


class _Work(NamedTuple, Generic[B]):
    """A prompt while its sections are rendered, and the parts that need not be."""

    form: BlockForm[B]
    parts: PartCache[B]
    variant: Variant
    context: Mapping[str, Any]
    draft: Draft


class _KeptOfVariant(NamedTuple):
    """What the targets of a variant share: what templates see of it, and the pack's sections."""

    variant: Variant
    views: Mapping[str, Any]
    sections: dict[Hashable, Sections]


class Composer:
    """Composes the variants of one project; templates are compiled once, texts shared.

    What is shipped comes from the plain render, which knows no origins. Lines are traced by a
    marked render beside it, only where somebody asks for them. `warn` gets a finding where
    that fails.
    """

    def __init__(
        self,
        project: Project,
        templates: Templates | None = None,
        warn: Warn = lambda _: None,
        permissions: PermissionFinder | None = None,
    ) -> None:
        self.project, self.warn = project, warn
        self.templates = templates or Templates(project)
        self.permissions = permissions or PermissionFinder()
        self.keys = PromptKeys(self.templates, self.permissions)
        self._frames = Frames(self.templates)
        self._parts: PartCache[str] = PartCache(self.keys)
        self._traced_parts: PartCache[Lines] = PartCache(self.keys)
        self._prompts: dict[Hashable, str] = {}
        self._last: _KeptOfVariant | None = None
        self._over_budget: dict[tuple[str, ...], tuple[Finding, ...]] = {}
        self._traced: dict[Hashable, Lines] = {}
        self._laid_out: dict[Hashable, Lines] = {}
        self._fragments: dict[Hashable, str] = {}
        self._find_params = ParamsFinder(self.templates).find
        self._keeps_parts = False
        self._fields: tuple[Variant | None, Mapping[str, Any]] = (None, {})
        self._own_fragments: list[Hashable] = []
        self._traced_fragments: dict[Hashable, Lines] = {}
        self._text = BlockForm(
            self._cache_fragments(self._fragments, self._render_text),
            join_blocks,
            quote_text,
            lambda block: block,
            lambda view: view,
        )
        self._lines = BlockForm(
            self._cache_fragments(self._traced_fragments, self._trace_fragment),
            join_traced_blocks,
            quote_lines,
            self._write_lines,
            self._make_tracked_view,
        )

    def compose_agent(self, variant: Variant, target: str) -> Agent:
        """Return the agent of a variant as one target is given it.

        Where the target tells the policy, the prompt ends with a section that does. Raises
        UserError with every finding of the templates that the variant uses.
        """
        key = self.keys.make(variant, target)
        if key not in self._prompts:
            self._prompts[key] = self._compose_within_budget(variant, target)
        return self.make_agent(variant, target, self._prompts[key])

    def _compose_within_budget(self, variant: Variant, target: str) -> str:
        """Return a variant's prompt; templates that were over their budget are not tried again."""
        if self._over_budget and (names := list_template_names(variant)) in self._over_budget:
            raise UserError(self._over_budget[names])
        try:
            return self.compose_text(variant, target)
        except UserError as error:
            if any(finding.code == OVER_BUDGET for finding in error.findings):
                self._over_budget[list_template_names(variant)] = error.findings
            raise

    def make_agent(self, variant: Variant, target: str, prompt: str) -> Agent:
        """Return the agent of a variant for a target with this for a prompt."""
        variant = add_model_id(variant, target)
        settings = find_client_settings(variant.pack, target)
        form = FileForm(
            self.project.heads.get(settings.head), _NEWLINES[settings.newlines], settings.bom
        )
        return Agent(
            **self._resolve_fields(variant, target),
            stem=settings.file or variant.pack.name,
            form=form,
            extra=settings.extra,
            policy=variant.find_policy(target),
            prompt=prompt,
            accepted=self.permissions.list_accepted(variant, target),
        )

    def _resolve_fields(self, variant: Variant, target: str) -> Mapping[str, Any]:
        """Return the values of an agent's fields: where a pack says nothing of a client, at once.

        Only those of the last variant are kept.
        """
        if target in variant.pack.clients:
            return resolve_fields(variant, target)
        if self._fields[0] is not variant:
            self._fields = variant, resolve_fields(variant, target)
        return self._fields[1]

    def compose_text(
        self,
        variant: Variant,
        target: str,
        probe: Probe | None = None,
        arguments: Arguments | None = None,
    ) -> str:
        """Return a variant's prompt, composed anew: text that is data ends as it ends there.

        With a `probe`, what stands in one line of a template is turned round. `arguments` are put
        in place of those of a command.
        """
        if prompt := find_client_settings(variant.pack, target).prompt:
            return self.project.sources[prompt]
        context = self._make_context(variant, target)
        context |= {} if arguments is None else arguments.make_context()
        form, parts = self._text, self._parts
        if probe:
            form, parts = form._replace(render=self._probe(probe)), PartCache(self.keys)
        if probe or arguments:
            sections = self._render_sections(_Work(form, parts, variant, context, Draft()))
        else:
            sections = self._find_sections(variant, target, context)
        views = tuple(make_views(form, sections))
        try:
            text = self._lay_out(get_layout_name(variant), context, views, probe)
            if variant.model.layout == AS_WRITTEN:
                return text
            cleaned_text = clean_text(text)
            return f"{cleaned_text}\n" if cleaned_text else ""
        except NeedsDenied as denial:
            source = self.templates.find(get_layout_name(variant))
            text, hint = self.permissions.explain_denial(
                variant, target, denial.fragment.name, denial.denied
            )
            finding = make_finding("PP102", source.path, Span(1, 1), text, hint, source.text)
            raise UserError((finding,)) from None

    def trace_lines(self, variant: Variant, target: str, prompt: str = "") -> Lines:
        """Return the lines of a variant's prompt with their origins and sections, once for all.

        Where marking changed the text, all lines come from the layout's first, of no section.
        A given `prompt` is not composed again. Raises UserError as `compose_agent` does.
        """
        key = self.keys.make(variant, target)
        if key not in self._traced:
            prompt = prompt or self.compose_agent(variant, target).prompt
            self._traced[key] = self._trace_prompt(variant, target, prompt)
        return self._traced[key]

    def place_lines(self, variant: Variant, target: str, prompt: str) -> PlacedLines | None:
        """Return the lines of a variant's prompt in pieces, their parts traced when asked for.

        `prompt` is what `compose_agent` composes. None where the layout doesn't place the parts.
        """
        if find_client_settings(variant.pack, target).prompt or not prompt:
            return None
        context, layout = self._make_context(variant, target), get_layout_name(variant)
        texts = _Work(self._text, self._parts, variant, context, Draft())
        sections = self._find_sections(variant, target, context)
        found = self._frames.place(layout, context, sections, self._make_tracked_view)
        if found is None:
            return None

        def trace(wanted: RenderedPart[str]) -> Lines | None:
            known = texts._replace(draft=Draft())
            lines = _Work(self._lines, self._traced_parts, variant, context, Draft())
            for section in choose_sections(variant, target):
                for part in section.parts:
                    if self._render_part(known, part) is wanted:
                        block = self._render_part(lines, part).block
                        return block if join_text(block) == wanted.block else None
            return None

        pieces = (line if part is None else PlacedPart(line.section, part) for line, part in found)
        placed = PlacedLines(pieces, trace)
        return placed if placed.text == "\n".join(split_lines(prompt)) else None

    def keep_parts(self) -> None:
        """Keep the parts of all packs, for another project that may have the same."""
        self._keeps_parts = True
        for cache in (self._parts, self._traced_parts):
            cache.keep_all()

    def share_parts(self, other: "Composer") -> None:
        """Use the parts of another project too that come from the same texts there."""
        changed = find_changed_paths(self.project.sources, other.project.sources)
        list_paths = self.templates.dependencies.list_paths

        def is_same(part: Part) -> bool:
            return all(changed.isdisjoint(list_paths(use.fragment)) for use in part.uses)

        self._parts.share(other._parts, is_same, changed)
        self._traced_parts.share(other._traced_parts, is_same, changed)

    def stop_sharing(self) -> None:
        """Use no more parts of other projects than were asked for here."""
        self._parts.stop_sharing()
        self._traced_parts.stop_sharing()

    def release_variant(self) -> None:
        """Forget the prompts composed so far; whoever needs one again composes it anew."""
        self._prompts.clear()
        self._last = None

    def release_pack(self) -> None:
        """Forget the texts of fragments that are a pack's own, or read what only a pack says."""
        for key in self._own_fragments:
            self._fragments.pop(key, None)
        self._own_fragments.clear()
        self._parts.release()
        if not self._keeps_parts:
            self.keys.release()

    def _is_of_pack(self, name: str) -> bool:
        variables = self.templates.dependencies.list_variables(name)
        is_own = split_source_path(name)[1].startswith("packs/")
        return is_own or "pack" in variables or "vars" in variables

    def _trace_prompt(self, variant: Variant, target: str, prompt: str) -> Lines:
        if path := find_client_settings(variant.pack, target).prompt:
            texts = split_lines(prompt)
            return tuple(Line(text, Origin(path, n)) for n, text in enumerate(texts, 1))
        context = self._make_context(variant, target)
        work = _Work(self._lines, self._traced_parts, variant, context, Draft())
        sections = self._render_sections(work)
        layout = get_layout_name(variant)
        text, is_clean = "\n".join(split_lines(prompt)), variant.model.layout != AS_WRITTEN
        lines = self._frames.trace(layout, context, sections, self._make_tracked_view)
        if lines is not None and join_text(lines) == text:
            return name_title(lines)
        key = (prompt, sections, *self.keys.list_values(layout, context))
        if key not in self._laid_out:
            values = {**context, "sections": tuple(make_views(self._lines, sections))}
            lines = self._trace_text(layout, text, values, is_clean=is_clean)
            self._laid_out[key] = name_title(lines if prompt else ())
        return self._laid_out[key]

    def _find_sections(self, variant: Variant, target: str, context: Mapping[str, Any]) -> Sections:
        """Return the sections of a prompt; those of the pack are rendered once for equal ones."""
        known, key = self._keep(variant).sections, self.keys.make_shared(variant, target)
        if key not in known:
            work = _Work(self._text, self._parts, variant, context, Draft())
            known[key] = self._render_own_sections(work)
        return (*known[key], *self._tell_policy(self._text, self._parts, variant, target))

    def _render_sections(self, work: _Work[B]) -> tuple[RenderedSection[B], ...]:
        """Return the sections that have text, with the parts that have."""
        told = self._tell_policy(work.form, work.parts, work.variant, work.context["target"])
        return (*self._render_own_sections(work), *told)

    def _render_own_sections(self, work: _Work[B]) -> tuple[RenderedSection[B], ...]:
        """Return the sections of the pack that have text, with the parts that have."""
        form, variant, target = work.form, work.variant, work.context["target"]
        sections: list[RenderedSection[B]] = []
        for section in choose_sections(variant, target):
            if section.passage is not None:
                rendered = render_passage(form, section, section.passage)
                if rendered.parts[0].block or variant.model.layout == AS_WRITTEN:
                    sections.append(rendered)
                continue
            parts = [self._render_part(work, part) for part in section.parts]
            if filled_parts := tuple(part for part in parts if part.block):
                sections.append(make_section(form, section, filled_parts))
        if work.draft.findings:
            raise UserError(tuple(work.draft.findings))
        return tuple(sections)

    def _tell_policy(
        self, form: BlockForm[B], parts: PartCache[B], variant: Variant, target: str
    ) -> tuple[RenderedSection[B], ...]:
        """Return the section about the policy, where the target tells it and it says something."""
        if not TARGETS[target].tells_policy:
            return ()
        told = self.keys.find_told(variant, target)
        if not told.text:
            return ()
        part = parts.find_told(
            told, lambda: RenderedPart("", form.quote(told.text, Origin(told.path, 1), False))
        )
        return (make_section(form, Section("permissions", ()), [part]),)

    def _render_part(self, work: _Work[B], part: Part) -> RenderedPart[B]:
        draft = work.draft
        kept, key = work.parts.find_kept(part, work.context)
        found = kept.get(key)
        if found is not None and draft.take(found.size):
            return found.rendered
        left, count = draft.left, len(draft.findings)
        rendered = self._render_part_anew(work, part)
        if len(draft.findings) == count:
            kept[key] = KeptPart(rendered, left - draft.left)
        return rendered

    def _render_part_anew(self, work: _Work[B], part: Part) -> RenderedPart[B]:
        draft, context = work.draft, work.context
        blocks: list[tuple[Origin, B]] = []
        last = ""
        for use in part.uses:
            try:
                params = self._find_params(use)
                block = work.form.render(use.fragment, {**context, "params": params})
                if block and draft.admit(self.project, use, block):
                    blocks.append((use.origin, block))
                    last = use.fragment
            except NeedsDenied as denial:
                if not use.optional:
                    text, hint = self.permissions.explain_denial(
                        work.variant, context["target"], denial.fragment.name, denial.denied
                    )
                    hint = f"to leave the fragment out of such variants, {OPTIONAL}{hint}"
                    draft.findings.append(make_use_finding(self.project, use, "PP102", text, hint))
            except UserError as error:
                draft.findings.extend(error.findings)
        end = find_end(self.templates.find(last)) if blocks else "\n"
        return RenderedPart(part.name, work.form.join(blocks), end)

    def _cache_fragments(
        self,
        cache: dict[Hashable, B],
        render: Callable[[str, Mapping[str, Any]], B],
    ) -> Callable[[str, Mapping[str, Any]], B]:
        """Return a function that renders a fragment once for equal input."""

        def render_once(name: str, context: Mapping[str, Any]) -> B:
            key = self.keys.list_values(name, context)
            if key not in cache:
                cache[key] = render(name, context)
                if self._is_of_pack(name):
                    self._own_fragments.append(key)
            return cache[key]

        return render_once

    def _probe(self, probe: Probe) -> Callable[[str, Mapping[str, Any]], str]:
        """Return what renders fragments with what stands in a line turned round."""

        def render(name: str, context: Mapping[str, Any]) -> str:
            if probe.path not in self.templates.dependencies.list_paths(name):
                return self._text.render(name, context)
            return clean_text(self.templates.render_probed(name, context, probe))

        return render

    def _lay_out(
        self,
        name: str,
        context: Mapping[str, Any],
        views: Sequence[SectionView],
        probe: Probe | None,
    ) -> str:
        values = {**context, "sections": tuple(views)}
        if probe and probe.path in self.templates.dependencies.list_paths(name):
            return self.templates.render_probed(name, values, probe)
        text = self._frames.render(name, context, views)
        return self.templates.render(name, values) if text is None else text

    def _render_text(self, name: str, context: Mapping[str, Any]) -> str:
        text = self.templates.render(name, context)
        if is_verbatim(self.templates.find(name)):
            return text.removesuffix("\n")
        return clean_text(text)

    def _trace_fragment(self, name: str, context: Mapping[str, Any]) -> Lines:
        text = self._text.render(name, context)
        source = self.templates.find(name)
        if is_verbatim(source):
            return quote_lines(text, Origin(source.path, find_start(source)), True) if text else ()
        if self.templates.dependencies.read_facts(name).is_literal:
            start = Origin(source.path, find_start(source))
            lines = clean_lines(quote_lines(strip_front_matter(source), start, True))
            if join_text(lines) == text:
                return lines
        return self._trace_text(name, text, context) if text else ()

    def _trace_text(
        self, name: str, text: str, marked_context: Mapping[str, Any], *, is_clean: bool = True
    ) -> Lines:
        """Return the lines of a rendered text with origins, one for all where marks changed it."""
        source = self.templates.find(name)
        start = Origin(source.path, 1)
        try:
            marked_text = self.templates.render(name, marked_context, marked=True)
        except UserError:  # the plain render did not fail, so it is the marks that it fails of
            marked_text = ""
        lines = tuple(self.templates.markers.read(marked_text, start))
        lines = clean_lines(lines) if is_clean else drop_last_blank(lines)
        if join_text(lines) == text:
            return lines
        self.warn(make_untraced_warning(source))
        return tuple(Line(line, start) for line in text.split("\n"))

    def _write_lines(self, lines: Lines) -> str:
        return self.templates.markers.write(lines)

    def _make_tracked_view(self, view: SectionView) -> SectionView:
        markers = self.templates.markers

        def enter(name: str) -> None:
            markers.section = name

        return TrackedSectionView(view.name, view.title, view.parts, view.text, enter)

    def _keep(self, variant: Variant) -> _KeptOfVariant:
        """Return what is kept of a variant, and forget that of the last one.

        It is told by the object alone: another variant may bear its name.
        """
        if self._last is None or self._last.variant is not variant:
            pack, model = make_pack_view(variant), make_model_view(variant.model)
            views = {"pack": pack, "model": model, "vars": Vars(variant.pack.vars)}
            self._last = _KeptOfVariant(variant, views, {})
        return self._last

    def _make_context(self, variant: Variant, target: str) -> dict[str, Any]:
        """Return what the templates of a variant see."""
        return {
            **self._keep(variant).views,
            "policy": self.keys.find_view(variant, target),
            "target": target,
            **make_arguments(variant, target),
        }
