"""In: OpenCode agent files. Out: what OpenCode resolves them to: prompt, ordered rules, tools.

Measured with 1.18.33. `observe` is `opencode debug agent NAME`, 1.4 s a call; `observe_many` needs
1.0 s an agent on two processors. `observe_folders` asks one `opencode serve` about many project
folders, 2 s and then 0.1 s a folder, but a server does not tell the tools.
Left to itself OpenCode asks the npm registry for a plugin package and another host for a list of
models; OFFLINE and the sandbox's npm setting stop both (strace saw no other connection).
One invalid agent file breaks all of them, so a bad one belongs in a folder of its own.
"""

import base64
import json
import re
import secrets
import time
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

from clients.mcp_server import list_commands
from clients.observation import Case, Files, Observation
from clients.recorder import Recorder
from clients.replies import Call, Json
from clients.sandbox import Sandbox, client, sandbox
from support import PATIENCE

OFFLINE = {
    "OPENCODE_DISABLE_AUTOUPDATE": "1",
    "OPENCODE_DISABLE_LSP_DOWNLOAD": "1",
    "OPENCODE_DISABLE_MODELS_FETCH": "1",
}

_COLOR = re.compile(r"\x1b\[[0-9;]*m")


class Program(NamedTuple):
    """OpenCode, or a fork of it that has the same commands: its name, and switches of its own."""

    name: str
    offline: Mapping[str, str]


OPENCODE = Program("opencode", OFFLINE)


def observe(files: Files, name: str, program: Program = OPENCODE) -> Observation:
    """Ask about one agent, tools included.

    `tools` are the offered ones: a tool is left out when the last rule for it denies `*`. Which
    there are at all depends on the agent's model: websearch only with OpenCode's own provider,
    apply_patch instead of edit and write for most GPT models. MCP tools are never among them.
    """
    return observe_many(files, [name], program)[0]


def list_skills(files: Files) -> str:
    """Return what OpenCode prints of the skills that it finds, as JSON."""
    with sandbox(files) as box:
        return box.run([client("opencode"), "debug", "skill"], OFFLINE).stdout


def observe_many(
    files: Files, names: Sequence[str], program: Program = OPENCODE
) -> list[Observation]:
    """Ask about several agents of one project folder; answers in the order of `names`."""
    with sandbox(files) as box:
        first = [_debug(box, name, program) for name in names[:1]]  # alone: it makes the database
        with ThreadPoolExecutor(max_workers=2) as pool:
            return first + list(pool.map(lambda name: _debug(box, name, program), names[1:]))


def observe_folders(cases: Sequence[Case], program: Program = OPENCODE) -> list[Observation]:
    """Ask about one agent in each of many project folders; `tools` stays None."""
    with sandbox({}) as box:
        folders = [box.folder(f"case-{n}", files) for n, (files, _) in enumerate(cases)]
        with _server(box, program) as (url, headers):
            answers = [_ask(url, headers, folder) for folder in folders]
        names = [name for _, name in cases]
        return [_pick(box, *answer) for answer in zip(answers, names, strict=True)]


def decide_tasks(files: Files, name: str, texts: Sequence[str]) -> list[bool]:
    """Ask whether a primary agent may start agents of these names, by its `task` permission.

    OpenCode decides about the name before it looks for such an agent, so any text will do, and
    nothing is started. One session asks for one after the other, 5 s for all of them. What would
    be asked for is refused, since nobody is there to answer.
    """

    def call_next(body: Json) -> Call | None:
        answered = sum(message["role"] == "tool" for message in body["messages"])
        if answered >= len(texts) or not body.get("tools"):
            return None
        return Call("task", {"description": "d", "prompt": "p", "subagent_type": texts[answered]})

    with sandbox(files) as box, Recorder(call_next) as recorder:
        box.folder("project", {"opencode.json": json.dumps(_loopback(recorder.url)).encode()})
        command = [client("opencode"), "run", "--agent", name, "--model", "recorder/m", "hi"]
        ran = box.run(command, OFFLINE)
        bodies = [request.body for request in recorder.requests]
    answers = [m["content"] for m in bodies[-1]["messages"] if m["role"] == "tool"]
    assert len(answers) == len(texts), ran.stderr
    return [_is_past_permission(str(answer)) for answer in answers]


def _loopback(url: str) -> Json:
    """Return the settings of a model that the recorder plays."""
    options = {"baseURL": f"{url}/v1", "apiKey": "none"}
    models = {"m": {"name": "m", "tool_call": True}}
    provider = {"npm": "@ai-sdk/openai-compatible", "options": options, "models": models}
    return {"provider": {"recorder": provider}, "small_model": "recorder/m"}


def _is_past_permission(answer: str) -> bool:
    if "is not a valid agent type" in answer:
        return True
    assert "prevents you from using" in answer or "rejected permission" in answer, answer
    return False


def observe_offered(
    files: Files, name: str, servers: Files, program: Program = OPENCODE
) -> frozenset[str]:
    """Return the tools that a primary agent is offered where these MCP servers are connected.

    `servers` are Python scripts, known by their file's stem. A run takes about 8 s.
    """
    mcp = {
        name: {"type": "local", "command": command, "enabled": True}
        for name, command in list_commands(servers).items()
    }
    with Recorder() as recorder:
        settings = json.dumps({**_loopback(recorder.url), "mcp": mcp}).encode()
        with sandbox({**files, **servers, f"{program.name}.json": settings}) as box:
            _run_agent(box, name, program)
    bodies = [request.body for request in recorder.requests if request.body.get("tools")]
    return frozenset(tool["function"]["name"] for tool in bodies[0]["tools"])


