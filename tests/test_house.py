"""The house stays a house: imports point one way, rooms are small, everything says what it is."""

import ast
import doctest
import importlib
import io
import re
import tokenize
from collections import Counter
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

from house_words import VERBS, is_participle

ROOT = Path(__file__).resolve().parents[1]
HOUSE = ROOT / "generator" / "promptpack"
MODULES = sorted(HOUSE.rglob("*.py"))
FLOORS = (
    ("patterns", "version"),
    ("model",),
    ("policy", "redaction", "source"),
    ("targets",),
    ("reading",),
    ("rendering",),
    ("provenance",),
    ("session",),
    ("build",),
    ("output",),
    ("absorb", "git", "reporting"),
    ("diff", "lint"),
    ("importing",),
    ("starting",),
    ("api",),
    ("__init__",),
    ("site",),
    ("serving",),
    ("cli",),
    ("__main__", "gitlab_note", "mkdocs_plugin"),
)
"""The rooms from the ground up; a module may import from the floors below its own."""


@cache
def parse(path: Path) -> ast.Module:
    """Return the syntax tree of a module, which every test here looks at and none changes."""
    return ast.parse(path.read_text(encoding="utf-8"))


@pytest.fixture(scope="module", autouse=True)
def forget_trees() -> Iterator[None]:
    """Let the trees go with the last test that looks at them."""
    yield
    parse.cache_clear()


def room(path: Path) -> str:
    """Return the room a module belongs to: its folder, or itself."""
    return path.relative_to(HOUSE).with_suffix("").parts[0]


def imported(path: Path) -> set[str]:
    """Return the rooms that a module imports from."""
    found = set()
    for node in ast.walk(parse(path)):
        names = [a.name for a in node.names] if isinstance(node, ast.Import) else []
        if isinstance(node, ast.ImportFrom) and node.module:
            whole = node.module == "promptpack"
            names = [f"promptpack.{a.name}" for a in node.names] if whole else [node.module]
        found |= {n.split(".")[1] for n in names if n.startswith("promptpack.")}
    return found


def functions(path: Path) -> list[ast.FunctionDef | ast.AsyncFunctionDef]:
    tree = parse(path)
    return [n for n in ast.walk(tree) if isinstance(n, (ast.FunctionDef, ast.AsyncFunctionDef))]


