"""What a watched build keeps of the last one: only what a change reaches is made again.

The oracle is a build from nothing. That a thing was not made again shows in its being the same.
"""

import random
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

import support
from promptpack.build import render
from promptpack.model import Artifact, UserError
from promptpack.provenance.closure import SourceClosures
from promptpack.provenance.reuse import BuiltArtifacts
from promptpack.reading.project import load_project
from promptpack.session import Session
from test_watch import watch

PACK, SMALL = "packs/demo/pack.yaml", "templates/fragments/standards/small-steps.md"
LAYOUT, OUTER = "templates/layouts/plain.md.j2", "templates/fragments/standards/outer.md"
INNER, FOOT = "templates/fragments/standards/inner.md", "templates/fragments/standards/foot.md"


def fragment(body: str) -> str:
    return f"---\ntitle: T\nsummary: S.\n---\n{body}\n"


def make_pack(name: str, use: str) -> str:
    text = support.DEMO[PACK].replace("name: demo", f"name: {name}").replace("small-steps", use)
    return text.replace("[opencode]", "[opencode, agents-md]")


OWN_LAYOUT = '{% include "standards/foot" %}\n' + support.DEMO[LAYOUT]
FILES = {
    PACK: make_pack("demo", "small-steps"),
    "packs/other/pack.yaml": make_pack("other", "outer"),
    "packs/other/role.md": "You are another.\n",
    "packs/text/pack.yaml": make_pack("text", "small-steps").partition("sections:")[0]
    + "sections: ./prompt.md\nvariants:"
    + make_pack("text", "small-steps").partition("variants:")[2],
    "packs/text/prompt.md": "# Role\n\nYou are a text.\n",
    OUTER: fragment('- Outer.\n{% include "standards/inner" %}'),
    INNER: fragment("- Inner."),
    FOOT: fragment("Read on."),
    "templates/layouts/own.md.j2": OWN_LAYOUT,
    "templates/models/large.yaml": "title: L\nfamily: l\nlayout: own\n",
}
Built = tuple[SourceClosures, tuple[Artifact, ...]]


def build(root: Path, previous: Built | None = None) -> Built:
    if previous is None:
        session = Session(load_project(root))
        return session.closures, tuple(render(session))
    session = Session(load_project(root, previous[0].project))
    find_known = BuiltArtifacts(*previous).make_finder(session.closures)
    return session.closures, tuple(render(session, find_known=find_known))


def tell(root: Path, previous: Built | None) -> tuple[Built | None, object]:
    """Return what was built, and what can be told of it: outputs, or what is wrong."""
    try:
        built = build(root, previous)
    except UserError as error:
        return previous, tuple(error.findings)
    return built, [(one.path, one.content, one.losses, one.files) for one in built[1]]


@pytest.mark.parametrize(
    ("path", "text", "reached"),
    [
        (INNER, fragment("- Other."), {"other"}),
        (OUTER, fragment("- Nothing inside."), {"other"}),
        (SMALL, fragment("- Other."), {"demo"}),
        (FOOT, fragment("Read."), set()),
        ("packs/demo/role.md", "You help.\n", {"demo"}),
        ("packs/text/prompt.md", "# Role\n\nYou are another text.\n", {"text"}),
        ("packs/other/pack.yaml", make_pack("other", "outer") + "tags: [a]\n", {"other"}),
        (LAYOUT, OWN_LAYOUT, {"demo", "other", "text"}),
        ("templates/policies/look.yaml", None, {"demo", "other", "text"}),
        ("packs/demo/new.md", "Not used.\n", set()),
        (SMALL, support.DEMO[SMALL], set()),
    ],
    ids=lambda value: value if isinstance(value, str) and len(value) < 40 else "",
)
def test_only_what_a_change_reaches_is_rendered_again(
    path: str, text: str | None, reached: set[str], tmp_path: Path
) -> None:
    root = support.make_project(tmp_path, FILES)
    before = build(root)
    old = (root / path).read_text() if text is None else text
    support.write_files(root, {path: old.replace("Look", "See") if text is None else text})
    after = build(root, before)
    kept = {id(one) for one in before[1]}
    assert {one.variant.pack.name for one in after[1] if id(one) not in kept} == reached
    assert tell(root, before)[1] == tell(root, None)[1]


def test_only_a_changed_file_is_parsed_again(tmp_path: Path) -> None:
    root = support.make_project(tmp_path, FILES)
    before = load_project(root)
    support.write_files(root, {"packs/other/pack.yaml": make_pack("other", "small-steps")})
    after = load_project(root, before)
    assert after == load_project(root)
    assert after.packs["demo"] is before.packs["demo"]
    assert after.packs["other"] is not before.packs["other"]
    assert all(after.fragments[name] is one for name, one in before.fragments.items())


def _remove(root: Path) -> None:
    shutil.rmtree(root / "packs/other", ignore_errors=True)


def _write(path: str, text: str) -> Callable[[Path], None]:
    return lambda root: support.write_files(root, {path: text})


EDITS: tuple[Callable[[Path], None], ...] = (
    _remove,
    *(
        _write(path, text)
        for path, texts in {
            INNER: (FILES[INNER], fragment("- Deep."), fragment('{% include "standards/outer" %}')),
            OUTER: (FILES[OUTER], fragment("- Flat."), fragment("{{ vars.nothing }}")),
            SMALL: (support.DEMO[SMALL], fragment('{% include "standards/inner" %}')),
            LAYOUT: (support.DEMO[LAYOUT], OWN_LAYOUT),
            FOOT: (FILES[FOOT], fragment("Go on."), "no front matter"),
            PACK: (FILES[PACK], FILES[PACK] + "tags: [a]\n", make_pack("demo", "inner"), "name: x"),
            "packs/other/pack.yaml": (FILES["packs/other/pack.yaml"],),
            "packs/other/role.md": ("You are {{ pack.title }}.\n", "You are another.\n"),
            "packs/text/prompt.md": (FILES["packs/text/prompt.md"], "# Rules\n\n- One.\n"),
            "promptpack.yaml": ("name: a\n", "name: b\ntargets: [opencode]\n"),
            "templates/models/tiny.yaml": (
                support.DEMO["templates/models/tiny.yaml"],
                support.DEMO["templates/models/tiny.yaml"].replace("plain", "own"),
            ),
        }.items()
        for text in texts
    ),
)


@pytest.mark.parametrize("seed", range(support.count_cases(12)))
def test_any_edits_give_what_a_build_from_nothing_gives(seed: int, tmp_path: Path) -> None:
    root = support.make_project(tmp_path, FILES)
    source = random.Random(seed)  # noqa: S311 - a repeatable choice, no secret
    built: Built | None = build(root)
    for _ in range(12):
        for edit in source.choices(EDITS, k=source.choice((1, 1, 2))):
            edit(root)
        built, told = tell(root, built)
        assert told == tell(root, None)[1]


def test_a_watched_build_writes_what_a_build_does(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    root = support.make_project(tmp_path, FILES)
    done = watch(root, [("packs", edit) for edit in EDITS[::3]], monkeypatch)
    assert done.code == 0
    support.write_files(root, FILES)
    assert watch(root, [(INNER, _write(INNER, fragment("- Last.")))], monkeypatch).code == 0
    assert support.call("check", cwd=root).code == 0
    assert support.call("build", "--exit-code", cwd=root).code == 0
