"""What is measured: a number of packs in, the steps with their folders made out."""

import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import corpora
from running import Command, Samples, Step, leave_alone, measure, run

TOOLS = Path(
    os.environ.get("PROMPTPACK_BENCHMARK_TOOLS")
    or Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "promptpack/benchmarks"
)
PROMPTPACK = (sys.executable, "-m", "promptpack")
PASS = (sys.executable, "-c", "pass")
OUTPUTS = (
    *("dist", "shards", "copy", ".claude", ".github", ".codex", ".cursor", ".opencode", ".qwen"),
    *(".kilo", ".factory", "AGENTS.md", "CLAUDE.md"),
)
_BINS = TOOLS / "node_modules/.bin"
_RULESYNC = (f"{_BINS}/rulesync", "generate", "--silent")
_RULER = (
    *(f"{_BINS}/ruler", "apply", "--agents", ",".join(corpora.RULER_CLIENTS)),
    *("--subagents", "--no-mcp", "--no-gitignore", "--no-backup"),
)
_SHARDS = (
    f"'{sys.executable}' -m promptpack build --quiet --shard 1/2 --out shards/1 & one=$!; "
    f"'{sys.executable}' -m promptpack build --quiet --shard 2/2 --out shards/2 && wait $one && "
    f"cp -r shards/1 dist && cp -r shards/2/. dist && "
    f"'{sys.executable}' -m promptpack build --merge-shards"
)
_PLACE = "claude-code/model-a.reader/.claude/agents/agent-00000.md"


def name_packs(count: int) -> str:
    """Return a number of packs in words."""
    return f"{count:,} packs" if count > 1 else "1 pack"


def make_folders(
    base: Path, count: int, clients: Sequence[str] = corpora.CLIENTS
) -> dict[str, Path]:
    """Return the folders of the three tools with the same agents in each."""
    writers = {
        "promptpack": corpora.write_plain,
        "rulesync": corpora.write_rulesync,
        "ruler": corpora.write_ruler,
    }
    folders = {}
    for name, write in writers.items():
        folders[name] = base / f"{name}-{count}-{len(clients)}"
        folders[name].mkdir(parents=True)
        write(folders[name], count, clients)
        subprocess.run(["git", "init", "-q", folders[name]], check=True)
    return folders


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


def measure_start(base: Path, rounds: int) -> dict[str, Samples]:
    """Return what it takes to ask each tool for its version."""
    words = {
        "pass": PASS,
        "promptpack": (*PROMPTPACK, "--version"),
        "rulesync": (f"{_BINS}/rulesync", "--version"),
        "ruler": (f"{_BINS}/ruler", "--version"),
    }
    commands = {name: Command(one, base) for name, one in words.items()}
    return {"--version": measure(Step("--version", commands), rounds * 3)}


def measure_packs(base: Path, count: int, rounds: int, warm_ups: int = 1) -> dict[str, Samples]:
    """Return what the three tools take for the same agents and four clients, by step."""
    folders = make_folders(base, count)
    build, check = (*PROMPTPACK, "build"), (*PROMPTPACK, "check")
    builders = {"promptpack": build, "rulesync": _RULESYNC, "ruler": _RULER}
    same = {"pass": Command(PASS, base), **_make_commands(builders, folders)}
    checkers = {
        "promptpack": check,
        "rulesync": (*_RULESYNC, "--check"),
        "ruler": (*_RULER, "--dry-run"),
    }
    cold = _make_commands(builders, folders, move_outputs)
    changed = _make_commands(builders, folders, change_agent)
    changed["unchanged again"] = Command(build, folders["promptpack"])
    if count >= 1000:
        cold |= {"cp -r": _make_copy(base, folders["promptpack"])}
    packs = name_packs(count)
    steps = (
        Step(f"cold build of {packs}", cold),
        Step(f"unchanged build of {packs}", same),
        Step(f"check of {packs}", {"pass": same["pass"], **_make_commands(checkers, folders)}),
        Step(f"build of {packs}, one changed", changed),
    )
    return {step.name: measure(step, rounds, warm_ups) for step in steps}


def measure_eight(base: Path, rounds: int) -> dict[str, Samples]:
    """Return what one agent takes for eight clients."""
    folders = make_folders(base, 1, corpora.EIGHT_CLIENTS)
    builders = {"promptpack": (*PROMPTPACK, "build"), "rulesync": _RULESYNC, "ruler": _RULER}
    name = "cold build of 1 pack, 8 clients"
    return {name: measure(Step(name, _make_commands(builders, folders, move_outputs)), rounds * 3)}


