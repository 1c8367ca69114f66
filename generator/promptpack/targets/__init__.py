"""The registry of targets: one line a client, in the order they are shown."""

from promptpack.targets.claude_code import CLAUDE_CODE
from promptpack.targets.codec import Target
from promptpack.targets.opencode import OPENCODE

__all__ = ["TARGETS", "Target"]

TARGETS: dict[str, Target] = {
    target.name: target
    for target in (
        OPENCODE,
        CLAUDE_CODE,
    )
}
