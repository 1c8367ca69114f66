"""Front matter that is kept: an agent with the head of its file in, the file's text out.

The head is a base under what the codec writes. A key whose value already means what the agent says
keeps its lines, and so does a key of which the agent says nothing. Another one is replaced where it
stands. What a key means is what the target's own `decode` reads, so that nothing has to be
remembered from one build to the next.
"""

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from functools import cache
from typing import NamedTuple

from promptpack.model import Agent, Effect, FileForm, Loss, Model, Policy
from promptpack.model.fields import FIELDS, AgentField, is_same_value
from promptpack.policy.lattice import (
    compare_grants,
    describe_grant,
    list_compared,
    list_effects,
    resolve_inherited,
)
from promptpack.targets import Target
from promptpack.targets.extras import is_same_extra
from promptpack.targets.losses import find_client_default, find_policy_in_mode

_KEY = re.compile(r"(?:([A-Za-z_][\w.-]*)|\"([^\"\n]*)\"|'([^'\n]*)')[ \t]*:(?:\s|\Z)")
_OPENING = re.compile(r"---[ \t]*")
_CLOSING = re.compile(r"(?:---|\.\.\.)[ \t]*")


class KeptLine(NamedTuple):
    """A line of a file's head, and the line of the kept head that it is, 0 where it is new."""

    text: str
    line: int


class _Key(NamedTuple):
    """A key of a head: its lines, and the comments and blank lines after them."""

    name: str
    lines: tuple[KeptLine, ...]
    rest: tuple[KeptLine, ...]


class _Head(NamedTuple):
    """A head in its pieces; joined they are its lines."""

    before: tuple[KeptLine, ...]
    keys: tuple[_Key, ...]
    after: tuple[KeptLine, ...]


class _Statement(NamedTuple):
    """What an agent says by some keys: what they are, and whether a file's reading holds it."""

    keys: tuple[str, ...]
    holds: Callable[[Agent], bool]


class KeptFile(NamedTuple):
    """A file with a kept head: its lines above the prompt, and the keys that were replaced."""

    lines: tuple[KeptLine, ...]
    replaced: frozenset[str]
    is_ended: bool = True
    """Whether its last line has a newline, also where no prompt follows."""

    def make_text(self, prompt: str) -> str:
        """Return the file's text."""
        head = "\n".join(line.text for line in self.lines)
        return head + ("\n" if self.lines and (self.is_ended or prompt) else "") + prompt


def split_file(text: str) -> tuple[str, str]:
    """Return the head of a client's file, blank lines after it included, and its prompt.

    The head is empty where the file does not begin with front matter that is closed.
    """
    lines = text.split("\n")
    if not _OPENING.fullmatch(lines[0].removesuffix("\r")):
        return "", text
    ends = (n for n, one in enumerate(lines[1:], 1) if _CLOSING.fullmatch(one.removesuffix("\r")))
    end = next(ends, -1)
    if end < 0:
        return "", text
    end += 1
    while end < len(lines) - 1 and not lines[end].strip():
        end += 1
    head = "\n".join(lines[:end]) + ("\n" if end < len(lines) else "")
    return head, text[len(head) :]


def encode_file(target: Target, agent: Agent) -> str:
    """Return the text of an agent's file, over the head that is kept for it if there is one."""
    if agent.form.head is None:
        return target.encode(agent)
    return merge_head(target, agent).make_text(agent.prompt)


def spell_file(text: str, form: FileForm) -> str:
    """Return a file's text with the line ends and the mark of its form."""
    return ("\ufeff" if form.mark else "") + text.replace("\n", form.newline)


@cache
def takes_head(target: Target) -> bool:
    """Tell whether a target's file begins with front matter, so that one can be kept."""
    agent = Agent("x", "x", "all", Model(""), None, Policy(Effect.INHERIT), "x\n")
    return target.encode(agent).startswith("---\n")


def merge_head(target: Target, agent: Agent) -> KeptFile:
    """Return an agent's file over its kept head.

    A replaced key may change how the client reads the others. So what does not hold then is
    replaced too, until all holds that can.
    """
    assert agent.form.head is not None  # noqa: S101 - whoever asks has looked
    written = target.encode(replace(agent, form=FileForm()))
    statements = list(_list_statements(target, agent, target.decode(written, agent.stem)))
    head, is_ended = _split_head(agent.form.head.text), agent.form.head.text.endswith("\n")
    new_head = _split_head(split_file(written)[0])
    replaced: list[_Statement] = []
    while True:
        keys = frozenset(key for statement in replaced for key in statement.keys)
        kept_file = KeptFile(tuple(_replace_keys(head, new_head, replaced)), keys, is_ended)
        decoded = target.decode(
            spell_file(kept_file.make_text(agent.prompt), agent.form), agent.stem
        )
        wrong = [one for one in statements if one not in replaced and not one.holds(decoded)]
        if not wrong:
            return kept_file
        replaced += wrong


