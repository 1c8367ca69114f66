"""Cline's files as it reads them: a text in, the keys of its head, its tools and the body out.

Read in the program of @cline/core 0.0.86; its reader of files was run.
"""

from collections.abc import Mapping
from contextlib import suppress
from typing import Any

from promptpack.source import frontmatter
from promptpack.targets.codec import find_head_refusal, is_text_list, read_front_matter
from promptpack.targets.target import FRONT_MATTER_FIELDS

_ALIASES = {
    **dict.fromkeys(("apply_diff", "replace_in_file", "write_to_file"), "editor"),
    **dict.fromkeys(("bash", "execute_command", "list_files"), "run_commands"),
    **dict.fromkeys(("list_code_definition_names", "search_files"), "search_codebase"),
    **dict.fromkeys(("read_file",), "read_files"),
    **dict.fromkeys(("use_skill",), "skills"),
}


def read_file(text: str) -> tuple[dict[str, Any], str]:
    """Return the keys and the body as Cline finds them; a file that it would not load, by keys."""
    head, _, _ = frontmatter.split_front_matter(text.removeprefix("\ufeff"))
    keys, body = read_front_matter(text)
    with suppress(ValueError):
        keys = keys if head is None else frontmatter.read_mapping(head, merges=False)
    return keys, body


def read_tools(keys: Mapping[str, Any]) -> frozenset[str] | None:
    """Return the tools that a head names, None where it may mean every tool."""
    tools = keys.get("tools")
    names = tools.split(",") if isinstance(tools, str) else tools
    if not is_text_list(names):
        return None
    lowered = (name.strip().lower() for name in names or ())
    given = frozenset(_ALIASES.get(name, name) for name in lowered)
    return given | {"skills"} if "skills" in keys else given


def find_refusal(text: str) -> str:
    """Return why Cline would not load a file, or nothing; unknown keys are passed over."""
    head, body, _ = frontmatter.split_front_matter(text.removeprefix("\ufeff"))
    if head is None:
        return "the file does not start with front matter"
    checks = {
        **dict.fromkeys(("name", "description", "modelId", "providerId"), _is_word),
        **dict.fromkeys(("tools", "skills"), lambda v: isinstance(v, str) or is_text_list(v)),
        "maxIterations": lambda v: type(v) in (int, float) and v > 0 and v % 1 == 0,
    }
    refusal = find_head_refusal(head, sorted(FRONT_MATTER_FIELDS), checks)
    return refusal or ("" if body.strip() else "the prompt is empty")


def _is_word(value: object) -> bool:
    return isinstance(value, str) and value.strip() != ""
