"""Random edits of three projects: the groups of a comparison are the whole difference, and no more.

The truth is what `build` writes for both sides, into two folders. Nothing here aligns lines: each
line of a file belongs to one hunk at most, the lines that belong to none are the same on both
sides, and the hunks put at their places make the new file to the byte.
"""

import random
import re
import tempfile
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

import pytest

import support
from promptpack.diff.compare import compare_sides
from promptpack.diff.model import Change, Committed, Hunk, HunkPlace, Review, Side
from promptpack.diff.segments import spell_text, split_segments
from promptpack.diff.sides import build_project_side
from promptpack.model import UserError
from test_review_story import LAYOUT, PLAN, TEAM, make_fragment

Files = dict[str, str]
Edit = Callable[[random.Random, Files], None]

_BLOCK = re.compile(r"<!-- promptpack:begin (\S+) -->\n.*?<!-- promptpack:end \1 -->\n", re.DOTALL)
TAGS = """\
# {{ pack.title }}
{% for section in sections %}

<{{ section.name }}>
{% for part in section.parts %}
{% if part.title %}

### {{ part.title }}

{% endif %}
{{ part.body }}
{% endfor %}
</{{ section.name }}>
{% endfor %}
"""
MANY = "opencode, claude-code, gemini, codex, cursor-rule, skill, system, messages, agents-md"
DEMO_PACK = "packs/demo/pack.yaml"
PROJECTS: tuple[Mapping[str, str], ...] = (
    {
        **support.DEMO,
        DEMO_PACK: support.DEMO[DEMO_PACK].replace("opencode", MANY)
        + support.NO_CURSOR
        + support.NO_SHELL,
    },
    {**TEAM, "templates/layouts/tags.md.j2": TAGS},
    {
        **TEAM,
        LAYOUT: TAGS,
        "packs/builder/pack.yaml": TEAM["packs/builder/pack.yaml"]
        .replace("  scope: [scope/stay]\n", "  scope: {in: [scope/stay], out: [scope/leave]}\n")
        .replace("[standards/steps]", "[standards/steps, standards/more, standards/rest]"),
        "templates/fragments/scope/leave.md": make_fragment("Leave", "Deployments.", "Secrets."),
        "templates/fragments/standards/more.md": make_fragment("More", "Read the tests first."),
        "templates/fragments/standards/rest.md": make_fragment("Rest", "Stop when in doubt. Ask."),
    },
)


def edit_lines(rng: random.Random, files: Files, prefix: str) -> None:
    """Drop, double, reword or move a line of a file, or put a new one there."""
    path = rng.choice([path for path in sorted(files) if path.startswith(prefix)])
    lines = files[path].splitlines(keepends=True) or ["\n"]
    at = rng.randrange(len(lines))
    line = lines.pop(at)
    words = {"allow": "ask", "ask": "deny", "deny": "allow", "#": "##", "one": "every", "s": "th"}
    was = rng.choice(sorted(words))
    choices: tuple[list[str], ...] = (
        [],
        [line, line],
        [line.replace(was, words[was], 1)],
        [f"{line.rstrip()} indeed\n"],
        [line, "\n"],
        [line, f"- A line of number {rng.randrange(99)}.\n"],
    )
    lines[at:at] = rng.choice(choices)
    if rng.random() < 0.3:
        lines.insert(rng.randrange(len(lines) + 1), line)
    files[path] = "".join(lines)


def edit_fragment(rng: random.Random, files: Files) -> None:
    """Edit a line of a fragment."""
    edit_lines(rng, files, "templates/fragments/")


def edit_pack(rng: random.Random, files: Files) -> None:
    """Edit a line of a pack or of its own text."""
    edit_lines(rng, files, "packs/")


def edit_layout(rng: random.Random, files: Files) -> None:
    """Edit a line of a layout, or mark sections in another way."""
    if rng.random() < 0.5:
        edit_lines(rng, files, "templates/layouts/")
    else:
        files[LAYOUT] = TAGS if files[LAYOUT] != TAGS else TEAM[LAYOUT]


