"""Keys that a client reads line by line, where it finds no YAML: front matter in, its keys out."""

from typing import Any

from promptpack.patterns import compile_late

_NUMBER = compile_late(
    r"[-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?|0(?:[xX][\da-fA-F]+|[oO][0-7]+|[bB][01]+)"
)
_WORDS: dict[str, Any] = {"true": True, "false": False, "null": None}


def read_line_keys(front_matter: str) -> dict[str, Any]:
    """Return the keys of front matter as Qwen Code 0.24.4 reads them where it finds no YAML.

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
