"""Rules of what a client or a model makes of a prompt that is valid and still not as meant."""

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator

from jinja2 import Environment, TemplateSyntaxError

from promptpack.lint.context import LintContext, RenderedPrompt
from promptpack.lint.rule import Diagnostic, make_rule
from promptpack.model import Artifact, Fragment, Origin, Pack
from promptpack.rendering.arguments import hide_arguments
from promptpack.rendering.tokens import estimate_tokens
from promptpack.source.strict_yaml import DataPath
from promptpack.targets import TARGETS

_OPENING = re.compile(r"(?<![$={])\{\{(?=[-+]?\s*[A-Za-z_])|\{%(?=[-+]?\s*[a-z])")
"""What begins an expression or a tag; `${{` and `={{` are other languages', `{{.` is Go's."""

_DESCRIPTION_LIMIT = 1024

_LEXER = Environment(autoescape=False)  # noqa: S701 - it only splits text into tokens


def check_template_left_over(context: LintContext) -> Iterator[Diagnostic]:
    """Reports template syntax in a prompt that is not marked as literal text.

    Why: Values are not templates. A variable or a parameter is printed as it is. If it contains
    `{{ vars.language }}`, the model gets that text with its braces, and not the words that were
    meant.

    Fix: Write the words, or move the expression into a template. Put braces that are meant as text
    in a template, between `{% raw %}` and `{% endraw %}` or in a string.

    Measured: 0 findings in 0 of 297 public agent files, 0 false alarms (2026-11).

    Bad:

    ```yaml
    vars: {language: Python}
    use: standards/idioms
    with: {subject: "{{ vars.language }}"}
    ```

    Good:

    ```yaml
    use: standards/idioms
    with: {subject: Python}
    ```
    """
    literal_lines: dict[str, frozenset[int]] = {}
    for prompt in context.prompts:
        for line in prompt.lines:
            if "{{" not in line.text and "{%" not in line.text:
                continue
            match = _OPENING.search(hide_arguments(line.text, prompt.targets))
            if match is None:
                continue
            path = line.origin.path
            if context.project.is_text(path):
                continue
            if path not in literal_lines:
                literal_lines[path] = _find_literal_lines(context, path)
            is_untraced = (
                line.origin.line == 1 and literal_lines[path]
            )  # all of it has one origin (PP036)
            if line.origin.line not in literal_lines[path] and not is_untraced:
                message = f"a value puts '{match[0]}' into the prompt, but values are not rendered"
                yield Diagnostic(
                    *line.origin, message, "write the words themselves, or use {% raw %}"
                )


def check_soft_limit(context: LintContext) -> Iterator[Diagnostic]:
    """Reports a file that its client loads, but cuts or advises against because of its size.

    Why: Codex reads 32 KiB of all the `AGENTS.md` files that apply, and silently drops the rest.
    The advice for a skill is to stay under 500 lines, because all of it is read at once.

    Fix: Drop sections for the variant with `overrides`, or leave the target out of `targets`. A
    file that is so large that a client refuses it is a build error (PP201).

    Measured: 33 findings in 25 of 297 public agent files, 0 false alarms (2026-11).

    Bad: an `AGENTS.md` of 40,000 bytes.

    Good:

    ```yaml
    overrides:
      - {when: {model: gpt}, drop: [examples]}
    ```
    """
    for target in TARGETS.values():
        if target.soft_limit is None:
            continue
        unit, limit, reason = target.soft_limit
        artifacts = [one for one in context.artifacts if one.target == target.name]
        sizes = _measure_sizes(artifacts, unit)
        oversized = {key: size for key, size in sizes.items() if size > limit}
        for path in dict.fromkeys(path for path, _ in oversized):
            variants = [(size, name) for (pack, name), size in oversized.items() if pack == path]
            size, name = max(variants)
            rest = f" (and {len(variants) - 1} more)" if len(variants) > 1 else ""
            message = f"{target.title} of {name}{rest} has {size:,} {unit}; {reason} {limit:,}"
            yield Diagnostic(path, 1, message, "drop sections with 'overrides'")


def check_over_budget(context: LintContext) -> Iterator[Diagnostic]:
    """Reports a prompt that is longer than its model's `prompt_budget`.

    Why: The budget says how long a prompt this model was found to follow. Beyond it, a small model
    loses the middle of its instructions, and any model has less room for the work.

    Fix: Drop sections for that model with `overrides`, shorten a fragment, or raise the model's
    budget if it was too cautious. promptpack counts four characters as one token.

    Measured: 29 findings in 29 of 297 public agent files, 0 false alarms (2026-11).

    Bad: a prompt of about 1,900 tokens for a model with

    ```yaml
    prompt_budget: 700
    ```

    Good:

    ```yaml
    overrides:
      - {when: {model: small}, drop: [examples, output]}
    ```
    """
    oversized_prompts: dict[tuple[str, str], list[RenderedPrompt]] = defaultdict(list)
    for prompt in context.prompts:
        budget = prompt.variant.model.prompt_budget
        if budget is not None and _count_tokens(prompt) > budget:
            oversized_prompts[prompt.variant.pack.name, prompt.variant.model.name].append(prompt)
    for (pack, model), prompts in oversized_prompts.items():
        variant = max(prompts, key=_count_tokens).variant
        tokens = max(map(_count_tokens, prompts))
        budget = variant.model.prompt_budget
        message = (
            f"the prompt of {variant.name} has about {tokens:,} tokens; its budget is {budget:,}"
        )
        hint = f"drop sections for {model} with 'overrides'"
        origin = _locate_model(context, context.project.packs[pack], model)
        yield Diagnostic(*origin, message, hint)


