"""What tests of records share: the program as it starts, and what may happen to a project."""

import contextlib
import os
import shutil
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import NamedTuple

from promptpack.output import recording
from promptpack.output.record import find_unchanged
from support import DEMO, Result, call, environment, replaced_environment

EARLIER = 0.06
"""The seconds after which a change can't hide another one, on a file system with a fine clock."""


class Start(NamedTuple):
    """What a call left behind, and whether a record answered it."""

    result: Result
    was_recorded: bool


class Records:
    """The program as it starts, in this process, with a cache folder of its own."""

    def __init__(self, cache: Path) -> None:
        self.cache, self.folder = cache, cache / "promptpack"
        self.env = {"XDG_CACHE_HOME": str(cache)}

    def start(self, *words: str | Path, cwd: Path, env: Mapping[str, str] | None = None) -> Start:
        """Ask for a record of a call, and make the call where there is none."""
        env, arguments = {**self.env, **(env or {})}, [str(word) for word in words]
        with contextlib.chdir(cwd), replaced_environment(environment(env)):
            answer = find_unchanged(arguments)
        if answer.printed is None:
            return Start(call(*arguments, cwd=cwd, env=env, looks=answer.looks), False)
        texts = ("".join(text[1:] for text in answer.printed if text[0] == one) for one in "oe")
        return Start(Result(0, *texts), True)

    def settle(self, *words: str | Path, cwd: Path) -> Start:
        """Call when no source is fresh any more, and once again."""
        time.sleep(EARLIER)
        self.start(*words, cwd=cwd)
        return self.start(*words, cwd=cwd)

    def list_records(self) -> list[Path]:
        """Return the files of all records."""
        return sorted(self.folder.glob("*.record"))


def begin_process(set_attribute: Callable[[object, str, object], None]) -> None:
    """Have this process begin now: what tests load and write before that is none of our code."""
    set_attribute(recording, "STARTED", time.time_ns())


ROLE, PACK, LAYOUT = "packs/demo/role.md", "packs/demo/pack.yaml", "templates/layouts/plain.md.j2"
STEPS = "templates/fragments/standards/small-steps.md"
LOOK, TINY = "templates/policies/look.yaml", "templates/models/tiny.yaml"
OUTPUT = "dist/opencode/tiny.look/.opencode/agents/demo.md"
MANIFEST, SHARED, LIST = "dist/.promptpack.json", "promptpack.yaml", "PERMISSIONS.txt"

Edit = Callable[[Path], object]


def replace(path: str, old: str, new: str) -> Edit:
    """Return the edit that replaces text in a file, if it is there and has it."""

    def edit(project: Path) -> None:
        file = project / path
        if file.is_file():
            file.write_bytes(file.read_bytes().replace(old.encode(), new.encode()))

    return edit


def write(path: str, text: str) -> Edit:
    """Return the edit that gives a file another text."""

    def edit(project: Path) -> None:
        (project / path).parent.mkdir(parents=True, exist_ok=True)
        (project / path).write_text(text)

    return edit


def remove(path: str) -> Edit:
    """Return the edit that removes a file or a folder, if it is there."""

    def edit(project: Path) -> None:
        if (project / path).is_dir():
            shutil.rmtree(project / path)
        (project / path).unlink(missing_ok=True)

    return edit


def rename(path: str, new: str) -> Edit:
    """Return the edit that gives a file or a folder another name, if it is there."""

    def edit(project: Path) -> None:
        if (project / path).exists() and not (project / new).exists():
            (project / path).rename(project / new)

    return edit


def forge(path: str) -> Edit:
    """Return the edit that changes one letter of a file, and gives it its old time of change."""

    def edit(project: Path) -> None:
        file = project / path
        if file.is_file():
            found, content = file.stat(), file.read_bytes()
            file.write_bytes(bytes(byte ^ 1 for byte in content[:1]) + content[1:])
            os.utime(file, ns=(found.st_atime_ns, found.st_mtime_ns))

    return edit


def swap(path: str) -> Edit:
    """Return the edit that puts another file of the same size and time into the place of one."""

    def edit(project: Path) -> None:
        file, other = project / path, project / f"{path}.other"
        if file.is_file():
            shutil.copy2(file, other)
            forge(f"{path}.other")(project)
            other.replace(file)

    return edit


def touch(path: str, moved: int = 0) -> Edit:
    """Return the edit that changes nothing of a file but its time; `moved` is in seconds."""

    def edit(project: Path) -> None:
        if (project / path).exists():
            os.utime(project / path, (time.time() + moved,) * 2)

    return edit


