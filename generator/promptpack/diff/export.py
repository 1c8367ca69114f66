"""A change for an evaluation: a review in, files by path out, with a config for promptfoo.

Each representative is there before and after, as its file and as the messages that a model gets.
promptfoo renders messages as templates, so what would be one in a prompt is quoted: the model gets
the prompt as it is in the file. File names are numbers, and labels and comments are made harmless.
"""

import json
import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from pathlib import PurePosixPath
from typing import NamedTuple

from promptpack.diff.model import Output, OutputPair, Review
from promptpack.diff.representatives import Representative, choose_representatives
from promptpack.reporting.characters import reveal_line
from promptpack.targets import TARGETS
from promptpack.targets.promptfoo import write_messages

CONFIG = "promptfooconfig.yaml"
PLACEHOLDER = "echo"
"""promptfoo's provider that calls no model and returns the prompt."""

PROVIDERS = {
    "anthropic": "anthropic:messages:",
    "google": "google:",
    "ollama": "ollama:chat:",
    "openai": "openai:chat:",
}
"""What promptfoo calls the providers of OpenCode's model ids, which are `provider/model`."""

_FAMILIES = {"claude-": "anthropic", "gemini-": "google", "gpt-": "openai"}
"""The provider of a model id without one, by how it begins."""

_MODEL = re.compile(r"[A-Za-z0-9][\w.:-]*(?:/[\w.:-]+)*", re.ASCII)
_UNSAFE = re.compile(r'[\\:#*?"<>|]')
_HEADER = """\
# yaml-language-server: $schema=https://promptfoo.dev/config-schema.json
# Written by 'promptpack diff --export'. Run it with: promptfoo eval
# Add your own tests as more files in tests/, and copy this file under another name to change it:
# an edited file stops the next export.
"""
_EXAMPLE = """\
# Each test goes to each prompt. A copy of this file under another name is yours.
- description: Says what it is for
  vars:
    message: What can you help me with, and what are you not allowed to do?
"""


class EvaluatedPrompt(NamedTuple):
    """One prompt of the config: its file, its label, and the model it is for."""

    path: str
    label: str
    model: str


def export_review(review: Review) -> dict[str, bytes]:
    """Return the files of an evaluation by path: none where no output has a change.

    `before/` and `after/` hold the outputs, `prompts/` the messages, `tests/` an example.
    """
    files: dict[str, bytes] = {}
    prompts: list[EvaluatedPrompt] = []
    without_prompt: list[str] = []
    names: set[str] = set()
    for number, chosen in enumerate(choose_representatives(review), 1):
        pair = review.pairs.get(chosen.path, OutputPair(None, None))
        if any(output and "file" in output.dims for output in pair):
            without_prompt.append(chosen.path)
            continue
        name = make_safe_path(chosen.path, number)
        name = f"output-{number}" if name in names else name
        names.add(name)
        for side, output in zip(("before", "after"), pair, strict=True):
            if output is not None:
                files[f"{side}/{name}"] = output.text.encode("utf-8", "surrogateescape")
                prompt = _name_prompt(review, number, side, chosen, output)
                prompts.append(prompt)
                files[prompt.path] = make_messages(read_prompt(output))
    if not prompts:
        return {}
    config = "".join(_write_config(review, prompts, without_prompt))
    return {CONFIG: config.encode(), "tests/example.yaml": _EXAMPLE.encode(), **files}


def read_prompt(output: Output) -> str:
    """Return the prompt in an output, as its client reads it; all of it where none is known."""
    target = TARGETS.get(output.target)
    return output.text if target is None else target.decode(output.text, output.stem).prompt


def make_messages(prompt: str) -> bytes:
    """Return the messages of a prompt as a file for promptfoo, in which nothing is a template."""
    text = prompt.encode("utf-8", "surrogateescape").decode("utf-8", "replace")
    return write_messages(text).encode()


def make_safe_path(path: str, number: int) -> str:
    """Return a path in a folder of the export: the output's own, unless a part of it is odd."""
    parts = [_UNSAFE.sub("-", part) for part in PurePosixPath(path).parts]
    is_safe = path.isprintable() and not {"..", ".git", "/"} & {part.casefold() for part in parts}
    return "/".join(parts) if parts and is_safe else f"output-{number}"


def _name_prompt(
    review: Review, number: int, side: str, chosen: Representative, output: Output
) -> EvaluatedPrompt:
    return EvaluatedPrompt(
        f"prompts/{number}-{side}.json",
        f"{number} {side}: {chosen.path}",
        _find_provider(review.pairs, output) or f"?{output.dims.get('model', '')}",
    )


def _find_provider(pairs: Mapping[str, OutputPair], output: Output) -> str:
    """Return promptfoo's name of an output's model; "" where it is not known.

    It is named in the output, or in that of another client for the same model.
    """
    model = output.dims.get("model")
    siblings = (
        one for pair in pairs.values() for one in pair if one and one.dims.get("model") == model
    )
    for one in (output, *(siblings if model else ())):
        target = TARGETS.get(one.target)
        ids = target.decode(one.text, one.stem).model.ids if target else {}
        if name := next(filter(None, map(_translate_model, ids.values())), ""):
            return name
    return ""


def _translate_model(identifier: str) -> str:
    provider, _, name = identifier.partition("/")
    if not name:
        name = identifier
        provider = next((_FAMILIES[one] for one in _FAMILIES if name.startswith(one)), "")
    is_known = provider in PROVIDERS and _MODEL.fullmatch(name)
    return f"{PROVIDERS[provider]}{name}" if is_known else ""


def _write_config(
    review: Review, prompts: Iterable[EvaluatedPrompt], without_prompt: Iterable[str]
) -> Iterator[str]:
    """Yield the lines of the config."""
    yield _HEADER
    for path in without_prompt:
        yield f"# Changed too, without a prompt to test: {reveal_line(path)}\n"
    yield f"description: {_quote(f'promptpack diff {review.base} → {review.head}')}\n"
    yield "prompts:\n"
    labels: dict[str, list[str]] = defaultdict(list)
    for prompt in prompts:
        yield f"  - id: {_quote(f'file://{prompt.path}')}\n    label: {_quote(prompt.label)}\n"
        labels[prompt.model].append(prompt.label)
    yield "providers:\n"
    for model, own_labels in labels.items():
        is_known = not model.startswith("?")
        name = model.removeprefix("?") or "unknown model"
        if not is_known:
            yield f"  # Calls no model: the provider of '{reveal_line(name)}' is not known.\n"
        yield f"  - id: {_quote(model if is_known else PLACEHOLDER)}\n    label: {_quote(name)}\n"
        yield "    prompts:\n"
        yield from (f"      - {_quote(label)}\n" for label in own_labels)
    yield f"tests: {_quote('file://tests/*.yaml')}\n"


def _quote(text: str) -> str:
    """Return a text in double quotes for YAML; promptfoo renders some of a config as templates."""
    return json.dumps(reveal_line(text).replace("{", "(").replace("}", ")"), ensure_ascii=False)
