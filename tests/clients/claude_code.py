"""In: Claude Code agent files. Out: the prompt, model and tools Claude Code gives such an agent.

Measured with 2.1.332, 0.5 to 0.9 s a call. It talks to a recorder in place of its model.
A spawned agent has fewer tools than a main session started with `--agent`: cron, listing and
scheduling tools, Workflow and the todo tools stay with the main session, even when `tools` names
the todo tools. So `observe_subagent` is the truth about a subagent, `observe` about `--agent`.
The agent tool is `Task` in the init line, `Agent` in requests and files; here it is `Agent`.
A file may name hooks and MCP servers, which Claude Code starts: ask only about trusted files.
"""

import json
import re
from collections.abc import Callable, Iterator, Mapping

from clients.mcp_server import list_commands
from clients.observation import Files, Observation
from clients.recorder import Recorder
from clients.replies import Call, Json
from clients.sandbox import Ran, Sandbox, client, sandbox

TASK = "promptpack asks the agent"
"""What the spawned agent is told to do; how its requests are told from its parent's."""

POWERSHELL: Mapping[str, str] = {"CLAUDE_CODE_USE_POWERSHELL_TOOL": "1"}
"""What gives Claude Code its PowerShell tool on a system that is not Windows."""

_DEFERRED = re.compile(
    r"deferred tools are now available.*?calling them:\n(.*?)(?:\n\n|\n<|$)", re.DOTALL
)
_PLACEHOLDER = "DeferredToolPlaceholder"


def observe(
    files: Files, name: str, servers: Files | None = None, env: Mapping[str, str] | None = None
) -> Observation:
    """Ask about an agent as the main session: `claude --agent NAME`.

    `servers` are Python scripts that are MCP servers, known by their file's stem; `env` are
    switches of Claude Code's own.

    `prompt` is the file's body, or Claude Code's own prompt when the body is empty. `errors` is
    what it prints when it does not know the agent; it never says why a file was skipped.
    """
    ran, requests = _run(files, ["--agent", name], Recorder(), servers, env)
    init = next((line for line in _lines(ran) if line.get("subtype") == "init"), None)
    if init is None or not requests:
        text = (ran.stdout + ran.stderr).strip()
        return Observation(loaded=False, errors=(text,))
    tools = frozenset("Agent" if tool == "Task" else tool for tool in init["tools"])
    return Observation(
        loaded=True,
        prompt=requests[0]["system"][-1]["text"],
        model=requests[0]["model"],
        temperature=requests[0].get("temperature"),
        tools=tools,
    )


def observe_subagent(
    files: Files, name: str, servers: Files | None = None, env: Mapping[str, str] | None = None
) -> Observation:
    """Ask about an agent as the main session spawns it: the recorder calls the agent tool.

    `prompt` is the file's body and then what Claude Code tells every spawned agent. `errors` has
    its reason when it refuses, as for an agent whose `tools` are all unknown.
    """
    ran, requests = _run(files, [], Recorder(_make_spawn(name)), servers, env)
    child = next(filter(_is_asked, requests), None)
    if child is None:
        return Observation(loaded=False, errors=_refusals(ran))
    offered = {tool["name"] for tool in child.get("tools", [])} - {_PLACEHOLDER}
    return Observation(
        loaded=True,
        prompt=child["system"][-1]["text"],
        model=child["model"],
        temperature=child.get("temperature"),
        description=_description(requests[0], name),
        tools=frozenset(offered | set(_deferred(child))),
    )


def record_subagent(files: Files, name: str) -> Json | None:
    """Return the first request that a spawned agent makes, or None where it was not spawned."""
    _, requests = _run(files, [], Recorder(_make_spawn(name)))
    return next(filter(_is_asked, requests), None)


def use_tool(files: Files, name: str, call: Call) -> frozenset[str]:
    """Run a spawned agent whose model wants to use one tool; return the project's files then.

    Nobody is there to answer, so what would be asked for is refused.
    """
    spawn = _make_spawn(name)

    def answer(body: Json) -> Call | None:
        if _is_asked(body):
            return None if '"tool_result"' in json.dumps(body) else call
        return spawn(body)

    with sandbox(files) as box:
        _run_in(box, [], Recorder(answer))
        paths = [path.relative_to(box.project) for path in box.project.rglob("*")]
        return frozenset(path.as_posix() for path in paths if path.parts[0] != ".claude")


def list_own_agents() -> frozenset[str]:
    """Return the agents that Claude Code has where nobody wrote one."""
    ran, _ = _run({}, [], Recorder())
    init = next(line for line in _lines(ran) if line.get("subtype") == "init")
    return frozenset(init["agents"])


