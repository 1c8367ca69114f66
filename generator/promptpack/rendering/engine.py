"""Jinja for the templates of one project: a name and values in, text or findings out.

What a project's templates need is known before this module is loaded: most that is loaded with it
is Jinja itself.
"""

from collections.abc import Callable, Mapping
from functools import cached_property, partial
from typing import Any

from jinja2 import TemplateNotFound, TemplateSyntaxError
from jinja2.exceptions import SecurityError, UndefinedError
from jinja2.loaders import BaseLoader

from promptpack.model import Finding, Fragment, Origin, Project, Source, UserError
from promptpack.rendering.budget import OVER_BUDGET, Budget, Limits, OverBudgetError
from promptpack.rendering.environment import TemplateEnvironment
from promptpack.rendering.includes import (
    find_include,
    format_chain,
    get_template,
    make_template_finding,
)
from promptpack.rendering.line_markers import SECTION_END, LineMarkers
from promptpack.rendering.needs import REQUIRE, NeedsDenied
from promptpack.rendering.probes import Probe
from promptpack.rendering.tree_facts import TreeReader
from promptpack.source.closest import suggest
from promptpack.source.text import Span

_SECTION_END = "_section_end"


class _Loader(BaseLoader):
    """Finds fragments and layouts by name in what was loaded, and nothing else."""

    def __init__(self, find: Callable[[str], Source | None]) -> None:
        self.find = find

    def get_source(self, environment: Any, template: str) -> tuple[str, str, Callable[[], bool]]:  # noqa: ANN401, ARG002 - Jinja's own signature
        source = self.find(template)
        if source is None:
            raise TemplateNotFound(template)
        body = get_template(source)
        if isinstance(source, Fragment) and source.needs:
            guard = f"{{% if {REQUIRE} is defined and {REQUIRE}('{source.name}') %}}{{% endif %}}"
            body = guard + body
        return body, source.path, lambda: True


class Engine:
    """The environments of one project, plain, marked and probed; each compiles a template once."""

    def __init__(self, project: Project, find: Callable[[str], Source | None]) -> None:
        self._project, self._find = project, find
        finders = partial(find_include, project), project.find_translation
        self._make = partial(TemplateEnvironment, _Loader(find), *finders)
        self._plain, self._marked = self._make(marked=False), self._make(marked=True)
        markers = self._marked.extensions[LineMarkers.identifier]
        self.markers: LineMarkers = markers  # type: ignore[assignment]  # the environment's own extension
        self.reader = TreeReader(self._plain, project)

    @cached_property
    def _probed(self) -> TemplateEnvironment:
        """The templates with a switch at each tag, for whoever asks what depends on one."""
        return self._make(marked=False, probed=True)

    def render(
        self, name: str, values: Mapping[str, Any], limits: Limits, *, marked: bool = False
    ) -> str:
        """Return a template's text; raises UserError, or NeedsDenied for what the policy denies."""
        self.markers.section = ""
        return self._render_in(self._marked if marked else self._plain, limits, name, values)

    def render_probed(
        self, name: str, values: Mapping[str, Any], limits: Limits, probe: Probe
    ) -> str:
        """Return a template's text with one line turned round; raises as `render` does."""
        self._probed.probe = probe
        return self._render_in(self._probed, limits, name, values)

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
        own = self._find(name)
        assert own is not None  # noqa: S101 - whoever renders it has found it
        sources = (*self._project.fragments.values(), own)
        by_path = {source.path: source for source in sources}
        frames = []
        trace = error.__traceback__
        while trace is not None:
            if trace.tb_frame.f_code.co_filename in by_path:
                frames.append(Origin(trace.tb_frame.f_code.co_filename, trace.tb_lineno))
            trace = trace.tb_next
        if isinstance(error, TemplateSyntaxError) and error.filename in by_path:
            frames.append(Origin(error.filename, error.lineno))
        place = frames[-1] if frames else Origin(own.path, 1)
        code, message, hint = _explain_error(error)
        chain = [origin for origin in dict.fromkeys(frames) if origin.path != place.path]
        includers = f"included by {format_chain(chain)}" if chain else ""
        hint = "; ".join(part for part in (hint, includers) if part)
        return make_template_finding(code, by_path[place.path], Span(place.line, 1), message, hint)


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
