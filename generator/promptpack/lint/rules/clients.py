"""Rules of what a client or a model makes of a prompt that is valid and still not as meant."""

import re
from collections import defaultdict
from collections.abc import Iterator, Mapping

from jinja2 import Environment, TemplateSyntaxError

from promptpack.lint.context import Prompt, Subject
from promptpack.lint.rule import Remark, rule
from promptpack.model import Artifact, Fragment, Origin, Pack
from promptpack.rendering.lines import CHARACTERS_PER_TOKEN
from promptpack.targets import TARGETS

_OPENING = re.compile(r"(?<![$={])\{\{(?=[-+]?\s*[A-Za-z_])|\{%(?=[-+]?\s*[a-z])")
"""What begins an expression or a tag; `${{` and `={{` are other languages', `{{.` is Go's."""

_LEXER = Environment(autoescape=False)  # noqa: S701 - it only splits text into tokens


def template_left_over(subject: Subject) -> Iterator[Remark]:
    """Reports template syntax in a prompt that is not marked as literal text.

    Why: Values are not templates. A variable or a parameter is printed as it is. If it contains
    `{{ vars.language }}`, the model gets that text with its braces, and not the words that were
    meant.

    Fix: Write the words, or move the expression into a template. Put braces that are meant as text
    in a template, between `{% raw %}` and `{% endraw %}` or in a string.

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
    literal: dict[str, frozenset[int]] = {}
    for prompt in subject.prompts:
        for line in prompt.lines:
            match = _OPENING.search(line.text)
            if match is None:
                continue
            path = line.origin.path
            if path not in literal:
                literal[path] = _literal_lines(subject, path)
            untraced = line.origin.line == 1 and literal[path]  # all of it has one origin (PP036)
            if line.origin.line not in literal[path] and not untraced:
                message = f"a value brings '{match[0]}' into the prompt: values are not templates"
                yield Remark(*line.origin, message, "put its words in, or use {% raw %}")


def soft_limit(subject: Subject) -> Iterator[Remark]:
    """Reports a file that its client loads, but cuts or advises against because of its size.

    Why: Codex reads 32 KiB of all the `AGENTS.md` files that apply, and silently drops the rest.
    The advice for a skill is to stay under 500 lines, because all of it is read at once.

    Fix: Drop sections for the variant with `overrides`, or leave the target out of `targets`. A
    file that is so large that a client refuses it is a build error (PP201).

    Bad: an `AGENTS.md` of 40,000 bytes.

    Good:

    ```yaml
    overrides:
      - {when: {model: gpt}, drop: [examples]}
    ```
    """
    for target, (unit, limit, reason) in _SOFT_LIMITS.items():
        sizes = {
            (a.variant.pack.path, a.variant.name): _size(a, unit)
            for a in subject.artifacts
            if a.target == target
        }
        over = {key: size for key, size in sizes.items() if size > limit}
        for path in dict.fromkeys(path for path, _ in over):
            named = [(size, name) for (pack, name), size in over.items() if pack == path]
            size, name = max(named)
            rest = f" (and {len(named) - 1} more)" if len(named) > 1 else ""
            title = TARGETS[target].title
            message = f"{title} of {name}{rest} has {size:,} {unit}; {reason} {limit:,}"
            yield Remark(path, 1, message, "drop sections with 'overrides'")


def over_budget(subject: Subject) -> Iterator[Remark]:
    """Reports a prompt that is longer than its model's `prompt_budget`.

    Why: The budget says how long a prompt this model was found to follow. Beyond it, a small model
    loses the middle of its instructions, and any model has less room for the work.

    Fix: Drop sections for that model with `overrides`, shorten a fragment, or raise the model's
    budget if it was too cautious. promptpack counts four characters as one token.

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
    longest: dict[tuple[str, str], list[Prompt]] = defaultdict(list)
    for prompt in subject.prompts:
        if _tokens(prompt) > prompt.variant.model.prompt_budget:
            longest[prompt.variant.pack.name, prompt.variant.model.name].append(prompt)
    for (pack, model), prompts in longest.items():
        variant = max(prompts, key=_tokens).variant
        tokens = max(map(_tokens, prompts))
        budget = variant.model.prompt_budget
        message = (
            f"the prompt of {variant.name} has about {tokens:,} tokens; its budget is {budget:,}"
        )
        hint = f"drop sections for {model} with 'overrides'"
        place = _place_of_model(subject, subject.project.packs[pack], model)
        yield Remark(*place, message, hint)


_SOFT_LIMITS: Mapping[str, tuple[str, int, str]] = {
    "agents-md": ("bytes", 32 * 1024, "Codex reads"),
    "skill": ("lines", 500, "a skill is best below"),
}
"""What a client takes before it cuts, or advises, with the words for it."""


def _size(artifact: Artifact, unit: str) -> int:
    return len(artifact.content) if unit == "bytes" else artifact.content.count(b"\n")


def _tokens(prompt: Prompt) -> int:
    return sum(len(line.text) + 1 for line in prompt.lines) // CHARACTERS_PER_TOKEN


def _place_of_model(subject: Subject, pack: Pack, model: str) -> Origin:
    place = ("variants", "model", pack.models.index(model))
    return Origin(pack.path, subject.document(pack.path).at(place).line)


def _literal_lines(subject: Subject, path: str) -> frozenset[int]:
    """Return the lines of a template on which braces were meant to be read as braces.

    Outside of raw blocks an opening brace is never literal text, and in a string it is one.
    """
    sources = (*subject.project.fragments.values(), *subject.project.layouts.values())
    source = next((s for s in sources if s.path == path), None)
    if source is None:
        return frozenset()
    text = source.body if isinstance(source, Fragment) else source.text
    found: set[int] = set()
    try:
        for number, kind, value in _LEXER.lex(text):
            if kind in ("data", "string"):
                found.update(
                    number + n for n, t in enumerate(value.split("\n")) if _OPENING.search(t)
                )
    except TemplateSyntaxError:
        return frozenset()
    return frozenset(found)


RULES = (
    rule("PP202", "template-left-over", "client", template_left_over, "error"),
    rule("PP203", "soft-limit", "client", soft_limit),
    rule("PP204", "over-budget", "client", over_budget),
)
