"""Rules of what an author has not written yet: empty fragments, placeholders, descriptions."""

import re
from collections.abc import Iterator

from promptpack.lint.context import LintContext
from promptpack.lint.prose import FENCE_PATTERN, blank_comments
from promptpack.lint.rule import Diagnostic, make_rule
from promptpack.model import Artifact, Fragment, Origin, Source
from promptpack.source.strict_yaml import DataPath
from promptpack.targets import TARGETS

_PLACEHOLDER = re.compile(
    r"""(?:^|[.!?)\]]\s+|^\s*(?:[-*+>]|[0-9]+[.)])\s+|\()
          (?P<note>(?:TODO|FIXME|TBD|XXX)(?:\([^)\n]{1,30}\))?(?::|(?=\s+[-\u2013\u2014]\s|\s*$)))
      | (?P<bracket>\[(?:INSERT|YOUR|COMPANY|ORGANI[SZ]ATION|TEAM|PROJECT|PRODUCT|CLIENT|CUSTOMER
          |FILL|REPLACE|PLACEHOLDER|TODO|TBD)\b[^\]\n]{0,60}\](?!\()
      | \[(?:[Ii]nsert|[Yy]our|[Ff]ill\ in|[Rr]eplace)\ [^\]\n]{1,60}\](?!\()
      | <(?:your|insert|fill\ in|YOUR|INSERT|COMPANY|FILL)[ _-][^<>\n]{1,40}>
      | \b[Ll]orem\ ipsum\b)""",
    re.VERBOSE,
)
"""Notes of an author, such as "TODO: ", and blanks to fill in; not what only speaks of such."""

_PLACEHOLDER_MARKS = ("[", "<", "TODO", "FIXME", "TBD", "XXX", "orem ipsum")
"""What is in each of them: most lines have none, and the pattern takes long to see it."""

_OCCASION = re.compile(
    r"\b(?:when|whenever|where|while|use[ds]?|using|before|after|if|during|for|to|upon|once|until"
    r"|proactively|need(?:s|ed|ing)?|request(?:s|ed)?|trigger(?:s|ed)?|invoke[ds]?|call(?:ed)?"
    r"|that|which|who)\b",
    re.IGNORECASE,
)
"""Words of which one is in any English sentence that says when, or what for."""

_ENGLISH = re.compile(r"\b(?:the|a|and|or|of|with|from|by|on|as|is|about)\b", re.IGNORECASE)


def check_empty_fragment(context: LintContext) -> Iterator[Diagnostic]:
    """Reports a fragment without any text.

    Why: The pack lists it, so it looks written. The prompt has neither its text nor its heading: an
    agent with an empty role does not know what it is. An agent without any prompt at all stops the
    build (PP201).

    Fix: Write the text, or remove the fragment and its use. Front matter and Jinja comments are no
    text.

    Measured: 0 findings in 0 of 297 public agent files, 0 false alarms (2026-11).

    Bad:

    ```markdown
    {# who the agent is #}
    ```

    Good:

    ```markdown
    You review changes to Python services.
    ```
    """
    for fragment in context.project.fragments.values():
        is_used = fragment.path in context.checked_texts and fragment.path in context.packs_by_path
        if is_used and is_blank(fragment):
            hint = "write the text, or remove the fragment and its use"
            yield Diagnostic(fragment.path, 1, "this fragment has no text", hint)


def check_placeholder(context: LintContext) -> Iterator[Diagnostic]:
    """Reports what an author meant to fill in: a note such as `TODO:`, a blank such as `[COMPANY]`.

    Why: The model takes it for an instruction, or repeats it to a user. The rule skips code, and
    sentences that only speak of such notes, such as "remove every TODO".

    Fix: Write what is missing. A note to authors goes into a Jinja comment. A blank that the agent
    is to fill in belongs into a code span.

    Measured: 0 findings in 0 of 297 public agent files, 0 false alarms (2026-11).

    Bad:

    ```markdown
    You review changes for [COMPANY NAME]. TODO: say which.
    ```

    Good:

    ```markdown
    You review changes for the payments team. {# say which services #}
    ```
    """
    for line in context.prose_lines:
        for found in _find_placeholders(line.text):
            yield _make_placeholder(line.origin, found)
    for artifact in context.artifacts:
        description = artifact.agent.description
        if not FENCE_PATTERN.match(description):
            for found in _find_placeholders(description):
                yield _make_placeholder(_locate_description(context, artifact), found)


def check_description(context: LintContext) -> Iterator[Diagnostic]:
    """Reports a description that does not say when to use the agent, or what for.

    Why: The description is all that a client shows to the model that chooses between agents. If it
    only says what the agent is, the agent is started at random, or never. The rule looks for words
    such as `when`, `before`, `for` and `use`, in English descriptions of agents that are chosen.

    Fix: Say on which occasion the agent is the right one.

    Measured: 30 findings in 30 of 253 public descriptions, 7 false alarms (2026-11).

    Bad:

    ```yaml
    description: Expert in databases and query optimization.
    ```

    Good:

    ```yaml
    description: Finds out why a query is slow. Use before adding an index.
    ```
    """
    for artifact in context.artifacts:
        description = artifact.agent.description
        if (
            "description" in TARGETS[artifact.target].keys
            and artifact.agent.mode != "primary"
            and _ENGLISH.search(description)
            and not _OCCASION.search(description)
        ):
            message = "the description does not say when to use the agent"
            hint = "add for what, or when: 'Use before …'"
            yield Diagnostic(*_locate_description(context, artifact), message, hint)


def is_blank(source: Source) -> bool:
    """Tell whether a template has no text, whatever it is given."""
    text = source.body if isinstance(source, Fragment) else source.text
    return not blank_comments(text).strip()


def _find_placeholders(text: str) -> Iterator[str]:
    """Yield the notes and blanks of a line of prose, code spans aside."""
    if any(mark in text for mark in _PLACEHOLDER_MARKS):
        text = re.sub(r"`[^`]*`", lambda span: " " * len(span[0]), text)
        for match in _PLACEHOLDER.finditer(text):
            yield match["note"] or match["bracket"]


def _make_placeholder(origin: Origin, found: str) -> Diagnostic:
    return Diagnostic(*origin, f"'{found}' is still to be filled in", "write what is missing")


def _locate_description(context: LintContext, artifact: Artifact) -> Origin:
    """Return where its pack has the description of an agent for this target."""
    pack = artifact.variant.pack
    settings = pack.clients.get(artifact.target)
    is_own = settings is not None and "description" in settings.values
    place: DataPath = ("clients", artifact.target, "description") if is_own else ("description",)
    span = context.document(pack.path).at(place)
    return Origin(pack.path, span.line)


RULES = (
    make_rule("PP310", "placeholder", "text", check_placeholder),
    make_rule("PP512", "empty-fragment", "prompt", check_empty_fragment, "error"),
    make_rule("PP513", "vague-description", "prompt", check_description),
)