def list_own_agents(program: Program = OPENCODE) -> frozenset[str]:
    """Return the agents that OpenCode has where nobody wrote one, hidden ones too."""
    with sandbox({}) as box, _server(box, program) as (url, headers):
        agents = _ask(url, headers, box.folder("empty", {}))
    return frozenset(agent["name"] for agent in agents if isinstance(agent, dict))


def use_tool(files: Files, name: str, call: Call, program: Program = OPENCODE) -> dict[str, bytes]:
    """Run an agent whose model wants to use one tool; return the project's files afterwards.

    The project is a git repository: outside of one, OpenCode takes paths from the root of the disk,
    and no pattern of ours matches. A run takes about 4 s. A refused tool leaves the files alone.
    """

    def answer(body: Json) -> Call | None:
        asked = body.get("tools") and all(one["role"] != "tool" for one in body["messages"])
        return call if asked else None

    with Recorder(answer) as recorder:
        settings = json.dumps(_loopback(recorder.url)).encode()
        with sandbox({**files, f"{program.name}.json": settings}) as box:
            return _run_agent(box, name, program)


def call_command(
    files: Files, name: str, arguments: str, program: Program = OPENCODE
) -> list[Json]:
    """Call a command; return the requests with tools that follow, or none where it is refused.

    The project is a git repository; a run takes about 4 s.
    """
    with Recorder() as recorder:
        settings = json.dumps(_loopback(recorder.url)).encode()
        with sandbox({**files, f"{program.name}.json": settings}) as box:
            box.run(["git", "init", "-q"])
            words = ["run", "--model", "recorder/m", "--command", name, *arguments.split()]
            box.run([client(program.name), *words], program.offline)
    return [request.body for request in recorder.requests if request.body.get("tools")]


def record_agent(files: Files, name: str) -> Json:
    """Return the first request of a primary agent whose file names the model `recorder/m`."""
    with Recorder() as recorder:
        settings = _loopback(recorder.url)
        settings["provider"]["recorder"]["models"]["m"]["reasoning"] = True
        with sandbox({**files, "opencode.json": json.dumps(settings).encode()}) as box:
            box.run([client("opencode"), "run", "--agent", name, "hi"], OFFLINE)
    return next(one.body for one in recorder.requests if one.body.get("tools"))


def _run_agent(box: Sandbox, name: str, program: Program = OPENCODE) -> dict[str, bytes]:
    box.run(["git", "init", "-q"])
    command = [client(program.name), "run", "--agent", name, "--model", "recorder/m", "hi"]
    ran = box.run(command, program.offline)
    if ran.code != 0:
        raise RuntimeError(ran.stderr)
    inside = {path.relative_to(box.project): path for path in box.project.rglob("*")}
    return {
        key.as_posix(): path.read_bytes()
        for key, path in inside.items()
        if path.is_file() and not key.parts[0].startswith((".", "opencode.json", "kilo.json"))
    }


def _debug(box: Sandbox, name: str, program: Program) -> Observation:
    ran = box.run([client(program.name), "debug", "agent", name], program.offline)
    if ran.code != 0:
        lines = _COLOR.sub("", ran.stderr).splitlines()
        return Observation(loaded=False, errors=tuple(box.blur(line) for line in lines if line))
    agent: Json = json.loads(ran.stdout)
    return _observation(box, agent, (tool for tool, offered in agent["tools"].items() if offered))


def _observation(box: Sandbox, agent: Json, tools: Iterable[str] | None) -> Observation:
    model = agent.get("model")
    rules = ((r["permission"], box.blur(r["pattern"]), r["action"]) for r in agent["permission"])
    return Observation(
        loaded=True,
        prompt=agent.get("prompt"),
        model=f"{model['providerID']}/{model['modelID']}" if model else None,
        temperature=agent.get("temperature"),
        mode=agent.get("mode"),
        description=agent.get("description"),
        tools=None if tools is None else frozenset(tools),
        permissions=tuple(rules),
    )


@contextmanager
def _server(box: Sandbox, program: Program) -> Iterator[tuple[str, dict[str, str]]]:
    """Run the server on loopback with a password; it is killed at the end, or after 5 minutes."""
    password = secrets.token_hex()
    env = {**program.offline, f"{program.name.upper()}_SERVER_PASSWORD": password}
    command = [client(program.name), "serve", "--hostname", "127.0.0.1", "--port", "0"]
    token = base64.b64encode(f"{program.name}:{password}".encode()).decode()
    with box.started(command, env, seconds=PATIENCE) as (process, out, err):
        while not (found := re.search(r"listening on (http://127\.0\.0\.1:\d+)", out.read_text())):
            if process.poll() is not None:
                raise RuntimeError(err.read_text())
            time.sleep(0.02)
        yield found[1], {"authorization": f"Basic {token}"}


def _ask(url: str, headers: dict[str, str], folder: Path) -> list[Json] | Json:
    query = urllib.parse.urlencode({"directory": str(folder)})
    request = urllib.request.Request(f"{url}/agent?{query}", headers=headers)  # noqa: S310 - loopback
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with opener.open(request, timeout=PATIENCE) as answer:
            agents: list[Json] = json.load(answer)
            return agents
    except urllib.error.HTTPError as refusal:
        with refusal:
            error: Json = json.load(refusal)
            return error


def _pick(box: Sandbox, answer: list[Json] | Json, name: str) -> Observation:
    if isinstance(answer, dict):
        issues = answer.get("data", {}).get("issues", [])
        texts = [f"{issue['message']} {'.'.join(map(str, issue['path']))}" for issue in issues]
        errors = texts or [json.dumps(answer)]
        return Observation(loaded=False, errors=tuple(box.blur(error) for error in errors))
    for agent in answer:
        if agent["name"] == name:
            return _observation(box, agent, None)
    return Observation(loaded=False, errors=(f"Agent {name} not found",))
