"""What edited front matter says otherwise: hunks above or below a prompt in, edits of sources out.

What a line says is what the client reads: the hunk is applied alone, and the file decoded.
"""

from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

from promptpack.absorb.candidates import Candidate
from promptpack.absorb.edits import Edit
from promptpack.absorb.hunks import OutputEdit
from promptpack.absorb.policies import find_policy_line, list_changed_grants, propose_policy
from promptpack.absorb.scalars import add_key, edit_value, remove_key
from promptpack.absorb.view import OutputView
from promptpack.model import Agent, Project
from promptpack.model.fields import FIELDS, Setting, list_settings
from promptpack.source.frontmatter import read_document

FORMAT = "no source can produce this: it is whitespace, or the format of the front matter"


class HeadChange(NamedTuple):
    """Hunks that belong together, the ways to make them in the sources, and why there are none.

    `subjects` are the fields and capabilities that they change.
    """

    edits: tuple[OutputEdit, ...]
    subjects: frozenset[str]
    candidates: tuple[Candidate, ...]
    why: str
    hint: str = ""
    settings: tuple[Setting, ...] = ()
    is_final: bool = False
    """Whether the reason stays the same when no candidate gives the hunks."""


def group_head_edits(view: OutputView, edits: Iterable[OutputEdit]) -> list[tuple[OutputEdit, ...]]:
    """Return hunks of front matter; those that change the same field or capability are together."""
    groups: list[tuple[frozenset[str], tuple[OutputEdit, ...]]] = []
    for edit in edits:
        subjects = _find_subjects(view, (edit,))
        merged: tuple[OutputEdit, ...] = (edit,)
        for group in [one for one in groups if one[0] & subjects]:
            groups.remove(group)
            subjects, merged = subjects | group[0], (*group[1], *merged)
        groups.append((subjects, merged))
    return [group[1] for group in groups]


def _find_subjects(view: OutputView, edits: Sequence[OutputEdit]) -> frozenset[str]:
    built, now = _decode_pair(view, edits)
    names = {field.name for field in FIELDS if _differs(field.name, view, built, now)}
    keys = {*now.extra, *built.extra}
    names |= {f"extra {key}" for key in keys if now.extra.get(key) != built.extra.get(key)}
    return frozenset(names | {*list_changed_grants(built.policy, now.policy)})


def _decode_pair(view: OutputView, edits: Sequence[OutputEdit]) -> tuple[Agent, Agent]:
    stem, decode = view.place.artifact.agent.stem, view.target.decode
    text = view.make_text(edits) if edits or view.kind != "prompt" else view.place.text
    return decode(view.place.artifact.text, stem), decode(text, stem)


def _differs(name: str, view: OutputView, built: Agent, now: Agent) -> bool:
    field = next(one for one in FIELDS if one.name == name)
    return field.read(built, view.target.name) != field.read(now, view.target.name)


def read_head_change(
    project: Project, view: OutputView, edits: tuple[OutputEdit, ...], *, change_policy: bool
) -> HeadChange:
    """Return what hunks of front matter change; without hunks, what the whole file does.

    Permissions have candidates only with `change_policy`.
    """
    built, now = _decode_pair(view, edits)
    subjects = _find_subjects(view, edits)
    is_kept = view.place.artifact.agent.form.head is not None
    problems = [] if is_kept or not edits else view.target.problems(view.make_text(edits))
    if problems:
        why = f"this is no longer a valid file: {problems[0].message}"
        return HeadChange(edits, subjects, (), why)
    if list_changed_grants(built.policy, now.policy):
        return _read_policy_change(project, view, edits, subjects, change_policy=change_policy)
    settings = [*_list_changed_settings(view, built, now)]
    fields, why, is_closed = [], FORMAT, False
    for setting, reason in settings:
        edit, is_open = _propose_setting(project, view, setting)
        fields += [edit] if edit else []
        why = reason if edit is None and not is_open else why
        is_closed = is_closed or (edit is None and not is_open)
    kept = _propose_kept(view, edits)
    forms = ((*kept, *fields), kept, tuple(fields))
    candidates = () if is_closed else tuple(dict.fromkeys(form for form in forms if form))
    if settings and why == FORMAT:
        why = settings[0][1]
    return HeadChange(edits, subjects, candidates, why, settings=tuple(one for one, _ in settings))


