"""The uses of fragments in a pack: their parameters, and what is wrong at the place of a use."""

import re
from typing import Any

from promptpack.model import Finding, Fragment, Project, Use, UserError
from promptpack.rendering.context import Params
from promptpack.rendering.sandbox import Templates
from promptpack.source.closest import suggest
from promptpack.source.text import Span, make_finding

PARAMS_KEPT = 4_096
"""Of how many uses with parameters these are kept: those of some hundred packs."""


class ParamsFinder:
    """Finds the parameters of uses, once for the plain render and the marked one."""

    def __init__(self, templates: Templates) -> None:
        self._templates = templates
        self._defaults: dict[str, Params] = {}
        self._given: dict[int, tuple[Use, Params]] = {}

    def find(self, use: Use) -> Params:
        """Return the parameters of a use; raises UserError as `resolve_params` does."""
        if use.params:
            if id(use) not in self._given:
                if len(self._given) >= PARAMS_KEPT:
                    self._given.clear()
                params = Params(resolve_params(self._templates, use))
                self._given[id(use)] = use, params  # kept, so that no other has its place
            return self._given[id(use)][1]
        if use.fragment not in self._defaults:
            self._defaults[use.fragment] = Params(resolve_params(self._templates, use))
        return self._defaults[use.fragment]


def resolve_params(templates: Templates, use: Use) -> dict[str, Any]:
    """Return the values of all parameters of a fragment and of what it includes.

    The pack's own go before the fragment's defaults, and those before what it includes says.
    """
    closure = [templates.find(name) for name in templates.dependencies.closure(use.fragment)]
    fragments = (fragment for fragment in reversed(closure) if isinstance(fragment, Fragment))
    defaults = {name: value for included in fragments for name, value in included.params.items()}
    problems = [
        (f"fragment '{use.fragment}' has no parameter '{name}'", suggest(name, defaults))
        for name in use.params
        if name not in defaults
    ]
    values = {**defaults, **use.params}
    problems += [
        (f"fragment '{use.fragment}' requires the parameter '{name}'", f"add 'with: {{{name}: …}}'")
        for name, value in values.items()
        if value is None
    ]
    if problems:
        project = templates.project
        raise UserError(
            tuple(make_use_finding(project, use, "PP035", text, hint) for text, hint in problems)
        )
    return values


def make_use_finding(project: Project, use: Use, code: str, message: str, hint: str) -> Finding:
    """Return an error about a use, at the place where the pack names the fragment."""
    source = project.sources[use.origin.path]
    line = source.split("\n")[use.origin.line - 1]
    width = len(re.split(r"[\s,}\]]", line[use.column - 1 :], maxsplit=1)[0])
    span = Span(use.origin.line, use.column, width)
    return make_finding(code, use.origin.path, span, message, hint, source)
