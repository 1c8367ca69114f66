"""The arguments of commands: a variant and a target in, what stands for them in the prompt out.

An author writes `{{ arguments }}`, and each client has a form of its own for that. A text that
holds such a form by chance, or anything else that the client replaces, is found here: the prompt is
composed once more with a plain word for the arguments, and in that text nothing may be replaced.
"""

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from typing import NamedTuple

from promptpack.model import Variant
from promptpack.model.fields import find_client_settings
from promptpack.targets import TARGETS
from promptpack.targets.target import CommandForm

STAND_IN = "promptpackarguments"
"""A word that no client replaces."""

_FOREIGN = tuple(
    (TARGETS[one.command.client].title, one.command.placeholder)
    for one in TARGETS.values()
    if one.command and one.command.placeholder
)


class Unmeant(NamedTuple):
    """What a client would make of a prompt that it does not say, and the line, from 0."""

    message: str
    line: int


def make_arguments(variant: Variant, target: str) -> dict[str, str]:
    """Return the arguments as the templates of a command see them; none for those of an agent."""
    form = TARGETS[target].command
    return {"arguments": form.arguments} if form and variant.pack.kind == "command" else {}


def add_model_id(variant: Variant, target: str) -> Variant:
    """Return the variant whose model has for a client's commands the id that its agents have."""
    form, ids = TARGETS[target].command, variant.model.ids
    if form is None or form.client not in ids or target in ids:
        return variant
    return replace(variant, model=replace(variant.model, ids={**ids, target: ids[form.client]}))


def find_unmeant(
    compose: Callable[[str], str], variant: Variant, target: str, prompt: str
) -> Iterator[Unmeant]:
    """Yield what a client would make of a command's prompt that the prompt does not say.

    `compose` gives the same prompt with other arguments. Text that is written for this client
    alone may have its placeholders.
    """
    form = TARGETS[target].command
    if form is None:
        return
    for one in form.injections:
        if match := one.pattern.search(prompt):
            yield Unmeant(one.message, _count_lines(prompt, match))
    if not find_client_settings(variant.pack, target).prompt:
        text = compose(STAND_IN)
        yield from [*_find_placeholders(text)] or _find_joined(form, text, prompt)


def _find_placeholders(text: str) -> Iterator[Unmeant]:
    """Yield what a client takes for arguments in a text that has none."""
    seen: set[str] = set()
    for title, placeholder in _FOREIGN:
        match = placeholder.search(text)
        if match and match[0] not in seen:
            seen.add(match[0])
            fix = "write '{{ arguments }}', or put a blank behind the '$'"
            message = f"'{match[0]}' stands for arguments in {title}; {fix}"
            yield Unmeant(message, _count_lines(text, match))


def _find_joined(form: CommandForm, text: str, prompt: str) -> Iterator[Unmeant]:
    """Yield that what stands beside the arguments would change what the client takes for them."""
    found = [*form.placeholder.finditer(prompt)] if form.placeholder else []
    for match in found:
        if match[0] != form.arguments:
            message = f"the text beside '{{{{ arguments }}}}' makes '{match[0]}' of it"
            yield Unmeant(message, _count_lines(prompt, match))
            return
    if form.placeholder and len(found) != text.count(STAND_IN):
        yield Unmeant("the text beside '{{ arguments }}' hides it", 0)


def _count_lines(text: str, match: re.Match[str]) -> int:
    """Return the number of the line in which a match ends, from 0."""
    return text.count("\n", 0, match.end() - 1)


def hide_arguments(text: str, targets: Iterable[str]) -> str:
    """Return a line of a prompt for some targets without what stands for arguments in them."""
    for form in (TARGETS[name].command for name in targets):
        if form and form.arguments in text:
            text = text.replace(form.arguments, STAND_IN)
    return text