def _read_policy_change(
    project: Project,
    view: OutputView,
    edits: tuple[OutputEdit, ...],
    subjects: frozenset[str],
    *,
    change_policy: bool,
) -> HeadChange:
    """Return a change of permissions: the line of the policy that decides, or its edits."""
    built, now = _decode_pair(view, edits)
    path = view.place.artifact.agent.policy.path
    text = project.sources[path]
    line = find_policy_line(text, path, built.policy, now.policy)
    why = f"the policy decides what an agent may do: change {path}:{line}"
    if not project.is_writable(path):
        title = project.find_root(path).title
        return HeadChange(edits, subjects, (), f"{why}, in a copy: it belongs to the {title}")
    hint = "'--policy' makes this change in the policy, and shows what it does to other outputs"
    if not change_policy:
        return HeadChange(edits, subjects, (), why, hint)
    kept = _propose_kept(view, edits)
    candidates = propose_policy(text, path, built.policy, now.policy)
    found = tuple((*kept, *candidate) for candidate in candidates)
    other = f"{why}, by hand: a build of that writes other lines than these"
    return HeadChange(edits, subjects, found, other, is_final=True)


def _propose_setting(
    project: Project, view: OutputView, setting: Setting
) -> tuple[Edit | None, bool]:
    """Return the edit of the pack that gives a field its new value, and whether none is needed."""
    pack, place = view.place.artifact.variant.pack, setting.place
    text = project.sources[pack.path]
    values = read_document(text, pack.path).values
    has_head = bool(view.place.artifact.agent.form.head)
    if not place or place not in values:
        if has_head:
            return None, True  # the pack says nothing of it, and the kept lines do
        is_top = len(place) == 1 and setting.value is not None
        after = ("description",)
        return (add_key(text, pack.path, place, setting.value, after) if is_top else None), False
    if setting.value is None:
        return remove_key(text, pack.path, place), False
    return edit_value(text, pack.path, place, setting.value), False


def _propose_kept(view: OutputView, edits: Iterable[OutputEdit]) -> Candidate:
    """Return the edits of kept front matter; none where a line of it is not kept."""
    agent = view.place.artifact.agent
    if agent.form.head is None:
        return ()
    numbers = view.number_kept()
    changes = []
    for edit in edits:
        own = numbers[edit.first : edit.last]
        before = numbers[edit.first - 1] if 0 < edit.first <= len(numbers) else 0
        first = own[0] if own else before + 1
        is_kept = all(own) and (own or before) and own == [*range(first, first + len(own))]
        if not is_kept or edit.last > view.start:
            return ()
        changes.append(Edit(agent.form.head.path, first, len(own), edit.new))
    return tuple(changes)


def _list_changed_settings(
    view: OutputView, built: Agent, now: Agent
) -> Iterator[tuple[Setting, str]]:
    """Yield the new value of each field and extra key that changed, and where the pack has it.

    The place is () where it is not for the pack to say. Each comes with why it can't be
    written there, if it can't.
    """
    variant, client = view.place.artifact.variant, view.target.name
    for field in FIELDS:
        value = field.read(now, client)
        if value == field.read(built, client):
            continue
        settings = list_settings(field, variant, client)
        place = settings[-1].place if settings else ()
        if not settings:
            why = f"the model's id comes from {variant.model.path}: change it there"
        else:
            why = f"the {field.name} can't be written to {variant.pack.path}"
        is_absorbed = (field.is_absorbed or len(place) > 1) and place[-1:] != ("file",)
        yield Setting(value, place if is_absorbed else ()), why
    for key in sorted({*now.extra, *built.extra}):
        value = now.extra.get(key)
        if value != built.extra.get(key):
            why = f"'{key}' can't be written to {variant.pack.path}"
            yield Setting(value, ("clients", client, "extra", key)), why
