"""A repository that keeps its agents in five folders, made up: 150 files, and what is in them.

Two folders are Claude Code's, one Copilot's, one OpenCode's, and one holds generated copies.
"""

from collections.abc import Mapping
from typing import NamedTuple

COUNT = 27
DISAGREEING, DRIFTED, CRLF, OTHERS = range(5), range(5, 10), range(10, 15), range(24, COUNT)
"""The agents that may do more in OpenCode, whose Copilot text drifted, whose OpenCode file
has other ends of lines, and whose name another agent has in Copilot."""

_CLAUDE, _COPILOT = ".claude/agents/{}.md", ".github/agents/{}.agent.md"
_OPENCODE = ".opencode/agents/{}.md"


class Twin(NamedTuple):
    """Files by path, those of each agent, and where copies differ: pack, kind, targets."""

    files: Mapping[str, bytes]
    agents: frozenset[frozenset[str]]
    disagreements: frozenset[tuple[str, str, frozenset[str]]]


def make_twin() -> Twin:
    """Return the repository."""
    files: dict[str, bytes] = {}
    agents: set[frozenset[str]] = set()
    for number in range(COUNT):
        own, other = _make_agent(number, files)
        agents |= {own, other} - {frozenset()}
    return Twin(files, frozenset(agents), frozenset(_list_disagreements()))


def _make_agent(number: int, files: dict[str, bytes]) -> tuple[frozenset[str], frozenset[str]]:
    """Add the files of a name; return those of its agent, and those of another one if there is."""
    name = f"agent-{number:02}"
    head = f"description: Does what agent {number} does.\n"
    body = _make_body(f"{name} rule", 20)
    claude = f"---\nname: {name}\n{head}tools: Read, Grep, Glob\n---\n\n{body}"
    copilot_body = _make_body("quite another", 20) if number in OTHERS else body
    if number in DRIFTED:
        copilot_body = body.replace("rule 3 ", "rule three ").replace("rule 9 ", "rule nine ")
    copilot = f"---\nname: {name}\n{head}tools: [read, search]\n---\n{copilot_body}"
    shell = "allow" if number in DISAGREEING else "deny"
    opencode = (
        f"---\n{head}mode: subagent\npermission:\n  '*': deny\n  read: allow\n  grep: allow\n"
        f"  glob: allow\n  list: allow\n  bash: {shell}\n---\n\n{body}"
    )
    opencode = opencode.replace("\n", "\r\n") if number in CRLF else opencode
    places = {_CLAUDE: claude, f"plugin/{_CLAUDE}": claude, _OPENCODE: opencode}
    places |= {f"generated/{_OPENCODE}": opencode} if number < 15 else {}
    others = {_COPILOT: copilot, f"generated/{_COPILOT}": copilot}
    files |= {path.format(name): text.encode() for path, text in (places | others).items()}
    own, other = ({path.format(name) for path in some} for some in (places, others))
    if number in OTHERS:
        return frozenset(own), frozenset(other)
    return frozenset(own | other), frozenset()


def _make_body(words: str, count: int) -> str:
    rules = "".join(f"- The {words} {number} says so.\n" for number in range(count))
    return f"You follow rules.\n\n## Rules\n\n{rules}\n## Output\n\n- Say what was done.\n"


def _list_disagreements() -> list[tuple[str, str, frozenset[str]]]:
    found = [("permission", number, {"claude-code", "opencode"}) for number in DISAGREEING]
    found += [("text", number, {"claude-code", "copilot"}) for number in DRIFTED]
    return [(f"agent-{number:02}", kind, frozenset(names)) for kind, number, names in found]
