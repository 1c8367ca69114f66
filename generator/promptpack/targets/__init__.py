"""The registry of targets: one line a client, in the order they are shown."""

from collections.abc import Collection

from promptpack.targets.agents_md import AGENTS_MD
from promptpack.targets.claude_code import CLAUDE_CODE
from promptpack.targets.claude_command import CLAUDE_COMMAND
from promptpack.targets.cline import CLINE
from promptpack.targets.codex import CODEX
from promptpack.targets.copilot import COPILOT
from promptpack.targets.copilot_instructions import COPILOT_INSTRUCTIONS
from promptpack.targets.copilot_prompt import COPILOT_PROMPT
from promptpack.targets.cursor import CURSOR
from promptpack.targets.cursor_command import CURSOR_COMMAND
from promptpack.targets.cursor_rule import CURSOR_RULE
from promptpack.targets.devin_rule import DEVIN_RULE
from promptpack.targets.dotprompt import DOTPROMPT
from promptpack.targets.factory import FACTORY
from promptpack.targets.gemini import GEMINI
from promptpack.targets.gemini_command import GEMINI_COMMAND
from promptpack.targets.goose import GOOSE
from promptpack.targets.junie import JUNIE
from promptpack.targets.kilo import KILO
from promptpack.targets.kiro import KIRO
from promptpack.targets.langchain import LANGCHAIN
from promptpack.targets.messages import MESSAGES
from promptpack.targets.opencode import OPENCODE
from promptpack.targets.opencode_command import OPENCODE_COMMAND
from promptpack.targets.promptfoo import PROMPTFOO
from promptpack.targets.promptpack_json import PROMPTPACK_JSON
from promptpack.targets.prompty import PROMPTY
from promptpack.targets.qwen import QWEN
from promptpack.targets.roo import ROO
from promptpack.targets.skill import CLAUDE_SKILL, SKILL
from promptpack.targets.system import SYSTEM
from promptpack.targets.target import Target

__all__ = ["TARGETS", "Target", "list_readers"]

TARGETS: dict[str, Target] = {
    target.name: target
    for target in (
        OPENCODE,
        CLAUDE_CODE,
        COPILOT,
        COPILOT_INSTRUCTIONS,
        CURSOR,
        CURSOR_RULE,
        CODEX,
        GEMINI,
        QWEN,
        KILO,
        FACTORY,
        CLINE,
        KIRO,
        JUNIE,
        DEVIN_RULE,
        GOOSE,
        ROO,
        AGENTS_MD,
        SKILL,
        CLAUDE_SKILL,
        SYSTEM,
        MESSAGES,
        PROMPTY,
        DOTPROMPT,
        PROMPTFOO,
        LANGCHAIN,
        PROMPTPACK_JSON,
        OPENCODE_COMMAND,
        CLAUDE_COMMAND,
        COPILOT_PROMPT,
        CURSOR_COMMAND,
        GEMINI_COMMAND,
    )
}


def list_readers(target: Target, used: Collection[str] = ()) -> list[Target]:
    """Return the other clients that load a target's files.

    One that has to be named is among them only where it is `used`: most people don't have it.
    """
    readers = (TARGETS[name] for name in target.read_by)
    return [one for one in readers if not one.is_named_only or one.name in used]
