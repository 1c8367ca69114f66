"""In: Codex agent files and AGENTS.md. Out: what a spawned agent, or any session, is told.

Measured with 0.171.0: `observe` is `codex exec` with a recorder as its model, 0.4 s a call. It
reports a file that Codex drops in the same words as `codex doctor` ("Ignoring malformed agent role
definition: ..."), which takes 5 to 10 s offline and never shows the instructions.
Codex reads agents of trusted projects only, so the sandbox's project is trusted.
A file may name MCP servers, which Codex starts: ask only about trusted files.
"""

import json
import re
from pathlib import Path

from clients.observation import Files, Observation
from clients.recorder import Recorder
from clients.replies import Call, Json
from clients.sandbox import Ran, Sandbox, client, sandbox
from support import PATIENCE

TASK = "promptpack asks the agent"
"""What the spawned agent is told to do; how its requests are told from its parent's."""

_SETTINGS = re.compile(rb"ConfigToml([a-z_0-9]{500,}?)(?:internally)?[^a-z_0-9]")

_NAMESPACE = "multi_agent_v1"


def observe(files: Files, name: str) -> Observation:
    """Ask about an agent as the main session spawns it: the recorder calls spawn_agent.

    `prompt` is the developer text that the agent has and its parent has not. `tools` are those of
    a model Codex has no data about, so shell tools but no apply_patch. `errors` are the warnings
    about agent files of the whole folder, also when this one loads.
    """
    ran, requests = _spawn(files, name)
    child = next(filter(_asked, requests), None)
    if child is None:
        return Observation(loaded=False, errors=_errors(ran))
    known = _texts(requests[0], "developer")
    own = [text for text in _texts(child, "developer") if text not in known]
    return Observation(
        loaded=True,
        prompt="".join(own),
        model=child["model"],
        temperature=child.get("temperature"),
        description=_description(requests[0], name),
        tools=frozenset(_names(child)),
        errors=_errors(ran),
    )


def record_agent(files: Files, name: str) -> Json | None:
    """Return the first request that a spawned agent makes, or None where it was not spawned."""
    return next(filter(_asked, _spawn(files, name)[1]), None)


def _spawn(files: Files, name: str) -> tuple[Ran, list[Json]]:
    def answer(body: Json) -> Call | None:
        if _asked(body):
            return None
        outputs = [item for item in body["input"] if item.get("type") == "function_call_output"]
        if not outputs:
            return Call("spawn_agent", {"agent_type": name, "message": TASK}, _NAMESPACE)
        spawned = re.search(r'"agent_id":\s*"([^"]+)"', str(outputs[-1]["output"]))
        if len(outputs) > 1 or not spawned:
            return None
        waiting = {"targets": [spawned[1]], "timeout_ms": PATIENCE * 1_000}
        return Call("wait_agent", waiting, _NAMESPACE)

    with sandbox(files) as box, Recorder(answer) as recorder:
        ran = _codex(box, recorder.url, ["exec", "--json", "--skip-git-repo-check", "hi"])
    return ran, [request.body for request in recorder.requests]


def list_skills(files: Files) -> str:
    """Return what a session starts with, as JSON: it tells the model of the skills."""
    with sandbox(files) as box:
        return _codex(box, "http://127.0.0.1:9", ["debug", "prompt-input", "hi"]).stdout


def observe_instructions(files: Files) -> str | None:
    """Return the AGENTS.md text a session in the project folder starts with: 0.1 s a call."""
    with sandbox(files) as box:
        ran = _codex(box, "http://127.0.0.1:9", ["debug", "prompt-input", "hi"])
    texts = _texts({"input": json.loads(ran.stdout)}, "user")
    for text in texts:
        if match := re.search(r"(?s)<INSTRUCTIONS>\n(.*)\n</INSTRUCTIONS>", text):
            return match[1]
    return None


def list_own_agents() -> frozenset[str]:
    """Return the roles that Codex can spawn besides those of files, told only where one is."""
    role = b"name = 'asker'\ndescription = 'Asks.'\ndeveloper_instructions = 'Ask.'\n"
    with sandbox({".codex/agents/asker.toml": role}) as box, Recorder() as recorder:
        _codex(box, recorder.url, ["exec", "--json", "--skip-git-repo-check", "hi"])
    listed = _list_roles(recorder.requests[0].body)
    return frozenset(re.findall(r"^([\w-]+): \{$", listed, re.MULTILINE)) - {"asker"}


