"""In: a task file. Out: for each file what its own engine for Python makes of it.

It runs in an environment that has these engines and not promptpack.
"""

import json
import sys
from collections.abc import Callable, Mapping
from importlib import import_module
from pathlib import Path
from typing import Any


def render_prompty(text: str, folder: Path) -> dict[str, Any]:
    """Return what Prompty loads from a file, and the message that it would send."""
    prompty: Any = import_module("prompty")

    path = folder / "a.prompty"
    path.write_bytes(text.encode())
    agent = prompty.load(path)
    (message,) = prompty.prepare(agent, {})
    assert message.role == "system"
    (part,) = message.parts
    options = agent.model.options if agent.model else None
    return {
        "name": agent.name,
        "description": agent.description,
        "model": agent.model.id if agent.model else None,
        "temperature": options.temperature if options else None,
        "prompt": part.value,
    }


def render_langchain(text: str, _folder: Path) -> dict[str, Any]:
    """Return the message of a template that LangChain loads, and that the user's goes after it."""
    load: Any = import_module("langchain_core.load")

    template = load.loads(text, allowed_objects="core")
    system, user = template.invoke({"messages": [("user", "{x}")]}).to_messages()
    assert (system.type, user.type, user.content) == ("system", "human", "{x}")
    (alone,) = template.invoke({}).to_messages()
    assert alone == system
    return {"prompt": system.content}


ENGINES: Mapping[str, Callable[[str, Path], dict[str, Any]]] = {
    "prompty": render_prompty,
    "langchain": render_langchain,
}


def main() -> None:
    """Answer a task; an error is the answer where an engine has none."""
    task = json.loads(Path(sys.argv[1]).read_text(encoding="utf-8"))
    answers: list[dict[str, Any]] = []
    for target, text in task["files"]:
        try:
            answers.append(ENGINES[target](text, Path(task["folder"])))
        except Exception as error:
            answers.append({"error": f"{type(error).__name__}: {error}"})
    Path(task["answer"]).write_text(json.dumps(answers), encoding="utf-8")


if __name__ == "__main__":
    main()
