"""How fast promptpack is beside rulesync and ruler: numbers of packs in, a table of ratios out.

    python benchmarks/measure.py [--packs 1,100,1000] [--rounds 3] [--write]
    python benchmarks/measure.py --large --write

Each step runs whole processes in turn, one round after the other: promptpack, rulesync, ruler, and
`python -c pass` as a floor. What is compared comes from the same rounds, so a slow minute of the
machine slows all of them. Outputs of the round before are moved away, never removed: creating files
just after a removal of many is slow on some file systems.

`--large` measures 10,000 packs instead, once and without a round that is not counted. `--write`
keeps the figures in benchmarks/measured.json, and puts the tables and the plot of all that is kept
into docs/performance.md. Needs `benchmarks/install` once, for the two from npm.
"""

import argparse
import json
import os
import platform
import subprocess
import tempfile
import time
from pathlib import Path

from goals import make_goals_table
from page import Measurement, keep_measurement, make_table, write_page
from running import Samples
from steps import (
    PROMPTPACK,
    TOOLS,
    measure_common,
    measure_eight,
    measure_packs,
    measure_shards,
    measure_shared,
    measure_sizes,
    measure_start,
)

_LARGE = 10_000
_USUAL = 1_000


def measure_usual(base: Path, options: argparse.Namespace) -> dict[str, Samples]:
    """Return what a usual run measures, by step."""
    rounds: int = options.rounds
    results = {**measure_start(base, rounds), **measure_eight(base, rounds)}
    counts = [int(count) for count in options.packs.split(",")]
    for count in counts:
        results |= measure_packs(base, count, rounds)
    largest = max(counts)
    results |= measure_shards(base, largest, rounds)
    results |= measure_sizes(base, (largest,), rounds)
    results |= measure_common(base, largest, rounds)
    return results | measure_shared(base, options.shared, rounds)


def measure_large(base: Path) -> dict[str, Samples]:
    """Return what a run of many packs measures, by step: each command once."""
    results = measure_packs(base, _LARGE, 1, 0)
    return results | measure_sizes(base, (_USUAL, _LARGE), 1, 0)


def describe_run() -> str:
    """Return in one line when something was measured, with what, and on what."""
    versions = [
        json.loads((TOOLS / "node_modules" / name / "package.json").read_text())["version"]
        for name in ("rulesync", "@intellectronica/ruler")
    ]
    own = subprocess.run([*PROMPTPACK, "--version"], check=True, capture_output=True, text=True)
    return (
        f"Measured on {time.strftime('%Y-%m-%d')} with {own.stdout.strip()}, rulesync "
        f"{versions[0]}, ruler {versions[1]}; Python {platform.python_version()}, "
        f"{platform.system()} {platform.machine()}, {os.cpu_count()} processors."
    )


def main() -> None:
    """Measure, print the tables, and write them where that is asked for."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--packs", default=f"1,100,{_USUAL}", help="numbers of packs, with commas")
    parser.add_argument("--shared", type=int, default=20, help="packs of shared fragments")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--large", action="store_true", help=f"measure {_LARGE:,} packs, once")
    parser.add_argument("--write", action="store_true", help="write docs/performance.md")
    options = parser.parse_args()
    if not (TOOLS / "node_modules").exists():
        raise SystemExit("run benchmarks/install first: rulesync and ruler are not there")
    before = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="promptpack-benchmark-") as name:
        base = Path(name)
        results = measure_large(base) if options.large else measure_usual(base, options)
    about = describe_run()
    print(f"\n{about}\n\n{make_goals_table(results)}\n{make_table(results)}")
    print(f"This took {(time.monotonic() - before) / 60:.0f} minutes.")
    if options.write:
        keep_measurement("large" if options.large else "usual", Measurement(about, results))
        write_page()


if __name__ == "__main__":
    main()
