"""What promptpack finds on a machine: nothing in, Python, distributions and clients out.

Clients are asked for their version and nothing else: each for a few seconds, in an empty folder,
with nothing to read. What they answer is data, and so is that they don't.
"""

import os
import platform
import re
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import suppress
from importlib import metadata
from pathlib import Path
from typing import NamedTuple

from promptpack.git.repository import find_program
from promptpack.targets import TARGETS
from promptpack.version import __version__

DISTRIBUTION = "promptpack-generator"
"""The name by which this program is installed."""

NAMESAKE = "promptpack"
"""A distribution of somebody else, whose package has the same name as ours."""

_PATIENCE = 5
"""How many seconds a client has for its answer."""

_MAX_ANSWER = 1 << 12
_MAX_VERSION = 60
_REQUIREMENT = re.compile(r"^\s*([A-Za-z0-9._-]+).*\bextra\s*==\s*['\"]([A-Za-z0-9._-]+)['\"]")
_SKIPPED_EXTRAS = frozenset({"dev"})


class Machine(NamedTuple):
    """What is there; `problems` are what keeps promptpack from working as it should.

    `package` is where `import promptpack` leads to, `extras` says of each whether it is installed,
    `namesake` is the version of the other distribution, or "".
    """

    python: str
    executable: str
    version: str
    package: str
    extras: Mapping[str, bool]
    namesake: str
    problems: tuple[str, ...]


class InstalledClient(NamedTuple):
    """A client: its target, the path of its program or "", and the version that it says or ""."""

    target: str
    path: str
    version: str


def examine_machine() -> Machine:
    """Return what is installed for promptpack, in the environment that it runs in."""
    package = str(Path(__file__).resolve().parents[1])
    namesake = _find_version(NAMESAKE)
    return Machine(
        python=platform.python_version(),
        executable=sys.executable,
        version=__version__,
        package=package,
        extras=dict(_iter_extras()),
        namesake=namesake,
        problems=tuple(_iter_problems(namesake)),
    )


def find_clients(*, asks: bool = True) -> list[InstalledClient]:
    """Return the clients that have a program; `asks` is whether to start them for the version."""
    return [
        _find_client(name, one.program, asks=asks) for name, one in TARGETS.items() if one.program
    ]


def find_git_version() -> str:
    """Return what git says of its version, or "" where there is none."""
    path = find_program("git")
    return _ask_version(path) if path else ""


def _find_client(target: str, program: str, *, asks: bool) -> InstalledClient:
    path = find_program(program) or ""
    return InstalledClient(target, path, _ask_version(path) if path and asks else "")


def _iter_problems(namesake: str) -> Iterator[str]:
    """Yield what is wrong with the installation."""
    if not _find_version(DISTRIBUTION):
        yield f"the distribution {DISTRIBUTION} is not installed; this is a copy of its files"
    if namesake and _owns_package(NAMESAKE):
        yield (
            f"the distribution '{NAMESAKE}' {namesake} is another project and has written into the "
            f"same package: uninstall both, then install {DISTRIBUTION} again"
        )


def _iter_extras() -> Iterator[tuple[str, bool]]:
    """Yield each extra for users, and whether everything is installed that it asks for."""
    try:
        requirements = metadata.requires(DISTRIBUTION) or []
    except metadata.PackageNotFoundError:
        return
    needed: dict[str, list[str]] = {}
    for requirement in requirements:
        if match := _REQUIREMENT.match(requirement):
            needed.setdefault(match[2], []).append(match[1])
    for extra, names in needed.items():
        if extra not in _SKIPPED_EXTRAS:
            yield extra, all(map(_find_version, names))


def _find_version(distribution: str) -> str:
    try:
        return metadata.version(distribution)
    except metadata.PackageNotFoundError:
        return ""


def _owns_package(distribution: str) -> bool:
    """Tell whether a distribution brought a file that lies where this package is."""
    package = Path(__file__).resolve().parents[1]
    files = metadata.files(distribution) or []
    return any(Path(str(file.locate())).resolve().is_relative_to(package) for file in files)


def _ask_version(path: str) -> str:
    """Return the first line that a program prints of its version, or "".

    Its output goes to a file: a child that it leaves behind could keep a pipe open for ever.
    """
    with (
        tempfile.TemporaryDirectory(prefix="promptpack-") as folder,
        tempfile.TemporaryFile() as out,
    ):
        try:
            process = subprocess.Popen(  # noqa: S603 - the program of a client, by its whole path
                [path, "--version"],
                cwd=folder,
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=subprocess.DEVNULL,
                start_new_session=True,
            )
        except OSError:
            return ""
        is_done = _wait(process)
        out.seek(0)
        answer = out.read(_MAX_ANSWER).decode("utf-8", "replace").strip()
    return answer.split("\n")[0][:_MAX_VERSION].strip() if is_done and answer else ""


def _wait(process: "subprocess.Popen[bytes]") -> bool:
    """Wait for a process for a while, then end it and all that it started."""
    try:
        return process.wait(_PATIENCE) == 0
    except subprocess.TimeoutExpired:
        return False
    finally:
        with suppress(OSError):
            _end_group(process)
        process.kill()
        process.wait()


def _end_group(process: "subprocess.Popen[bytes]") -> None:
    if hasattr(os, "killpg"):
        os.killpg(process.pid, signal.SIGKILL)