def measure_sizes(
    base: Path, counts: Sequence[int], rounds: int, warm_ups: int = 1
) -> dict[str, Samples]:
    """Return what promptpack takes for eight clients, by the number of packs."""
    commands = {}
    for count in counts:
        folder = base / f"eight-{count}"
        folder.mkdir()
        corpora.write_plain(folder, count, corpora.EIGHT_CLIENTS)
        commands[name_packs(count)] = Command((*PROMPTPACK, "build"), folder, move_outputs)
    name = f"cold build of {name_packs(max(counts))}, 8 clients"
    return {name: measure(Step(name, commands), rounds, warm_ups)}


def measure_shards(base: Path, count: int, rounds: int) -> dict[str, Samples]:
    """Return what one process takes, and two at the same time with what merges their files."""
    folders = {name: base / f"{name}-{count}" for name in ("whole", "halves")}
    for folder in folders.values():
        folder.mkdir()
        corpora.write_plain(folder, count)
    words = {"one process": (*PROMPTPACK, "build"), "two shards": ("sh", "-c", _SHARDS)}
    commands = {
        name: Command(one, folder, move_outputs)
        for (name, one), folder in zip(words.items(), folders.values(), strict=True)
    }
    name = f"cold build of {name_packs(count)} in shards"
    return {name: measure(Step(name, commands), rounds)}


def measure_common(base: Path, count: int, rounds: int) -> dict[str, Samples]:
    """Return what reports on packs take after an edit of a fragment that all of them use."""
    folder = base / f"common-{count}"
    folder.mkdir()
    corpora.write_common(folder, count)
    words = {
        "check --no-cache": ("check", "--no-cache"),
        "diff": ("diff", "HEAD"),
        "lint": ("lint",),
        "list packs": ("list", "packs"),
        "show": ("show", "agent-00000"),
    }
    name = f"{name_packs(count)} with a common fragment, which has changed"
    path = f"templates/fragments/{corpora.COMMON_FRAGMENT}.md"
    return _measure_reports(name, folder, path, words, rounds)


def measure_shared(base: Path, count: int, rounds: int) -> dict[str, Samples]:
    """Return what promptpack takes for packs of shared fragments, 20 variants each, by step."""
    folder = base / f"shared-{count}"
    folder.mkdir()
    corpora.write_shared(folder, count)
    fragment = f"templates/fragments/{corpora.SECTIONS[0]}/item-0.md"
    words = {
        "build --no-cache": ("build", "--no-cache"),
        "check --no-cache": ("check", "--no-cache"),
        "check, unchanged": ("check",),
        "lint": ("lint",),
        "diff": ("diff", "HEAD"),
        "impact": ("impact", fragment),
        "explain": ("explain", f"dist/{_PLACE}:20"),
    }
    name = f"{name_packs(count)} of shared fragments, 20 variants each, 4 clients"
    return _measure_reports(name, folder, fragment, words, rounds)


def _measure_reports(
    name: str, folder: Path, path: str, words: Mapping[str, tuple[str, ...]], rounds: int
) -> dict[str, Samples]:
    """Return what commands take in a project of which one file has changed since its commit."""
    build = (*PROMPTPACK, "build", "--no-cache")
    run(build, folder)
    identity = ("-c", "user.name=Benchmark", "-c", "user.email=benchmark@localhost")
    for call in (("init", "-q"), ("add", "packs", "templates"), ("commit", "-qm", "packs")):
        subprocess.run(["git", *identity, *call], cwd=folder, check=True)
    with (folder / path).open("a", encoding="utf-8") as file:
        file.write("- One line more.\n")
    run(build, folder)
    commands = {one: Command((*PROMPTPACK, *call), folder) for one, call in words.items()}
    return {name: measure(Step(name, commands), rounds)}


def _make_commands(
    words: Mapping[str, tuple[str, ...]],
    folders: Mapping[str, Path],
    prepare: Callable[[Path, int], None] = leave_alone,
) -> dict[str, Command]:
    return {name: Command(one, folders[name], prepare) for name, one in words.items()}


def _make_copy(base: Path, project: Path) -> Command:
    """Return what copies the outputs of a project; they are made for it."""
    run((*PROMPTPACK, "build", "--no-cache"), project)
    folder = base / f"copied-{project.name}"
    folder.mkdir()
    shutil.move(project / "dist", folder / "made")
    return Command(("cp", "-r", "made", "copy"), folder, move_outputs)
