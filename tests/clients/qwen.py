"""In: Qwen Code agent files. Out: the prompt, model and tools Qwen Code gives such an agent.

Measured with qwen-code 0.24.4: 1.5 s for any number of project folders, nearly all of it the start
of node. The files go through its own loader, and each agent through its own executor up to the
point where the model would be asked; `qwen.mjs` is that program.
"""

import re
from collections.abc import Sequence
from pathlib import Path

from clients.mcp_server import list_commands
from clients.observation import Case, Files, Observation
from clients.replies import Json
from clients.sandbox import client, sandbox

_LOADER = "\nfunction parseSubagentContent("
_KEY = re.compile(r"""(?:frontmatter\["|document\.has\("|documentJs\[")(\w+)"[\])]""")

TOOLS = {
    "read": {"read_file"},
    "glob": {"glob"},
    "grep": {"grep_search"},
    "edit": {"edit", "notebook_edit"},
    "write": {"write_file"},
    "execute": {"run_shell_command"},
    "web_fetch": {"web_fetch"},
    "task": {"agent"},
    "skill": {"skill"},
}
"""The tools of each capability that Qwen Code has without settings: a folder's list and the web
search have to be turned on."""


def observe(files: Files, name: str) -> Observation:
    """Ask about one agent; see observe_many."""
    return observe_many([(files, name)])[0]


def observe_many(cases: Sequence[Case], servers: Files | None = None) -> list[Observation]:
    """Ask about one agent in each of many project folders; answers in the order of the cases.

    An agent that loads but cannot be started, as with `${word}` in its body, has no prompt and its
    reason in `errors`. A file that does not load is passed over without a reason. `servers` are
    Python scripts that are MCP servers, known by their file's stem.
    """
    answers = _ask([files for files, _ in cases], servers)["answers"]
    names = [name for _, name in cases]
    return [_observation(seen, name) for seen, name in zip(answers, names, strict=True)]


def list_tool_names() -> frozenset[str]:
    """Return the names that Qwen Code has for its tools, those that it shows not among them."""
    return frozenset(_ask([])["names"])


def list_shown_names() -> frozenset[str]:
    """Return the names that Qwen Code shows for its tools, older ones too."""
    return frozenset(_ask([])["shown"])


def list_agent_keys() -> frozenset[str]:
    """Return the keys that the loader of agent files asks for, as its program says."""
    for path in Path(client("qwen"), "chunks").glob("chunk-*.js"):
        _, _, program = path.read_text(encoding="utf-8").partition(_LOADER)
        if program:
            return frozenset(_KEY.findall(program.partition("\n}\n")[0]))
    message = f"no part of Qwen Code has '{_LOADER}'"
    raise RuntimeError(message)


def list_own_agents() -> frozenset[str]:
    """Return the names of the agents that Qwen Code has itself."""
    return frozenset(_ask([{}])["own"])


def _ask(cases: Sequence[Files], servers: Files | None = None) -> Json:
    in_home = {p: data for files in cases for p, data in files.items() if p.startswith("~/")}
    commands = list_commands(servers or {})
    with sandbox({**in_home, **(servers or {})}) as box:
        folders = []
        for number, files in enumerate(cases):
            own = {path: data for path, data in files.items() if path not in in_home}
            folders.append(str(box.folder(f"case-{number}", own)))
        task = {
            "package": client("qwen"),
            "empty": str(box.project),
            "folders": folders,
            "servers": {n: {"command": c[0], "args": c[1:]} for n, c in commands.items()},
        }
        read: Json = box.ask(Path(__file__).with_suffix(".mjs"), task)
        return read


def _observation(seen: Sequence[Json], name: str) -> Observation:
    agent = next((agent for agent in seen if agent["name"] == name), None)
    if agent is None:
        return Observation(loaded=False, errors=(f"no agent named {name}",))
    return Observation(
        loaded=True,
        prompt=agent.get("prompt"),
        model=agent.get("model"),
        description=agent["description"],
        tools=frozenset(agent["tools"]) if "tools" in agent else None,
        errors=(agent["error"],) if "error" in agent else (),
    )
