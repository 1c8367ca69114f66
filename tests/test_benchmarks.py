"""The benchmarks: what they measure is the same work, and what they print is what they saw."""

import re
from pathlib import Path
from xml.etree import ElementTree

import corpora
import floor
import page
import pytest
import running
import steps
import yaml
from goals import GOALS, Goal, find_figure, make_goals_table
from running import Command, Samples, Step, Usage

import support

ROOT = Path(__file__).resolve().parents[1]
SAMPLES: dict[str, Samples] = {
    "check": {
        "pass": [Usage(0.01, 0.0, 0.02, 10240)] * 4,
        "promptpack": [Usage(0.1, 0.1, 0.3, 20480), Usage(0.2, 0.2, 0.3, 20480)] * 2,
        "rulesync": [Usage(0.4, 0.4, 0.9, 51200), Usage(0.3, 0.2, 0.9, 51200)] * 2,
    }
}


def test_the_plain_packs_build_for_each_client(tmp_path: Path) -> None:
    corpora.write_plain(tmp_path, 2)
    done = support.run("build", cwd=tmp_path)
    assert done.code == 0, done.err
    built = sorted(path.relative_to(tmp_path / "dist").parts[0] for path in list_agents(tmp_path))
    assert built == sorted([*corpora.CLIENTS] * 2)


def list_agents(project: Path) -> list[Path]:
    return [path for path in (project / "dist").rglob("agent-*") if path.is_file()]


def test_the_shared_packs_build_in_20_variants(tmp_path: Path) -> None:
    corpora.write_shared(tmp_path, 1)
    done = support.run("build", cwd=tmp_path)
    assert done.code == 0, done.err
    assert len(list_agents(tmp_path)) == 20 * len(corpora.CLIENTS)
    texts = {path.read_text(encoding="utf-8") for path in list_agents(tmp_path)}
    assert len(texts) > 20, "variants and clients differ"


def test_the_common_fragment_is_in_each_agent(tmp_path: Path) -> None:
    corpora.write_common(tmp_path, 2)
    done = support.run("build", cwd=tmp_path)
    assert done.code == 0, done.err
    path = tmp_path / f"templates/fragments/{corpora.COMMON_FRAGMENT}.md"
    text = path.read_text(encoding="utf-8").splitlines()[0]
    assert all(text in agent.read_text(encoding="utf-8") for agent in list_agents(tmp_path))
    assert len(list_agents(tmp_path)) == 2 * len(corpora.CLIENTS)


def test_a_pack_builds_for_eight_clients(tmp_path: Path) -> None:
    corpora.write_plain(tmp_path, 1, corpora.EIGHT_CLIENTS)
    done = support.run("build", cwd=tmp_path)
    assert done.code == 0, done.err
    assert {path.relative_to(tmp_path / "dist").parts[0] for path in list_agents(tmp_path)} == {
        *corpora.EIGHT_CLIENTS
    }


def test_all_tools_are_given_the_same_agents(tmp_path: Path) -> None:
    corpora.write_plain(tmp_path / "ours", 3)
    corpora.write_rulesync(tmp_path / "rulesync", 3)
    corpora.write_ruler(tmp_path / "ruler", 3)
    for number in range(3):
        name = f"agent-{number:05}"
        body = (tmp_path / f"ours/packs/{name}/role.md").read_text(encoding="utf-8")
        assert 4_000 < len(body) < 6_000
        for path in (f"rulesync/.rulesync/subagents/{name}.md", f"ruler/.ruler/agents/{name}.md"):
            _, head, text = (tmp_path / path).read_text(encoding="utf-8").split("---\n", 2)
            assert text == body
            assert yaml.safe_load(head)["name"] == name


def test_each_run_gives_the_same_corpus(tmp_path: Path) -> None:
    for name in ("a", "b"):
        corpora.write_shared(tmp_path / name, 2)
    assert support.snapshot(tmp_path / "a") == support.snapshot(tmp_path / "b")


def test_what_failed_is_no_measurement(tmp_path: Path) -> None:
    words = (*steps.PASS[:2], "import sys; print('no such thing'); sys.exit(3)")
    with pytest.raises(SystemExit, match="no such thing"):
        running.run(words, tmp_path)


