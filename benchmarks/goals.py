"""What is aimed at: results in, a row for each goal with the ratio that was measured out."""

from collections.abc import Callable, Mapping
from typing import NamedTuple

from running import Samples, Usage, find_median

Results = Mapping[str, Samples]
Figure = Callable[[Usage], float]


class Goal(NamedTuple):
    """A figure that is to be at most so much: of a command, or of it divided by another's.

    A command is named by its step and its name there. Two of the same step are compared turn by
    turn. `scale` is how much more work the first one does.
    """

    text: str
    most: float
    figure: Figure
    own: tuple[str, str]
    other: tuple[str, str] | None = None
    scale: float = 1


def _get_cpu(usage: Usage) -> float:
    return usage.cpu


def _get_user(usage: Usage) -> float:
    return usage.user


def _get_wall(usage: Usage) -> float:
    return usage.wall


def _get_peak(usage: Usage) -> float:
    return usage.peak / 1024


_START, _EIGHT, _HUNDRED = "--version", "cold build of 1 pack, 8 clients", "cold build of 100 packs"
_COLD, _SAME, _CHECK = (
    f"{words} of 1,000 packs" for words in ("cold build", "unchanged build", "check")
)
_CHANGED, _SHARDS = "build of 1,000 packs, one changed", "cold build of 1,000 packs in shards"
_SIZE, _SIZES = (f"cold build of {count} packs, 8 clients" for count in ("1,000", "10,000"))
_COMMON = "1,000 packs with a common fragment, which has changed"
GOALS = (
    Goal("`--version` / `python -c pass`", 5, _get_cpu, (_START, "promptpack"), (_START, "pass")),
    Goal(f"{_EIGHT} / ruler", 0.6, _get_cpu, (_EIGHT, "promptpack"), (_EIGHT, "ruler")),
    Goal(f"{_HUNDRED} / ruler", 0.5, _get_cpu, (_HUNDRED, "promptpack"), (_HUNDRED, "ruler")),
    Goal(f"{_COLD}, user time / ruler", 0.9, _get_user, (_COLD, "promptpack"), (_COLD, "ruler")),
    Goal(
        f"{_COLD}, user time / rulesync",
        0.25,
        _get_user,
        (_COLD, "promptpack"),
        (_COLD, "rulesync"),
    ),
    Goal(f"{_COLD} / `cp -r` of its output", 12, _get_cpu, (_COLD, "promptpack"), (_COLD, "cp -r")),
    Goal(
        f"{_COLD}, time of two shards and the merge / one build",
        0.7,
        _get_wall,
        (_SHARDS, "two shards"),
        (_SHARDS, "one process"),
    ),
    Goal(f"{_SAME} / `python -c pass`", 10, _get_cpu, (_SAME, "promptpack"), (_SAME, "pass")),
    Goal(
        f"unchanged {_CHECK} / `python -c pass`",
        10,
        _get_cpu,
        (_CHECK, "promptpack"),
        (_CHECK, "pass"),
    ),
    Goal(
        f"{_CHANGED} / nothing changed",
        4,
        _get_cpu,
        (_CHANGED, "promptpack"),
        (_CHANGED, "unchanged again"),
    ),
    Goal(
        f"`diff`, {_COMMON} / `check --no-cache`",
        3,
        _get_cpu,
        (_COMMON, "diff"),
        (_COMMON, "check --no-cache"),
    ),
    Goal(f"{_SIZE}: peak, MB", 100, _get_peak, (_SIZE, "1,000 packs")),
    Goal(f"{_SIZES}: peak, MB", 200, _get_peak, (_SIZES, "10,000 packs")),
    Goal(
        f"{_SIZES}: peak / that of 1,000 packs",
        2,
        _get_peak,
        (_SIZES, "10,000 packs"),
        (_SIZES, "1,000 packs"),
    ),
    Goal(
        f"{_SIZES}: CPU of a file / that of 1,000 packs",
        1.2,
        _get_cpu,
        (_SIZES, "10,000 packs"),
        (_SIZES, "1,000 packs"),
        10,
    ),
)
_SITE = (
    ("site of 1,000 variants / as many plain pages, all in the navigation", 0.35),
    ("site of 3,000 variants / of 1,000", 3.2),
)
"""What `make measure` takes some minutes for."""


def find_figure(goal: Goal, results: Results) -> float | None:
    """Return what was measured for a goal: a median, or one of ratios; None where nothing was."""
    own = _find_usages(results, goal.own)
    if not own:
        return None
    figures = [goal.figure(usage) / goal.scale for usage in own]
    if goal.other is None:
        return find_median(figures)
    others = [max(goal.figure(usage), 0.001) for usage in _find_usages(results, goal.other)]
    if not others:
        return None
    return find_median(a / b for a, b in zip(figures, others, strict=True))


def make_goals_table(results: Results) -> str:
    """Return the table of the page: each goal, what it is at most, and what was measured."""
    lines = ["| CPU time, unless said otherwise | goal | measured | |", "|---|---|---|---|"]
    for goal in GOALS:
        figure = find_figure(goal, results)
        verdict = "not measured" if figure is None else "met" if figure <= goal.most else "missed"
        shown = "" if figure is None else f"{figure:.0f}" if figure >= 20 else f"{figure:.2f}"
        lines.append(f"| {goal.text} | ≤ {goal.most:g} | {shown} | {verdict} |")
    lines += [f"| {text} | ≤ {most:g} | | `make measure` |" for text, most in _SITE]
    return "\n".join(lines) + "\n"


def _find_usages(results: Results, place: tuple[str, str]) -> list[Usage]:
    step, command = place
    return results.get(step, {}).get(command, [])