def check_long_description(context: LintContext) -> Iterator[Diagnostic]:
    """Reports a description of more than 1,024 characters.

    Why: A client shows the descriptions of all agents to the model, with every request, so that it
    can choose one. A long one costs tokens each time and hides what tells the agent apart. Agent
    Skills refuse more than 1,024 characters, and other clients may cut there.

    Fix: Say when to use the agent, in one or two sentences. Examples of its use belong in the
    prompt.

    Measured: 5 findings in 5 of 253 public descriptions, 0 false alarms (2026-11).

    Bad: a description with four dialogues.

    Good:

    ```yaml
    description: Reviews a change before it is merged. Use it after each larger edit.
    ```
    """
    for pack in context.project.packs.values():
        said: dict[DataPath, str] = {("description",): pack.description}
        for client, settings in pack.clients.items():
            said["clients", client, "description"] = settings.values.get("description", "")
        for place, text in said.items():
            if len(text) > _DESCRIPTION_LIMIT:
                span = context.document(pack.path).at(place)
                message = f"the description has {len(text):,} characters"
                hint = f"say when to use the agent in at most {_DESCRIPTION_LIMIT:,}"
                yield Diagnostic(pack.path, span.line, message, hint, span.column, span.width)


def check_refused_file(context: LintContext) -> Iterator[Diagnostic]:
    """Reports a file with kept front matter that its client would not load.

    Why: promptpack keeps front matter as it stands, also where the client does not take it. Some
    clients pass over such a file without a word, and the agent is not there.

    Fix: Mend the front matter in the `head` file, or leave it out: then promptpack writes the whole
    file.

    Measured: 28 findings in 28 of 253 public agent files with a name, 0 false alarms (2026-11).

    Bad:

    ```yaml
    description: Reviews changes: before they are merged
    ```

    Good:

    ```yaml
    description: "Reviews changes: before they are merged"
    ```
    """
    for artifact in context.artifacts:
        target, head = TARGETS[artifact.target], artifact.agent.form.head
        if head and (refusal := target.loads(artifact.content.decode())):
            yield Diagnostic(head.path, 1, f"{target.title} would not load this file: {refusal}")


def _measure_sizes(artifacts: Iterable[Artifact], unit: str) -> dict[tuple[str, str], int]:
    """Return the sizes of files by pack and variant: a shared one is of the pack that is last."""
    sizes: dict[str, int] = defaultdict(int)
    owners: dict[str, Artifact] = {}
    for artifact in artifacts:
        sizes[artifact.path] += _measure_size(artifact, unit)
        last = owners.setdefault(artifact.path, artifact)
        owners[artifact.path] = max(last, artifact, key=lambda one: one.agent.stem)
    return {
        (owner.variant.pack.path, owner.variant.name): sizes[path] for path, owner in owners.items()
    }


def _measure_size(artifact: Artifact, unit: str) -> int:
    return len(artifact.content) if unit == "bytes" else artifact.content.count(b"\n")


def _count_tokens(prompt: RenderedPrompt) -> int:
    return estimate_tokens(sum(len(line.text) + 1 for line in prompt.lines))


def _locate_model(context: LintContext, pack: Pack, model: str) -> Origin:
    key_path = ("variants", "model", pack.models.index(model))
    return Origin(pack.path, context.document(pack.path).at(key_path).line)


def _find_literal_lines(context: LintContext, path: str) -> frozenset[int]:
    """Return the lines of a template on which braces were meant to be read as braces.

    Outside of raw blocks an opening brace is never literal text, and in a string it is one.
    """
    sources = (*context.project.fragments.values(), *context.project.layouts.values())
    source = next((s for s in sources if s.path == path), None)
    if source is None:
        return frozenset()
    text = source.body if isinstance(source, Fragment) else source.text
    literal_lines: set[int] = set()
    try:
        for number, kind, value in _LEXER.lex(text):
            if kind in ("data", "string"):
                literal_lines.update(
                    number + n for n, t in enumerate(value.split("\n")) if _OPENING.search(t)
                )
    except TemplateSyntaxError:
        return frozenset()
    return frozenset(literal_lines)


RULES = (
    make_rule("PP202", "unrendered-template", "client", check_template_left_over, "error"),
    make_rule("PP203", "soft-limit", "client", check_soft_limit),
    make_rule("PP204", "over-budget", "client", check_over_budget),
    make_rule("PP208", "long-description", "client", check_long_description),
    make_rule("PP207", "refused-file", "client", check_refused_file),
)
