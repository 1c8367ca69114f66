"""How much memory a build takes for each pack more, counted by Python itself and not by a machine.

Of a pack there stays what the checks between packs, the reports and the record of the run need. Its
text and the contents of its files wait on disk. A limit below which they stay in memory is taken
away here, so that few packs show what many take.
"""

import shutil
from pathlib import Path

import corpora
import pytest

import support

COUNTS = 40, 120
MOST_LOADED = 7_500
"""The most bytes of a pack that is read; its two files have 6 kB of text."""
MOST_BUILT = 30_000
"""The most bytes of a pack and its eight files in a build; these have 44 kB of text."""

PREPARE = """
import sys, tracemalloc
from pathlib import Path
from promptpack.cli import build, run
from promptpack.reading.project import load_project
from promptpack.source.contents import ContentStore
ContentStore.__init__.__defaults__ = (0,)  # none stays in memory because there are few
build._MANY = 0
load_project(Path.cwd())  # what is loaded once
tracemalloc.start()
"""
LOAD = PREPARE + "project = load_project(Path.cwd()); print(*tracemalloc.get_traced_memory())"
BUILD = PREPARE + "code = run(['-q', 'build']); print(code, *tracemalloc.get_traced_memory())"
KEEP_TEXTS = "ContentStore.add_text = lambda _store, text: text\n"
KEEP_CONTENTS = "ContentStore.add = lambda _store, content: content\n"


@pytest.fixture(scope="module")
def folders(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    made = []
    for count in COUNTS:
        made.append(tmp_path_factory.mktemp("packs") / str(count))
        made[-1].mkdir()
        corpora.write_plain(made[-1], count, corpora.EIGHT_CLIENTS)
    return made


def measure_pack(folders: list[Path], code: str, place: int, change: str = "") -> float:
    """Return by how many bytes a number that a program prints is more for each pack more."""
    code = code.replace("tracemalloc.start()\n", f"{change}tracemalloc.start()\n")
    numbers = []
    for folder in folders:
        env = {"HOME": str(folder.parent), "XDG_CACHE_HOME": str(folder.parent / "cache")}
        done = support.run(cwd=folder, env=env, code=code)
        assert done.code == 0, done.err
        numbers.append(int(done.out.split()[place]))
        shutil.rmtree(folder / "dist", ignore_errors=True)
    return (numbers[1] - numbers[0]) / (COUNTS[1] - COUNTS[0])


def test_a_project_keeps_no_text_of_a_pack(folders: list[Path]) -> None:
    assert measure_pack(folders, LOAD, 0) < MOST_LOADED
    assert measure_pack(folders, LOAD, 0, KEEP_TEXTS) > MOST_LOADED


def test_a_build_keeps_no_content_of_a_file(folders: list[Path]) -> None:
    assert measure_pack(folders, BUILD, 2) < MOST_BUILT
    assert measure_pack(folders, BUILD, 2, KEEP_CONTENTS) > MOST_BUILT
