"""What each client can hold: the codecs in, a table of capabilities out, computed and not declared.

For each capability a policy is compiled that only denies it, asks for it, or gives it by patterns;
what comes back from the file tells whether the client holds that.
"""

from functools import cache
from typing import Literal

from promptpack.model import (
    CAPABILITIES,
    PATTERNED,
    Agent,
    Effect,
    Grant,
    Line,
    Model,
    Origin,
    Policy,
    Rule,
)
from promptpack.targets import TARGETS, Target
from promptpack.targets.emit import client_default, emit

Holding = Literal["patterns", "ask", "deny", "told", "not held", "no tool"]

WORDS: dict[Holding, str] = {
    "patterns": "denies, asks, and tells patterns apart",
    "ask": "denies and asks",
    "deny": "denies",
    "told": "only the prompt says it",
    "not held": "can't be taken away",
    "no tool": "has no such tool",
}
"""What a client can do about a capability, the most first."""

ROWS = (*CAPABILITIES, "mcp:server")


@cache
def capability_table() -> dict[str, dict[str, Holding]]:
    """Return, for each target and each row, the most that the client can hold."""
    return {name: {row: _holding(t, row) for row in ROWS} for name, t in TARGETS.items()}


def _holding(target: Target, capability: str) -> Holding:
    default = client_default(target, "primary").grant(capability)
    if default == (Rule("*", Effect.DENY),) and _kind(target, capability, Effect.ALLOW):
        return "no tool"
    kind = _kind(target, capability, Effect.DENY)
    if kind:
        return "told" if kind == "advisory" else "not held"
    if _kind(target, capability, Effect.ASK):
        return "deny"
    patterns = Rule("*", Effect.ASK), Rule("docs/*", Effect.ALLOW)
    held = capability in PATTERNED and not _kind(target, capability, patterns)
    return "patterns" if held else "ask"


def _kind(target: Target, capability: str, wanted: Effect | Grant) -> str:
    """Return what becomes of one grant, or nothing where it is held exactly."""
    grant = (Rule("*", wanted),) if isinstance(wanted, Effect) else wanted
    names = (
        ("edit", "write", "patch") if capability in ("edit", "write", "patch") else (capability,)
    )
    policy = Policy(Effect.INHERIT, dict.fromkeys(names, grant))
    body = (Line("x", Origin("", 1)),)
    losses = emit(target, Agent("x", "x", "primary", Model(""), None, policy, body))[1]
    return next((loss.kind for loss in losses if loss.subject == capability), "")
