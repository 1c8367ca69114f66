"""Front matter that is kept: an agent with the head of its file in, the file's text out.

The head is a base under what the codec writes. A key whose value already means what the agent says
keeps its lines, and so does a key of which the agent says nothing. Another one is replaced where it
stands. What a key means is what the target's own `decode` reads, so that nothing has to be
remembered from one build to the next.

Of a TOML file, all but the prompt is its head: the prompt's string is empty there.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from functools import cache
from typing import NamedTuple

from promptpack.model import Agent, Capability, Effect, FileForm, Loss, Model, Policy, Source
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
from promptpack.targets.kept_file import (
    KeptFile,
    KeptHead,
    KeptKey,
    KeptLine,
    split_file,
    split_head,
    split_kept,
)
from promptpack.targets.losses import find_client_default, find_policy_in_mode
from promptpack.targets.toml_text import explain_empty_toml


class _Statement(NamedTuple):
    """What an agent says by some keys: what they are, and whether a file's reading holds it."""

    keys: tuple[str, ...]
    holds: Callable[[Agent], bool]


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
    """Tell whether a target's file has a head around its prompt, so that one can be kept."""
    return bool(target.prompt_key) or (_encode_plain(target)[0] != "" and not spells_prompt(target))


@cache
def spells_prompt(target: Target) -> bool:
    """Tell whether a target's file spells its prompt otherwise than it reads, as in a template."""
    if target.block:
        return "\nx\n" not in _encode_plain(target)[1]
    return not target.prompt_key and _encode_plain(target)[1] != "x\n"


def _encode_plain(target: Target) -> tuple[str, str]:
    """Return the head of a file with a prompt of a letter, and what follows it."""
    agent = Agent("x", "x", "all", Model(""), None, Policy(Effect.INHERIT), "x\n")
    return split_file(target.encode(agent))


def merge_head(target: Target, agent: Agent) -> KeptFile:
    """Return an agent's file over its kept head.

    A replaced key may change how the client reads the others. So what does not hold then is
    replaced too, until all holds that can.
    """
    assert agent.form.head is not None  # noqa: S101 - whoever asks has looked
    written = target.encode(replace(agent, form=FileForm()))
    statements = list(_list_statements(target, agent, target.decode(written, agent.stem)))
    new_text, key = split_kept(target, written)[0], target.prompt_key
    text = (
        new_text if key and explain_empty_toml(agent.form.head.text, key) else agent.form.head.text
    )
    head, new_head = split_head(text, key), split_head(new_text, key)
    replace_keys = _replace_toml_keys if key else _replace_keys
    replaced: list[_Statement] = []
    while True:
        keys = frozenset(key for statement in replaced for key in statement.keys)
        lines = tuple(replace_keys(head, new_head, replaced))
        kept_file = KeptFile(lines, keys, text.endswith("\n"), key)
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
    if reason := _explain_head(target, agent):
        return [reason]
    if not kept_file.replaced:
        return []
    text = spell_file(kept_file.make_text(agent.prompt), agent.form)
    decoded = target.decode(text, agent.stem)
    written = target.decode(target.encode(replace(agent, form=FileForm())), agent.stem)
    path, kept_text = (agent.form.head.path, agent.form.head.text) if agent.form.head else ("", "")
    refusal = target.loads(text)
    lines = split_head(kept_text, target.prompt_key).list_lines()
    kept = KeptFile(lines, frozenset(), kept_text.endswith("\n"), target.prompt_key)
    if refusal and not target.loads(spell_file(kept.make_text(agent.prompt), agent.form)):
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


