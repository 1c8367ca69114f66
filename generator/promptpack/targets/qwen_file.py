"""Qwen Code's files as it reads them: a text in, the keys of its front matter and the body out.

Measured on @qwen-code/qwen-code 0.24.4: what is not YAML, or no mapping, is read line by line.
"""

import re
from collections.abc import Mapping
from typing import Any

from promptpack.patterns import compile_late
from promptpack.source import frontmatter
from promptpack.source.client_yaml import LimitError, read_client_yaml
from promptpack.source.line_keys import read_line_keys
from promptpack.targets.codec import as_text, find_wrong_value, read_front_matter
from promptpack.targets.tool_lists import ToolLists

_FRONT_MATTER = compile_late(r"---\n(.*?)\n---\n(.*)", re.DOTALL)
_LINE_END = compile_late(r"\r\n?")
_MODES = ("plan", "default", "auto-edit", "auto", "yolo", "bubble")
_RESERVED = frozenset({"self", "system", "user", "model", "tool", "config", "default", "main"})
_LONGEST_NAME = 50
_SHORTEST_PROMPT = 10


_SHOWN_NAMES: Mapping[str, tuple[str, ...]] = {
    "read_file": ("ReadFile",),
    "list_directory": ("ListFiles", "ReadFolder"),
    "glob": ("Glob", "FindFiles"),
    "grep_search": ("Grep", "SearchFiles"),
    "edit": ("Edit",),
    "notebook_edit": ("NotebookEdit",),
    "write_file": ("WriteFile",),
    "run_shell_command": ("Shell",),
    "web_fetch": ("WebFetch",),
    "web_search": ("WebSearch",),
    "agent": ("Agent", "Task"),
    "skill": ("Skill",),
    "zoom_image": ("ZoomImage",),
    "lsp": ("Lsp",),
    "monitor": ("Monitor",),
    "create_sub_session": ("CreateSubSession",),
    "exec": ("Exec",),
}
"""The names that Qwen Code shows for its tools, and older ones: a list may have them too."""

ALIASES = {alias: tool for tool, aliases in _SHOWN_NAMES.items() for alias in aliases}


def read_file(text: str) -> tuple[dict[str, Any], str]:
    """Return the keys and the body as Qwen Code finds them; a file it would skip, key by key."""
    match = _match_front_matter(text)
    return (read_keys(match[1]), match[2].strip()) if match else read_front_matter(text)


def read_keys(front_matter: str) -> dict[str, Any]:
    """Return the keys of front matter that have a value.

    What is too large to be read here has none: without any, the client grants most.
    """
    data, is_strict = frontmatter.parse_front_matter(front_matter)
    if not is_strict:
        try:
            data = read_client_yaml(front_matter, merges=False)
        except LimitError:
            return {}
        except ValueError:
            data = None
    keys = data if isinstance(data, dict) else read_line_keys(front_matter)
    return {key: value for key, value in keys.items() if value is not None}


def find_refusal(text: str) -> str:
    """Return why Qwen Code would not load a file, or nothing; unknown keys are passed over."""
    match = _match_front_matter(text)
    if match is None:
        return "the file does not start with front matter"
    keys = read_keys(match[1])
    for key in ("name", "description"):
        if not as_text(keys.get(key)).strip():
            return f"'{key}' is missing"
    checks = {
        "approvalMode": lambda value: value in ("", *_MODES),
        "executor": lambda value: isinstance(value, dict) and "command" in value,
        "executionBackend": lambda value: value == "container",
        "runConfig": _is_run_config,
        **dict.fromkeys(("tools", "disallowedTools"), _has_names),
    }
    problem = find_wrong_name(as_text(keys["name"])) or find_wrong_prompt(match[2])
    return problem or find_wrong_value(keys, checks)


def find_wrong_name(name: str) -> str:
    """Return why Qwen Code would not take a name, or nothing."""
    bare = name.strip()
    if not 1 < len(bare) <= _LONGEST_NAME:
        return f"the name '{name}' has not between 2 and {_LONGEST_NAME} characters"
    if not all(one.isalnum() or one in "_-" for one in bare) or bare.strip("_-") != bare:
        return f"the name '{name}' may only contain letters, digits, and - and _ between them"
    return f"the name '{name}' is reserved" if bare.lower() in _RESERVED else ""


def find_wrong_prompt(prompt: str) -> str:
    """Return why Qwen Code would not take a prompt, or nothing."""
    is_long_enough = len(prompt.strip()) >= _SHORTEST_PROMPT
    return "" if is_long_enough else f"the prompt has fewer than {_SHORTEST_PROMPT} characters"


def list_names(value: object) -> list[str]:
    """Return the names in a list or in a text with commas; what else there is has none."""
    if isinstance(value, str):
        return [name for one in value.split(",") if (name := one.strip())]
    return [name for name in value if isinstance(name, str)] if isinstance(value, list) else []


def read_lists(keys: Mapping[str, Any]) -> ToolLists:
    """Read both keys as the client does; another program that runs the agent heeds none."""
    if "executor" in keys:
        return ToolLists(None, frozenset())
    listed, denied = (
        frozenset(ALIASES.get(name, name) for name in list_names(keys.get(key)))
        for key in ("tools", "disallowedTools")
    )
    is_all = not listed or listed & {"*", "exec"}
    return ToolLists(None if is_all else listed, denied, gives_servers=False)


def _has_names(value: object) -> bool:
    """Tell whether no name in a list of tools is blank: such a list refuses the file."""
    return all(name.strip() for name in list_names(value))


def _is_run_config(value: object) -> bool:
    limits = value if isinstance(value, dict) else {}
    checked = [limits[key] for key in ("max_turns", "max_time_minutes") if key in limits]
    return all(isinstance(one, (int, float)) and one > 0 for one in checked)


def _match_front_matter(text: str) -> re.Match[str] | None:
    return _FRONT_MATTER.fullmatch(_LINE_END.sub("\n", text.removeprefix("\ufeff")))