def find_kept_problems(target: Target, agent: Agent) -> list[str]:
    """Return why a client would refuse or misread a file with a kept head, because of what is new.

    A head that nothing was replaced in is as somebody keeps it, for better or worse.
    """
    kept_file = merge_head(target, agent)
    if not kept_file.replaced:
        return []
    text = spell_file(kept_file.make_text(agent.prompt), agent.form)
    decoded = target.decode(text, agent.stem)
    written = target.decode(target.encode(replace(agent, form=FileForm())), agent.stem)
    path, kept_text = (agent.form.head.path, agent.form.head.text) if agent.form.head else ("", "")
    refusal = target.loads(text)
    if refusal and not target.loads(spell_file(f"{kept_text}{agent.prompt}", agent.form)):
        changed = ", ".join(f"'{key}'" for key in sorted(kept_file.replaced & target.keys))
        return [f"{changed} can't be changed in {path}: {target.title} would refuse it: {refusal}"]
    problems = [
        f"'{statement.keys[0]}' can't be changed in {path}: {target.title} would not read it so"
        for statement in _list_statements(target, agent, written, has_policy=False)
        if not statement.holds(decoded)
    ]
    if decoded.prompt.strip().replace("\r\n", "\n") != agent.prompt.strip():
        problems.append(f"{target.title} would read a different prompt from this file")
    if kept_file.replaced & target.policy_keys:
        problems += target.refuse(agent)
    return problems


def explain_kept(target: Target, agent: Agent, losses: Iterable[Loss]) -> Iterator[Loss]:
    """Yield losses, and for what is granted more widely the kept key that does it, if one does."""
    for loss in losses:
        if loss.kind == "widened" and not loss.reader and (key := _find_giver(target, agent, loss)):
            head = agent.form.head
            place = f"{head.path}:{key.lines[0].line}" if head else ""
            yield loss._replace(reason=f"'{key.name}' in the kept head ({place}) gives it back")
        else:
            yield loss


def find_kept_grants(target: Target, agent: Agent) -> Iterator[Loss]:
    """Yield what keys of a kept head give that `decode` can't see, beyond what the policy says."""
    if agent.form.head is None:
        return
    for key in _split_head(agent.form.head.text).keys:
        for name in target.kept_grants.get(key.name, ()):
            grant = agent.policy.grant(name)
            if list_effects(grant) & {Effect.DENY, Effect.ASK} and name not in agent.accepted:
                place = f"{agent.form.head.path}:{key.lines[0].line}"
                why = target.explain_refused_extra(key.name)
                yield Loss(
                    name,
                    False,
                    "widened",
                    describe_grant(grant),
                    "allow",
                    f"'{key.name}' in the kept head ({place}): {why}",
                    excess="given by a key of the kept head",
                )


def _list_statements(
    target: Target, agent: Agent, written: Agent, *, has_policy: bool = True
) -> Iterator[_Statement]:
    """Yield what an agent says that the target has keys for.

    `written` is what the client reads of the file that the codec writes by itself: where the client
    can't hold what the agent says, that is what is left of it.
    """
    for field in FIELDS:
        keys = target.field_keys.get(field.name, (field.name,))
        if target.keys.issuperset(keys) and _says(field, agent, target):
            yield _Statement(keys, _make_field_check(field, target, agent, written))
    for key, value in agent.extra.items():
        yield _Statement((key,), _make_extra_check(target, key, value))
    if has_policy and target.holds_policy:
        keys = target.field_keys.get("policy", tuple(sorted(target.policy_keys)))
        yield _Statement(keys, lambda read: _holds_policy(target, agent, written, read))


def _make_extra_check(target: Target, key: str, value: object) -> Callable[[Agent], bool]:
    return lambda read: is_same_extra(target.extras, key, read.extra.get(key), value)


