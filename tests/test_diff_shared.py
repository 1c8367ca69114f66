"""Two sides that share a build differ as two that do not, and what is the same is made once."""

import random
import tempfile
from collections import Counter
from collections.abc import Mapping
from itertools import product
from pathlib import Path

import pytest

import support
from promptpack.diff.align import Aligner
from promptpack.diff.changed_section import find_section_hunks
from promptpack.diff.compare import compare_sides
from promptpack.diff.formats import FORMATS
from promptpack.diff.model import Output, PlacedPrompt, Side
from promptpack.diff.permissions import PolicyDecoder, compare_permissions
from promptpack.diff.shared_build import SharedBuild
from promptpack.diff.sides import build_project_side
from promptpack.model import Finding, UserError
from promptpack.reading.project import load_project
from promptpack.rendering.sandbox import Templates
from promptpack.source import yaml_entries
from promptpack.targets import TARGETS
from test_diff_oracle import EDITS, PROJECTS, Files

PACK = "packs/demo/pack.yaml"
SECOND = "packs/second/pack.yaml"
TWO_PACKS = {
    **support.DEMO,
    "packs/second/role.md": "You read.\n",
    SECOND: support.DEMO[PACK].replace("name: demo", "name: second"),
}


def build_side(root: Path, shared: SharedBuild | None = None) -> Side | tuple[Finding, ...]:
    """Return the side of a project, or what is wrong with it."""
    try:
        return build_project_side(root, root.name, root.name, shared)
    except UserError as error:
        return error.findings


def report(sides: tuple[Side, Side]) -> str:
    return FORMATS["json"](compare_sides(*sides))


def write_sides(folder: Path, base: Files, head: Files) -> tuple[Path, Path]:
    roots = folder / "base", folder / "head"
    for root, files in zip(roots, (base, head), strict=True):
        support.write_files(root, files)
    return roots


def test_sides_that_share_a_build_differ_as_two_that_do_not() -> None:
    """What is shared is compared section by section where it can be, else as whole files."""
    seen: Counter[str] = Counter()
    for number in range(support.count_cases(16)):
        rng = random.Random(number)  # noqa: S311 - the same cases each time
        base = dict(PROJECTS[number % len(PROJECTS)])
        head = dict(base)
        for _ in range(rng.randint(0, 2)):
            rng.choice(EDITS)(rng, head)
        if rng.random() < 0.5:
            base, head = head, base
        with tempfile.TemporaryDirectory() as folder:
            roots = write_sides(Path(folder), base, head)
            shared = SharedBuild()
            old, new = (build_side(root, shared) for root in roots)
            plain_old, plain_new = map(build_side, roots)
            if isinstance(old, Side) and isinstance(new, Side):
                assert isinstance(plain_old, Side), number
                assert isinstance(plain_new, Side), number
                assert report((old, new)) == report((plain_old, plain_new)), number
                projects = load_project(roots[0]), load_project(roots[1])
                assert load_project(roots[1], projects[0]) == projects[1], number
                taken = any(old.outputs.get(key) is one for key, one in new.outputs.items())
                seen["taken" if taken else "none taken"] += 1
            else:
                found = [None if isinstance(side, Side) else side for side in (old, new)]
                plain = (plain_old, plain_new)
                assert found == [None if isinstance(side, Side) else side for side in plain], number
                seen["broken"] += 1
    assert seen["taken"]


