"""Values of each extra key that clients take, and of each one that they don't, or that we refuse.

The real clients are asked about them too (`clients/test_extras.py`).
"""

from collections.abc import Mapping
from typing import Any, NamedTuple


class Values(NamedTuple):
    """Values that a key may have, and values that it may not."""

    good: tuple[Any, ...]
    bad: tuple[Any, ...]


_COUNT = Values((1, 40), (0, -1, 1.5, "3", True))
_FLAG = Values((True, False), ("true", 1, None))
_LINE = Values(("a branch", "x: y # z", "ä 'b'"), ("", " ", "a\nb", 5, ["a"]))
_TEXT = Values(("Be short.", " a: b\n\n- c — d\n", "# x\n"), ("", " \n", 5, ["a"]))
_HANDOFF = {"label": "Go on", "agent": "writer", "prompt": "Write: it.", "send": True}

EXTRAS: dict[str, Mapping[str, Values]] = {
    "opencode": {
        "color": Values(("#5B8DEF", "accent"), ("red", "#fff", 5)),
        "hidden": _FLAG,
        "steps": _COUNT,
        "top_p": Values((0, 0.9, 1), (1.5, -0.1, "0.5", True)),
    },
    "claude-code": {
        "color": Values(("blue", "pink"), ("teal", "#5B8DEF", 5)),
        "maxTurns": _COUNT,
        "skills": Values((["review"], ["a", "b: c"]), ("review", [], ["a", "a"], [5])),
        "memory": Values(("user", "project", "local"), ("all", True)),
    },
    "copilot": {
        "argument-hint": _LINE,
        "user-invocable": _FLAG,
        "handoffs": Values(
            ([_HANDOFF], [{"label": "Go on", "agent": "writer"}, _HANDOFF]),
            ([], "writer", [{"label": "Go on"}], [{**_HANDOFF, "tools": ["*"]}], [5]),
        ),
    },
    "copilot-instructions": {
        "applyTo": Values(
            ("**", "**/*.py,src/**", "**/*.{ts,tsx}, a/[b]*"), ("", "a b", "a,,b", ["*"], 5, "'*'")
        ),
        "excludeAgent": Values(("code-review", "cloud-agent"), ("me", True)),
    },
    "cursor-rule": {
        "globs": Values(
            ("**/*.py", "src/**,*.js", ["**/*.ts", "a/[b]*"]),
            ("", [], "*.{js,ts}", "a b", ["a,b"], [5], 5, '"*"', "[a]*"),
        ),
        "alwaysApply": _FLAG,
    },
    "codex": {
        "nickname_candidates": Values(
            (["Ann"], ["Ann Lee", "b_c-1"]), ([], ["a", "a"], ["é"], [" "], "Ann")
        ),
        "model_reasoning_summary": Values(("concise", "none"), ("long", 1)),
        "model_verbosity": Values(("low", "high"), ("max", True)),
    },
    "gemini": {
        "kind": Values(("local",), ("remote", True)),
        "display_name": _LINE,
        "max_turns": _COUNT,
        "timeout_mins": _COUNT,
    },
    "qwen": {
        "color": Values(("red", "auto"), ("#aabbcc", "Red", 1)),
        "maxTurns": _COUNT,
    },
    "cline": {"maxIterations": _COUNT},
    "devin-rule": {
        "trigger": Values(("model_decision", "always_on", "manual"), ("always", True)),
        "globs": Values(
            (["**/*.py"], ["src/**", "*.{js,ts}"]),
            ("**/*.py", [], ["/etc/**"], ["../a/**"], ["a", "a"], [5], {"a": 1}),
        ),
    },
    "junie": {
        "maxTurns": _COUNT,
        "skills": Values((["review"], ["a", "b: c"]), ("review", [], ["a", "a"], [5])),
    },
    "roo": {
        "whenToUse": Values((*_TEXT.good, ""), (5, ["a"], None)),
        "customInstructions": _TEXT,
        "source": Values(("project", "global"), ("user", "", 5)),
    },
    "skill": {
        "license": _LINE,
        "compatibility": _LINE,
        "disable-model-invocation": _FLAG,
        "user-invocable": _FLAG,
    },
    "promptpack-json": {
        "version": Values(("1.2.3", "v2.0.0-beta.1+a"), ("1.2", "0.0.0", 1, "1.2.3 ")),
    },
}
EXTRAS["kilo"] = EXTRAS["opencode"]
EXTRAS["claude-skill"] = EXTRAS["skill"]
EXTRAS["opencode-command"] = {"subtask": _FLAG}
EXTRAS["claude-command"] = {"disable-model-invocation": _FLAG}

GRANTING = {"claude-code": {"memory"}}
"""The keys that change what an agent may do."""


def list_harmless(target: str) -> dict[str, Any]:
    """Return a value of each extra key of a target that grants nothing."""
    granting = GRANTING.get(target, set())
    return {key: v.good[0] for key, v in EXTRAS[target].items() if key not in granting}
