"""In: Copilot agent files. Out: the prompt, model and tools Copilot CLI gives such an agent.

Measured with 1.0.102, 1.0 s a call; the first call unpacks Copilot into the cache folder of the
clients. It talks to a recorder in place of its model, and COPILOT_OFFLINE keeps it from everything
else; so the `web` alias gives nothing here (it gives web_fetch online).
A main session always has `skill` and `sql` as well; a spawned agent has exactly its own tools.
`observe_tools` asks about many lists of tools in one session, 0.15 s each.
"""

import json
import re
from collections.abc import Sequence

from clients.mcp_server import list_commands
from clients.observation import Files, Observation
from clients.recorder import Recorder
from clients.replies import Call, Json
from clients.sandbox import Ran, cache, client, sandbox

TASK = "promptpack asks the agent"
"""What the spawned agent is told to do; how its requests are told from its parent's."""

ALWAYS = frozenset({"skill", "sql"})
"""Tools that a main session has whatever the file says."""

_NUMBER = re.compile(rf"{TASK} (\d+)\.")
_INSTRUCTIONS = re.compile(
    r"<agent_instructions>\n.*?runtime instructions above\.\n\n(.*)\n</agent_instructions>",
    re.DOTALL,
)


def observe(files: Files, name: str) -> Observation:
    """Ask about an agent as the main session: `copilot --agent NAME`, a file stem or a name.

    A file's `model` does not show here (the environment's wins); it does in `observe_subagent`.
    """
    ran, requests = _run(files, ["--agent", name, "-p", "hi"], Recorder())
    if not requests:
        return Observation(loaded=False, errors=_errors(ran))
    return _observation(requests[0], requests[0], name)


def list_skills(files: Files) -> str:
    """Return the requests of a session, as JSON: they tell the model of the skills."""
    _, requests = _run(files, ["-p", "hi"], Recorder())
    return json.dumps(requests)


def observe_subagent(files: Files, name: str) -> Observation:
    """Ask about an agent as the main session spawns it: the recorder calls the task tool.

    `prompt` is the file's body and then what Copilot tells every spawned agent.
    """
    ran, requests = _spawn(files, name)
    child = next(filter(_asked, requests), None)
    if child is None:
        told = [m["content"] for body in requests for m in body["messages"] if m["role"] == "tool"]
        return Observation(loaded=False, errors=tuple(map(str, told)) or _errors(ran))
    return _observation(child, requests[0], name)


def record_subagent(files: Files, name: str) -> Json | None:
    """Return the first request that a spawned agent makes, or None where it was not spawned."""
    return next(filter(_asked, _spawn(files, name)[1]), None)


def observe_tools(
    tool_lists: Sequence[Sequence[str]], model: str = "gpt-5", servers: Files | None = None
) -> list[frozenset[str] | None]:
    """Return the tools of spawned agents that list these; see `observe_heads`."""
    heads = [f"model: {model}\ntools: {json.dumps(tools)}" for tools in tool_lists]
    return observe_heads(heads, servers)


def observe_heads(
    heads: Sequence[str], servers: Files | None = None, path: str = ".github/agents/{}.agent.md"
) -> list[frozenset[str] | None]:
    """Return the tools of spawned agents with this front matter, None where one was not spawned.

    One session spawns an agent for each, one after the other. `servers` are Python scripts that
    are MCP servers, known by their file's stem.
    """
    files = dict(servers or {}) | {
        path.format(f"asker-{i}"): (
            f"---\nname: asker-{i}\ndescription: Asks.\n{head}\n---\nAsk.\n".encode()
        )
        for i, head in enumerate(heads)
    }
    unasked = iter(range(len(heads)))

    def spawn(body: Json) -> Call | None:
        if "task" not in _tools(body) or _asked(body) or (i := next(unasked, None)) is None:
            return None
        arguments = {"agent_type": f"asker-{i}", "prompt": f"{TASK} {i}.", "description": "ask"}
        return Call("task", {**arguments, "name": f"asked-{i}", "mode": "sync"})

    config = json.dumps({"mcpServers": _configure(servers or {})})
    arguments = ["--additional-mcp-config", config, "--allow-all-tools", "-p", "hi"]
    _, requests = _run(files, arguments, Recorder(spawn))
    seen = {match[1]: body for body in requests if (match := _NUMBER.search(_asking(body)))}
    bodies = (seen.get(str(i)) for i in range(len(heads)))
    return [None if body is None else frozenset(_tools(body)) for body in bodies]


