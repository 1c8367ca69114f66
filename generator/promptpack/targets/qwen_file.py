"""Qwen Code's files as it reads them: a text in, the keys of its front matter and the body out.

Measured on @qwen-code/qwen-code 0.24.4: what is not YAML, or no mapping, is read line by line.
"""

import re
from typing import Any

from promptpack.source import frontmatter
from promptpack.source.client_yaml import LimitError, read_client_yaml
from promptpack.targets.codec import as_text, find_wrong_value, read_front_matter

_FRONT_MATTER = re.compile(r"---\n(.*?)\n---\n(.*)", re.DOTALL)
_LINE_END = re.compile(r"\r\n?")
_NUMBER = re.compile(
    r"[-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?|0(?:[xX][\da-fA-F]+|[oO][0-7]+|[bB][01]+)"
)
_WORDS: dict[str, Any] = {"true": True, "false": False, "null": None}
_MODES = ("plan", "default", "auto-edit", "auto", "yolo", "bubble")
_RESERVED = frozenset({"self", "system", "user", "model", "tool", "config", "default", "main"})
_LONGEST_NAME = 50
_SHORTEST_PROMPT = 10


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
    keys = data if isinstance(data, dict) else _read_lines(front_matter)
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


def _has_names(value: object) -> bool:
    """Tell whether no name in a list of tools is blank: such a list refuses the file."""
    return all(name.strip() for name in list_names(value))


def _is_run_config(value: object) -> bool:
    limits = value if isinstance(value, dict) else {}
    checked = [limits[key] for key in ("max_turns", "max_time_minutes") if key in limits]
    return all(isinstance(one, (int, float)) and one > 0 for one in checked)


def _match_front_matter(text: str) -> re.Match[str] | None:
    return _FRONT_MATTER.fullmatch(_LINE_END.sub("\n", text.removeprefix("\ufeff")))


def _read_lines(front_matter: str) -> dict[str, Any]:
    """Return keys as Qwen Code reads them where it finds no YAML.

    A list has an entry on each line, after two blanks and a hyphen; a mapping is not looked into.
    """
    keys: dict[str, Any] = {}
    lines = [line for line in front_matter.split("\n") if line.strip()]
    lines = [line for line in lines if not line.strip().startswith("#")]
    open_key = ""
    for line, following in zip(lines, [*lines[1:], ""], strict=False):
        if line.startswith("  - "):
            if isinstance(keys.get(open_key), list):
                keys[open_key].append(_read_value(line[4:].strip()))
            continue
        key, colon, value = line.partition(":")
        if line.startswith("  ") and isinstance(keys.get(open_key), dict):
            continue
        open_key = ""
        if colon and value.strip():
            keys[key.strip()] = _read_value(value.strip())
        elif colon and following.startswith("  "):
            open_key = key.strip()
            keys[open_key] = [] if following.startswith("  - ") else {}
    return keys


def _read_value(text: str) -> Any:  # noqa: ANN401 - YAML data
    if text in _WORDS:
        return _WORDS[text]
    if len(text) > 1 and text[0] == text[-1] == '"':
        return text[1:-1].replace('\\"', '"').replace("\\\\", "\\")
    if _NUMBER.fullmatch(text) is None:
        return text
    return int(text, 0) if text[:2].lower() in ("0x", "0o", "0b") else float(text)
