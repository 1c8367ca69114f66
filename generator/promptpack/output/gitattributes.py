"""What other tools should know of generated files: names of agents in, lines of their files out.

The attributes: a forge folds these files away in a review (`linguist-generated`,
`gitlab-generated`), git hands their bytes over as they are (`-text`), and of two versions it keeps
one whole (`-merge`), of which `promptpack build` then makes the right one. The ignore lines are for
formatters: a file that one has rewritten is no longer what was built.
"""

from collections.abc import Iterable, Iterator

from promptpack.output.manifest import INSTALLED, MANIFEST
from promptpack.reading.roots import OUTPUT_FOLDER
from promptpack.targets import TARGETS, Target

ATTRIBUTES = "linguist-generated gitlab-generated -text -merge"


def make_gitattributes(agents: Iterable[str] = (), out: str = OUTPUT_FOLDER) -> str:
    """Return lines for the `.gitattributes` beside `packs/`: one for each target's outputs.

    `out` is the output folder, relative to the project's. With the names of agents, return lines
    for a repository where these are installed instead. A file that is shared with other text is
    left out there: most of it is written by hand.
    """
    return "".join(f"{line} {ATTRIBUTES}\n" for line in _list_patterns(agents, out))


def make_prettierignore(agents: Iterable[str] = (), out: str = OUTPUT_FOLDER) -> str:
    """Return lines for the `.prettierignore` beside `packs/`, or where agents are installed.

    Other formatters read the same syntax, which is that of `.gitignore`.
    """
    return "".join(f"{line}\n" for line in _list_patterns(agents, out))


def add_ignore_lines(text: str, lines: str) -> str:
    r"""Return the text of an ignore file with the lines that it lacks at its end; others stay.

    >>> add_ignore_lines("node_modules", "/dist/\n")
    'node_modules\n/dist/\n'
    """
    present = {line.rstrip() for line in text.splitlines()}
    missing = [line for line in lines.splitlines() if line not in present]
    end = "" if not missing or not text or text.endswith("\n") else "\n"
    return text + end + "".join(f"{line}\n" for line in missing)


def _list_patterns(agents: Iterable[str], out: str) -> list[str]:
    names = list(agents)
    paths = _iter_installed_paths(names) if names else _iter_built_paths(out)
    record = INSTALLED if names else f"{out}/{MANIFEST}"
    return [f"/{path}" for path in (*dict.fromkeys(paths), record)]


def _iter_built_paths(out: str) -> Iterator[str]:
    for target in TARGETS.values():
        yield f"{out}/{target.name}/*/{target.make_path('*')}"
        if target.takes_files:
            yield f"{out}/{target.name}/*/{_find_folder(target, '*')}/**"


def _iter_installed_paths(names: list[str]) -> Iterator[str]:
    for target in TARGETS.values():
        if not target.block:
            yield from (target.make_path(name) for name in names)
        if target.takes_files:
            yield from (f"{_find_folder(target, name)}/**" for name in names)


def _find_folder(target: Target, name: str) -> str:
    """Return the folder of a target's file, in which other files go beside it."""
    return target.make_path(name).rpartition("/")[0]
