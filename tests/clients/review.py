"""In: an inventory of a client, and the reviewed one. Out: what changed, and what is not judged.

`inventory.yaml` gives each name of a kind a verdict: `mapped`, or the reason why no codec needs it.
What a session is offered has no verdict of its own; each of those names is among the tools.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from clients.inventories import OFFERED, Inventory
from promptpack.targets import TARGETS

MAPPED = "mapped"
FILE = Path(__file__).with_name("inventory.yaml")


@dataclass(frozen=True)
class Reviewed:
    """What was reviewed of one client: its version, and a verdict for each name of each kind."""

    version: str
    verdicts: Mapping[str, Mapping[str, str]]
    offered: Inventory

    @property
    def inventory(self) -> Inventory:
        """The names without their verdicts."""
        return {**{k: frozenset(names) for k, names in self.verdicts.items()}, **self.offered}


def read_reviewed(text: str | None = None) -> dict[str, Reviewed]:
    """Return what was reviewed of each client; raises ValueError for a name with two verdicts."""
    clients = yaml.safe_load(FILE.read_text(encoding="utf-8") if text is None else text)
    return {target: _read_client(client) for target, client in clients.items()}


def _read_client(client: Mapping[str, Any]) -> Reviewed:
    kinds = {kind: value for kind, value in client.items() if kind != "version"}
    return Reviewed(
        client["version"],
        {k: _read_verdicts(value) for k, value in kinds.items() if not k.startswith(OFFERED)},
        {k: frozenset(value.split()) for k, value in kinds.items() if k.startswith(OFFERED)},
    )


def _read_verdicts(groups: Mapping[str, str]) -> dict[str, str]:
    verdicts: dict[str, str] = {}
    for verdict, names in groups.items():
        for name in names.split():
            if name in verdicts:
                message = f"{name} has two verdicts: {verdicts[name]}; {verdict}"
                raise ValueError(message)
            verdicts[name] = verdict
    return verdicts


def list_changes(old: Inventory, new: Inventory) -> dict[str, list[str]]:
    """Return for each kind the lines `+ name` and `- name`, none where nothing changed."""
    changes = {}
    for kind in dict.fromkeys([*old, *new]):
        before, after = old.get(kind, frozenset()), new.get(kind, frozenset())
        lines = [f"+ {name}" for name in sorted(after - before)]
        changes[kind] = [*lines, *(f"- {name}" for name in sorted(before - after))]
    return changes


def find_surprises(target: str, reviewed: Reviewed, new: Inventory) -> list[str]:
    """Return the changes that no codec knows: a new unmapped name, a mapped one that is gone."""
    surprises = []
    for kind, verdicts in reviewed.verdicts.items():
        names = new.get(kind, frozenset())
        unknown = [name for name in names - verdicts.keys() if not is_mapped(target, kind, name)]
        gone = [name for name in verdicts.keys() - names if verdicts[name] == MAPPED]
        surprises += [f"{kind}: + {name}" for name in sorted(unknown)]
        surprises += [f"{kind}: - {name}" for name in sorted(gone)]
    return surprises


def find_mistakes(target: str, reviewed: Reviewed) -> Iterator[str]:
    """Yield which verdicts are not what the codec does, and what is offered without a verdict."""
    for kind, verdicts in reviewed.verdicts.items():
        for name, verdict in verdicts.items():
            if (verdict == MAPPED) != is_mapped(target, kind, name):
                does = "does not map" if verdict == MAPPED else "maps"
                yield f"{kind}: the codec {does} {name}, listed under '{verdict}'"
    for kind, names in reviewed.offered.items():
        for name in sorted(names - reviewed.verdicts["tools"].keys()):
            yield f"{kind}: {name} is not among the tools"


def is_mapped(target: str, kind: str, name: str) -> bool:
    """Tell whether a codec knows a key, or reads a tool or permission as a capability."""
    if kind == "keys":
        declared = TARGETS[target]
        key = re.sub("[A-Z]", lambda letter: f"-{letter[0].lower()}", name)
        known = {*declared.keys, *declared.policy_keys, *declared.harmless_keys, *declared.extras}
        return not known.isdisjoint({name, key})
    return _grants(target, name) != _grants(target, "")


@cache
def _grants(target: str, name: str) -> str:
    """Return the policy that a codec reads where a file grants one tool, or nothing at all."""
    if target in ("opencode", "kilo"):
        more = f", '{name}': allow" if name else ""
        head = f"permission: {{'*': deny{more}}}"
    else:
        head = f"tools: ['{name or 'nothing'}']"  # an empty list gives everything in Qwen Code
    text = f"---\nname: asker\ndescription: Asks.\n{head}\n---\nAsk.\n"
    if target == "roo":
        text = f"- {{slug: asker, name: a, roleDefinition: Ask., groups: [{name}]}}\n"
    return repr(TARGETS[target].decode(text, "asker").policy)