def count_lines(function: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    """Return the length of a function without its docstring, which may be a page of its own."""
    first = function.body[0]
    has_text = ast.get_docstring(function) is not None
    size = (first.end_lineno or 0) - first.lineno + 1 if has_text else 0
    return (function.end_lineno or 0) - function.lineno + 1 - size


def function_names(path: Path) -> Iterator[str]:
    """Yield the names of a module's functions, less properties and what a protocol names."""
    for node in functions(path):
        decorators = {ast.unparse(one) for one in node.decorator_list}
        if not node.name.startswith("__") and not any("property" in one for one in decorators):
            yield node.name


def test_every_room_has_its_floor() -> None:
    listed = [name for floor in FLOORS for name in floor]
    assert len(listed) == len(set(listed))
    assert {room(path) for path in MODULES} <= set(listed)


@pytest.mark.parametrize("path", MODULES, ids=lambda path: path.relative_to(HOUSE).as_posix())
def test_imports_point_down(path: Path) -> None:
    floor_of = {name: number for number, floor in enumerate(FLOORS) for name in floor}
    own = room(path)
    for other in imported(path) - {own}:
        assert floor_of[other] < floor_of[own], f"{own} imports {other}"


@pytest.mark.parametrize("path", MODULES, ids=lambda path: path.relative_to(HOUSE).as_posix())
def test_a_module_has_short_functions_and_says_what_it_is(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    tree = ast.parse(text)
    assert ast.get_docstring(tree)
    for function in functions(path):
        assert function.returns is not None, function.name
        assert count_lines(function) <= 40, function.name
    for public in ast.iter_child_nodes(tree):
        if isinstance(public, (ast.FunctionDef, ast.ClassDef)) and not public.name.startswith("_"):
            assert ast.get_docstring(public), public.name


SPEAKS_OF_NOTES = {"content.py", "rule_cases.py", "test_everyday_cases.py", "test_lint.py"}
"""Modules of, or about, the rule that finds such notes in prompts: they name them in texts."""


def read_comments(text: str) -> str:
    """Return the comments of a module."""
    tokens = tokenize.generate_tokens(io.StringIO(text).readline)
    return "\n".join(token.string for token in tokens if token.type == tokenize.COMMENT)


@pytest.mark.parametrize("folder", ["generator", "tests"])
def test_nothing_is_put_off(folder: str) -> None:
    put_off = re.compile(r"\b(TODO|FIXME|XXX|HACK)\b")
    for path in {*(ROOT / folder).rglob("*.py")} - {Path(__file__)}:
        text = path.read_text(encoding="utf-8")
        searched = read_comments(text) if path.name in SPEAKS_OF_NOTES else text
        assert not put_off.search(searched), path


@pytest.mark.parametrize("path", MODULES, ids=lambda path: path.relative_to(HOUSE).as_posix())
def test_examples_in_docstrings_hold(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)
    if ">>> " in path.read_text(encoding="utf-8"):
        name = ".".join(path.relative_to(HOUSE.parent).with_suffix("").parts)
        done = doctest.testmod(importlib.import_module(name))
        assert (done.failed, done.attempted > 0) == (0, True)


def test_functions_begin_with_a_verb() -> None:
    names = [name for path in MODULES for name in function_names(path)]
    first = [name.strip("_").partition("_")[0] for name in names]
    nouns = [name for name, word in zip(names, first, strict=True) if word not in VERBS]
    participles = [name for name, word in zip(names, first, strict=True) if is_participle(word)]
    assert len(nouns) / len(names) <= 0.35, sorted(nouns)
    assert len(participles) / len(names) <= 0.02, sorted(participles)


def test_no_class_name_stands_twice() -> None:
    names = Counter(
        node.name.strip("_")
        for path in MODULES
        for node in ast.walk(parse(path))
        if isinstance(node, ast.ClassDef)
    )
    assert [name for name, count in names.items() if count > 1] == []


KEPT = {
    "takes_head": "facts about clients",
    "spells_prompt": "facts about clients",
    "_holds_modes": "facts about clients",
    "parse_front_matter": "the last few, because one file is decoded and checked in one go",
    "_parse_entry": "what the heads of one build share",
    "_read_short": "what the files of one project share",
    "_spell_short": "the same, on the way out",
    "read_toml": "the last two files, because one is decoded and checked in one go",
    "_make_effective_policy": "what the heads of one build share",
    "make_listed_policy": "the same, of clients that name tools of MCP servers in one way",
    "make_switched_policy": "the same, of clients that have lists of words for tools",
    "find_client_default": "facts about clients",
    "make_capability_table": "facts about clients",
    "_read_shapes": "facts about input files",
    "_compile": "patterns of those facts",
    "_compile_shapes": "patterns of the shapes of secrets",
    "get_environment": "the site's own templates",
    "_get_environment": "the report's own template",
}
"""What a module keeps for the life of the process: nothing that a project says, or hardly any."""


def test_no_cache_outlives_what_it_was_made_for() -> None:
    cached = {
        node.name
        for path in MODULES
        for node in parse(path).body
        if isinstance(node, ast.FunctionDef)
        for decorator in node.decorator_list
        if "cache" in ast.unparse(decorator)
    }
    assert cached == set(KEPT)


READERS = {
    "source/disk.py": "reads files and folders for all others",
    "cli/docs.py": "looks whether a folder is empty",
    "lint/registry.py": "pages of the package itself, whose files may be links to a cache",
    "git/extract.py": "writes what a commit has into a folder of its own",
    "reporting/console.py": "opens the null device for what nobody reads",
    "site/theme.py": "assets of the package itself",
    "gitlab_note.py": "opens the address of an API, and no file",
    "output/": "reads what it writes",
}
"""Who calls what reads a file or lists a folder, and why."""

_READING = {"open", "fdopen", "read_bytes", "read_text", "iterdir", "rglob", "glob", "walk"}
_READING |= {"scandir", "listdir", "copyfile", "copytree"}


@pytest.mark.fault(7, 9, "huge-source", "link-to-secret")
def test_files_are_read_in_one_place() -> None:
    """A file may be a pipe, a device, a link or huge: only one module is careful enough."""
    readers = set()
    for path in MODULES:
        name = path.relative_to(HOUSE).as_posix()
        for node in ast.walk(parse(path)):
            if isinstance(node, ast.Call):
                word = node.func.attr if isinstance(node.func, ast.Attribute) else ""
                word = node.func.id if isinstance(node.func, ast.Name) else word
                if word in _READING:
                    readers.add("output/" if name.startswith("output/") else name)
    assert readers == set(READERS)


PRINTERS = {
    "reporting/console.py": "prints for all others",
    "cli/__init__.py": "asks whether click has put another stream in the place of stdout",
    "__main__.py": "repeats what was printed before, when nothing that prints is loaded yet",
}
"""Who names what writes to a stream, and why."""

_PRINTING = {
    *("click.echo", "click.secho", "click.echo_via_pager", "click.style", "click.unstyle"),
    *("click.confirm", "click.prompt", "click.progressbar", "click.get_text_stream", "print"),
    *("click.get_binary_stream", "sys.stdout", "sys.stderr", "sys.__stdout__", "sys.__stderr__"),
    *("traceback.print_exc", "traceback.print_exception", "warnings.warn", "rich.print", "pprint"),
}


@pytest.mark.fault(61, "forged-line", "raw-names")
def test_all_is_printed_by_one_module() -> None:
    """Names and texts of others act on a terminal or in a log: one module escapes what it prints.

    `error.show` is click's own printing, and `rich` prints by itself.
    """
    printers = set()
    for path in MODULES:
        for node in ast.walk(parse(path)):
            word = ast.unparse(node) if isinstance(node, (ast.Attribute, ast.Name)) else ""
            is_import = isinstance(node, ast.ImportFrom) and (node.module or "").startswith("rich")
            if word in _PRINTING or is_import:
                printers.add(path.relative_to(HOUSE).as_posix())
    assert printers == set(PRINTERS)


def test_the_median_function_is_short() -> None:
    sizes = sorted((f.end_lineno or 0) - f.lineno + 1 for path in MODULES for f in functions(path))
    assert sizes[len(sizes) // 2] <= 12


def test_fragments_of_the_library_are_short_and_introduce_themselves() -> None:
    fragments = sorted((ROOT / "templates" / "fragments").rglob("*.md"))
    assert fragments
    for path in fragments:
        text = path.read_text(encoding="utf-8")
        assert text.count("\n") <= 40, path
        assert text.startswith("---\ntitle: "), path
        assert "\nsummary: " in text, path


def test_the_library_and_the_packs_use_every_fragment() -> None:
    texts = [p.read_text(encoding="utf-8") for p in (ROOT / "packs").rglob("pack.yaml")]
    texts += [p.read_text(encoding="utf-8") for p in (ROOT / "templates").rglob("*.md")]
    for path in (ROOT / "templates" / "fragments").rglob("*.md"):
        name = path.relative_to(ROOT / "templates" / "fragments").with_suffix("").as_posix()
        sibling = f'include "./{path.stem}"'
        beside = "".join(p.read_text(encoding="utf-8") for p in path.parent.glob("*.md"))
        assert sibling in beside or any(name in text for text in texts), name