def edit_model(rng: random.Random, files: Files) -> None:
    """Edit a line of a model, or add a model."""
    edit_lines(rng, files, "templates/models/")


def edit_policy(rng: random.Random, files: Files) -> None:
    """Edit a line of a policy."""
    edit_lines(rng, files, "templates/policies/")


def rename_pack(rng: random.Random, files: Files) -> None:
    """Give a pack another name."""
    path = rng.choice([path for path in sorted(files) if path.endswith("/pack.yaml")])
    name = path.split("/")[1]
    for old in [one for one in files if one.startswith(f"packs/{name}/")]:
        text = re.sub(rf"^name: {name}$", "name: another", files.pop(old), flags=re.MULTILINE)
        files[old.replace(f"packs/{name}/", "packs/another/")] = text


def move_fragment(rng: random.Random, files: Files) -> None:
    """Swap two fragments of a pack, in one section or between two."""
    path = rng.choice([path for path in sorted(files) if path.endswith("/pack.yaml")])
    names = re.findall(r"\b(?:scope|standards|interaction|ethics)/[\w-]+", files[path])
    if len(names) > 1:
        one, other = rng.sample(names, 2)
        text = files[path].replace(one, "\0").replace(other, one)
        files[path] = text.replace("\0", other)


def use_library(rng: random.Random, files: Files) -> None:
    """Use a file of the library, or put one of the project in its place."""
    path = rng.choice([path for path in sorted(files) if path.endswith("/pack.yaml")])
    files[path] = re.sub(r"policy: \[\w+", r"\g<0>, read-only", files[path])
    if rng.random() < 0.5:
        files["templates/policies/read-only.yaml"] = files.get(PLAN, TEAM[PLAN])


def add_pack(_rng: random.Random, files: Files) -> None:
    """Add a pack, or take it away."""
    if "packs/extra/pack.yaml" in files:
        for path in [path for path in files if path.startswith("packs/extra/")]:
            del files[path]
        return
    source = next(path for path in sorted(files) if path.endswith("/pack.yaml"))
    name = source.split("/")[1]
    for path in [path for path in files if path.startswith(f"packs/{name}/")]:
        text = files[path].replace(f"name: {name}", "name: extra")
        files[path.replace(f"packs/{name}/", "packs/extra/")] = text


EDITS: tuple[Edit, ...] = (
    *(edit_fragment, edit_pack, edit_layout, edit_model, edit_policy),
    *(rename_pack, move_fragment, use_library, add_pack),
)


class Case(NamedTuple):
    """Both sides of a comparison, what `build` wrote of them, and the review."""

    sides: tuple[Side, Side]
    built: tuple[Mapping[str, str], Mapping[str, str]]
    review: Review


def build_files(files: Files) -> tuple[Side, Mapping[str, str]] | None:
    """Return the side of some files and what `build` writes of them; None where it does not."""
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder) / "project"
        support.write_files(root, files)
        if support.call("build", "--out", "../built", cwd=root).code:
            with pytest.raises(UserError):
                build_project_side(root, "side", "side")
            return None
        built = Path(folder) / "built"
        texts = {
            key: text
            for path in built.rglob("*")
            if path.is_file() and not path.name.startswith(".promptpack")
            for key, text in iter_blocks(
                path.relative_to(built).as_posix(), path.read_bytes().decode()
            )
        }
        return build_project_side(root, "side", "side"), texts


def iter_blocks(path: str, text: str) -> Iterator[tuple[str, str]]:
    """Yield a file, or each block of one that packs share, under the name of its output."""
    blocks = list(_BLOCK.finditer(text))
    yield from ((f"{path}#{block[1]}", block[0]) for block in blocks)
    if not blocks:
        yield path, text


