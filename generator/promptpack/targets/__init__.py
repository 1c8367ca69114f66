"""The registry of targets: one line a client, in the order they are shown.

A run is about few clients. So the module of each is loaded when somebody asks for that target.
"""

from collections.abc import Collection, Iterator, Mapping
from importlib import import_module
from typing import NamedTuple

from promptpack.targets.target import Target

__all__ = ["ENTRIES", "TARGETS", "Target", "list_readers"]


class TargetEntry(NamedTuple):
    """Where a target is declared, and what is asked of all targets in each run.

    A target of commands has the `client` whose agents are another target, and may say which
    target's files it yields to. `shared_file` is the name of the file in which it has blocks.
    """

    module: str
    is_named_only: bool = False
    client: str = ""
    yields_to: str = ""
    shared_file: str = ""


ENTRIES: Mapping[str, TargetEntry] = {
    "opencode": TargetEntry("opencode"),
    "claude-code": TargetEntry("claude_code"),
    "copilot": TargetEntry("copilot"),
    "copilot-instructions": TargetEntry("copilot_instructions"),
    "cursor": TargetEntry("cursor"),
    "cursor-rule": TargetEntry("cursor_rule"),
    "codex": TargetEntry("codex"),
    "gemini": TargetEntry("gemini"),
    "qwen": TargetEntry("qwen", is_named_only=True),
    "kilo": TargetEntry("kilo", is_named_only=True),
    "factory": TargetEntry("factory", is_named_only=True),
    "cline": TargetEntry("cline", is_named_only=True),
    "kiro": TargetEntry("kiro", is_named_only=True),
    "junie": TargetEntry("junie", is_named_only=True),
    "devin-rule": TargetEntry("devin_rule", is_named_only=True),
    "goose": TargetEntry("goose", is_named_only=True),
    "roo": TargetEntry("roo", is_named_only=True, shared_file=".roomodes"),
    "agents-md": TargetEntry("agents_md", shared_file="AGENTS.md"),
    "skill": TargetEntry("skill"),
    "claude-skill": TargetEntry("skill"),
    "system": TargetEntry("system"),
    "messages": TargetEntry("messages"),
    "prompty": TargetEntry("prompty", is_named_only=True),
    "dotprompt": TargetEntry("dotprompt", is_named_only=True),
    "promptfoo": TargetEntry("promptfoo", is_named_only=True),
    "langchain": TargetEntry("langchain", is_named_only=True),
    "promptpack-json": TargetEntry("promptpack_json", is_named_only=True),
    "opencode-command": TargetEntry("opencode_command", is_named_only=True, client="opencode"),
    "claude-command": TargetEntry(
        "claude_command", is_named_only=True, client="claude-code", yields_to="claude-skill"
    ),
    "copilot-prompt": TargetEntry("copilot_prompt", is_named_only=True, client="copilot"),
    "cursor-command": TargetEntry("cursor_command", is_named_only=True, client="cursor"),
    "gemini-command": TargetEntry("gemini_command", is_named_only=True, client="gemini"),
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
