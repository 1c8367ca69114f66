"""A repository with five folders of agents, imported with one command: what is planted is found."""

import itertools
from collections.abc import Iterable
from pathlib import Path

import support
from import_figures import describe_import
from promptpack.importing.audit import audit_paths
from terminals import run_on_terminal
from test_import import bring
from twins import COUNT, DRIFTED, OTHERS, make_twin


def list_pairs(groups: Iterable[Iterable[str]]) -> set[tuple[str, str]]:
    """Return the pairs of files that are in one group."""
    return {pair for group in groups for pair in itertools.combinations(sorted(group), 2)}


def test_five_folders_are_thirty_packs(tmp_path: Path) -> None:
    twin = make_twin()
    assert len(twin.files) == 150
    imported = bring(tmp_path, twin.files, "--join")
    data = imported.data
    assert data["refused"] == []
    assert len(data["packs"]) == COUNT + len(OTHERS) == 30
    assert imported.outputs == twin.files
    packs = [{file["source"] for file in pack["files"]} for pack in data["packs"]]
    assert {frozenset(pack) for pack in packs} == twin.agents
    found = {(one["pack"], one["kind"], frozenset(one["targets"])) for one in data["disagreements"]}
    assert found == twin.disagreements
    assert len(data["disagreements"]) == len(twin.disagreements)


def test_copies_are_found_exactly(tmp_path: Path) -> None:
    """Of the files that a client would load together, those of one agent, and no others."""
    twin = make_twin()
    support.write_files(tmp_path, twin.files)
    audit = audit_paths([tmp_path])
    prefix = f"{tmp_path.as_posix()}/"
    copies = [{file.path.removeprefix(prefix) for file in group} for group in audit.copies]
    planted = list_pairs(
        {path for path in agent if path.startswith(folder)}
        for agent in twin.agents
        for folder in (".", "plugin/", "generated/")
    )
    assert list_pairs(copies) == planted


def test_a_second_folder_that_differs_is_refused_with_the_reason(tmp_path: Path) -> None:
    head = "---\nname: critic\ndescription: x\n---\n\n"
    place = ".claude/agents/critic.md"
    files = {place: f"{head}One.\n", f"plugin/{place}": f"{head}One.\n", f"shop/{place}": head}
    imported = bring(tmp_path, files)
    assert [one["source"] for one in imported.data["refused"]] == [f"shop/{place}"]
    (pack,) = imported.data["packs"]
    assert {file["source"] for file in pack["files"]} == {place, f"plugin/{place}"}
    assert len({file["artifact"] for file in pack["files"]}) == 1


def test_the_figures_of_a_repository_are_those_that_were_planted(tmp_path: Path) -> None:
    support.write_files(tmp_path, make_twin().files)
    lines = 24 * (24 * 3 + 3 * 2 + 15 * 2)  # of each copy: in three clients, in two, generated
    share = 1 - len(DRIFTED) * 2 * (3 + 2) / lines
    assert describe_import(tmp_path) == (
        f"150 files in 6 folders → 30 packs, each file rebuilt to the byte; {share:.0%} of the "
        "lines of copies are the same in every copy; 5 agents may edit or run commands in one "
        "client and not in another"
    )


def test_a_terminal_shows_how_far_many_files_are_and_nothing_for_few(tmp_path: Path) -> None:
    files = make_twin().files
    support.write_files(tmp_path / "many", files)
    support.write_files(tmp_path / "few", dict([*files.items()][:9]))
    calls = [
        (*words, folder)
        for folder in ("many", "few")
        for words in (("audit",), ("import", "--join", "--dry-run"))
    ]
    shown = [text for _, text in run_on_terminal(calls, tmp_path)]
    assert ["Reading" in text for text in shown] == [True, True, False, False]
    quiet = run_on_terminal([("audit", "many", "-q"), ("audit", "many")], tmp_path, err=False)
    assert all("Reading" not in text for _, text in quiet)
