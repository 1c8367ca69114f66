"""In: Gemini CLI agent files. Out: the prompt, model and tools Gemini CLI gives such an agent.

Measured with gemini-cli-core 0.61.0: 1.1 to 1.8 s for any number of project folders, nearly all
of it the start of node. The files go through the core's own loader, and each agent through its
own executor up to the point where the model would be asked; `gemini.mjs` is that program.
"""

import json
from collections.abc import Sequence
from pathlib import Path

from clients.observation import Case, Files, Observation
from clients.replies import Json
from clients.sandbox import client, sandbox

TOOLS = {
    "read": "read_file",
    "list": "list_directory",
    "glob": "glob",
    "grep": "grep_search",
    "edit": "replace",
    "write": "write_file",
    "execute": "run_shell_command",
    "web_fetch": "web_fetch",
    "web_search": "google_web_search",
    "todo": "write_todos",
    "skill": "activate_skill",
    "question": "ask_user",
}
"""What Gemini CLI calls the tool of each capability, as its own list of tools has it."""


def observe(files: Files, name: str) -> Observation:
    """Ask about one agent; see observe_many."""
    return observe_many([(files, name)])[0]


def observe_many(cases: Sequence[Case]) -> list[Observation]:
    """Ask about one agent in each of many project folders; answers in the order of the cases.

    An agent that loads but cannot be invoked, as with `${word}` in its body, has no prompt and its
    reason in `errors`. `tools` are those of a Gemini CLI without settings and always hold
    complete_task. `errors` of a loaded agent are also those of its neighbours.
    """
    with sandbox({}) as box:
        folders = [box.folder(f"case-{n}", files) for n, (files, _) in enumerate(cases)]
        task = {
            "core": client("gemini"),
            "empty": str(box.project),
            "folders": list(map(str, folders)),
        }
        answers: list[Json] = box.ask(Path(__file__).with_suffix(".mjs"), task)
    names = [name for _, name in cases]
    return [_observation(seen, name) for seen, name in zip(answers, names, strict=True)]


def list_tool_names() -> frozenset[str]:
    """Return the names that an agent file may list, old spellings too, but no MCP tools."""
    module = Path(client("gemini"), "dist/src/tools/tool-names.js").as_uri()
    program = (
        f'const names = await import("{module}"); console.log(JSON.stringify('
        "[...names.ALL_BUILTIN_TOOL_NAMES, ...Object.keys(names.TOOL_LEGACY_ALIASES)]))"
    )
    with sandbox({}) as box:
        ran = box.run([client("node"), "--input-type=module", "--eval", program])
    return frozenset(json.loads(ran.stdout))


def _observation(seen: Json, name: str) -> Observation:
    errors = tuple(seen["errors"])
    agent = next((agent for agent in seen["agents"] if agent["name"] == name), None)
    if agent is None:
        return Observation(loaded=False, errors=errors or (f"no agent named {name}",))
    return Observation(
        loaded=True,
        prompt=agent.get("prompt"),
        model=agent.get("model"),
        temperature=agent.get("temperature"),
        description=agent["description"],
        tools=frozenset(agent["tools"]) if "tools" in agent else None,
        errors=((agent["error"],) if "error" in agent else ()) + errors,
    )