def list_skills(files: Files) -> frozenset[str]:
    """Return the skills that Claude Code finds."""
    ran, _ = _run(files, [], Recorder())
    init = next(line for line in _lines(ran) if line.get("subtype") == "init")
    return frozenset(init["skills"])


def load_skill(files: Files, name: str) -> str:
    """Return what the model is told when a user starts a skill, as JSON."""
    recorder = Recorder()
    with sandbox(files) as box:
        _run_in(box, [], recorder, prompt=f"/{name}")
    return json.dumps([request.body.get("messages") for request in recorder.requests])


def call_command(files: Files, words: str) -> list[Json]:
    """Return the requests that follow where a user writes these words, such as `/name text`."""
    recorder = Recorder()
    with sandbox(files) as box:
        _run_in(box, [], recorder, prompt=words)
    return [request.body for request in recorder.requests if "system" in request.body]


def list_own_commands() -> frozenset[str]:
    """Return the commands that Claude Code offers a session that nobody watches."""
    ran, _ = _run({}, [], Recorder())
    init = next(line for line in _lines(ran) if line.get("subtype") == "init")
    return frozenset(init["slash_commands"])


def _run(
    files: Files,
    arguments: list[str],
    recorder: Recorder,
    servers: Files | None = None,
    switches: Mapping[str, str] | None = None,
) -> tuple[Ran, list[Json]]:
    config = json.dumps({"mcpServers": _configure(servers or {})}).encode()
    using = ["--mcp-config", "servers.json", "--strict-mcp-config"] if servers else []
    with sandbox({**files, **(servers or {}), "servers.json": config}) as box:
        ran = _run_in(box, [*using, *arguments], recorder, switches)
    return ran, [request.body for request in recorder.requests if "system" in request.body]


def _run_in(
    box: Sandbox,
    arguments: list[str],
    recorder: Recorder,
    switches: Mapping[str, str] | None = None,
    prompt: str = "hi",
) -> Ran:
    with recorder:
        env = {
            **(switches or {}),
            "ANTHROPIC_BASE_URL": recorder.url,
            "ANTHROPIC_API_KEY": "none",
            "CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC": "1",
            "MCP_CONNECTION_NONBLOCKING": "0",  # wait for the servers before the first request
            "DISABLE_AUTOUPDATER": "1",
        }
        printing = ["-p", "--output-format", "stream-json", "--verbose", prompt]
        ran = box.run([client("claude"), *arguments, *printing], env)
        return Ran(box.blur(ran.stdout), box.blur(ran.stderr), ran.code)


def _make_spawn(name: str) -> Callable[[Json], Call | None]:
    """Return what the model of the main session answers: it starts the agent once."""

    def spawn(body: Json) -> Call | None:
        offered = {tool.get("name") for tool in body.get("tools", [])}
        if "Agent" not in offered or TASK in json.dumps(body):
            return None
        arguments = {"description": "ask", "prompt": TASK, "subagent_type": name}
        return Call("Agent", arguments)

    return spawn


def _is_asked(body: Json) -> bool:
    """Tell whether a request is the spawned agent's; a skill may stand before what it is told."""
    return any(TASK in text for text in _texts(body))


def _configure(servers: Files) -> Json:
    commands = list_commands(servers).items()
    return {name: {"command": command[0], "args": command[1:]} for name, command in commands}


def _lines(ran: Ran) -> Iterator[Json]:
    return (json.loads(line) for line in ran.stdout.splitlines() if line.startswith("{"))


def _texts(body: Json) -> list[str]:
    """Return the text blocks of the messages that are not the assistant's."""
    blocks: list[Json] = []
    for message in body["messages"]:
        content = message["content"]
        if message["role"] != "assistant":
            blocks += [{"text": content}] if isinstance(content, str) else content
    return [block["text"] for block in blocks if "text" in block]


def _deferred(body: Json) -> list[str]:
    """Return the tools that are only named at first; the agent loads them with ToolSearch."""
    found = (_DEFERRED.search(text) for text in _texts(body))
    return [name for match in found if match for name in match[1].split()]


def _description(parent: Json, name: str) -> str | None:
    for text in _texts(parent):
        if match := re.search(rf"(?ms)^- {re.escape(name)}: (.*?) \(Tools: ", text):
            return match[1]
    return None


def _refusals(ran: Ran) -> tuple[str, ...]:
    errors = (line.get("patch", {}).get("error") for line in _lines(ran))
    blocks = (
        block
        for line in _lines(ran)
        if line.get("type") == "user"
        for block in line["message"]["content"]
        if block.get("is_error")
    )
    return tuple(filter(None, errors)) + tuple(str(block["content"]) for block in blocks)
