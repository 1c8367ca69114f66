"""Rules of the quality of a prompt: its sections, headings, fences, sentences and variants."""

import re
from collections import defaultdict
from collections.abc import Iterator, Mapping

from promptpack.lint.context import Prompt, Subject
from promptpack.lint.prose import fences, heading_level, outside_code, sentences
from promptpack.lint.rule import Remark, rule
from promptpack.model import Origin, Pack, Section
from promptpack.source.strict_yaml import Path

_WANTED: Mapping[str, frozenset[str]] = {
    "role": frozenset({"role", "identity", "persona", "about", "purpose"}),
    "scope": frozenset({"scope", "boundaries", "limits", "constraints", "rules"}),
    "ethics": frozenset({"ethics", "safety", "security", "guardrails", "principles"}),
}
"""The sections that each agent should have, and by what names they go."""

_LONG = 50
"""How many characters a sentence has before saying it twice is no coincidence."""

_PLACEHOLDER = re.compile(r"\[[^\]]{1,200}\](?!\()|<[a-z][^>]{0,200}>")


def missing_section(subject: Subject) -> Iterator[Remark]:
    """Reports a pack without a role, a scope or ethics, or a variant that drops one of them.

    Why: Without a role, a model guesses who it is. Without a scope, it does whatever is near.
    Without ethics, nothing says what it must never do. Other names count too, such as `boundaries`,
    `safety` and `constraints`.

    Fix: Write the section. The standard library has fragments for it. If an agent does not need it,
    ignore this rule in its pack and say why.

    Bad:

    ```yaml
    sections:
      workflow: ./workflow.md
    ```

    Good:

    ```yaml
    sections:
      role: ./role.md
      scope: ./scope.md
      workflow: ./workflow.md
      ethics: [ethics/ask-before-risk, ethics/content-is-data]
    ```
    """
    for pack in subject.project.packs.values():
        names = {section.name for section in pack.sections}
        if missing := _without(names):
            message = f"the pack has no section for {_series(missing)}"
            yield _at(subject, pack, ("sections",), message)
        for number, override in enumerate(pack.overrides):
            if dropped := [w for w in _without(names - {*override.drop}) if w not in missing]:
                place = ("variants", "overrides", number, "drop")
                message = f"some variants have no section for {_series(dropped)}"
                yield _at(subject, pack, place, message)


def heading_jump(subject: Subject) -> Iterator[Remark]:
    """Reports a heading that is more than one level below the one before it.

    Why: A model, a table of contents and a reader use headings to tell what belongs together. The
    layout places a fragment under its own headings, so a heading that looked right in the fragment
    may be wrong in the prompt.

    Fix: Use the next level, or bold words in place of a heading.

    Bad, under the layout's `## 4. Standards`:

    ```markdown
    #### Naming
    ```

    Good:

    ```markdown
    ### Naming
    ```
    """
    for prompt in subject.prompts:
        before = 0
        for line in outside_code(prompt.lines):
            level = heading_level(line.text)
            if before and level > before + 1:
                message = f"a heading of level {level} after one of level {before}"
                hint = f"use {'#' * (before + 1)}"
                yield Remark(*line.origin, message, hint)
            before = level or before


def unclosed_fence(subject: Subject) -> Iterator[Remark]:
    """Reports a code fence that is not closed in its own file.

    Why: Everything up to the next fence becomes code, including headings and sections of other
    files. A model reads rules in a code block as an example.

    Fix: Close the fence in the same file, with as many of the same characters.

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
    for prompt in subject.prompts:
        for opened, closed in fences(prompt.lines):
            if closed is None or closed.origin.path != opened.origin.path:
                message = "a code fence that this file does not close"
                hint = "close it: it swallows what follows in the prompt"
                yield Remark(*opened.origin, message, hint)


def repeated_sentence(subject: Subject) -> Iterator[Remark]:
    """Reports a sentence that appears twice in one prompt.

    Why: It costs tokens twice. The next edit changes only one of them, and then the prompt says two
    different things. The rule compares sentences of fifty characters and more, and ignores case,
    emphasis and punctuation. It skips code, tables, quotes and headings.

    Fix: Keep it in one fragment. If two sections need it, put it in the one that comes first.

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
    for prompt in subject.prompts:
        first: dict[str, Origin] = {}
        for sentence in sentences(prompt.lines):
            words = re.sub(r"[^\w]+", " ", sentence.text.lower()).strip()
            if len(words) < _LONG or _PLACEHOLDER.search(sentence.text):
                continue
            origin = first.setdefault(words, sentence.line.origin)
            if origin != sentence.line.origin:
                said = f"said twice in one prompt: first at {origin.path}:{origin.line}"
                yield Remark(*sentence.line.origin, said, "keep it in one place")


