"""The sandbox: a project's templates in, text or findings out. The only place that renders.

Nothing outside the roots of a project can be named, what a template includes is
known before it is rendered, what it can reach cannot be changed, and what it takes is counted.

Text without tags and layouts that are read as plain ones need no Jinja. Where all templates of a
run are such ones, it is not loaded.
"""

from collections.abc import Mapping
from functools import cached_property
from typing import TYPE_CHECKING, Any

from promptpack.model import Finding, Project, Source, UserError
from promptpack.patterns import compile_late
from promptpack.rendering.budget import LIMITS, MARKED_LIMITS
from promptpack.rendering.includes import (
    LAYOUT,
    Dependencies,
    TemplateReader,
    make_template_finding,
    strip_front_matter,
)
from promptpack.rendering.needs import REQUIRE, make_requirement
from promptpack.rendering.probes import Probe
from promptpack.source.text import FORBIDDEN, Span, format_code_point

if TYPE_CHECKING:
    from promptpack.rendering.engine import Engine
    from promptpack.rendering.line_markers import LineMarkers

_ESCAPE_SEQUENCE = compile_late(r"\\[0-7abfvxuUN]")


class Templates:
    """All templates of a project, compiled once; renders them plain or with marked lines."""

    def __init__(self, project: Project) -> None:
        self.project = project
        self.dependencies = Dependencies(self.find, self._find_reader)

    @cached_property
    def _engine(self) -> "Engine":
        from promptpack.rendering.engine import Engine  # noqa: PLC0415 - loads all of Jinja

        return Engine(self.project, self._find)

    @property
    def markers(self) -> "LineMarkers":
        """What marks the lines of templates, and reads the marks."""
        return self._engine.markers

    def _find_reader(self) -> TemplateReader:
        return self._engine.reader

    def _find(self, name: str) -> Source | None:
        if name.startswith(LAYOUT):
            return self.project.layouts.get(name.removeprefix(LAYOUT))
        return self.project.fragments.get(name)

    def find(self, name: str) -> Source:
        """Return a fragment or layout that is known to exist."""
        source = self._find(name)
        if source is None:
            raise KeyError(name)
        return source

    def render(self, name: str, context: Mapping[str, Any], *, marked: bool = False) -> str:
        """Return a template's text.

        Raises UserError where the template fails, and NeedsDenied for what the policy denies.
        """
        if not marked and self.dependencies.read_facts(name).is_literal:
            make_requirement(self.project, context["policy"])(name)
            return strip_front_matter(self.find(name))
        text = self.render_frame(name, context, marked=marked)
        if not marked and (match := FORBIDDEN.search(text)):
            raise UserError((_make_hidden_finding(self.find(name), format_code_point(match)),))
        return text

    def render_frame(self, name: str, context: Mapping[str, Any], *, marked: bool) -> str:
        """Return a template's text, whatever hidden characters are in it; raises as `render`."""
        plain = None if marked else self.dependencies.find_plain(name)
        text = plain.fill(context) if plain else None
        if text is not None:
            return text
        limits = MARKED_LIMITS if marked else LIMITS
        return self._engine.render(name, self._add_require(context), limits, marked=marked)

    def render_probed(self, name: str, context: Mapping[str, Any], probe: Probe) -> str:
        """Return a template's text with what stands in one line turned round; raises as `render`.

        It is for comparing only: what it holds is in no output.
        """
        values = self._add_require(context)
        return self._engine.render_probed(name, values, MARKED_LIMITS, probe)

    def _add_require(self, context: Mapping[str, Any]) -> dict[str, Any]:
        return {**context, REQUIRE: make_requirement(self.project, context["policy"])}


def _make_hidden_finding(source: Source, code_point: str) -> Finding:
    """Return the finding for a character that no source holds, but that a template has written."""
    lines = source.text.split("\n")
    line = next((n for n, text in enumerate(lines, 1) if _ESCAPE_SEQUENCE.search(text)), 1)
    message = f"the template writes the hidden or control character {code_point}"
    hint = "delete it: a model reads it, but a person can't see it"
    return make_template_finding("PP301", source, Span(line, 1), message, hint)
