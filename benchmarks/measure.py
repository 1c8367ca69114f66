"""How fast promptpack is beside rulesync and ruler: numbers of packs in, a table of ratios out.

    python benchmarks/measure.py [--packs 1,100,1000] [--rounds 3] [--write]

Each step runs whole processes in turn, one round after the other: promptpack, rulesync, ruler, and
`python -c pass` as a floor. What is compared comes from the same rounds, so a slow minute of the
machine slows all of them. Outputs of the round before are moved away, never removed: creating files
just after a removal of many is slow on some file systems. `--write` puts the table and the plot
into docs/performance.md. Needs `benchmarks/install` once, for the two from npm.
"""

import argparse
import json
import os
import platform
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import NamedTuple

import corpora

ROOT = Path(__file__).resolve().parents[1]
TOOLS = Path(
    os.environ.get("PROMPTPACK_BENCHMARK_TOOLS")
    or Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "promptpack/benchmarks"
)
PROMPTPACK = (sys.executable, "-m", "promptpack")
PASS = (sys.executable, "-c", "pass")
OUTPUTS = ("dist", ".claude", ".github", ".codex", ".cursor", "AGENTS.md", "CLAUDE.md")
SVG_ROW = 26
_PLACE = "claude-code/model-a.reader/.claude/agents/agent-00000.md"


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


class Step(NamedTuple):
    """What is measured in turn: commands by name, each in a folder, and what comes before each."""

    name: str
    commands: Mapping[str, tuple[str, ...]]
    folders: Mapping[str, Path]
    prepare: Callable[[Path, int], None] = lambda _folder, _number: None


Samples = dict[str, list[Usage]]


def run(command: tuple[str, ...], folder: Path) -> Usage:
    """Run a command to its end and return what it took; raises where it fails."""
    before = time.monotonic()
    with tempfile.TemporaryFile() as printed:
        process = subprocess.Popen(
            command, cwd=folder, stdin=subprocess.DEVNULL, stdout=printed, stderr=subprocess.STDOUT
        )
        _, status, usage = os.wait4(process.pid, 0)
        wall = time.monotonic() - before
        process.returncode = os.waitstatus_to_exitcode(status)
        printed.seek(0)
        text = printed.read().decode()[-2000:]
    if process.returncode:
        raise SystemExit(f"{' '.join(command)} in {folder}: {text}")
    return Usage(usage.ru_utime, usage.ru_stime, wall, usage.ru_maxrss)


def measure(step: Step, rounds: int) -> Samples:
    """Return what each command of a step took in each round, after one that is not counted."""
    samples: Samples = {name: [] for name in step.commands}
    for number in range(rounds + 1):
        for name, command in step.commands.items():
            folder = step.folders[name]
            step.prepare(folder, number)
            usage = run(command, folder)
            if number:
                samples[name].append(usage)
    print(f"  {step.name}: " + ", ".join(map(_summarise, samples.items())), flush=True)
    return samples


def make_folders(base: Path, count: int) -> dict[str, Path]:
    """Return the folders of the three tools with the same agents in each."""
    writers = {
        "promptpack": corpora.write_plain,
        "rulesync": corpora.write_rulesync,
        "ruler": corpora.write_ruler,
    }
    folders = {}
    for name, write in writers.items():
        folders[name] = base / f"{name}-{count}"
        folders[name].mkdir(parents=True)
        write(folders[name], count)
        subprocess.run(["git", "init", "-q", folders[name]], check=True)
    return {**folders, "pass": base}


def move_outputs(folder: Path, number: int) -> None:
    """Move what the round before has written out of the way."""
    away = folder.parent / "away" / f"{folder.name}-{number}"
    for name in OUTPUTS:
        if (folder / name).exists():
            away.mkdir(parents=True, exist_ok=True)
            shutil.move(folder / name, away / name)


def change_agent(folder: Path, number: int) -> None:
    """Change a word of one agent."""
    paths = (
        "packs/agent-00000/role.md",
        ".rulesync/subagents/agent-00000.md",
        ".ruler/agents/agent-00000.md",
    )
    for path in paths:
        if (folder / path).exists():
            text = (folder / path).read_text(encoding="utf-8")
            (folder / path).write_text(f"{text}\nRound {number}.\n", encoding="utf-8")


