"""In: files of modes. Out: the name, prompt and groups of a mode as Roo Code's own schema reads it.

Measured with roo-code/types 1.115.0: half a second for any number of files. The package has the
schema by which Roo Code takes a file, and no program: which tools a group has is in its source
alone. `roo.mjs` reads the YAML with the library that Roo Code does, and asks the schema.
"""

from collections.abc import Sequence
from pathlib import Path

from clients.observation import Case, Files, Observation
from clients.replies import Json
from clients.sandbox import client, sandbox

GROUPS = {
    "read": {"read", "list", "grep"},
    "edit": {"edit", "write", "patch"},
    "command": {"execute"},
}
"""The capabilities that each group is about, as the source of Roo Code says."""

PATH = ".roomodes"


def observe(files: Files, name: str) -> Observation:
    """Ask about one mode; see observe_many."""
    return observe_many([(files, name)])[0]


def observe_many(cases: Sequence[Case]) -> list[Observation]:
    """Ask about one mode by its slug in each of many files; answers in the order of the cases.

    The `tools` are the groups. If the schema refuses a file, `errors` says why.
    """
    answers = _ask([files[PATH] for files, _ in cases])["files"]
    return [_make_observation(one, name) for one, (_, name) in zip(answers, cases, strict=True)]


def list_own_modes() -> frozenset[str]:
    """Return the slugs of the modes that Roo Code has itself."""
    return frozenset(_ask([])["own"])


def list_groups() -> frozenset[str]:
    """Return the groups that a mode can have, those that are passed over too."""
    answer = _ask([])
    return frozenset({*answer["groups"], *answer["passed_over"]})


def list_keys() -> frozenset[str]:
    """Return the keys that a mode can have."""
    return frozenset(_ask([])["keys"])


def _ask(files: Sequence[bytes]) -> Json:
    with sandbox({}) as box:
        texts = [_make_file(content.decode()) for content in files]
        package = Path(client("roo"))
        task = {"modules": str(package.parents[1]), "files": texts}
        read: Json = box.ask(Path(__file__).with_suffix(".mjs"), task)
        return read


def _make_file(text: str) -> str:
    """Return a whole file: what is built for one agent is its entry in the list."""
    return f"customModes:\n{text}" if text.startswith("  - ") else text


def _make_observation(answer: Json, slug: str) -> Observation:
    mode = next((one for one in answer.get("modes", ()) if one["slug"] == slug), None)
    if mode is None:
        return Observation(loaded=False, errors=(answer.get("error", f"no mode {slug}"),))
    groups = (one if isinstance(one, str) else one[0] for one in mode["groups"])
    return Observation(
        loaded=True,
        prompt=mode["roleDefinition"],
        description=mode.get("whenToUse"),
        tools=frozenset(groups),
    )
