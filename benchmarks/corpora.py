"""Projects to measure with: how many packs in, the same agents as sources of each tool out.

`write_plain` writes agents of about 5 kB each, with one variant and four clients. `write_shared`
writes packs as teams keep them: shared fragments, conditions, parameters and 20 variants each.
What they say comes from a small list of words and a fixed seed, so that every run sees the same.
"""

import json
import random
from collections.abc import Sequence
from pathlib import Path

CLIENTS = ("claude-code", "copilot", "codex", "cursor")
"""The clients that all three tools write agents for, in promptpack's words."""
EIGHT_CLIENTS = (*CLIENTS, "opencode", "qwen", "kilo", "factory")
"""Twice as many; rulesync writes agents for all of them too, ruler for no more than the four."""
RULESYNC_NAMES = {
    "claude-code": "claudecode",
    "codex": "codexcli",
    "qwen": "qwencode",
    "factory": "factorydroid",
}
RULER_CLIENTS = ("claude", "copilot", "codex", "cursor")
COMMON_FRAGMENT = "standards/common"
SECTIONS = ("responsibilities", "standards", "workflow", "interaction", "output", "ethics")
WORDS = """
the service reads every request before it answers and writes what it decided to a log that somebody
can follow later a test names the behaviour it protects one failing step stops all others until its
cause is known limits are stated in numbers with units a change carries the reason for it and a way
back when a question is open it is asked once with two options
""".split()  # noqa: SIM905 - text is easier to read than a list of its words
_ACCEPT = """\
accept:
  - target: cursor
    capability: all
    reason: "Cursor reads the files of Claude Code and Codex too, and no list of tools."
  - target: codex
    capability: [read, list, glob, grep, web_fetch]
    reason: "Codex reads through its shell."
"""
_ACCEPT_FACTORY = """\
  - target: factory
    capability: [todo, skill, "mcp:*"]
    reason: "Factory has no way to take them away."
"""
_MODEL = "title: {title}\nfamily: plain\nlayout: {layout}\n"
_LAYOUTS = ("markdown", "xml", "compact")


def write_plain(folder: Path, count: int, clients: Sequence[str] = CLIENTS) -> None:
    """Write a project of so many packs, each with text of its own."""
    _write_packs(folder, count, clients, "  role: ./role.md\n")


def write_common(folder: Path, count: int) -> None:
    """Write the packs of `write_plain` with a second section: a fragment that all packs use."""
    sections = f"  role: ./role.md\n  standards: {COMMON_FRAGMENT}\n"
    _write_packs(folder, count, CLIENTS, sections)
    source = random.Random(3)  # noqa: S311 - a repeatable text, no secret
    text = "".join(f"- {_say(source, 14)}\n" for _ in range(6))
    _write(folder / f"templates/fragments/{COMMON_FRAGMENT}.md", text)


def _write_packs(folder: Path, count: int, clients: Sequence[str], sections: str) -> None:
    _write_shared_parts(folder, models=("plain",))
    for number, body in _iter_bodies(count):
        name = _name_agent(number)
        pack = folder / "packs" / name
        text = _make_pack(name, "plain", "reader", sections, clients=clients)
        _write(pack / "pack.yaml", text)
        _write(pack / "role.md", body)


def write_shared(folder: Path, count: int) -> None:
    """Write a project of so many packs made of shared fragments, with 20 variants each.

    Every pack takes one fragment of six in each section, and two that all packs take; every
    fourth fragment has a condition, every third a parameter.
    """
    models = tuple(f"model-{letter}" for letter in "abcde")
    _write_shared_parts(folder, models)
    policies = ("reader", "reviewer", "planner", "writer")
    source = random.Random(2)  # noqa: S311 - a repeatable text, no secret
    for section in SECTIONS:
        for number in range(36):
            _write(
                folder / "templates/fragments" / section / f"item-{number}.md",
                _make_fragment(source, number),
            )
    for number in range(count):
        name = _name_agent(number)
        lines = ["  role: ./role.md"]
        for section in SECTIONS:
            uses = sorted({0, *source.sample(range(1, 36), 5)})
            lines += [f"  {section}:", *(_make_use(section, use) for use in uses)]
        default = f"default: {{model: {models[0]}, policy: reader}}"
        axes = f"model: [{', '.join(models)}], policy: [{', '.join(policies)}]"
        variants = f"{{{default}, {axes}}}"
        text = _make_pack(name, models[0], "reader", "\n".join(lines) + "\n", variants)
        _write(folder / "packs" / name / "pack.yaml", text)
        _write(folder / "packs" / name / "role.md", f"You are agent {number}. {_say(source, 60)}\n")


