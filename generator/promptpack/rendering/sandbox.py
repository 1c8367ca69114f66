"""The sandbox: a project's templates in, text or findings out. The only place that renders.

Nothing outside the roots of a project can be named, what a template includes is
known before it is rendered, what it can reach cannot be changed, and what it takes is counted.
"""

import re
from collections.abc import Callable, Mapping
from functools import cached_property, partial
from typing import Any

from jinja2 import TemplateNotFound, TemplateSyntaxError
from jinja2.exceptions import SecurityError, UndefinedError
from jinja2.loaders import BaseLoader

from promptpack.model import Finding, Fragment, Origin, Project, Source, UserError
from promptpack.rendering.budget import LIMITS, MARKED_LIMITS, Budget, Limits, OverBudgetError
from promptpack.rendering.environment import TemplateEnvironment
from promptpack.rendering.includes import (
    LAYOUT,
    Dependencies,
    find_include,
    format_chain,
    get_template,
    make_template_finding,
    strip_front_matter,
)
from promptpack.rendering.line_markers import SECTION_END, LineMarkers
from promptpack.rendering.probes import Probe
from promptpack.source.closest import suggest
from promptpack.source.text import FORBIDDEN, Span, format_code_point

_REQUIRE = "_require"
_SECTION_END = "_section_end"
_ESCAPE_SEQUENCE = re.compile(r"\\[0-7abfvxuUN]")
OVER_BUDGET = "PP038"


class NeedsDenied(Exception):  # noqa: N818 - a question answered with no, not a failure
    """A fragment presupposes capabilities that the policy denies."""

    def __init__(self, fragment: Fragment, denied: tuple[str, ...]) -> None:
        super().__init__(fragment.name)
        self.fragment, self.denied = fragment, denied


class _Loader(BaseLoader):
    """Finds fragments and layouts by name in what was loaded, and nothing else."""

    def __init__(self, project: Project) -> None:
        self.project = project

    def get_source(self, environment: Any, template: str) -> tuple[str, str, Callable[[], bool]]:  # noqa: ANN401, ARG002 - Jinja's own signature
        source = self.find(template)
        if source is None:
            raise TemplateNotFound(template)
        body = get_template(source)
        if isinstance(source, Fragment) and source.needs:
            guard = f"{{% if {_REQUIRE} is defined and {_REQUIRE}('{source.name}') %}}{{% endif %}}"
            body = guard + body
        return body, source.path, lambda: True

    def find(self, name: str) -> Source | None:
        if name.startswith(LAYOUT):
            return self.project.layouts.get(name.removeprefix(LAYOUT))
        return self.project.fragments.get(name)


