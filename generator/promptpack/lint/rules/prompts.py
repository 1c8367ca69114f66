"""Rules of the quality of a prompt: its sections, headings, fences, sentences and variants."""

import re
from collections import defaultdict
from collections.abc import Iterator

from promptpack.lint.context import LintContext, RenderedPrompt
from promptpack.lint.prose import (
    find_fences,
    parse_heading_level,
)
from promptpack.lint.rule import Diagnostic, make_rule
from promptpack.lint.rules.content import is_blank
from promptpack.model import Origin, Pack, Section
from promptpack.model.sections import SECTION_KINDS
from promptpack.rendering.variants import choose_sections, iter_uses
from promptpack.source.strict_yaml import DataPath

_MIN_SENTENCE_LENGTH = 50
"""How many characters a sentence has before saying it twice is no coincidence."""

_CHECK_BOX = re.compile(r"\s*(?:[-*+]|[0-9]+[.)])\s+\[[ xX]\]")
_PLACEHOLDER = re.compile(r"\[[^\]]{1,200}\](?!\()|<[a-z][^>]{0,200}>")


def check_missing_section(context: LintContext) -> Iterator[Diagnostic]:
    """Reports a pack that has a role, a scope or ethics, and drops it in some variants.

    Why: Whoever reads the pack sees the section and takes it for granted. The variant without it is
    the one for the small model, which needs it most. Other names of the three count too, such as
    `boundaries`, `safety` and `constraints`.

    Fix: Drop another section, or shorten this one for that model. If the agent does not need it
    there, ignore this rule in the pack and say why.

    Measured: 0 findings in 0 of 297 public agent files, 0 false alarms (2026-11).

    Bad:

    ```yaml
    overrides:
      - {when: {model: small}, drop: [standards, ethics]}
    ```

    Good:

    ```yaml
    overrides:
      - {when: {model: small}, drop: [standards, examples]}
    ```
    """
    for pack in context.project.packs.values():
        if pack.text:
            continue  # its headings are its author's: they need not be these sections
        names = {section.name for section in pack.sections}
        missing_sections = _find_missing_sections(names)
        for number, override in enumerate(pack.overrides):
            if dropped_sections := [
                section_name
                for section_name in _find_missing_sections(names - {*override.drop})
                if section_name not in missing_sections
            ]:
                key_path = ("variants", "overrides", number, "drop")
                message = f"some variants have no section for {_join_names(dropped_sections)}"
                yield _make_diagnostic(context, pack, key_path, message)


def check_heading_jump(context: LintContext) -> Iterator[Diagnostic]:
    """Reports a heading that is more than one level below the one before it.

    Why: A model, a table of contents and a reader use headings to tell what belongs together. The
    layout places a fragment under its own headings, so a heading that looked right in the fragment
    may be wrong in the prompt.

    Fix: Use the next level, or bold words in place of a heading.

    Measured: 0 findings in 0 of 297 public agent files, 0 false alarms (2026-11).

    Bad, under the layout's `## 4. Standards`:

    ```markdown
    #### Naming
    ```

    Good:

    ```markdown
    ### Naming
    ```
    """
    for prompt in context.prompts:
        previous_level = 0
        for line in prompt.prose:
            level = parse_heading_level(line.text)
            if previous_level and level > previous_level + 1:
                message = f"a heading of level {level} follows one of level {previous_level}"
                hint = f"use {'#' * (previous_level + 1)}"
                yield Diagnostic(*line.origin, message, hint)
            previous_level = level or previous_level


def check_unclosed_fence(context: LintContext) -> Iterator[Diagnostic]:
    """Reports a code fence that is not closed in its own file.

    Why: Everything up to the next fence becomes code, including headings and sections of other
    files. A model reads rules in a code block as an example.

    Fix: Close the fence in the same file, with as many of the same characters.

    Measured: 4 findings in 4 of 297 public agent files, 0 false alarms (2026-11).

    Bad:

    ````markdown
    ```python
    print("hello")
    ````

    Good:

    ````markdown
    ```python
    print("hello")
    ```
    ````
    """
    for prompt in context.prompts:
        has_fences = len(prompt.prose) < len(prompt.lines)
        for opening, closing in find_fences(prompt.lines) if has_fences else ():
            if closing is None or closing.origin.path != opening.origin.path:
                message = "this code fence is not closed in its file"
                hint = "close it: everything after it in the prompt becomes code"
                yield Diagnostic(*opening.origin, message, hint)


def check_repeated_sentence(context: LintContext) -> Iterator[Diagnostic]:
    """Reports a sentence that appears twice in one prompt.

    Why: It costs tokens twice. The next edit changes only one of them, and then the prompt says two
    different things. The rule compares sentences of fifty characters and more, and ignores case,
    emphasis and punctuation. It skips code, tables, quotes, headings and check-lists.

    Fix: Keep it in one fragment. If two sections need it, put it in the one that comes first.

    Measured: 18 findings in 9 of 297 public agent files, 0 false alarms (2026-11).

    Bad:

    ```yaml
    standards: [standards/no-hard-coded-secrets]
    ethics: [./ethics.md]         # repeats the same sentence
    ```

    Good:

    ```yaml
    standards: [standards/no-hard-coded-secrets]
    ```
    """
    words_by_text: dict[str, str] = {}
    for prompt in context.prompts:
        first_origins: dict[str, Origin] = {}
        for sentence in context.split_sentences(prompt):
            words = words_by_text.get(sentence.text)
            if words is None:
                words = words_by_text[sentence.text] = _make_comparable(sentence.text)
            if not words or _CHECK_BOX.match(sentence.line.text):
                continue
            origin = first_origins.setdefault(words, sentence.line.origin)
            if origin != sentence.line.origin:
                message = f"repeated sentence in one prompt: first at {origin.path}:{origin.line}"
                yield Diagnostic(*sentence.line.origin, message, "keep it in one place")