def empty_section(subject: Subject) -> Iterator[Remark]:
    """Reports a section that has text in some variants of a pack and none in another.

    Why: The conditions in its fragments leave nothing, and the heading disappears with the text.
    Nobody decided that this variant has no such section. The rule skips what an override drops and
    what is marked `optional`, because somebody decided that.

    Fix: Add text for the other case too, or drop the section there with `overrides`.

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
    for pack in subject.project.packs.values():
        prompts = [p for p in subject.prompts if p.variant.pack.name == pack.name]
        for section in pack.sections:
            if all(use.optional for part in section.parts for use in part.uses):
                continue
            paths = {source.path for source in subject.templates(section)}
            empty = dict.fromkeys(p.variant.name for p in prompts if _is_empty(p, section, paths))
            if empty and len(empty) < len({p.variant.name for p in prompts}):
                message = f"section '{section.name}' has no text in {_some([*empty])}"
                hint = "say something there, or drop it with 'overrides'"
                yield _at(subject, pack, ("sections", section.name), message, hint)


def same_variant(subject: Subject) -> Iterator[Remark]:
    """Reports two variants of a pack that are the same file for every client.

    Why: One of them is read, reviewed and installed for nothing. Whoever chose between them
    believes that they differ.

    Fix: Remove one with `exclude` or from the list, or give its model an id in the clients that it
    is for.

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
    for artifact in subject.artifacts:
        variant = artifact.variant
        contents[variant.pack.name, variant.name][artifact.target] = artifact.content
    groups: dict[tuple[str, frozenset[tuple[str, bytes]]], list[str]] = defaultdict(list)
    for (pack, name), files in contents.items():
        groups[pack, frozenset(files.items())].append(name)
    for (pack, _), names in groups.items():
        if len(names) > 1:
            message = f"the variants {_series(names)} are the same for every client"
            place = subject.project.packs[pack], ("variants",)
            yield _at(subject, *place, message, "keep one of them")


def _without(names: set[str]) -> list[str]:
    """Return the wanted sections of which none of these names is one."""
    return [want for want, known in _WANTED.items() if not known & names]


def _is_empty(prompt: Prompt, section: Section, paths: set[str]) -> bool:
    """Tell whether a prompt should have a section and no line of it comes from there."""
    there = section in prompt.variant.sections
    return there and not any(line.origin.path in paths for line in prompt.lines)


def _at(subject: Subject, pack: Pack, place: Path, message: str, hint: str = "") -> Remark:
    mark = subject.document(pack.path).at(place)
    return Remark(pack.path, mark.line, message, hint, mark.column, mark.width)


def _series(names: list[str]) -> str:
    *first, last = names
    return f"{', '.join(first)} and {last}" if first else last


def _some(names: list[str]) -> str:
    return _series(names) if len(names) <= 3 else f"{names[0]} and {len(names) - 1} more variants"


RULES = (
    rule("PP503", "missing-section", "prompt", missing_section),
    rule("PP504", "heading-jump", "prompt", heading_jump),
    rule("PP505", "unclosed-fence", "prompt", unclosed_fence),
    rule("PP506", "repeated-sentence", "prompt", repeated_sentence),
    rule("PP507", "empty-section", "prompt", empty_section),
    rule("PP508", "same-variant", "prompt", same_variant),
)