def test_what_a_shell_says_of_python_reaches_no_command(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PYTHONDONTWRITEBYTECODE", "1")
    monkeypatch.setenv("LEFT", "as it is")
    said = "assert not sys.dont_write_bytecode and os.environ['LEFT'] == 'as it is'"
    running.run((*steps.PASS[:2], f"import os, sys; {said}"), tmp_path)


def test_commands_take_turns_and_the_first_round_is_not_counted(tmp_path: Path) -> None:
    prepared: list[int] = []
    command = Command(steps.PASS, tmp_path, lambda _, number: prepared.append(number))
    samples = running.measure(Step("x", {"a": command, "b": command}), 2)
    assert prepared == [0, 0, 1, 1, 2, 2]
    assert {name: len(usages) for name, usages in samples.items()} == {"a": 2, "b": 2}
    assert all(usage.peak > 0 and usage.wall > 0 for usage in samples["a"])


def test_outputs_are_moved_and_not_removed(tmp_path: Path) -> None:
    folder = tmp_path / "project"
    support.write_files(folder, {"dist/a.md": "a", "packs/x/pack.yaml": "x"})
    steps.move_outputs(folder, 1)
    assert "dist/a.md" not in support.snapshot(folder)
    assert (tmp_path / "away/project-1/dist/a.md").read_text() == "a"


def test_ratios_are_of_the_same_round() -> None:
    rows = page.make_table(SAMPLES).splitlines()[2:]
    assert rows == [
        "| check | python -c pass | 0.01 | 0.01 | 0.02 | 10 | 30.00 |",
        "|  | promptpack | 0.30 | 0.15 | 0.30 | 20 |  |",
        "|  | rulesync | 0.65 | 0.35 | 0.90 | 50 | 0.53 |",
    ]


def test_the_plot_shows_each_tool() -> None:
    plot = page.make_plot(SAMPLES)
    root = ElementTree.fromstring(plot)  # noqa: S314 - our own text
    widths = [float(one.attrib["width"]) for one in root.iter("{http://www.w3.org/2000/svg}rect")]
    assert len(widths) == 3
    assert max(widths) == 400
    assert re.findall(r">([a-z -]+)</text>", plot) == [
        "check",
        "python -c pass",
        "promptpack",
        "rulesync",
    ]


def test_a_goal_compares_turn_by_turn() -> None:
    goal = Goal("x", 1, lambda usage: usage.cpu, ("check", "promptpack"), ("check", "rulesync"))
    assert find_figure(goal, SAMPLES) == pytest.approx((0.2 / 0.8 + 0.4 / 0.5) / 2)
    assert find_figure(goal._replace(scale=2), SAMPLES) == pytest.approx(0.525 / 2)
    assert find_figure(goal._replace(other=None), SAMPLES) == pytest.approx(0.3)
    assert find_figure(goal._replace(own=("check", "nothing")), SAMPLES) is None


def test_a_goal_that_is_missed_says_so() -> None:
    step, command = GOALS[0].own
    other = GOALS[0].other
    assert other is not None
    rows = {}
    for seconds in (0.05, 0.06):
        results = {step: {command: [Usage(seconds, 0, 1, 1)], other[1]: [Usage(0.01, 0, 1, 1)]}}
        rows[seconds] = make_goals_table(results).splitlines()[2]
    assert rows[0.05].endswith("| ≤ 5 | 5.00 | met |")
    assert rows[0.06].endswith("| ≤ 5 | 6.00 | missed |")


def test_the_page_shows_what_is_kept() -> None:
    """The tables and the plot of the docs are made of the kept figures, and all goals have one."""
    kept = page.read_measurements()
    text = (ROOT / "docs/performance.md").read_text(encoding="utf-8")
    assert page.make_text(kept) in text
    plot = (ROOT / "docs/assets/performance.svg").read_text(encoding="utf-8")
    assert plot == page.make_plot(page.merge_results(kept))
    assert "10,000 packs" in plot
    assert "not measured" not in text


def test_the_bare_floor_writes_as_many_files_of_the_same_text(tmp_path: Path) -> None:
    for name in ("ours", "bare"):
        corpora.write_plain(tmp_path / name, 2)
    assert support.run("build", cwd=tmp_path / "ours").code == 0
    floor.build_bare(tmp_path / "bare")
    ours, bare = (
        {path.relative_to(tmp_path / name): path for path in list_agents(tmp_path / name)}
        for name in ("ours", "bare")
    )
    assert ours.keys() == bare.keys()
    for number in range(2):
        text = (tmp_path / f"bare/packs/agent-{number:05}/role.md").read_text(encoding="utf-8")
        own = [path for path in bare.values() if path.stem.startswith(f"agent-{number:05}")]
        assert len(own) == len(corpora.CLIENTS)
        assert all(path.read_text(encoding="utf-8").endswith(text) for path in own)


@pytest.mark.parametrize(("seconds", "above"), [(0.4, 0), (0.6, 1)])
def test_a_ratio_above_its_bound_is_told(
    seconds: float, above: int, capsys: pytest.CaptureFixture[str]
) -> None:
    results = {
        "cold": {
            "build": [Usage(seconds, 0.0, 9.0, 1)] * 3,
            "bare": [Usage(0.0, 0.1, 9.0, 1), Usage(0.1, 0.0, 9.0, 1), Usage(5.0, 0.0, 9.0, 1)],
        }
    }
    assert floor.compare(results, (floor.Row("cold build", "cold", "build", "bare", 5),)) == above
    verdict = "above its bound of 5" if above else "at most 5"
    assert capsys.readouterr().out == f"cold build: {seconds * 10:.1f}, {verdict}\n"


def test_a_ratio_is_measured_for_each_row(tmp_path: Path) -> None:
    results = floor.measure_all(tmp_path, 1, 1)
    for row in floor.list_rows(1):
        assert {row.command, row.floor} <= results[row.step].keys()