def set_mode(path: str, mode: int) -> Edit:
    """Return the edit that gives a file or a folder another mode."""

    def edit(project: Path) -> None:
        if (project / path).exists():
            (project / path).chmod(mode)

    return edit


def link(path: str, target: str) -> Edit:
    """Return the edit that puts a link into the place of a file."""

    def edit(project: Path) -> None:
        if (project / path).parent.is_dir():
            (project / path).unlink(missing_ok=True)
            (project / path).symlink_to(target)

    return edit


SOURCE_EDITS: Mapping[str, Edit] = {
    "pack": replace(PACK, "small project", "large project"),
    "pack back": replace(PACK, "large project", "small project"),
    "variant gone": replace(PACK, "policy: [look, change]", "policy: [look]"),
    "variant new": replace(PACK, "policy: [look]", "policy: [look, change]"),
    "fragment": replace(STEPS, "small step", "short step"),
    "fragment back": replace(STEPS, "short step", "small step"),
    "same size": replace(STEPS, "One change", "Any change"),
    "policy": replace(LOOK, "grep: allow", "grep: deny"),
    "policy wider": replace(LOOK, "grep: deny", "grep: allow"),
    "model": replace(TINY, "demo/tiny", "demo/mini"),
    "layout": replace(LAYOUT, "# {{", "## {{"),
    "include": write(ROLE, "{% include 'standards/small-steps' %}\n"),
    "no include": write(ROLE, "You answer questions about a {{ vars.language }} project.\n"),
    "broken": write(ROLE, "{{ nothing }}\n"),
    "shadow": write("templates/fragments/ethics/zero-trust.md", "---\ntitle: X\n---\nBe it.\n"),
    "no shadow": remove("templates/fragments/ethics/zero-trust.md"),
    "fragment gone": remove(STEPS),
    "fragment new": write(STEPS, DEMO[STEPS]),
    "fragment renamed": rename(STEPS, f"{STEPS[:-3]}-2.md"),
    "stray source": write("templates/fragments/standards/unused.md", "---\ntitle: U\n---\nNo.\n"),
    "not a source": write("packs/demo/README.md", "For people.\n"),
    "pack added": write("packs/other/pack.yaml", DEMO[PACK].replace("name: demo", "name: other")),
    "its text": write("packs/other/role.md", "Another.\n"),
    "pack removed": remove("packs/other"),
    "pack renamed": rename("packs/demo", "packs/renamed"),
    "pack named back": rename("packs/renamed", "packs/demo"),
    "project file": write(SHARED, f"name: acme\npermissions: {LIST}\n"),
    "other project": write(SHARED, "name: shop\n"),
    "no project file": remove(SHARED),
    "forged": forge(ROLE),
    "swapped": swap(ROLE),
    "linked source": link("packs/demo/more.md", "role.md"),
    "no link": remove("packs/demo/more.md"),
}
"""What may happen to sources."""

OUTPUT_EDITS: Mapping[str, Edit] = {
    "output edited": replace(OUTPUT, "small step", "small  step"),
    "output forged": forge(OUTPUT),
    "output swapped": swap(OUTPUT),
    "output gone": remove(OUTPUT),
    "output linked": link(OUTPUT, "elsewhere.md"),
    "output widened": replace(OUTPUT, "deny", "allow"),
    "folder gone": remove("dist/opencode/tiny.look"),
    "all gone": remove("dist"),
    "foreign output": write("dist/opencode/tiny.other/.opencode/agents/demo.md", "Mine.\n"),
    "foreign file": write("dist/notes.txt", "Mine.\n"),
    "manifest gone": remove(MANIFEST),
    "manifest forged": forge(MANIFEST),
    "manifest broken": write(MANIFEST, "{"),
    "list gone": remove(LIST),
    "list edited": replace(LIST, "deny", "allow"),
    "lock left": write("dist/.promptpack.lock", ""),
}
"""What may happen to outputs."""

EMPTY_EDITS: Mapping[str, Edit] = {
    "source touched": touch(ROLE),
    "source of the future": touch(ROLE, 3600),
    "source of the past": touch(ROLE, -3600),
    "folder touched": touch("packs/demo"),
    "output touched": touch(OUTPUT),
    "output of the past": touch(OUTPUT, -3600),
    "source's mode": set_mode(ROLE, 0o600),
    "output's mode": set_mode(OUTPUT, 0o755),
    "folder's mode": set_mode("dist/opencode", 0o700),
}
"""What may happen that no output depends on; a record is no help after it all the same."""

EDITS = {**SOURCE_EDITS, **OUTPUT_EDITS, **EMPTY_EDITS}