def _explain_head(target: Target, agent: Agent) -> str:
    """Return why a kept head can't be used at all, or nothing."""
    if not target.prompt_key or agent.form.head is None:
        return ""
    reason = explain_empty_toml(agent.form.head.text, target.prompt_key)
    return f"{agent.form.head.path} can't be kept: {reason}" if reason else ""


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
    """Yield what keys of a kept head, and the text, give beyond the policy unseen by `decode`."""
    head = agent.form.head
    if head is None:
        return
    for key, name in iter_kept_grants(target, head):
        place = f"{head.path}:{key.lines[0].line}"
        why = target.explain_refused_extra(key.name)
        reason = f"'{key.name}' in the kept head ({place}): {why}"
        yield from _find_excess(agent, name, reason, "given by a key of the kept head")
    injections = target.command.find_injections(agent.prompt) if target.command else []
    messages = {one.capability: one.message for one in injections}
    for name in target.prompt_grants(agent.prompt):
        usual = f"{target.title}: commands that stand in the text are run to load it"
        reason = messages.get(name, usual)
        yield from _find_excess(agent, name, reason, "given by the text")


def iter_kept_grants(target: Target, head: Source | None) -> Iterator[tuple[KeptKey, Capability]]:
    """Yield each key of a kept head that gives something which `decode` can't see, and what."""
    for key in split_head(head.text, target.prompt_key).keys if head else ():
        for name in target.kept_grants.get(key.name, ()):
            yield key, name


def _find_excess(agent: Agent, name: str, reason: str, excess: str) -> Iterator[Loss]:
    """Yield what a file gives beyond the policy, if this denies it or asks, and nobody accepts."""
    grant = agent.policy.grant(name)
    if list_effects(grant) & {Effect.DENY, Effect.ASK} and name not in agent.accepted:
        wanted = describe_grant(grant)
        yield Loss(name, False, "widened", wanted, "allow", reason, excess=excess)


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


def _replace_keys(
    head: KeptHead, new_head: KeptHead, replaced: Iterable[_Statement]
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


def _replace_toml_keys(
    head: KeptHead, new_head: KeptHead, replaced: Iterable[_Statement]
) -> Iterator[KeptLine]:
    """Yield the same of a TOML file, in which a key after a table would be one of the table's."""
    names = {name for statement in replaced for name in statement.keys}
    new_keys = {key.name: key for key in new_head.keys if key.name in names}
    places = {(key.name, key.is_table) for key in head.keys}
    added = [key for key in new_keys.values() if (key.name, key.is_table) not in places]
    first_table = next((n for n, key in enumerate(head.keys) if key.is_table), len(head.keys))
    yield from head.before
    for number, key in enumerate((*head.keys, None)):
        if number == first_table:
            yield from (line for one in added if not one.is_table for line in _renew(one))
        if key is None:
            break
        new_key = new_keys.get(key.name)
        if key.name not in names:
            yield from key.lines
        elif new_key and new_key.is_table == key.is_table:
            yield from _renew(new_keys.pop(key.name))
        yield from key.rest
    for one in added:
        yield from (KeptLine("", 0), *_renew(one)) if one.is_table else ()


def _renew(key: KeptKey) -> Iterator[KeptLine]:
    return (line._replace(line=0) for line in key.lines)


def _find_giver(target: Target, agent: Agent, loss: Loss) -> KeptKey | None:
    """Return the key of a kept head without which a file would not grant so much, if one is it."""
    kept_file = merge_head(target, agent)
    text = "\n".join(line.text for line in kept_file.lines) + "\n"
    head = split_head(text, target.prompt_key)
    numbers = [line.line for line in kept_file.lines]
    expected = resolve_inherited(agent.policy, find_client_default(target, agent.mode))
    for key in head.keys:
        source_line = numbers[key.lines[0].line - 1]
        if not source_line:
            continue
        rest = [*head.before, *(line for k in head.keys if k is not key for line in k.lines)]
        rest_file = KeptFile((*rest, *head.after), frozenset(), prompt_key=target.prompt_key)
        text = rest_file.make_text(agent.prompt)
        policy = find_policy_in_mode(target, target.decode(text, agent.stem), agent.mode)
        if compare_grants(policy.grant(loss.subject), expected.grant(loss.subject)).at_most:
            return key._replace(lines=(key.lines[0]._replace(line=source_line),))
    return None
