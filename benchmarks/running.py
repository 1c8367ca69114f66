"""Whole processes in turn: commands in, what each took in each round out."""

import os
import statistics
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import NamedTuple

_LEFT_OUT = ("PYTHONDONTWRITEBYTECODE", "PYTHONOPTIMIZE", "PYTHONPROFILEIMPORTTIME")
"""What a shell may set that makes Python compile each module anew, or print."""


class Usage(NamedTuple):
    """What a process took: seconds of CPU in user and system mode, seconds of time, peak kB."""

    user: float
    system: float
    wall: float
    peak: int

    @property
    def cpu(self) -> float:
        """Seconds of CPU in both modes."""
        return self.user + self.system


def leave_alone(_folder: Path, _number: int) -> None:
    """Do nothing before a command."""


class Command(NamedTuple):
    """The words of a call, the folder that it runs in, and what is done there before each turn."""

    words: tuple[str, ...]
    folder: Path
    prepare: Callable[[Path, int], None] = leave_alone


class Step(NamedTuple):
    """What is measured in turn: commands by name."""

    name: str
    commands: Mapping[str, Command]


Samples = dict[str, list[Usage]]


def run(words: tuple[str, ...], folder: Path) -> Usage:
    """Run a command to its end and return what it took; raises where it fails.

    Its children count too, but for the peak, which is that of the largest process.
    """
    env = {name: value for name, value in os.environ.items() if name not in _LEFT_OUT}
    before = time.monotonic()
    with tempfile.TemporaryFile() as printed:
        process = subprocess.Popen(
            words,
            cwd=folder,
            env=env,
            stdin=subprocess.DEVNULL,
            stdout=printed,
            stderr=subprocess.STDOUT,
        )
        _, status, usage = os.wait4(process.pid, 0)
        wall = time.monotonic() - before
        process.returncode = os.waitstatus_to_exitcode(status)
        printed.seek(0)
        text = printed.read().decode()[-2000:]
    if process.returncode:
        raise SystemExit(f"{' '.join(words)} in {folder}: {text}")
    return Usage(usage.ru_utime, usage.ru_stime, wall, usage.ru_maxrss)


def measure(step: Step, rounds: int, warm_ups: int = 1) -> Samples:
    """Return what each command of a step took in each round, after some that are not counted."""
    samples: Samples = {name: [] for name in step.commands}
    for number in range(rounds + warm_ups):
        for name, command in step.commands.items():
            command.prepare(command.folder, number)
            usage = run(command.words, command.folder)
            if number >= warm_ups:
                samples[name].append(usage)
    told = (
        f"{name} {find_median(u.cpu for u in usages):.2f} s" for name, usages in samples.items()
    )
    print(f"  {step.name}: {', '.join(told)}", flush=True)
    return samples


def find_median(values: Iterable[float]) -> float:
    """Return the median of some figures."""
    return statistics.median(values)
