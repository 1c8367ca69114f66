"""In: project files and a client command. Out: the command's output, run with an empty home.

The machine must be POSIX. A client is kept from the network by its own switches (each client
module sets them), not by a firewall: the tests gave the same answers in a network namespace that
had nothing but loopback, and strace saw no connection to anything else outside of one.
"""

import hashlib
import json
import os
import shutil
import signal
import subprocess
import tempfile
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from clients.observation import Files
from support import PATIENCE

BINARIES = {
    "node": "node/bin/node",
    "opencode": "opencode-ai/bin/opencode.exe",
    "claude": "@anthropic-ai/claude-code/bin/claude.exe",
    "copilot": "@github/copilot/npm-loader.js",
    "codex": "@openai/codex/bin/codex.js",
    "gemini": "@google/gemini-cli-core",
    "gemini-cli": "@google/gemini-cli",
    "qwen": "@qwen-code/qwen-code",
    "kilo": "@kilocode/cli/bin/kilo",
    "roo": "@roo-code/types",
}
"""Where each client lies under node_modules; `.exe` is what two packages call it everywhere."""

TOOLS = {
    "html-validate": "html-validate/bin/html-validate.mjs",
    "prettier": "prettier/bin/prettier.cjs",
    "yaml-language-server": "yaml-language-server/bin/yaml-language-server",
}
"""The same of programs that are no clients: what people have around the files."""


EVALUATION = "evaluation"
"""The folder of promptfoo, which is neither, beside the pinned clients and in the cache."""

FORMATS = "formats"
"""The same of the engines of prompt formats; those for Python are in `python` there."""

FORMATS_LOCK = Path(__file__).resolve().parents[2] / "requirements-formats.lock"


class Unavailable(Exception):  # noqa: N818 - a state of the machine, not a fault
    """The pinned clients are not installed on this machine."""


def asks_newest() -> bool:
    """Tell whether the newest clients are meant, those of `install newest`."""
    return bool(os.environ.get("PROMPTPACK_NEWEST_CLIENTS"))


def cache() -> Path:
    """Return the folder that `install` fills; it is outside the work tree."""
    base = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    named = os.environ.get("PROMPTPACK_CLIENTS")
    folder = Path(named) if named else Path(base) / "promptpack" / "clients"
    return folder.with_name(f"{folder.name}-newest") if asks_newest() else folder


def pinned(part: str = "") -> str:
    """Return what `install` notes when it is done: the hash of package.json and of its lock.

    The newest clients are locked beside themselves, where `install newest` resolved them.
    """
    folder = cache() if asks_newest() else Path(__file__).parent / part
    files = (folder / name for name in ("package.json", "package-lock.json"))
    more = [FORMATS_LOCK] if part == FORMATS else []
    return hashlib.sha256(b"".join(file.read_bytes() for file in (*files, *more))).hexdigest()


def client(name: str) -> str:
    """Return where a client lies; raises Unavailable unless exactly the pinned ones are there."""
    stamp = cache() / "installed"
    path = cache() / "node_modules" / (BINARIES | TOOLS)[name]
    if not stamp.is_file() or stamp.read_text().strip() != pinned() or not path.exists():
        command = "tests/clients/install newest" if asks_newest() else "tests/clients/install"
        message = f"{name} is not installed as package.json pins it: run {command}"
        raise Unavailable(message)
    return str(path)


def find_promptfoo() -> str:
    """Return where promptfoo lies; raises Unavailable unless exactly the pinned one is there."""
    folder = cache() / EVALUATION
    stamp, path = folder / "installed", folder / "node_modules/promptfoo/dist/src/entrypoint.js"
    is_pinned = stamp.is_file() and stamp.read_text().strip() == pinned(EVALUATION)
    if asks_newest() or not is_pinned or not path.exists():
        message = "promptfoo is not installed as package.json pins it: run tests/clients/install"
        raise Unavailable(message)
    return str(path)


def find_formats() -> Path:
    """Return where the engines of formats lie; raises Unavailable unless the pinned ones do."""
    folder = cache() / FORMATS
    stamp = folder / "installed"
    is_pinned = stamp.is_file() and stamp.read_text().strip() == pinned(FORMATS)
    if asks_newest() or not is_pinned:
        message = "the engines of formats are not installed as pinned: run tests/clients/install"
        raise Unavailable(message)
    return folder


def read_version(package: str) -> str:
    """Return the version of an installed package."""
    text = (cache() / "node_modules" / package / "package.json").read_text(encoding="utf-8")
    return str(json.loads(text)["version"])


@dataclass(frozen=True)
class Ran:
    """How a command ended; `code` is None when it was killed for taking too long."""

    stdout: str
    stderr: str
    code: int | None


