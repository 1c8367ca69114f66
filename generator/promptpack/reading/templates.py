"""One template file: its text in, a fragment, model or policy out, or what is wrong with it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING

from promptpack.model import (
    PATTERNED,
    Effect,
    Finding,
    Fragment,
    Grant,
    Model,
    PatternRule,
    Policy,
    split_translation,
)
from promptpack.policy.lattice import is_patterned
from promptpack.reading import file_kinds
from promptpack.reading.files import SourceFile
from promptpack.reading.references import (
    Names,
    find_full_name,
    find_unknown_names,
    iter_model_references,
)
from promptpack.reading.roots import SourceName
from promptpack.reading.validation import validate
from promptpack.source import frontmatter
from promptpack.source.contents import StoredText
from promptpack.source.strict_yaml import Document
from promptpack.source.text import Span, make_finding
from promptpack.source.yaml_entries import read_yaml

if TYPE_CHECKING:
    from promptpack.reading.schema import FragmentFrontMatter, PolicyFile


def read_fragment(
    file: SourceFile, source_name: SourceName
) -> tuple[Fragment | None, list[Finding]]:
    """Return the fragment in a file, and what is wrong with it."""
    front_matter, body, lines = frontmatter.split_front_matter(file.text)
    if front_matter is None:
        if file.text.startswith("---\n"):
            return None, [_make_unclosed_finding(file)]
        fields = file_kinds.FRAGMENT.check({})
        return (_make_fragment(file, source_name, body, fields) if fields else None), []
    document = read_yaml(front_matter or "{}", file.path, 2)
    fields = validate(file_kinds.FRAGMENT, document, file.path, file.text)
    if fields is None:
        return None, document.findings
    body = "{#" + "\n" * (lines - 1) + "#}\n" + body
    return _make_fragment(file, source_name, body, fields), []


def read_model(
    file: SourceFile, source_name: SourceName, names: Names
) -> tuple[Model | None, list[Finding]]:
    """Return the model in a file, and what is wrong with it; `names` are those that there are."""
    document = read_yaml(file.text, file.path)
    model_file = validate(file_kinds.MODEL, document, file.path, file.text)
    references = iter_model_references(document.data)
    findings = [*document.findings, *find_unknown_names(references, names, document, file)]
    if model_file is None:
        return None, findings
    model = Model(
        source_name.name,
        title=model_file.title,
        family=model_file.family,
        layout=find_full_name(names, "layout", model_file.layout),
        context_window=model_file.context_window,
        prompt_budget=model_file.prompt_budget,
        temperature=model_file.temperature,
        effort=model_file.effort,
        ids=model_file.ids,
        path=file.path,
        shadows=file.shadows,
    )
    return model, findings


def read_policy(file: SourceFile, source_name: SourceName) -> tuple[Policy | None, list[Finding]]:
    """Return the policy in a file, and what is wrong with it."""
    document = read_yaml(file.text, file.path)
    policy_file = validate(file_kinds.POLICY, document, file.path, file.text)
    if policy_file is None:
        return None, document.findings
    default = Effect(policy_file.default)
    policy = Policy(
        default=default,
        grants={c: _make_grant(rules, default) for c, rules in policy_file.capabilities.items()},
        name=source_name.name,
        title=policy_file.title,
        summary=policy_file.summary,
        path=file.path,
        shadows=file.shadows,
    )
    return policy, list(_find_misplaced_patterns(policy_file, document, file))


def _make_fragment(
    file: SourceFile, source_name: SourceName, body: str, fields: FragmentFrontMatter
) -> Fragment:
    translated, language = split_translation(source_name.name)
    stem = (translated or source_name.name).removesuffix(".md").rpartition("/")[2]
    title = stem.replace("-", " ").capitalize() + (f" ({language})" if language else "")
    return Fragment(
        name=source_name.name,
        path=file.path,
        text=file.content,
        shadows=file.shadows,
        body=file.content if body == file.text else _keep_beside(file, body),
        title=fields.title or title,
        summary=fields.summary or "",
        needs=tuple(fields.needs),
        params=fields.params,
        verbatim=fields.verbatim,
        pack=source_name.pack,
    )


def _keep_beside(file: SourceFile, body: str) -> str | StoredText:
    """Return a body where the text that it is of is kept too."""
    return body if isinstance(file.content, str) else file.content.add_beside(body)


def _make_unclosed_finding(file: SourceFile) -> Finding:
    message, hint = "the front matter is not closed", "close it with a line of three hyphens"
    return make_finding("PP007", file.path, Span(1, 1, 3), message, hint, file.text)


def _find_misplaced_patterns(
    policy_file: PolicyFile, document: Document, file: SourceFile
) -> Iterator[Finding]:
    for name, rules in policy_file.capabilities.items():
        if not isinstance(rules, str) and not is_patterned(name):
            message = f"'{name}' takes one value, not patterns"
            hint = f"only these take patterns: {', '.join(sorted(PATTERNED))}"
            span = document.at(("capabilities", name))
            yield make_finding("PP028", file.path, span, message, hint, file.text)


def _make_grant(rules: str | Mapping[str, str], default: Effect) -> Grant:
    """Return ordered rules of which the first matches all."""
    if isinstance(rules, str):
        return (PatternRule("*", Effect(rules)),)
    grant = tuple(PatternRule(pattern, Effect(effect)) for pattern, effect in rules.items())
    return grant if grant[0].pattern == "*" else (PatternRule("*", default), *grant)
