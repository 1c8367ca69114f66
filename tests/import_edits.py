"""Edits of imported packs: agent files in, one change made to their packs, what came of it out.

Nothing here is taken from what merges front matter: its keys are cut by lines, and what a file
says is what its client's `decode` reads.
"""

import re
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

import yaml

from promptpack.build import build_project
from promptpack.importing.agent_file import AgentFile
from promptpack.importing.audit import make_audit
from promptpack.importing.importer import ImportForm, plan_import
from promptpack.model import Agent, Project, UserError
from promptpack.policy.lattice import compare_grants, list_compared
from promptpack.reading.project import replace_sources
from promptpack.targets import TARGETS

KINDS = ("description", "model", "policy", "section")
NEW_DESCRIPTION = "Use before a release: finds what 'breaks'."
NEW_MODEL = "acme/next-1"
NEW_TEXT = " And say so."
LOOK = {
    "title": "Look",
    "summary": "Reads.",
    "default": "deny",
    "capabilities": dict.fromkeys(("read", "list", "glob", "grep"), "allow"),
}
_KEY = re.compile(r"(?m)^(?=[\w\"'][^\n]*:)")
_HEAD = re.compile(r"\ufeff?---[ \t]*\r?\n(.*?)^---[ \t]*(?:\r?\n|\Z)", re.DOTALL | re.MULTILINE)

Files = dict[tuple[str, str], str]
"""The texts of files by pack and target."""


class Outcome(NamedTuple):
    """What is wrong with the files after a change, or why they could not be built."""

    wrong: tuple[str, ...]
    errors: tuple[str, ...]


def build_files(project: Project, contents: Mapping[str, str]) -> Files:
    """Return the files of the packs that texts make."""
    artifacts = build_project(replace_sources(project, contents))
    return {(one.variant.pack.name, one.target): one.content.decode() for one in artifacts}


def edit_import(project: Project, files: list[AgentFile], form: ImportForm, kind: str) -> Outcome:
    """Import files, change one thing in each pack, and compare what comes out with what it was."""
    plan = plan_import(make_audit(files), project, form)
    old = build_files(project, plan.contents)
    contents, expected = dict(plan.contents), set()
    for name in [pack.name for pack in plan.packs]:
        expected |= {(name, target) for target in edit_pack(contents, name, kind)}
    try:
        new = build_files(project, contents)
    except UserError as error:
        return Outcome((), tuple(f"{one.message} {one.hint}" for one in error.findings))
    plain = build_files(project, _drop_heads(contents)) if kind == "policy" else new
    wrong = [
        f"{pack} {target}: {text}"
        for (pack, target), text_before in old.items()
        for text in (
            check_file(target, kind, text_before, new[pack, target], plain[pack, target])
            if (pack, target) in expected
            else _check_same(text_before, new[pack, target])
        )
    ]
    return Outcome(tuple(wrong), ())


def edit_pack(contents: dict[str, str], name: str, kind: str) -> list[str]:
    """Change one thing in a pack's sources; return the targets whose files it is for."""
    path = f"packs/{name}/pack.yaml"
    data = yaml.safe_load(contents[path])
    clients = data.get("clients", {})
    targets = list(data["targets"])
    if kind == "description":
        data["description"] = NEW_DESCRIPTION
        meant = [one for one in targets if "description" not in clients.get(one, {})]
    elif kind == "model":
        meant = targets[:1]
        clients.setdefault(meant[0], {})["model"] = NEW_MODEL
        data["clients"] = clients
    elif kind == "policy":
        contents["templates/policies/look.yaml"] = yaml.safe_dump(LOOK, sort_keys=False)
        for settings in clients.values():
            settings.pop("policy", None)
        data["variants"] |= {
            "default": {"model": "as-written", "policy": "look"},
            "policy": ["look"],
        }
        data["accept"] = [
            {"target": one, "capability": "all", "reason": "Its files can't hold it."}
            for one in ("copilot", "cursor")
        ]
        meant = targets
    else:
        prompt = _find_text(data, name, contents)
        if prompt is None:
            return []
        text = contents[prompt]
        body = text.rstrip()
        contents[prompt] = body + NEW_TEXT + text[len(body) :]
        own = f"./{prompt.rpartition('/')[2]}"
        meant = [one for one in targets if clients.get(one, {}).get("prompt", own) == own]
    contents[path] = yaml.safe_dump(data, sort_keys=False, allow_unicode=True)
    return meant