def _says(field: AgentField, agent: Agent, target: Target) -> bool:
    """Tell whether an agent says anything of a field: of the model, whether it has an id here."""
    if field.name == "model":
        return target.name in agent.model.ids
    return field.read(agent, target.name) not in (None, "")


def _make_field_check(
    field: AgentField, target: Target, agent: Agent, written: Agent
) -> Callable[[Agent], bool]:
    values = (field.read(agent, target.name), field.read(written, target.name))
    return lambda read: any(is_same_value(field.read(read, target.name), one) for one in values)


def _holds_policy(target: Target, agent: Agent, written: Agent, read: Agent) -> bool:
    """Tell whether a reading grants each capability as it is meant, or as the codec writes it."""
    wanted = (
        resolve_inherited(agent.policy, find_client_default(target, agent.mode)),
        find_policy_in_mode(target, written, agent.mode),
    )
    actual = find_policy_in_mode(target, read, agent.mode)
    return all(
        any(compare_grants(actual.grant(n), one.grant(n)).name == "EQUAL" for one in wanted)
        for n in list_compared(agent.policy, read.policy, written.policy)
    )


def _split_head(text: str) -> _Head:
    """Return a head in its pieces: each key with all lines up to the next one."""
    texts = text.split("\n")
    lines = [KeptLine(one, number) for number, one in enumerate(texts, 1)]
    if not texts[-1]:
        lines.pop()
    filled = [number for number, line in enumerate(lines) if line.text.strip()]
    if len(filled) < 2:
        return _Head(tuple(lines), (), ())
    starts = [n for n in range(1, filled[-1]) if _KEY.match(lines[n].text)]
    ends = [*starts[1:], filled[-1]] if starts else []
    keys = [_make_key(lines[start:end]) for start, end in zip(starts, ends, strict=True)]
    first = starts[0] if starts else filled[-1]
    return _Head(tuple(lines[:first]), tuple(keys), tuple(lines[filled[-1] :]))


def _make_key(lines: list[KeptLine]) -> _Key:
    match = _KEY.match(lines[0].text)
    name = next(filter(None, match.groups()), "") if match else ""
    end = len(lines)
    while end > 1 and (not lines[end - 1].text.strip() or lines[end - 1].text.startswith("#")):
        end -= 1
    return _Key(name, tuple(lines[:end]), tuple(lines[end:]))


def _replace_keys(
    head: _Head, new_head: _Head, replaced: Iterable[_Statement]
) -> Iterator[KeptLine]:
    """Yield the lines of a head with the keys of some statements as another head has them."""
    new_lines = {
        statement.keys: tuple(
            line._replace(line=0)
            for key in new_head.keys
            if key.name in statement.keys
            for line in key.lines
        )
        for statement in replaced
    }
    names = {key.name for key in head.keys}
    missing = [keys for keys in new_lines if new_lines[keys] and names.isdisjoint(keys)]
    if not head.after:  # there is no front matter yet
        if missing:
            yield KeptLine("---", 0)
            yield from (line for keys in missing for line in new_lines[keys])
            yield from (KeptLine("---", 0), KeptLine("", 0))
        yield from head.before
        return
    yield from head.before
    for key in head.keys:
        statement_keys = next((keys for keys in new_lines if key.name in keys), None)
        if statement_keys is None:
            yield from key.lines
        else:
            yield from new_lines.pop(statement_keys)
            new_lines[statement_keys] = ()
        yield from key.rest
    yield from (line for keys in missing for line in new_lines[keys])
    yield from head.after


def _find_giver(target: Target, agent: Agent, loss: Loss) -> _Key | None:
    """Return the key of a kept head without which a file would not grant so much, if one is it."""
    kept_file = merge_head(target, agent)
    head = _split_head("\n".join(line.text for line in kept_file.lines) + "\n")
    numbers = [line.line for line in kept_file.lines]
    expected = resolve_inherited(agent.policy, find_client_default(target, agent.mode))
    for key in head.keys:
        source_line = numbers[key.lines[0].line - 1]
        if not source_line:
            continue
        rest = [*head.before, *(line for k in head.keys if k is not key for line in k.lines)]
        text = KeptFile((*rest, *head.after), frozenset()).make_text(agent.prompt)
        policy = find_policy_in_mode(target, target.decode(text, agent.stem), agent.mode)
        if compare_grants(policy.grant(loss.subject), expected.grant(loss.subject)).at_most:
            return key._replace(lines=(key.lines[0]._replace(line=source_line),))
    return None