@pytest.fixture(scope="module")
def bases() -> list[tuple[Side, Mapping[str, str]]]:
    """Return the three projects, built."""
    built = [build_files(dict(files)) for files in PROJECTS]
    return [one for one in built if one is not None]


def make_case(rng: random.Random, bases: list[tuple[Side, Mapping[str, str]]]) -> Case:
    """Return a comparison after one to three random edits that build."""
    while True:
        number = rng.randrange(len(PROJECTS))
        files = dict(PROJECTS[number])
        for _ in range(rng.randint(1, 3)):
            rng.choice(EDITS)(rng, files)
        head = build_files(files)
        if head is not None:
            break
    sides, built = (bases[number][0], head[0]), (bases[number][1], head[1])
    if rng.random() < 0.5:
        sides, built = sides[::-1], built[::-1]
    if rng.random() < 0.2:  # what another version of the tool made of the base is committed
        key = rng.choice(sorted(built[0]))
        stale = {**built[0], key: built[0][key] + "More.\n"}
        committed = Committed(stale, frozenset(stale), "0.0.1")
        sides = (replace(sides[0], committed=committed), sides[1])
    return Case(sides, built, compare_sides(*sides))


def find_problem(case: Case, review: Review) -> str:
    """Return what is wrong with a review, or nothing where it is the whole difference."""
    old_texts, new_texts = case.built
    renamed = {one.before: one.key for one in review.outputs if one.before}
    keys = {renamed.get(key, key) for key in old_texts} | {*new_texts}
    by_output: dict[str, list[Hunk]] = {key: [] for key in keys}
    for output, hunk in iter_places(review.groups):
        if output not in by_output:
            return f"{output} is no output"
        by_output[output].append(hunk)
    names = {now: before for before, now in renamed.items()}
    for key, hunks in sorted(by_output.items()):
        old = split_text(old_texts.get(names.get(key, key), ""))
        new = split_text(new_texts.get(key, ""))
        if problem := check_output(old, new, hunks):
            return f"{key}: {problem}"
    return ""


def iter_places(changes: Iterable[Change]) -> Iterator[HunkPlace]:
    """Yield where each change is, but for the names of outputs."""
    for change in changes:
        yield from (place for place in change.places if change.kind != "output-renamed")


def split_text(text: str) -> list[str]:
    """Return the lines of a file; a prompt in a JSON string is split where its own lines end."""
    if text.startswith("{"):
        return [segment.raw for segment in split_segments(text)]
    return re.findall(r"[^\n]*\n|[^\n]+$", text)


def check_output(old: list[str], new: list[str], hunks: list[Hunk]) -> str:
    """Return what is wrong with the hunks of one file."""
    leaving = [hunk for hunk in hunks if hunk.half != "to"]
    arriving = [hunk for hunk in hunks if hunk.half != "from" and hunk.new_end > hunk.new_start]
    old_uses = Counter(n for hunk in leaving for n in range(hunk.start, hunk.end))
    new_uses = Counter(n for hunk in arriving for n in range(hunk.new_start, hunk.new_end))
    if any(count > 1 for count in (*old_uses.values(), *new_uses.values())):
        return "a line is in two groups"
    for hunk in leaving:
        text = "".join(old[hunk.start : hunk.end])
        if text != spell_text(hunk.old, hunk.spelling):
            return f"{hunk.old!r} was not there"
    kept = iter([line for n, line in enumerate(old) if n not in old_uses])
    made: list[str] = []
    texts = {hunk.new_start: spell_text(hunk.new, hunk.spelling) for hunk in arriving}
    for number in range(len(new)):
        if number not in new_uses:
            made.append(next(kept, "<nothing>"))
        else:
            made.append(texts.get(number, ""))
    if "".join(made) != "".join(new):
        return "the hunks do not make the new text"
    return "lines of no group differ" if next(kept, None) is not None else ""


