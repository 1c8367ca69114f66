"""What docs/performance.md shows: measurements in, tables and a plot out.

All figures are kept in `measured.json` beside this file, in two parts: a usual run writes one, and
a run with `--large` the other. Each has the versions and the machine that it was measured with.
"""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

from goals import Results, make_goals_table
from running import Usage, find_median

ROOT = Path(__file__).resolve().parents[1]
KEPT = Path(__file__).with_name("measured.json")
SVG_ROW = 26
_START, _END = "<!-- measured -->\n", "<!-- end of measured -->"


class Measurement(NamedTuple):
    """What a run has measured, with what, and on which day."""

    about: str
    results: Results


def keep_measurement(part: str, measurement: Measurement) -> None:
    """Put what a run has measured in place of what the last such run has."""
    kept = json.loads(KEPT.read_text(encoding="utf-8")) if KEPT.exists() else {}
    kept[part] = {
        "about": measurement.about,
        "results": {
            step: {
                name: [[round(value, 4) for value in usage] for usage in usages]
                for name, usages in samples.items()
            }
            for step, samples in measurement.results.items()
        },
    }
    KEPT.write_text(json.dumps(dict(sorted(kept.items(), reverse=True)), indent=1) + "\n", "utf-8")


def read_measurements() -> dict[str, Measurement]:
    """Return what is kept of each kind of run."""
    kept = json.loads(KEPT.read_text(encoding="utf-8")) if KEPT.exists() else {}
    return {
        part: Measurement(
            one["about"],
            {
                step: {
                    name: [Usage(*usage) for usage in usages] for name, usages in samples.items()
                }
                for step, samples in one["results"].items()
            },
        )
        for part, one in kept.items()
    }


def write_page() -> None:
    """Put the tables and the plot of what is kept into the docs."""
    page = ROOT / "docs/performance.md"
    text = page.read_text(encoding="utf-8")
    before, _, rest = text.partition(_START)
    after = rest.partition(_END)[2]
    measurements = read_measurements()
    page.write_text(f"{before}{_START}{make_text(measurements)}{_END}{after}", encoding="utf-8")
    plot = make_plot(merge_results(measurements))
    (ROOT / "docs/assets/performance.svg").write_text(plot, encoding="utf-8")


def make_text(measurements: Mapping[str, Measurement]) -> str:
    """Return the tables of some measurements, each with what it was made with."""
    parts = [make_goals_table(merge_results(measurements))]
    parts += [f"{one.about}\n\n{make_table(one.results)}" for one in measurements.values()]
    return "\n".join(parts)


def merge_results(measurements: Mapping[str, Measurement]) -> Results:
    """Return the steps of all measurements."""
    return {name: step for one in measurements.values() for name, step in one.results.items()}


def make_table(results: Results) -> str:
    """Return a table of each step: what each command takes, and the ratio of promptpack to it."""
    lines = [
        "| step | | CPU s | user s | time s | peak MB | CPU, promptpack / this |",
        "|---|---|---|---|---|---|---|",
    ]
    for step, samples in results.items():
        for name, usages in samples.items():
            own = samples.get("promptpack")
            ratio = find_ratio(own, usages) if own and name != "promptpack" else 0
            figures = [
                step if name == next(iter(samples)) else "",
                _spell(name),
                f"{find_median(u.cpu for u in usages):.2f}",
                f"{find_median(u.user for u in usages):.2f}",
                f"{find_median(u.wall for u in usages):.2f}",
                f"{find_median(u.peak for u in usages) / 1024:.0f}",
                f"{ratio:.2f}" if ratio else "",
            ]
            lines.append(f"| {' | '.join(figures)} |")
    return "\n".join(lines) + "\n"


def make_plot(results: Results) -> str:
    """Return an SVG of CPU seconds per step, a bar for each tool; a step has its own scale."""
    bars, y = [], 10
    for step, samples in results.items():
        if "rulesync" not in samples:
            continue
        bars.append(f'<text x="0" y="{y + 14}" font-weight="600">{step}</text>')
        y += SVG_ROW
        seconds = {name: find_median(u.cpu for u in usages) for name, usages in samples.items()}
        for name, value in seconds.items():
            width = max(1, 400 * value / max(seconds.values()))
            color = "#3f51b5" if name == "promptpack" else "#9e9e9e"
            bars.append(f'<text x="110" y="{y + 12}" text-anchor="end">{_spell(name)}</text>')
            bars.append(f'<rect x="118" y="{y}" width="{width:.0f}" height="15" fill="{color}"/>')
            bars.append(f'<text x="{124 + width:.0f}" y="{y + 12}">{value:.2f} s</text>')
            y += 20
        y += 8
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 620 {y}" width="620" '
        f'font-family="sans-serif" font-size="13" fill="#555" role="img" '
        f'aria-label="CPU seconds per step and tool">{"".join(bars)}</svg>\n'
    )


def find_ratio(own: list[Usage], other: list[Usage]) -> float:
    """Return the median of the ratios of CPU, round by round."""
    return find_median(a.cpu / max(b.cpu, 0.001) for a, b in zip(own, other, strict=True))


def _spell(name: str) -> str:
    return "python -c pass" if name == "pass" else name
