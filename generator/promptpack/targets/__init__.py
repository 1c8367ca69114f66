"""The registry of targets: one line a client, in the order they are shown.

A run is about few clients. So the module of each is loaded when somebody asks for that target.
"""

from collections.abc import Collection, Iterator, Mapping
from importlib import import_module
from typing import NamedTuple

from promptpack.targets.target import Target

__all__ = ["ENTRIES", "TARGETS", "Target", "list_readers"]


class RegistryEntry(NamedTuple):
    """Where a target is declared, and what is asked of all targets in each run.

    A target of commands has the `client` whose agents are another target, and may say which
    target's files it yields to. `shared_file` is the name of the file in which it has blocks.
    """

    module: str
    is_named_only: bool = False
    client: str = ""
    yields_to: str = ""
    shared_file: str = ""


ENTRIES: Mapping[str, RegistryEntry] = {
    "opencode": RegistryEntry("opencode"),
    "claude-code": RegistryEntry("claude_code"),
    "copilot": RegistryEntry("copilot"),
    "copilot-instructions": RegistryEntry("copilot_instructions"),
    "cursor": RegistryEntry("cursor"),
    "cursor-rule": RegistryEntry("cursor_rule"),
    "codex": RegistryEntry("codex"),
    "gemini": RegistryEntry("gemini"),
    "qwen": RegistryEntry("qwen", is_named_only=True),
    "kilo": RegistryEntry("kilo", is_named_only=True),
    "factory": RegistryEntry("factory", is_named_only=True),
    "cline": RegistryEntry("cline", is_named_only=True),
    "kiro": RegistryEntry("kiro", is_named_only=True),
    "junie": RegistryEntry("junie", is_named_only=True),
    "devin-rule": RegistryEntry("devin_rule", is_named_only=True),
    "goose": RegistryEntry("goose", is_named_only=True),
    "roo": RegistryEntry("roo", is_named_only=True, shared_file=".roomodes"),
    "agents-md": RegistryEntry("agents_md", shared_file="AGENTS.md"),
    "skill": RegistryEntry("skill"),
    "claude-skill": RegistryEntry("skill"),
    "system": RegistryEntry("system"),
    "messages": RegistryEntry("messages"),
    "prompty": RegistryEntry("prompty", is_named_only=True),
    "dotprompt": RegistryEntry("dotprompt", is_named_only=True),
    "promptfoo": RegistryEntry("promptfoo", is_named_only=True),
    "langchain": RegistryEntry("langchain", is_named_only=True),
    "promptpack-json": RegistryEntry("promptpack_json", is_named_only=True),
    "opencode-command": RegistryEntry("opencode_command", is_named_only=True, client="opencode"),
    "claude-command": RegistryEntry(
        "claude_command", is_named_only=True, client="claude-code", yields_to="claude-skill"
    ),
    "copilot-prompt": RegistryEntry("copilot_prompt", is_named_only=True, client="copilot"),
    "cursor-command": RegistryEntry("cursor_command", is_named_only=True, client="cursor"),
    "gemini-command": RegistryEntry("gemini_command", is_named_only=True, client="gemini"),
}
"""The targets by name. What an entry says of one is what the target says of itself."""


class _LateTargets(Mapping[str, Target]):
    """The targets by name, each loaded when it is looked up; whoever lists all loads all."""

    def __init__(self) -> None:
        self._loaded: dict[str, Target] = {}

    def __getitem__(self, name: str) -> Target:
        if name not in self._loaded:
            module = import_module(f"{__name__}.{ENTRIES[name].module}")
            self._loaded[name] = getattr(module, name.upper().replace("-", "_"))
        return self._loaded[name]

    def __contains__(self, name: object) -> bool:
        return name in ENTRIES

    def __iter__(self) -> Iterator[str]:
        return iter(ENTRIES)

    def __len__(self) -> int:
        return len(ENTRIES)


TARGETS: Mapping[str, Target] = _LateTargets()


def list_readers(target: Target, used: Collection[str] = ()) -> list[Target]:
    """Return the other clients that load a target's files.

    One that has to be named is among them only where it is `used`: most people don't have it.
    """
    return [
        TARGETS[name] for name in target.read_by if not ENTRIES[name].is_named_only or name in used
    ]