def measure_packs(base: Path, count: int, rounds: int) -> dict[str, Samples]:
    """Return what the three tools take for the same agents, by step."""
    folders = make_folders(base, count)
    bins = TOOLS / "node_modules/.bin"
    clients = ",".join(corpora.RULER_CLIENTS)
    quiet = ("--subagents", "--no-mcp", "--no-gitignore", "--no-backup")
    ruler = (f"{bins}/ruler", "apply", "--agents", clients, *quiet)
    rulesync = (f"{bins}/rulesync", "generate", "--silent")
    builders = {"promptpack": (*PROMPTPACK, "build"), "rulesync": rulesync, "ruler": ruler}
    checkers = {
        "pass": PASS,
        "promptpack": (*PROMPTPACK, "check"),
        "rulesync": (*rulesync, "--check"),
        "ruler": (*ruler, "--dry-run"),
    }
    packs = f"{count:,} packs" if count > 1 else "1 pack"
    steps = (
        Step(f"cold build of {packs}", builders, folders, move_outputs),
        Step(f"unchanged build of {packs}", {"pass": PASS, **builders}, folders),
        Step(f"check of {packs}", checkers, folders),
        Step(f"build of {packs}, one changed", builders, folders, change_agent),
    )
    return {step.name: measure(step, rounds) for step in steps}


def measure_shared(base: Path, count: int, rounds: int) -> dict[str, Samples]:
    """Return what promptpack takes for packs of shared fragments, 20 variants each, by step."""
    folder = base / f"shared-{count}"
    folder.mkdir()
    corpora.write_shared(folder, count)
    subprocess.run(["git", "init", "-q", folder], check=True)
    identity = ("-c", "user.name=Benchmark", "-c", "user.email=benchmark@localhost")
    subprocess.run(["git", "-C", folder, "add", "."], check=True)
    subprocess.run(["git", "-C", folder, *identity, "commit", "-qm", "packs"], check=True)
    fragment = f"templates/fragments/{corpora.SECTIONS[0]}/item-0.md"
    commands = {
        "pass": PASS,
        "build --no-cache": (*PROMPTPACK, "build", "--no-cache"),
        "check --no-cache": (*PROMPTPACK, "check", "--no-cache"),
        "check, unchanged": (*PROMPTPACK, "check"),
        "lint": (*PROMPTPACK, "lint"),
        "diff": (*PROMPTPACK, "diff", "HEAD"),
        "impact": (*PROMPTPACK, "impact", fragment),
        "explain": (*PROMPTPACK, "explain", f"dist/{_PLACE}:20"),
    }
    run(commands["build --no-cache"], folder)
    with (folder / fragment).open("a", encoding="utf-8") as file:
        file.write("- One line more.\n")
    run(commands["build --no-cache"], folder)
    name = f"{count:,} packs of shared fragments, 20 variants each, 4 clients"
    return {name: measure(Step(name, commands, dict.fromkeys(commands, folder)), rounds)}


def measure_start(base: Path, rounds: int) -> dict[str, Samples]:
    """Return what it takes to ask each tool for its version."""
    bins = TOOLS / "node_modules/.bin"
    commands = {
        "pass": PASS,
        "promptpack": (*PROMPTPACK, "--version"),
        "rulesync": (f"{bins}/rulesync", "--version"),
        "ruler": (f"{bins}/ruler", "--version"),
    }
    step = Step("--version", commands, dict.fromkeys(commands, base))
    return {step.name: measure(step, rounds * 3)}


def make_table(results: Mapping[str, Samples]) -> str:
    """Return the table of the page: seconds of promptpack, and its ratio to each of the others."""
    lines = [
        "| step | | CPU s | user s | time s | peak MB | CPU, promptpack / this |",
        "|---|---|---|---|---|---|---|",
    ]
    for step, samples in results.items():
        for name, usages in samples.items():
            own = samples.get("promptpack")
            ratio = _find_ratio(own, usages) if own and name != "promptpack" else 0
            figures = [
                step if name == next(iter(samples)) else "",
                _spell(name),
                f"{_median(u.cpu for u in usages):.2f}",
                f"{_median(u.user for u in usages):.2f}",
                f"{_median(u.wall for u in usages):.2f}",
                f"{_median(u.peak for u in usages) / 1024:.0f}",
                f"{ratio:.2f}" if ratio else "",
            ]
            lines.append(f"| {' | '.join(figures)} |")
    return "\n".join(lines) + "\n"