@pytest.mark.parametrize("edited", ["one section", "two sections", "a layout"])
def test_only_a_section_that_differs_is_compared(
    tmp_path: Path, edited: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    head: dict[str, str] = {"packs/demo/role.md": "You answer briefly.\n"}
    if edited == "two sections":
        fragment = "templates/fragments/standards/small-steps.md"
        head[fragment] = f"{support.DEMO[fragment]}- One more.\n"
    elif edited == "a layout":
        layout = "templates/layouts/plain.md.j2"
        head[layout] = f"{support.DEMO[layout]}The end.\n"
    roots = write_sides(tmp_path, dict(support.DEMO), {**support.DEMO, **head})
    found: list[bool] = []

    def find_and_note(old: PlacedPrompt, new: PlacedPrompt, aligner: Aligner) -> object:
        hunks = find_section_hunks(old, new, aligner)
        found.append(hunks is not None)
        return hunks

    monkeypatch.setattr("promptpack.diff.shared_hunks.find_section_hunks", find_and_note)
    shared = SharedBuild()
    sides = [build_project_side(root, root.name, root.name, shared) for root in roots]
    plain = [build_project_side(root, root.name, root.name) for root in roots]
    text = report((sides[0], sides[1]))
    assert found
    assert all(found) == (edited == "one section")
    assert text == report((plain[0], plain[1]))


class Counts(Counter[str]):
    """How often templates are rendered, plain and marked, and YAML is read."""


@pytest.fixture
def counts(monkeypatch: pytest.MonkeyPatch) -> Counts:
    counted = Counts()
    render, read = Templates.render, yaml_entries.read_yaml

    def render_and_count(self: Templates, *arguments: object, marked: bool = False) -> str:
        counted["marked" if marked else "plain"] += 1
        return render(self, *arguments, marked=marked)  # type: ignore[arg-type]  # passed on

    def read_and_count(text: str, path: str, *more: object, **named: object) -> object:
        counted[f"yaml {path}" if path else "yaml"] += 1
        return read(text, path, *more, **named)  # type: ignore[arg-type]  # passed on

    monkeypatch.setattr(Templates, "render", render_and_count)
    for module in ("pack", "templates"):
        monkeypatch.setattr(f"promptpack.reading.{module}.read_yaml", read_and_count)
    return counted


def compare(folder: Path, head: Mapping[str, str], counts: Counts) -> tuple[Counts, str]:
    """Return what the second side of a comparison takes, and the report."""
    roots = write_sides(folder, dict(TWO_PACKS), {**TWO_PACKS, **head})
    shared = SharedBuild()
    base = build_project_side(roots[0], "base", "base", shared)
    counts.clear()
    side = build_project_side(roots[1], "head", "head", shared)
    counts["built"] = counts["plain"]
    text = report((base, side))
    return counts, text


def test_a_side_without_a_change_is_neither_rendered_nor_traced(
    tmp_path: Path, counts: Counts
) -> None:
    counted, text = compare(tmp_path, {}, counts)
    assert not counted["plain"]
    assert not counted["marked"]
    assert not [name for name in counted if name.startswith("yaml packs/")]
    assert '"changed": 0' in text


def test_only_packs_that_a_change_is_about_are_rendered_again(
    tmp_path: Path, counts: Counts
) -> None:
    counted, text = compare(tmp_path, {"packs/second/role.md": "You write.\n"}, counts)
    assert '"changed": 2' in text
    assert counted["built"] == 1  # the new role; all else is there from the first side
    assert not counted[f"yaml {PACK}"]
    assert not counted[f"yaml {SECOND}"]


def test_a_changed_pack_is_read_again_and_no_other(tmp_path: Path, counts: Counts) -> None:
    head = {SECOND: TWO_PACKS[SECOND].replace("Answers", "Explains")}
    counted, text = compare(tmp_path, head, counts)
    assert '"changed": 2' in text
    assert counted[f"yaml {SECOND}"] == 1
    assert not counted[f"yaml {PACK}"]


def test_a_template_that_shadows_one_of_the_library_is_a_change(tmp_path: Path) -> None:
    base = {**support.DEMO, PACK: support.DEMO[PACK].replace("[look, change]", "[read-only]")}
    base[PACK] = base[PACK].replace("policy: look}", "policy: read-only}")
    head = {
        **base,
        "templates/policies/read-only.yaml": support.DEMO["templates/policies/look.yaml"],
    }
    roots = write_sides(tmp_path, base, head)
    for one, other in (roots, roots[::-1]):
        shared = SharedBuild()
        sides = [build_project_side(root, root.name, root.name, shared) for root in (one, other)]
        assert not any(sides[0].outputs[key] is sides[1].outputs[key] for key in sides[0].outputs)


HEADS = (
    "---\nname: x\n---\n",
    "---\nname: x\ndescription: a: b\ntools: [Read, Bash]\n---\n",
    "---\npermission: {edit: allow, bash: {'*': ask}}\n---\n",
    "---\npermission: {edit: deny\n---\n",
    "---\n\n---\n",
    "---\n---\n",
    "--- \ntools: Read\n---\n",
    "---\ntools: Read\n--- \n",
    "---\ntools: Read\n----\n---\n",
    "---\nreadonly: true\n---\n---\n",
    "---js\nname: x\n---\n",
)
BODIES = (
    "Text.\n",
    "",
    "---\n",
    "a\n---\ntools: Bash\npermission: {bash: allow}\n---\n",
    "a: b: c\n",
)


@pytest.mark.parametrize("target", support.REPRESENTATIVES)
def test_what_a_file_grants_is_told_from_its_front_matter(target: str) -> None:
    for head, (old_body, new_body) in product(HEADS, product(BODIES, BODIES)):
        texts = f"{head}{old_body}", f"{head}{new_body}"
        old, new = (Output("x", text, target, "x") for text in texts)
        policies = [TARGETS[target].decode(text, "x").policy for text in texts]
        found = list(compare_permissions(old, new, PolicyDecoder()))
        assert policies[0] == policies[1] or found, texts
