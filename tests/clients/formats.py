"""In: files of prompt formats. Out: the prompt that each format's own engine gives back.

Measured with prompty 2.1.0, langchain-core 1.8.3, dotprompt 1.1.2 and promptpack/langchain 0.1.0:
about a second for any number of files, nearly all of it the start of Python or node. promptfoo
0.123.1 takes five.
"""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from clients.gate import need_clients, need_formats
from clients.promptfoo import TO_FILE, run_in
from clients.sandbox import client, sandbox

IN_PYTHON = ("prompty", "langchain")
IN_NODE = ("dotprompt", "promptpack-json")


def render(files: Sequence[tuple[str, str]]) -> list[dict[str, Any]]:
    """Return what engines make of files, given as (target, text), in their order.

    An answer has the `prompt` and the fields that the format has, or the engine's `error`.
    """
    answers: dict[int, dict[str, Any]] = {}
    for targets in (IN_PYTHON, IN_NODE):
        numbers = [number for number, (target, _) in enumerate(files) if target in targets]
        asked = [files[number] for number in numbers]
        if asked:
            answers |= zip(numbers, _ask(targets, asked), strict=True)
    return [answers[number] for number in range(len(files))]


def _ask(targets: Sequence[str], files: Sequence[tuple[str, str]]) -> list[dict[str, Any]]:
    need_clients(("node",))
    engines = need_formats()
    here = Path(__file__)
    with sandbox({}) as box:
        answer, task = box.root / "answer.json", box.root / "task.json"
        asked = {"files": [*files], "answer": str(answer), "folder": str(box.project)}
        asked["packages"] = str(engines)
        task.write_text(json.dumps(asked), encoding="utf-8")
        if targets == IN_PYTHON:
            program = [str(engines / "python/bin/python"), "-I", "-W", "error"]
            program.append(str(here.with_name("formats_engine.py")))
        else:
            program = [client("node"), str(here.with_suffix(".mjs"))]
        ran = box.run([*program, str(task)])
        if not answer.is_file():
            message = f"{program[-1]} gave no answer ({ran.code}): {ran.stderr[-2000:]}"
            raise RuntimeError(message)
        read: list[dict[str, Any]] = json.loads(answer.read_text(encoding="utf-8"))
        return read


def render_promptfoo(files: Sequence[str]) -> list[str]:
    """Return the system message that promptfoo sends for each file, in their order.

    Its provider `echo` returns the messages that a model would get.
    """
    named = {f"prompts/{number}.json": text.encode() for number, text in enumerate(files)}
    prompts = [{"id": f"file://{path}", "label": path} for path in named]
    config = {"prompts": prompts, "providers": ["echo"], "tests": [{"vars": {"message": "{{x}}"}}]}
    named["promptfooconfig.yaml"] = json.dumps(config).encode()
    data: Any = json.loads(run_in(named, *TO_FILE))
    found = {}
    for result in data["results"]["results"]:
        system, user = json.loads(result["response"]["output"])
        assert (system["role"], user["role"]) == ("system", "user")
        found[result["prompt"]["label"]] = system["content"]
    return [found[prompt["label"]] for prompt in prompts]
