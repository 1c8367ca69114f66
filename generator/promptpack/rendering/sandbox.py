"""The sandbox: a project's templates in, text or findings out. The only place that renders.

Nothing outside the project and the standard library can be named, what a template includes is
known before it is rendered, and what it can reach cannot be changed. An expression must give text.
"""

import re
from collections.abc import Callable, Mapping
from typing import Any

from jinja2 import Template, TemplateNotFound
from jinja2.environment import TemplateModule
from jinja2.exceptions import SecurityError, TemplateRuntimeError, UndefinedError
from jinja2.loaders import BaseLoader
from jinja2.runtime import Context, StrictUndefined
from jinja2.sandbox import ImmutableSandboxedEnvironment
from jinja2.utils import missing, pass_context

from promptpack.model import Finding, Fragment, Origin, Project, Source, UserError
from promptpack.reading.validation import suggest
from promptpack.rendering.includes import (
    LAYOUT,
    Dependencies,
    format_chain,
    make_template_finding,
    strip_front_matter,
)
from promptpack.rendering.line_markers import SECTION_END, LineMarkers, SectionEnd
from promptpack.source.text import FORBIDDEN, Span, format_code_point

VARIABLES = ("pack", "model", "policy", "target", "vars", "params")
"""What a fragment sees; a layout sees `sections` too."""

_REQUIRE = "_require"
_SECTION_END = "_section_end"
_ESCAPE_SEQUENCE = re.compile(r"\\[0-7abfvxuUN]")
_ADDRESS = re.compile(r" at 0x[0-9a-f]+>", re.IGNORECASE)


class NeedsDenied(Exception):  # noqa: N818 - a question answered with no, not a failure
    """A fragment presupposes capabilities that the policy denies."""

    def __init__(self, fragment: Fragment, denied: tuple[str, ...]) -> None:
        super().__init__(fragment.name)
        self.fragment, self.denied = fragment, denied


class _Undefined(StrictUndefined):
    """An undefined name whose message says what was meant, from what is known at that place."""

    def __init__(
        self,
        hint: str | None = None,
        obj: Any = missing,  # noqa: ANN401 - Jinja's own signature
        name: str | None = None,
        exc: type[TemplateRuntimeError] = UndefinedError,
    ) -> None:
        names = VARIABLES if obj is missing else [n for n in dir(obj) if n[:1] != "_"]
        type_name = "" if obj is missing else type(obj).__name__
        super().__init__(hint or f"{name}\0{type_name}\0{' '.join(names)}", obj, name or "", exc)


class _Loader(BaseLoader):
    """Finds fragments and layouts by name in what was loaded, and nothing else."""

    def __init__(self, project: Project) -> None:
        self.project = project

    def get_source(self, environment: Any, template: str) -> tuple[str, str, Callable[[], bool]]:  # noqa: ANN401, ARG002 - Jinja's own signature
        source = self.find(template)
        if source is None:
            raise TemplateNotFound(template)
        body = source.body if isinstance(source, Fragment) else source.text
        if isinstance(source, Fragment) and source.needs:
            guard = f"{{% if {_REQUIRE} is defined and {_REQUIRE}('{source.name}') %}}{{% endif %}}"
            body = guard + body
        return body, source.path, lambda: True

    def find(self, name: str) -> Source | None:
        if name.startswith(LAYOUT):
            return self.project.layouts.get(name.removeprefix(LAYOUT))
        return self.project.fragments.get(name)


class _Template(Template):
    """A template whose macros, when imported, see what the importer sees and keep nothing."""

    def _get_default_module(self, ctx: Context | None = None) -> TemplateModule:
        """Return a module for one import: Jinja's own would live on from variant to variant."""
        return self.make_module(ctx.get_all() if ctx else None, shared=True)


class _Environment(ImmutableSandboxedEnvironment):
    """Jinja as promptpack offers it: strict, without chance, with names relative to a fragment."""

    template_class = _Template

    def __init__(self, loader: _Loader, *, marked: bool) -> None:
        super().__init__(
            loader=loader,
            undefined=_Undefined,
            trim_blocks=True,
            lstrip_blocks=True,
            keep_trailing_newline=True,
            autoescape=False,
            auto_reload=False,
            cache_size=-1,
            finalize=_mark_text if marked else _require_text,
            extensions=[LineMarkers] if marked else [],
        )
        for name in ("lipsum", "cycler", "joiner"):
            self.globals.pop(name)
        for name in ("random", "pprint", "xmlattr", "urlize"):
            self.filters.pop(name)

    def join_path(self, template: str, parent: str) -> str:
        """Return the full name of `./name` beside the fragment that says it."""
        if not template.startswith("./"):
            return template
        folder, _, last = parent.rpartition("/")
        suffix = ".md" if last.endswith(".md") else ""
        return f"{folder}/{template[2:].removesuffix('.md')}{suffix}"


class Templates:
    """All templates of a project, compiled once; renders them plain or with marked lines."""

    def __init__(self, project: Project) -> None:
        self.loader = _Loader(project)
        self.plain = _Environment(self.loader, marked=False)
        self.marked = _Environment(self.loader, marked=True)
        self.markers: LineMarkers = self.marked.extensions[LineMarkers.identifier]  # type: ignore[assignment]  # the extension registered above
        self.dependencies = Dependencies(self.plain, self.find, project)

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
        require = _make_requirement(self.loader, context["policy"])
        if not marked and self.dependencies.read_facts(name).is_literal:
            require(name)
            return strip_front_matter(self.find(name))
        environment = self.marked if marked else self.plain
        self.markers.section = ""
        known = {**context, _REQUIRE: require, _SECTION_END: SECTION_END}
        try:
            text = environment.get_template(name).render(known)
        except NeedsDenied:
            raise
        except Exception as error:  # whatever a template raises is its author's to fix
            raise UserError((self._make_failure_finding(name, error),)) from error
        if not marked and (match := FORBIDDEN.search(text)):
            raise UserError((_make_hidden_finding(self.find(name), format_code_point(match)),))
        return text

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


@pass_context
def _require_text(context: Context, value: object) -> object:
    """Refuse to print what has no one spelling, such as an object with its address.

    A layout prints what fragments say, and they may say what looks like one.
    """
    if not isinstance(value, (str, int, float, StrictUndefined)):
        message = f"an expression returns {type(value).__name__}, not text"
        raise TypeError(message)
    if isinstance(value, str) and _ADDRESS.search(value) and "sections" not in context:
        message = "an expression returns an object's memory address, not text"
        raise TypeError(message)
    return value


@pass_context
def _mark_text(context: Context, value: object) -> object:
    """Return what is printed in a marked render: in a layout with the mark of its section."""
    if not isinstance(value, SectionEnd):
        value = _require_text(context, value)
    if "sections" not in context:
        return value
    markers = context.environment.extensions[LineMarkers.identifier]
    assert isinstance(markers, LineMarkers)  # noqa: S101 - the marked environment has it
    return markers.mark_section(value)


def _explain_error(error: Exception) -> tuple[str, str, str]:
    if isinstance(error, UndefinedError):
        name, type_name, names = [*str(error).split("\0"), "", ""][:3]
        location = f" in '{type_name.removesuffix('View').lower()}'" if type_name else ""
        return "PP031", f"undefined name '{name}'{location}", suggest(name, names.split())
    if isinstance(error, SecurityError):
        return "PP034", f"not allowed in a template: {error}", ""
    if isinstance(error, RecursionError):
        return "PP034", "endless recursion", ""
    return "PP034", f"{error}" or type(error).__name__, ""