@dataclass(frozen=True)
class Sandbox:
    """A project folder and the empty home beside it."""

    root: Path

    @property
    def home(self) -> Path:
        return self.root / "home"

    @property
    def project(self) -> Path:
        return self.root / "project"

    def folder(self, name: str, files: Files) -> Path:
        """Write files into a folder of the sandbox and return it; a path may not leave it."""
        folder = self.root / name
        folder.mkdir(exist_ok=True)
        for path, content in files.items():
            target = folder / path
            if not target.resolve().is_relative_to(folder.resolve()):
                message = f"{path} leaves the project folder"
                raise ValueError(message)
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(content)
        return folder

    def blur(self, text: str) -> str:
        """Replace this sandbox's own path, so that two runs give the same text."""
        return text.replace(str(self.root), "<sandbox>")

    def ask(self, script: Path, task: Mapping[str, Any]) -> Any:
        """Return what a Node program answers to a task; both are JSON in files.

        The task names the file of the answer. Raises RuntimeError where there is none.
        """
        answer = self.root / "answer.json"
        self.folder("task", {"task.json": json.dumps({**task, "answer": str(answer)}).encode()})
        ran = self.run([client("node"), str(script), str(self.root / "task/task.json")])
        if not answer.is_file():
            message = f"{script.name} gave no answer ({ran.code}): {ran.stderr[-2000:]}"
            raise RuntimeError(message)
        return json.loads(self.blur(answer.read_text()))

    def run(
        self,
        command: Sequence[str],
        env: Mapping[str, str] | None = None,
        seconds: float = PATIENCE,
    ) -> Ran:
        """Run a command in the project folder; its whole process group is killed at the end."""
        with self.started(command, env, seconds) as (process, out, err):
            code: int | None = process.wait()
            if code == -signal.SIGKILL:
                code = None
            return Ran(out.read_text(errors="replace"), err.read_text(errors="replace"), code)

    @contextmanager
    def started(
        self, command: Sequence[str], env: Mapping[str, str] | None, seconds: float
    ) -> Iterator[tuple[subprocess.Popen[bytes], Path, Path]]:
        """Start a command, give it and the files that take its output, and kill it at the end.

        Output goes to files, not pipes: a background process that a client leaves behind would
        hold a pipe open.
        """
        logs = Path(tempfile.mkdtemp(prefix="run-", dir=self.root))
        out, err = logs / "out", logs / "err"
        with out.open("wb") as stdout, err.open("wb") as stderr:
            process = subprocess.Popen(
                command,
                cwd=self.project,
                env={**self._environment(), **(env or {})},
                stdin=subprocess.DEVNULL,
                stdout=stdout,
                stderr=stderr,
                start_new_session=True,
            )
        limit = threading.Timer(seconds, _kill_group, [process])
        limit.start()
        try:
            yield process, out, err
        finally:
            limit.cancel()
            _kill_group(process)
            process.wait()

    @contextmanager
    def connected(
        self, command: Sequence[str], seconds: float
    ) -> Iterator[subprocess.Popen[bytes]]:
        """Start a command to talk with over its standard streams, and kill it at the end."""
        process = subprocess.Popen(
            command,
            cwd=self.project,
            env=self._environment(),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
        limit = threading.Timer(seconds, _kill_group, [process])
        limit.start()
        try:
            with process:
                yield process
                _kill_group(process)
        finally:
            limit.cancel()
            _kill_group(process)
            process.wait()

    def _environment(self) -> dict[str, str]:
        home = self.home
        return {
            "PATH": os.pathsep.join([str(Path(client("node")).parent), "/usr/bin", "/bin"]),
            "HOME": str(home),
            "XDG_CACHE_HOME": str(home / ".cache"),
            "XDG_CONFIG_HOME": str(home / ".config"),
            "XDG_DATA_HOME": str(home / ".local/share"),
            "XDG_STATE_HOME": str(home / ".local/state"),
            "XDG_RUNTIME_DIR": str(home / ".run"),
            "TMPDIR": str(self.root / "tmp"),
            "LANG": "C.UTF-8",
            "TZ": "UTC",
            "TERM": "dumb",
            "NO_COLOR": "1",
            "npm_config_offline": "true",
        }


@contextmanager
def sandbox(files: Files) -> Iterator[Sandbox]:
    """Make a sandbox with these project files; it is removed at the end.

    A path that begins with `~/` lies in the home folder.
    """
    in_home = {path[2:]: content for path, content in files.items() if path.startswith("~/")}
    root = Path(tempfile.mkdtemp(prefix="promptpack-")).resolve()
    try:
        box = Sandbox(root)
        for folder in (box.home, box.home / ".run", root / "tmp"):
            folder.mkdir(mode=0o700)
        box.folder("project", {p: data for p, data in files.items() if not p.startswith("~/")})
        box.folder("home", in_home)
        yield box
    finally:
        shutil.rmtree(root, ignore_errors=True)


def _kill_group(process: subprocess.Popen[bytes]) -> None:
    # While a member lives the system gives the group's number to nobody else.
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, signal.SIGKILL)