def check_file(target: str, kind: str, old: str, new: str, plain: str) -> Iterator[str]:
    """Yield what changed and should not have, and what should have and did not.

    `plain` is the file as it is without the front matter that is kept.
    """
    old_head, old_body = _split(old)
    new_head, new_body = _split(new)
    decode = TARGETS[target].decode
    before, after = decode(old, "x"), decode(new, "x")
    if kind == "section":
        if old_head != new_head:
            yield "the front matter changed with the text"
        pairs = zip(old_body.split("\n"), new_body.split("\n"), strict=False)
        changed = [(one, other) for one, other in pairs if one != other]
        if len(changed) != 1 or changed[0][1].replace(NEW_TEXT, "", 1) != changed[0][0]:
            yield f"not one line: {changed}"
        return
    tells = kind == "policy" and TARGETS[target].tells_policy
    if old_body != new_body and not (tells and new_body.startswith(old_body.rstrip())):
        yield "the text changed with the front matter"
    yield from _check_value(target, kind, new, plain)
    for field in ("name", "description", "mode", "model", "temperature", "effort"):
        if field != kind and _read(before, field) != _read(after, field):
            yield f"{field} is read as {getattr(after, field)!r}"
    if kind != "policy" and before.policy != after.policy:
        yield "the policy is read otherwise"
    own = {kind}
    if kind == "policy":  # also what other clients read that load the file
        readers = (target, *TARGETS[target].read_by)
        own = {key for reader in readers for key in TARGETS[reader].policy_keys}
    if changed_keys := _find_changed_keys(old_head, new_head) - own:
        yield f"these keys changed too: {sorted(changed_keys)}"


def _check_value(target: str, kind: str, new: str, plain: str) -> Iterator[str]:
    agent, own = (TARGETS[target].decode(text, "x") for text in (new, plain))
    if kind == "description" and agent.description != NEW_DESCRIPTION:
        yield f"the description is {agent.description!r}"
    if kind == "model" and "model" in TARGETS[target].keeps:
        model = agent.model.ids.get(target, agent.model.name)
        if model != NEW_MODEL:
            yield f"the model is {model!r}"
    if kind == "policy":
        for name in list_compared(agent.policy, own.policy):
            if not compare_grants(agent.policy.grant(name), own.policy.grant(name)).at_most:
                yield f"{name} is granted more than by a file of its own"


def _read(agent: Agent, field: str) -> object:
    """Return a field's value; what comes after a text decides about a newline at its end."""
    value = getattr(agent, field)
    return value.rstrip("\n") if isinstance(value, str) else value


def _check_same(old: str, new: str) -> Iterator[str]:
    if old != new:
        yield "changed, and nothing was said of it"


def _find_text(data: Mapping[str, Any], name: str, contents: Mapping[str, str]) -> str | None:
    """Return the file that the last section of a pack stands in, if it is the pack's own."""
    sections = data["sections"]
    last = sections if isinstance(sections, str) else [*sections.values()][-1]
    last = last[-1] if isinstance(last, list) else last
    path = f"packs/{name}/{last.removeprefix('./')}"
    return path if last.startswith("./") and contents[path].strip() else None


def _drop_heads(contents: Mapping[str, str]) -> dict[str, str]:
    """Return packs without the front matter that is kept for their files."""
    plain = {path: text for path, text in contents.items() if not path.endswith(".head")}
    for path in [path for path in plain if path.endswith("/pack.yaml")]:
        data = yaml.safe_load(plain[path])
        for settings in data.get("clients", {}).values():
            settings.pop("head", None)
        plain[path] = yaml.safe_dump(data, sort_keys=False, allow_unicode=True)
    return plain


def _split(text: str) -> tuple[str, str]:
    match = _HEAD.match(text)
    return (match[1], text[match.end() :]) if match else ("", text)


def _find_changed_keys(old: str, new: str) -> set[str]:
    """Return the keys of two heads whose lines differ, comments below them aside."""
    heads = [
        {part.partition(":")[0].strip("\"' "): _strip_comments(part) for part in _KEY.split(head)}
        for head in (old, new)
    ]
    return {
        key for key in heads[0].keys() | heads[1].keys() if heads[0].get(key) != heads[1].get(key)
    }


def _strip_comments(part: str) -> str:
    return "\n".join(line for line in part.split("\n") if line.strip() and line[0] != "#")
