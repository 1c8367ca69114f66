"""Whether promptpack is still near what Python itself takes: a table of ratios and a verdict out.

    python benchmarks/floor.py [--packs 200] [--rounds 5]

The floor is a short program of this file that does the same work bare: it reads each pack and its
text with PyYAML's C loader, renders one Jinja template and writes four files, and checks nothing.
It runs in turn with promptpack, so that a slow machine slows both; what is compared is the median
of their CPU time. Ends with 1 where a ratio is above its bound. The bounds leave room for a noisy
machine: they are there to find work that is done twice, not to hold a record.
"""

import argparse
import statistics
import sys
import tempfile
from pathlib import Path
from typing import NamedTuple

import corpora
import jinja2
import yaml
from running import Command, Samples, Step, measure
from steps import PASS, PROMPTPACK, change_agent, move_outputs

_OUTPUTS = (
    "claude-code/plain.reader/.claude/agents/{name}.md",
    "copilot/plain.reader/.github/agents/{name}.agent.md",
    "codex/plain.reader/.codex/agents/{name}.toml",
    "cursor/plain.reader/.cursor/agents/{name}.md",
)
_TEMPLATE = "---\nname: {{ pack.name }}\ndescription: {{ pack.description }}\n---\n{{ text }}"


class Row(NamedTuple):
    """Two commands of a step that are compared, and the most that their ratio may be."""

    label: str
    step: str
    command: str
    floor: str
    bound: float


def build_bare(folder: Path) -> None:
    """Write the files of `corpora.write_plain`'s project with nothing but PyYAML and Jinja."""
    template = jinja2.Environment(keep_trailing_newline=True).from_string(_TEMPLATE)  # noqa: S701 - no HTML
    for path in sorted(folder.glob("packs/*/pack.yaml")):
        pack = yaml.load(path.read_bytes(), yaml.CSafeLoader)
        text = (path.parent / "role.md").read_text(encoding="utf-8")
        content = template.render(pack=pack, text=text).encode()
        for output in _OUTPUTS:
            file = folder / "dist" / output.format(name=pack["name"])
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_bytes(content)


def list_rows(packs: int) -> tuple[Row, ...]:
    """Return what is compared, with the bounds."""
    return (
        Row("--version / python -c pass", "start", "--version", "pass", 5),
        Row(f"cold build of {packs} packs / bare Python", "cold", "build", "bare", 8),
        Row(f"unchanged build of {packs} packs / python -c pass", "same", "build", "pass", 10),
        Row(f"unchanged check of {packs} packs / python -c pass", "same", "check", "pass", 10),
        Row(f"{packs} packs, one changed / bare Python", "changed", "build", "bare", 8),
    )


def measure_all(base: Path, packs: int, rounds: int) -> dict[str, Samples]:
    """Return what each command took in each round, by step."""
    own, floor = base / "promptpack", base / "bare"
    for folder in (own, floor):
        folder.mkdir()
        corpora.write_plain(folder, packs)
    build, version = (*PROMPTPACK, "build"), (*PROMPTPACK, "--version")
    bare = (sys.executable, __file__, "--bare")
    nothing = Command(PASS, base)
    both = {"build": Command(build, own), "bare": Command(bare, floor)}
    check = Command((*PROMPTPACK, "check"), own)
    steps = (
        Step("start", {"--version": Command(version, base), "pass": nothing}),
        Step("cold", {name: one._replace(prepare=move_outputs) for name, one in both.items()}),
        Step("same", {"build": both["build"], "check": check, "pass": nothing}),
        Step("changed", {name: one._replace(prepare=change_agent) for name, one in both.items()}),
    )
    return {step.name: measure(step, rounds) for step in steps}


def compare(results: dict[str, Samples], rows: tuple[Row, ...]) -> int:
    """Print each ratio beside its bound and return how many are above it."""
    above = 0
    for row in rows:
        own, floor = (
            statistics.median(usage.cpu for usage in results[row.step][name])
            for name in (row.command, row.floor)
        )
        ratio = own / floor
        above += ratio > row.bound
        verdict = "above its bound of" if ratio > row.bound else "at most"
        print(f"{row.label}: {ratio:.1f}, {verdict} {row.bound:g}")
    return above


def main() -> None:
    """Measure, print the ratios, and end with 1 where one is above its bound."""
    parser = argparse.ArgumentParser(description="Compare promptpack with bare Python.")
    parser.add_argument("--packs", type=int, default=200)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--bare", action="store_true", help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.bare:
        build_bare(Path.cwd())
        return
    with tempfile.TemporaryDirectory() as base:
        results = measure_all(Path(base), given.packs, given.rounds)
    if compare(results, list_rows(given.packs)):
        raise SystemExit("promptpack takes more than it may beside bare Python")


if __name__ == "__main__":
    main()
