"""In: command files of Gemini CLI or Qwen Code. Out: the text that a called command sends.

Measured with gemini-cli 0.61.0 and qwen-code 0.24.4: 2 to 4 s for any number of project folders,
nearly all of it the start of node. The files go through the client's own loader, and each command
through its own processors; `file_commands.mjs` is that program.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Literal, NamedTuple

from clients.observation import Files
from clients.replies import Json
from clients.sandbox import client, sandbox

ClientName = Literal["gemini", "qwen"]
PACKAGES = {"gemini": "gemini-cli", "qwen": "qwen"}


class Sent(NamedTuple):
    """What a client makes of the words of a user.

    `text` is sent to the model; instead of that, `runs` are the command lines about which a user is
    asked first, or `error` says why nothing is sent. `commands` are all that were loaded, by name.
    """

    commands: dict[str, Json]
    text: str
    runs: tuple[str, ...]
    error: str
    notes: tuple[str, ...]


def send(name: ClientName, cases: Sequence[tuple[Files, str]]) -> list[Sent]:
    """Call a command in each of many project folders; the answers are in the order of the cases."""
    return [_make_sent(answer) for answer in _ask(name, cases)["answers"]]


def list_own_commands(name: ClientName) -> frozenset[str]:
    """Return the names of the commands that the client has itself."""
    return frozenset(_ask(name, [])["own"])


def _make_sent(answer: Json) -> Sent:
    return Sent(
        {one["name"]: one for one in answer["commands"]},
        answer.get("text", ""),
        tuple(answer.get("runs", ())),
        answer.get("error", ""),
        tuple(answer.get("notes", ())),
    )


def _ask(name: ClientName, cases: Sequence[tuple[Files, str]]) -> Json:
    with sandbox({}) as box:
        folders = [box.folder(f"case-{n}", files) for n, (files, _) in enumerate(cases)]
        words = [words for _, words in cases]
        task = {
            "client": name,
            "package": client(PACKAGES[name]),
            "core": client("gemini") if name == "gemini" else "",
            "empty": str(box.project),
            "cases": [{"folder": str(f), "words": w} for f, w in zip(folders, words, strict=True)],
        }
        read: Json = box.ask(Path(__file__).with_suffix(".mjs"), task)
        return read