def write_rulesync(folder: Path, count: int, clients: Sequence[str] = CLIENTS) -> None:
    """Write the agents of `write_plain` as sources of rulesync."""
    targets = [RULESYNC_NAMES.get(name, name) for name in clients]
    config = {"targets": targets, "features": ["subagents"]}
    _write(folder / "rulesync.jsonc", json.dumps(config) + "\n")
    for number, body in _iter_bodies(count):
        name = _name_agent(number)
        head = f"---\nname: {name}\ntargets: ['*']\ndescription: {_describe(name)}\n---\n"
        _write(folder / ".rulesync/subagents" / f"{name}.md", head + body)


def write_ruler(folder: Path, count: int, _clients: Sequence[str] = CLIENTS) -> None:
    """Write the agents of `write_plain` as sources of ruler; a call of it names the clients."""
    _write(folder / ".ruler/AGENTS.md", "# Rules\n")
    for number, body in _iter_bodies(count):
        name = _name_agent(number)
        head = f"---\nname: {name}\ndescription: {_describe(name)}\n---\n"
        _write(folder / ".ruler/agents" / f"{name}.md", head + body)


def _write_shared_parts(folder: Path, models: tuple[str, ...]) -> None:
    for number, model in enumerate(models):
        text = _MODEL.format(title=model.title(), layout=_LAYOUTS[number % len(_LAYOUTS)])
        _write(folder / f"templates/models/{model}.yaml", text)
    rights = {
        "reader": "{read: allow, list: allow, glob: allow, grep: allow}",
        "reviewer": "{read: allow, list: allow, glob: allow, grep: allow, task: allow}",
        "planner": "{read: allow, list: allow, glob: allow, grep: allow, web_fetch: allow}",
        "writer": "{read: allow, list: allow, glob: allow, grep: allow, edit: allow, write: allow}",
    }
    for name, capabilities in rights.items():
        head = f"title: {name.title()}\nsummary: What a {name} may do.\n"
        text = f"{head}default: deny\ncapabilities: {capabilities}\n"
        _write(folder / f"templates/policies/{name}.yaml", text)


def _make_pack(  # noqa: PLR0913, PLR0917 - the lines of a file
    name: str,
    model: str,
    policy: str,
    sections: str,
    variants: str = "",
    clients: Sequence[str] = CLIENTS,
) -> str:
    default = f"default: {{model: {model}, policy: {policy}}}"
    variants = variants or f"{{{default}, model: [{model}], policy: [{policy}]}}"
    accept = f"{_ACCEPT}{_ACCEPT_FACTORY}" if "factory" in clients else _ACCEPT
    return (
        f"name: {name}\ntitle: {name.title()}\ndescription: {_describe(name)}\nmode: subagent\n"
        f"sections:\n{sections}variants: {variants}\ntargets: [{', '.join(clients)}]\n{accept}"
    )


def _make_fragment(source: random.Random, number: int) -> str:
    text = "".join(f"- {_say(source, 14)}\n" for _ in range(3))
    if number % 4 == 3:
        text += f'{{% if not policy.denies("write") %}}\n- {_say(source, 10)}\n{{% endif %}}\n'
    if number % 3 == 2:
        return (
            f'---\nparams: {{limit: "5"}}\n---\n{text}- At most {{{{ params.limit }}}} of them.\n'
        )
    return text


def _make_use(section: str, number: int) -> str:
    name = f"{section}/item-{number}"
    return f'    - {{use: {name}, with: {{limit: "7"}}}}' if number % 3 == 2 else f"    - {name}"


def _iter_bodies(count: int) -> list[tuple[int, str]]:
    source = random.Random(1)  # noqa: S311 - a repeatable text, no secret
    paragraphs = [_say(source, 90) for _ in range(200)]
    return [
        (number, f"You are agent {number}.\n\n" + "\n\n".join(source.sample(paragraphs, 9)) + "\n")
        for number in range(count)
    ]


def _say(source: random.Random, count: int) -> str:
    return " ".join(source.choice(WORDS) for _ in range(count)).capitalize() + "."


def _name_agent(number: int) -> str:
    return f"agent-{number:05}"


def _describe(name: str) -> str:
    return f"Use {name} when a change needs a second pair of eyes."


def _write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8", newline="\n")
