"""The arguments of commands: a variant and a target in, what stands for them in the prompt out.

An author writes `{{ arguments }}`, or `{{ argument.file }}` for one of them, and each client has a
form of its own for that. A text that holds such a form by chance, or anything else that the client
replaces, is found here: the prompt is composed once more with plain text for the arguments, and in
that text nothing may be replaced.
"""

import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any, NamedTuple

from promptpack.model import Variant
from promptpack.model.fields import find_client_settings
from promptpack.rendering.context import Argument
from promptpack.targets import TARGETS
from promptpack.targets.built import COMMAND_TARGETS
from promptpack.targets.target import CommandForm

STAND_IN = "<promptpackarguments>"
"""Text that no client replaces; no name goes on in it."""


class Unmeant(NamedTuple):
    """What a client would make of a prompt that it does not say, and the line, from 0."""

    message: str
    line: int


class Arguments(NamedTuple):
    """What stands in a prompt for all that a user writes, and for each single argument by name."""

    whole: str
    single: Mapping[str, str]

    def make_context(self) -> dict[str, Any]:
        """Return the arguments as the templates of a command see them."""
        return {"arguments": self.whole, "argument": Argument(self.single)}


def make_arguments(variant: Variant, target: str) -> dict[str, Any]:
    """Return the arguments as the templates of a command see them; none for those of an agent."""
    form = TARGETS[target].command
    if form is None or variant.pack.kind != "command":
        return {}
    return Arguments(form.arguments, form.spell_single(variant.pack.arguments)).make_context()


def make_stand_ins(names: Sequence[str]) -> dict[str, str]:
    """Return for each of these single arguments such text."""
    return {name: f"<promptpackargument{number}>" for number, name in enumerate(names, 1)}


def add_model_id(variant: Variant, target: str) -> Variant:
    """Return the variant whose model has for a client's commands the id that its agents have."""
    form, ids = TARGETS[target].command, variant.model.ids
    if form is None or form.client not in ids or target in ids:
        return variant
    return replace(variant, model=replace(variant.model, ids={**ids, target: ids[form.client]}))


def find_unmeant(
    compose: Callable[[Arguments], str], variant: Variant, target: str, prompt: str
) -> Iterator[Unmeant]:
    """Yield what a client would make of a command's prompt that the prompt does not say.

    `compose` gives the same prompt with other arguments. Text that is written for this client
    alone may have its placeholders.
    """
    form, names = TARGETS[target].command, variant.pack.arguments
    if form is None:
        return
    for one in form.injections:
        if match := one.pattern.search(prompt):
            yield Unmeant(one.message, _count_lines(prompt, match))
    if not find_client_settings(variant.pack, target).prompt:
        text = compose(Arguments(STAND_IN, make_stand_ins(names)))
        yield from _find_unsaid(text, names)
        yield from [*_find_placeholders(text, form, names)] or _find_joined(
            form, names, text, prompt
        )


def _find_unsaid(text: str, names: Sequence[str]) -> Iterator[Unmeant]:
    """Yield each argument that is nowhere in a prompt: others would be taken for more than one."""
    for name, stand_in in make_stand_ins(names).items():
        if stand_in not in text:
            message = f"'{{{{ argument.{name} }}}}' is nowhere in the prompt"
            yield Unmeant(f"{message}; write it there, or remove it from 'arguments'", 0)


def _find_placeholders(text: str, form: CommandForm, names: Sequence[str]) -> Iterator[Unmeant]:
    """Yield what a client takes for arguments in a text that has none."""
    seen: set[str] = set()
    own = form.find_placeholder(names)
    for title, placeholder in (
        *_iter_foreign(),
        *([(TARGETS[form.client].title, own)] if own else []),
    ):
        match = placeholder.search(text)
        if match and match[0] not in seen:
            seen.add(match[0])
            fix = "write '{{ arguments }}', or put a blank behind the '$'"
            message = f"'{match[0]}' stands for arguments in {title}; {fix}"
            yield Unmeant(message, _count_lines(text, match))


def _iter_foreign() -> Iterator[tuple[str, re.Pattern[str]]]:
    """Yield each client's title with what it takes for arguments in a command."""
    for name in COMMAND_TARGETS.values():
        command = TARGETS[name].command
        if command and command.placeholder:
            yield TARGETS[command.client].title, command.placeholder


def _find_joined(
    form: CommandForm, names: Sequence[str], text: str, prompt: str
) -> Iterator[Unmeant]:
    """Yield that what stands beside the arguments would change what the client takes for them."""
    placeholder = form.find_placeholder(names)
    if placeholder is None:
        return
    stand_ins, single = make_stand_ins(names), form.spell_single(names)
    meant = Counter({form.arguments: text.count(STAND_IN)})
    for name, stand_in in stand_ins.items():
        if placeholder.fullmatch(single[name]):
            meant[single[name]] += text.count(stand_in)
    found = [*placeholder.finditer(prompt)]
    for match in found:
        if match[0] not in meant:
            message = f"the text beside '{{{{ arguments }}}}' makes '{match[0]}' of it"
            yield Unmeant(message, _count_lines(prompt, match))
            return
    if Counter(match[0] for match in found) != +meant:
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