def check_empty_section(context: LintContext) -> Iterator[Diagnostic]:
    """Reports a section that has no text in some variants of a pack, or in all.

    Why: The conditions in its fragments leave nothing, and the heading disappears with the text.
    Nobody decided that this variant has no such section. A fragment without any text is an error
    (PP512). The rule skips what an override drops and
    what is marked `optional`, because somebody decided that.

    Fix: Add text for the other case too, or drop the section there with `overrides`.

    Measured: 0 findings in 0 of 2 packs of this project, 0 false alarms (2026-11).

    Bad:

    ```markdown
    {% if policy.allows("execute") %}
    - Run the tests.
    {% endif %}
    ```

    Good:

    ```markdown
    {% if policy.allows("execute") %}
    - Run the tests.
    {% else %}
    - Say which tests should be run.
    {% endif %}
    ```
    """
    for pack in context.project.packs.values():
        prompts = context.prompts_by_pack.get(pack.name, [])
        for section in pack.sections:
            sources = [*context.templates(section)]
            if all(use.optional for use in iter_uses([section])) or any(map(is_blank, sources)):
                continue
            paths = {source.path for source in sources}
            empty_variants = dict.fromkeys(
                p.variant.name for p in prompts if _is_empty(p, section, paths)
            )
            if empty_variants:
                is_everywhere = len(empty_variants) == len({p.variant.name for p in prompts})
                names = "any variant" if is_everywhere else _summarize_names([*empty_variants])
                message = f"section '{section.name}' has no text in {names}"
                hint = "add text there, or drop the section with 'overrides'"
                yield _make_diagnostic(context, pack, ("sections", section.name), message, hint)


def check_same_variant(context: LintContext) -> Iterator[Diagnostic]:
    """Reports two variants of a pack that are the same file for every client.

    Why: One of them is read, reviewed and installed for nothing. Whoever chose between them
    believes that they differ.

    Fix: Remove one with `exclude` or from the list, or give its model an id in the clients that it
    is for.

    Measured: 0 findings in 0 of 2 packs of this project, 0 false alarms (2026-11).

    Bad: two models with the same layout and no id for the only target.

    ```yaml
    targets: [codex]
    model: [gemini, koronatech-coder]
    ```

    Good:

    ```yaml
    targets: [codex]
    model: [gpt]
    ```
    """
    contents: dict[tuple[str, str], dict[str, bytes]] = defaultdict(dict)
    for artifact in context.artifacts:
        variant = artifact.variant
        contents[variant.pack.name, variant.name][artifact.target] = artifact.content
    groups: dict[tuple[str, frozenset[tuple[str, bytes]]], list[str]] = defaultdict(list)
    for (pack, name), files in contents.items():
        groups[pack, frozenset(files.items())].append(name)
    for (pack, _), names in groups.items():
        if len(names) > 1:
            message = f"the variants {_join_names(names)} are the same for every client"
            location = context.project.packs[pack], ("variants",)
            yield _make_diagnostic(context, *location, message, "keep one of them")


def _find_missing_sections(names: set[str]) -> list[str]:
    """Return the wanted sections of which none of these names is one."""
    return [
        kind.name
        for kind in SECTION_KINDS
        if kind.is_expected and not names & {kind.name, *kind.aliases}
    ]


def _make_comparable(sentence: str) -> str:
    """Return what counts of a sentence that may stand in a prompt once; "" if it may be twice."""
    words = re.sub(r"[^\w]+", " ", sentence.lower()).strip()
    is_short = len(words) < _MIN_SENTENCE_LENGTH
    return "" if is_short or _PLACEHOLDER.search(sentence) else words


def _is_empty(prompt: RenderedPrompt, section: Section, paths: set[str]) -> bool:
    """Tell whether a prompt should have a section and no line of it comes from there."""
    return prompt.paths.isdisjoint(paths) and any(
        section in choose_sections(prompt.variant, target) for target in prompt.targets
    )


def _make_diagnostic(
    context: LintContext, pack: Pack, key_path: DataPath, message: str, hint: str = ""
) -> Diagnostic:
    span = context.document(pack.path).at(key_path)
    return Diagnostic(pack.path, span.line, message, hint, span.column, span.width)


def _join_names(names: list[str]) -> str:
    *first, last = names
    return f"{', '.join(first)} and {last}" if first else last


def _summarize_names(names: list[str]) -> str:
    return (
        _join_names(names) if len(names) <= 3 else f"{names[0]} and {len(names) - 1} more variants"
    )


RULES = (
    make_rule("PP503", "missing-section", "prompt", check_missing_section),
    make_rule("PP504", "heading-jump", "prompt", check_heading_jump),
    make_rule("PP505", "unclosed-fence", "prompt", check_unclosed_fence),
    make_rule("PP506", "repeated-sentence", "prompt", check_repeated_sentence),
    make_rule("PP507", "empty-section", "prompt", check_empty_section),
    make_rule("PP508", "same-variant", "prompt", check_same_variant),
)