class Templates:
    """All templates of a project, compiled once; renders them plain or with marked lines."""

    def __init__(self, project: Project) -> None:
        self.loader = _Loader(project)
        self._finders = partial(find_include, project), project.find_translation
        self.plain = TemplateEnvironment(self.loader, *self._finders, marked=False)
        self.marked = TemplateEnvironment(self.loader, *self._finders, marked=True)
        self.markers: LineMarkers = self.marked.extensions[LineMarkers.identifier]  # type: ignore[assignment]  # the extension registered above
        self.dependencies = Dependencies(self.plain, self.find, project)

    @cached_property
    def probed(self) -> TemplateEnvironment:
        """The templates with a switch at each tag, for whoever asks what depends on one."""
        return TemplateEnvironment(self.loader, *self._finders, marked=False, probed=True)

    def find(self, name: str) -> Source:
        """Return a fragment or layout that is known to exist."""
        source = self.loader.find(name)
        if source is None:
            raise KeyError(name)
        return source

    def render(self, name: str, context: Mapping[str, Any], *, marked: bool = False) -> str:
        """Return a template's text.

        Raises UserError where the template fails, and NeedsDenied for what the policy denies.
        """
        if not marked and self.dependencies.read_facts(name).is_literal:
            _make_requirement(self.loader, context["policy"])(name)
            return strip_front_matter(self.find(name))
        text = self.render_frame(name, context, marked=marked)
        if not marked and (match := FORBIDDEN.search(text)):
            raise UserError((_make_hidden_finding(self.find(name), format_code_point(match)),))
        return text

    def render_frame(self, name: str, context: Mapping[str, Any], *, marked: bool) -> str:
        """Return a template's text, whatever hidden characters are in it; raises as `render`."""
        require = _make_requirement(self.loader, context["policy"])
        environment = self.marked if marked else self.plain
        self.markers.section = ""
        limits = MARKED_LIMITS if marked else LIMITS
        return self._render_in(environment, limits, name, {**context, _REQUIRE: require})

    def render_probed(self, name: str, context: Mapping[str, Any], probe: Probe) -> str:
        """Return a template's text with what stands in one line turned round; raises as `render`.

        It is for comparing only: what it holds is in no output.
        """
        require = _make_requirement(self.loader, context["policy"])
        self.probed.probe = probe
        return self._render_in(self.probed, MARKED_LIMITS, name, {**context, _REQUIRE: require})

    def _render_in(
        self,
        environment: TemplateEnvironment,
        limits: Limits,
        name: str,
        context: Mapping[str, Any],
    ) -> str:
        environment.budget = Budget(limits)
        try:
            known = {**context, _SECTION_END: SECTION_END}
            return environment.get_template(name).render(known)
        except NeedsDenied:
            raise
        except Exception as error:  # whatever a template raises is its author's to fix
            raise UserError((self._make_failure_finding(name, error),)) from error

    def _make_failure_finding(self, name: str, error: Exception) -> Finding:
        """Return the finding for what a render raised, at the template line that raised it."""
        by_path = {
            source.path: source
            for source in (*self.loader.project.fragments.values(), self.find(name))
        }
        frames = []
        trace = error.__traceback__
        while trace is not None:
            if trace.tb_frame.f_code.co_filename in by_path:
                frames.append(Origin(trace.tb_frame.f_code.co_filename, trace.tb_lineno))
            trace = trace.tb_next
        if isinstance(error, TemplateSyntaxError) and error.filename in by_path:
            frames.append(Origin(error.filename, error.lineno))
        place = frames[-1] if frames else Origin(self.find(name).path, 1)
        code, message, hint = _explain_error(error)
        chain = [origin for origin in dict.fromkeys(frames) if origin.path != place.path]
        includers = f"included by {format_chain(chain)}" if chain else ""
        hint = "; ".join(part for part in (hint, includers) if part)
        return make_template_finding(code, by_path[place.path], Span(place.line, 1), message, hint)


def _make_hidden_finding(source: Source, code_point: str) -> Finding:
    """Return the finding for a character that no source holds, but that a template has written."""
    lines = source.text.split("\n")
    line = next((n for n, text in enumerate(lines, 1) if _ESCAPE_SEQUENCE.search(text)), 1)
    message = f"the template writes the hidden or control character {code_point}"
    hint = "delete it: a model reads it, but a person can't see it"
    return make_template_finding("PP301", source, Span(line, 1), message, hint)


def _make_requirement(loader: _Loader, policy: Any) -> Callable[[str], bool]:  # noqa: ANN401 - the policy as templates see it
    def require(name: str) -> bool:
        fragment = loader.project.fragments.get(name)
        if fragment is None:
            return False
        denied = tuple(capability for capability in fragment.needs if policy.denies(capability))
        if denied:
            raise NeedsDenied(fragment, denied)
        return False

    return require


def _explain_error(error: Exception) -> tuple[str, str, str]:
    if isinstance(error, UndefinedError):
        name, type_name, names = [*str(error).split("\0"), "", ""][:3]
        location = f" in '{type_name.removesuffix('View').lower()}'" if type_name else ""
        if name in ("arguments", "argument"):
            hint = "only commands have arguments; write 'kind: command' in the pack"
        elif type_name == "Argument":
            hint = suggest(name, names.split()) or "write its name under 'arguments' in the pack"
        else:
            hint = suggest(name, names.split())
        return "PP031", f"undefined name '{name}'{location}", hint
    if isinstance(error, SecurityError):
        return "PP034", f"not allowed in a template: {error}", ""
    if isinstance(error, OverBudgetError):
        return OVER_BUDGET, f"{error}", "shorten its loops and values, or write the text out"
    if isinstance(error, TemplateSyntaxError):
        return "PP034", error.message or "not valid", ""
    if isinstance(error, RecursionError):
        return "PP034", "endless recursion", ""
    return "PP034", f"{error}" or type(error).__name__, ""