def _spawn(files: Files, name: str) -> tuple[Ran, list[Json]]:
    def spawn(body: Json) -> Call | None:
        if "task" not in _tools(body) or TASK in json.dumps(body):
            return None
        arguments = {"agent_type": name, "prompt": TASK, "description": "ask", "name": "asked"}
        return Call("task", {**arguments, "mode": "sync"})

    return _run(files, ["--allow-all-tools", "-p", "hi"], Recorder(spawn))


def _configure(servers: Files) -> Json:
    return {
        name: {"type": "local", "command": command[0], "args": command[1:], "tools": ["*"]}
        for name, command in list_commands(servers).items()
    }


def observe_instructions(files: Files) -> str:
    """Return what a session is told by these files, and whatever else the model is sent."""
    _, requests = _run(files, ["-p", "hi"], Recorder())
    return "\n".join(str(message["content"]) for message in requests[0]["messages"])


def list_own_agents() -> frozenset[str]:
    """Return the agents that Copilot can spawn where nobody wrote one."""
    _, requests = _run({}, ["--allow-all-tools", "-p", "hi"], Recorder())
    functions = (tool["function"] for body in requests for tool in body.get("tools", []))
    task = next(function for function in functions if function["name"] == "task")
    return frozenset(task["parameters"]["properties"]["agent_type"]["enum"])


def _run(files: Files, arguments: list[str], recorder: Recorder) -> tuple[Ran, list[Json]]:
    with sandbox(files) as box, recorder:
        env = {
            "COPILOT_OFFLINE": "true",
            "COPILOT_PROVIDER_BASE_URL": f"{recorder.url}/v1",
            "COPILOT_PROVIDER_API_KEY": "none",
            "COPILOT_MODEL": "gpt-5",
            "XDG_CACHE_HOME": str(cache() / "copilot"),  # unpacking it again costs a second
        }
        ran = box.run([client("node"), client("copilot"), "--trust-folder", *arguments], env)
        ran = Ran(box.blur(ran.stdout), box.blur(ran.stderr), ran.code)
    return ran, [request.body for request in recorder.requests]


def _observation(body: Json, parent: Json, name: str) -> Observation:
    match = _INSTRUCTIONS.search(_system(body))
    return Observation(
        loaded=True,
        prompt=match[1] if match else _system(body),
        model=body["model"],
        description=_description(parent, name),
        tools=frozenset(_tools(body)),
    )


def _system(body: Json) -> str:
    texts = (str(m["content"]) for m in body["messages"] if m["role"] == "system")
    return "\n".join(texts)


def _asked(body: Json) -> bool:
    return TASK in _asking(body)


def _asking(body: Json) -> str:
    return "\n".join(str(m["content"]) for m in body["messages"] if m["role"] == "user")


def _tools(body: Json) -> dict[str, str]:
    """Return the offered tools and their descriptions."""
    functions = (tool[tool["type"]] for tool in body.get("tools", []))  # "function" or "custom"
    return {function["name"]: function.get("description", "") for function in functions}


def _description(parent: Json, name: str) -> str | None:
    listed = _tools(parent).get("task", "")
    match = re.search(rf"(?s)\n- \*\*{re.escape(name)}\*\*: (.*?)(?:\n- \*\*|\Z)", listed)
    return match[1] if match else None


def _errors(ran: Ran) -> tuple[str, ...]:
    return tuple(line for line in (ran.stdout + ran.stderr).splitlines() if line.strip())