def list_agent_keys(known: frozenset[str]) -> frozenset[str]:
    """Return the known keys that a file may have, and what looks like other keys in the program.

    The program holds the names of its settings one after the other, without a mark between them.
    What is left of that text without the known names is unknown; two unknown neighbours are one
    piece. A key whose name the program also uses elsewhere may be missing there, and isn't found.
    """
    head = 'description = "d"\ndeveloper_instructions = "B"\n'
    asked = [*sorted(known), "nonsense"]
    files = {
        f".codex/agents/a{n}.toml": f'name = "a{n}"\n{head}{key} = 1979-05-27\n'.encode()
        for n, key in enumerate(asked)
    }
    text = "\n".join(observe(files, "a0").errors)
    refused = set(re.findall(r"unknown field `(\w+)`", text))
    assert "nonsense" in refused, text
    return (known - refused) | _find_other_keys(known)


def _find_other_keys(known: frozenset[str]) -> frozenset[str]:
    package = Path(client("codex")).parents[2]
    (program,) = package.glob("codex-*/vendor/*/bin/codex")
    settings = _SETTINGS.search(program.read_bytes())
    assert settings, "the names of the settings were not found in the program"
    names = "|".join(sorted(known, key=len, reverse=True))
    pieces = re.split(f"(?<!_)(?:{names})(?!_)", settings[1].decode())
    return frozenset(piece for piece in pieces if piece)


def _codex(box: Sandbox, url: str, arguments: list[str]) -> Ran:
    home = box.folder("home/.codex", {"config.toml": _config(box, url).encode()})
    command = [client("node"), client("codex"), *arguments]
    ran = box.run(command, {"CODEX_HOME": str(home)})
    return Ran(box.blur(ran.stdout), box.blur(ran.stderr), ran.code)


def _config(box: Sandbox, url: str) -> str:
    return f"""
model = "gpt-5"
model_provider = "recorder"
check_for_update_on_startup = false
[analytics]
enabled = false
[features]
plugins = false
[model_providers.recorder]
name = "recorder"
base_url = "{url}/v1"
wire_api = "responses"
requires_openai_auth = false
supports_websockets = false
[projects."{box.project}"]
trust_level = "trusted"
"""


def _texts(body: Json, role: str) -> list[str]:
    messages = (item for item in body["input"] if item.get("role") == role)
    return [part["text"] for m in messages for part in m.get("content", []) if "text" in part]


def _asked(body: Json) -> bool:
    return any(TASK in text for text in _texts(body, "user"))


def _names(body: Json) -> list[str]:
    """Return the offered tools, those too that a newer model may only call from a script.

    Such a request has no `tools`: they stand in an input item, in namespaces, and the script tool's
    description has a heading for each tool it can call (seen with gpt-6-sol).
    """
    tools = list(body.get("tools") or [])
    tools += [t for item in body["input"] for t in item.get("tools", [])]
    names = []
    for tool in tools:
        names += [tool.get("name") or tool["type"]]
        names += [inner["name"] for inner in tool.get("tools", [])]
        told = [tool.get("description", ""), *(i["description"] for i in tool.get("tools", []))]
        names += re.findall(r"^### `(\w+)`$", "\n".join(told), re.MULTILINE)
    return names


def _description(parent: Json, name: str) -> str | None:
    """Return the text of one role in the list that the spawn_agent tool shows the model."""
    match = re.search(rf"(?s)\n{re.escape(name)}: {{\n(.*?)\n}}", _list_roles(parent))
    return match[1].partition("\n- This role's ")[0] if match else None  # Codex adds its fixed keys


def _list_roles(body: Json) -> str:
    spaces = (tool.get("tools", []) for tool in body["tools"])
    spawn = next(tool for space in spaces for tool in space if tool["name"] == "spawn_agent")
    return str(spawn["parameters"]["properties"]["agent_type"]["description"])


def _errors(ran: Ran) -> tuple[str, ...]:
    lines = (json.loads(line) for line in ran.stdout.splitlines() if line.startswith("{"))
    items = (line.get("item", {}) for line in lines)
    texts = (item["message"].strip() for item in items if item.get("type") == "error")
    return tuple(dict.fromkeys(text for text in texts if "agent role" in text))  # each comes twice
