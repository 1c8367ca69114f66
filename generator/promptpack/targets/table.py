"""What each client supports: the codecs in, a table of capabilities out, computed and not declared.

For each capability a policy is compiled that only denies it, asks for it, or gives it by patterns;
what comes back from the file tells whether the client holds that.
"""

from functools import cache
from typing import Literal

from promptpack.model import (
    CAPABILITIES,
    FILE_CHANGES,
    PATTERNED,
    Agent,
    Effect,
    Grant,
    Model,
    PatternRule,
    Policy,
)
from promptpack.targets import TARGETS, Target
from promptpack.targets.emit import encode_and_check
from promptpack.targets.losses import find_client_default

Enforcement = Literal["patterns", "ask", "deny", "told", "not held", "no tool"]

ENFORCEMENT_WORDS: dict[Enforcement, str] = {
    "patterns": "can deny, ask and match patterns",
    "ask": "can deny and ask",
    "deny": "can deny",
    "told": "stated in the prompt, not enforced",
    "not held": "can't be denied",
    "no tool": "no such tool",
}
"""What a client can do about a capability, the most first."""

CAPABILITY_ROWS = (*CAPABILITIES, "mcp:server")


@cache
def make_capability_table() -> dict[str, dict[str, Enforcement]]:
    """Return, for each target and each row, the most that the client supports."""
    return {
        name: {row: _find_enforcement(target, row) for row in CAPABILITY_ROWS}
        for name, target in TARGETS.items()
    }


def _find_enforcement(target: Target, capability: str) -> Enforcement:
    default = find_client_default(target, "primary").grant(capability)
    if default == (PatternRule("*", Effect.DENY),) and _find_loss_kind(
        target, capability, Effect.ALLOW
    ):
        return "no tool"
    kind = _find_loss_kind(target, capability, Effect.DENY)
    if kind:
        return "told" if kind == "advisory" else "not held"
    if _find_loss_kind(target, capability, Effect.ASK):
        return "deny"
    patterns = PatternRule("*", Effect.ASK), PatternRule("docs/*", Effect.ALLOW)
    tells_patterns_apart = capability in PATTERNED and not _find_loss_kind(
        target, capability, patterns
    )
    return "patterns" if tells_patterns_apart else "ask"


def _find_loss_kind(target: Target, capability: str, desired: Effect | Grant) -> str:
    """Return what becomes of one grant, or nothing where it is held exactly."""
    grant = (PatternRule("*", desired),) if isinstance(desired, Effect) else desired
    names = FILE_CHANGES if capability in FILE_CHANGES else (capability,)
    policy = Policy(Effect.INHERIT, dict.fromkeys(names, grant))
    losses = encode_and_check(target, Agent("x", "x", "primary", Model(""), None, policy, "x\n"))[1]
    own_losses = (loss for loss in losses if not loss.reader)
    return next((loss.kind for loss in own_losses if loss.subject == capability), "")