def make_plot(results: Mapping[str, Samples]) -> str:
    """Return an SVG of CPU seconds per step, a bar for each tool; a step has its own scale."""
    bars, y = [], 10
    for step, samples in results.items():
        if "rulesync" not in samples:
            continue
        bars.append(f'<text x="0" y="{y + 14}" font-weight="600">{step}</text>')
        y += SVG_ROW
        seconds = {name: _median(u.cpu for u in usages) for name, usages in samples.items()}
        for name, value in seconds.items():
            width = max(1, 420 * value / max(seconds.values()))
            color = "#3f51b5" if name == "promptpack" else "#9e9e9e"
            bars.append(f'<text x="90" y="{y + 12}" text-anchor="end">{_spell(name)}</text>')
            bars.append(f'<rect x="98" y="{y}" width="{width:.0f}" height="15" fill="{color}"/>')
            bars.append(f'<text x="{104 + width:.0f}" y="{y + 12}">{value:.2f} s</text>')
            y += 20
        y += 8
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 620 {y}" width="620" '
        f'font-family="sans-serif" font-size="13" fill="#555" role="img" '
        f'aria-label="CPU seconds per step and tool">{"".join(bars)}</svg>\n'
    )


def describe_machine() -> str:
    """Return in one line what was measured with, and on what."""
    versions = [
        json.loads((TOOLS / "node_modules" / name / "package.json").read_text())["version"]
        for name in ("rulesync", "@intellectronica/ruler")
    ]
    own = subprocess.run([*PROMPTPACK, "--version"], check=True, capture_output=True, text=True)
    return (
        f"{own.stdout.strip()}, rulesync {versions[0]}, ruler {versions[1]}; Python "
        f"{platform.python_version()}, {platform.system()} {platform.machine()}, "
        f"{os.cpu_count()} processors."
    )


def write_page(results: Mapping[str, Samples]) -> None:
    """Put the table and the plot of a measurement into the docs."""
    page = ROOT / "docs/performance.md"
    text = page.read_text(encoding="utf-8")
    start, end = "<!-- measured -->\n", "<!-- end of measured -->"
    before, _, rest = text.partition(start)
    after = rest.partition(end)[2]
    told = f"{describe_machine()}\n\n{make_table(results)}"
    page.write_text(f"{before}{start}{told}{end}{after}", encoding="utf-8")
    (ROOT / "docs/assets/performance.svg").write_text(make_plot(results), encoding="utf-8")


def _median(values: Iterable[float]) -> float:
    return statistics.median(values)


def _find_ratio(own: list[Usage], other: list[Usage]) -> float:
    """Return the median of the ratios of CPU, round by round."""
    return _median(a.cpu / max(b.cpu, 0.001) for a, b in zip(own, other, strict=True))


def _spell(name: str) -> str:
    return "python -c pass" if name == "pass" else name


def _summarise(sample: tuple[str, list[Usage]]) -> str:
    name, usages = sample
    return f"{name} {_median(u.cpu for u in usages):.2f} s"


def main() -> None:
    """Measure, print the table, and write it where that is asked for."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--packs", default="1,100,1000", help="numbers of packs, with commas")
    parser.add_argument("--shared", type=int, default=20, help="packs of shared fragments")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--write", action="store_true", help="write docs/performance.md")
    options = parser.parse_args()
    if not (TOOLS / "node_modules").exists():
        raise SystemExit("run benchmarks/install first: rulesync and ruler are not there")
    with tempfile.TemporaryDirectory(prefix="promptpack-benchmark-") as name:
        base = Path(name)
        results = measure_start(base, options.rounds)
        for count in map(int, options.packs.split(",")):
            results |= measure_packs(base, count, options.rounds)
        results |= measure_shared(base, options.shared, options.rounds)
    print(f"\n{describe_machine()}\n\n{make_table(results)}")
    if options.write:
        write_page(results)


if __name__ == "__main__":
    main()