def spoil(rng: random.Random, review: Review) -> Iterator[tuple[str, Review]]:
    """Yield a review that lacks a group, has a hunk twice, or a word that is another one.

    Moves are left alone: where a section gets another name around a text, it moves to its place.
    """
    change = rng.choice([one for one in review.groups if is_of_text(one)])
    rest = tuple(one for one in review.groups if one is not change)
    place = rng.choice(change.places)
    hunk, others = place.hunk, [one for one in change.places if one is not place]
    text = hunk.new or hunk.old
    text = f"{text[:-1]}x{text[-1:]}"
    is_new = hunk.new and hunk.half != "from"
    altered = hunk._replace(new=text) if is_new else hunk._replace(old=text)
    spoiled = {
        "dropped": (),
        "doubled": (place, *change.places),
        "altered": (place._replace(hunk=altered), *others),
    }
    for kind, places in spoiled.items():
        yield kind, replace(review, groups=(*rest, change._replace(places=places)))


def spoil_move(rng: random.Random, review: Review) -> Iterator[tuple[str, Review]]:
    """Yield a review in which one half of a move is missing, or is of another text.

    A line that leaves nowhere is left over, and one that arrives nowhere is missing.
    """
    moved = [
        (change, place)
        for change in review.groups
        if change.kind != "output-renamed"
        for place in change.places
        if is_filled_half(place.hunk)
    ]
    if not moved:
        return
    change, place = rng.choice(moved)
    rest = tuple(one for one in review.groups if one is not change)
    others = tuple(one for one in change.places if one is not place)
    hunk = place.hunk
    is_new = hunk.half == "to"
    altered = hunk._replace(new=f"{hunk.new}x") if is_new else hunk._replace(old=f"{hunk.old}x")
    for kind, places in (
        ("move dropped", others),
        ("move altered", (place._replace(hunk=altered), *others)),
    ):
        yield kind, replace(review, groups=(*rest, change._replace(places=places)))


def is_filled_half(hunk: Hunk) -> bool:
    """Tell whether a hunk is one half of a move, and has a line."""
    if hunk.half == "from":
        return hunk.end > hunk.start
    return hunk.half == "to" and hunk.new_end > hunk.new_start


def is_of_text(change: Change) -> bool:
    """Tell whether a change is one of text, and no move."""
    return change.kind != "output-renamed" and change.places[0].hunk.half == "whole"


def test_the_groups_are_the_whole_difference_between_two_builds(
    bases: list[tuple[Side, Mapping[str, str]]],
) -> None:
    assert len(bases) == len(PROJECTS)
    spoiled: Counter[str] = Counter()
    for number in range(support.count_cases(48)):
        rng = random.Random(number)  # noqa: S311 - the same cases each time
        case = make_case(rng, bases)
        review = case.review
        assert find_problem(case, review) == "", number
        assert review.summary.unexplained == 0, number
        assert sum(len(change.places) for change in review.groups) == review.summary.hunks, number
        stale = case.sides[0].committed.texts
        assert {one.key for one in review.drift} == {
            key for key in stale if stale[key] != case.built[0].get(key)
        }, number
        changed = {key for key in {*case.built[0], *case.built[1]} if differs(case, key)}
        assert {k for o in review.outputs for k in (o.key, o.before) if k} == changed, number
        if any(is_of_text(change) for change in review.groups):
            for kind, wrong in spoil(rng, review):
                assert find_problem(case, wrong), (number, kind)
                spoiled[kind] += 1
        for kind, wrong in spoil_move(rng, review):
            assert find_problem(case, wrong), (number, kind)
            spoiled[kind] += 1
    kinds = ("dropped", "doubled", "altered", "move dropped", "move altered")
    assert min(spoiled[kind] for kind in kinds) > 0, spoiled


def differs(case: Case, key: str) -> bool:
    """Tell whether what was built under a path is another text than before, or was not there."""
    return case.built[0].get(key) != case.built[1].get(key)
