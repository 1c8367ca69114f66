"""What the files of one build share is worked out once, and says the same as each file by itself.

The oracle for heads is the strict reader on the whole of a head; for manifests, Python's own JSON.
"""

import json
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from unittest.mock import patch

import pytest
import yaml
from hypothesis import example, given, settings
from hypothesis import strategies as st

from promptpack.build import render
from promptpack.model import Agent, Effect, Loss, Model, Policy
from promptpack.output.manifest import Manifest, format_manifest, hash_content, parse_manifest
from promptpack.output.places import LinkedPathError, Places, open_place
from promptpack.output.plan import gather_outputs, plan_output
from promptpack.output.staging import stage_file
from promptpack.output.write import apply_plan
from promptpack.reading.project import load_project
from promptpack.rendering.variants import ALL
from promptpack.session import Session
from promptpack.source import frontmatter, yaml_writer
from promptpack.source.contents import ContentStore, StoredContent, measure_content, read_content
from promptpack.source.strict_yaml import read_whole_yaml
from promptpack.targets import TARGETS, Target
from promptpack.targets.emit import encode_and_check
from promptpack.targets.losses import LossFinder
from support import DEMO, REPRESENTATIVES, count_cases, make_project, snapshot
from test_never_wider import agents

ENTRIES = (
    "a: b\n",
    "a: c\n",
    "b: |\n  x\n  y\n",
    "b: >-\n  x\n",
    "c:\n  - x\n  - y\n",
    "c:\n- x\n",
    "d: [x,\n  y]\n",
    "d: [x,\n",
    "  y]\n",
    'e: "x\n',
    '  y"\n',
    'y"\n',
    "f: &x 1\n",
    "g: *x\n",
    "h:\n",
    "i: {j: k}\n",
    "no: x\n",
    "k: 1.50\n",
    "'l': x\n",
    "? m\n: n\n",
    "# o\n",
    "\n",
    "---\n",
    "...\n",
    "%TAG\n",
    "p: x\r\n",
    "q: \u2028x\n",
    "r: \U0001f600 é\n",
    "s:x\n",
    "t: x: y\n",
    "u: - x\n",
    "<<: {v: w}\n",
    "v: x # y\n",
    "w: x\n   y\n",
    " x: y\n",
    "z: x",
)
NAMES = ("a", "n-1", "true", "1", "-a", "a:b", "Ä", "a" * 300)
TEXTS = (
    "An agent.",
    "true",
    'It\'s "so": a # b',
    "---",
    "a --- b",
    "two\nlines\n",
    " blank ends ",
    "12:30",
    "{x}",
    "\U0001f600",
    "\u2028",
    "d" * 2000,
)
PROMPTS = ("Say yes.\n", "---\nx: y\n---\n", "'''\n", "${word}\n", "!`ls`\n", " \n", "no end")

HEADED = "opencode, copilot-instructions, cursor-rule, skill"

Checked = tuple[str, tuple[Loss, ...], list[str]]


@contextmanager
def each_head_by_itself() -> Iterator[None]:
    """Read each head as a whole, and spell each scalar anew."""
    frontmatter.parse_front_matter.cache_clear()
    with (
        patch.object(frontmatter, "_parse_entries", lambda _text: None),
        patch.object(yaml_writer, "_spell", yaml_writer._spell_anew),
    ):
        yield
    frontmatter.parse_front_matter.cache_clear()


def check_alone(target: Target, agent: Agent) -> Checked:
    with each_head_by_itself():
        return encode_and_check(target, agent, LossFinder())


@settings(max_examples=count_cases(800), deadline=None)
@given(st.lists(st.sampled_from(ENTRIES), max_size=5).map("".join))
@example("".join(("a: b\n", "b: |\n  x\n  y\n", "c:\n  - x\n  - y\n", "z: x")))
@example("\na: b\nh:")
def test_a_head_says_what_its_entries_say(head: str) -> None:
    document = read_whole_yaml(head, "")
    data, is_strict = frontmatter.parse_front_matter(head)
    assert is_strict == (not document.findings)
    if is_strict:
        assert repr(data) == repr(document.data)


@settings(max_examples=count_cases(200), deadline=None)
@given(
    st.dictionaries(
        st.sampled_from(["a", "b", "no", "x y"]),
        st.one_of(
            *(st.sampled_from(TEXTS), st.booleans(), st.none(), st.integers(-2, 2)),
            *(st.sampled_from([0.0, -0.0, 1.0, 0.5]), st.lists(st.sampled_from(TEXTS))),
            st.dictionaries(st.sampled_from(["1", "c"]), st.sampled_from(["1", "allow"])),
        ),
    )
)
def test_what_was_spelled_before_is_spelled_the_same(data: dict[str, object]) -> None:
    text = yaml_writer.write_mapping(data) if data else "{}\n"
    assert repr(yaml.safe_load(text)) == repr(data)
    with each_head_by_itself():
        assert (yaml_writer.write_mapping(data) if data else "{}\n") == text


FINDER = LossFinder()


@pytest.mark.parametrize("target", [TARGETS[name] for name in REPRESENTATIVES], ids=REPRESENTATIVES)
@settings(max_examples=count_cases(50), deadline=None)
@given(data=st.data())
def test_files_that_share_work_are_checked_as_each_by_itself(
    target: Target, data: st.DataObject
) -> None:
    agent = replace(
        data.draw(agents(target)),
        name=data.draw(st.sampled_from(NAMES)),
        description=data.draw(st.sampled_from(TEXTS)),
        prompt=data.draw(st.sampled_from(PROMPTS)),
    )
    assert encode_and_check(target, agent, FINDER) == check_alone(target, agent)


def test_a_codec_that_goes_by_another_field_is_still_seen() -> None:
    """The negative control: a client that gives everything to agents of some description."""
    copilot = TARGETS["copilot"]

    def decode(text: str, stem: str) -> Agent:
        agent = copilot.decode(text, stem)
        return replace(agent, policy=Policy(Effect.ALLOW)) if "all" in agent.description else agent

    odd, finder = replace(copilot, decode=decode), LossFinder()
    plain = Agent("a", "Some.", "subagent", Model(""), None, Policy(Effect.DENY), "x\n")
    greedy = replace(plain, description="Has all.")
    kinds = [
        {loss.kind for loss in encode_and_check(odd, agent, finder)[1] if not loss.is_field}
        for agent in (plain, greedy, plain)
    ]
    assert "widened" not in kinds[0] | kinds[2]
    assert kinds[1] == {"widened"}
    assert check_alone(odd, greedy) == encode_and_check(odd, greedy, finder)


def test_ten_packs_take_little_more_yaml_than_one(tmp_path: Path) -> None:
    """Of each further pack, its name is new and nothing else is."""
    files = {
        path.replace("packs/demo/", f"packs/demo-{number}/"): text.replace(
            "name: demo", f"name: demo-{number}"
        ).replace("[opencode]", f"[{HEADED}]")
        for number in range(10)
        for path, text in DEMO.items()
    }
    project = load_project(make_project(tmp_path, files))
    caches = (frontmatter._parse_entry, yaml_writer._spell_short)
    for cache in caches:
        cache.cache_clear()
    artifacts = [*render(Session(project))]
    packs = len({artifact.variant.pack.name for artifact in artifacts})
    heads = sum(artifact.content.startswith(b"---\n") for artifact in artifacts)
    parsed, spelled = (cache.cache_info().misses for cache in caches)
    assert packs == 11  # with the one that each such project has
    assert heads > 60
    assert parsed <= packs + 12
    assert spelled <= packs + 24


@settings(max_examples=count_cases(60), deadline=None)
@given(
    *(
        st.dictionaries(st.text(max_size=3), st.dictionaries(st.text(max_size=3), st.text()))
        for _ in range(2)
    ),
    st.text(max_size=3),
    st.dictionaries(st.text(max_size=3), st.text(max_size=3)),
)
def test_a_manifest_is_written_as_json_would_be(
    files: dict[str, dict[str, str]],
    pending: dict[str, dict[str, str]],
    tool: str,
    library: dict[str, str],
) -> None:
    data = {
        "schema_version": 1,
        **({"tool": tool} if tool else {}),
        **({"library": library} if library else {}),
        "files": files,
        "pending": pending,
    }
    written = format_manifest(Manifest(files, pending, tool=tool, library=library))
    assert written == (json.dumps(data, indent=2) + "\n").encode()


def test_contents_beyond_the_limit_come_back_from_disk() -> None:
    store = ContentStore(memory=3)
    texts = [b"ab", b"", b"cdef", b"g", b"\x00" * 70_000, b"h"]
    added = [store.add(text) for text in texts]
    assert [isinstance(one, StoredContent) for one in added] == [
        False,
        False,
        True,
        False,
        True,
        True,
    ]
    assert [read_content(one) for one in reversed(added)] == texts[::-1]
    assert [measure_content(one) for one in added] == [len(text) for text in texts]
    assert [hash_content(one) for one in added] == [hash_content(text) for text in texts]


def test_a_content_that_disk_does_not_take_stays_in_memory() -> None:
    with patch.object(tempfile, "TemporaryFile", side_effect=OSError(28, "full")):
        assert ContentStore(memory=0).add(b"text") == b"text"


def test_a_content_that_is_cut_short_on_disk_is_no_content() -> None:
    store = ContentStore(memory=0)
    content = store.add(b"text")
    assert store._file is not None
    store._file.truncate(2)
    with pytest.raises(OSError, match=r"Input/output error"):
        read_content(content)


def test_a_build_from_disk_writes_the_same_bytes(tmp_path: Path) -> None:
    project = load_project(make_project(tmp_path / "demo"))
    artifacts = [*render(Session(project))]
    for name, memory in (("memory", 1 << 30), ("disk", 0)):
        with patch.object(ContentStore.__init__, "__defaults__", (memory,)):
            outputs = gather_outputs(artifacts)
        stored = [isinstance(one.content, StoredContent) for one in outputs.files.values()]
        assert any(stored) == (name == "disk")
        apply_plan(plan_output(outputs.files, tmp_path / name, ALL))
        again = plan_output(outputs.files, tmp_path / name, ALL)
        assert {status.state for status in again.statuses} == {"same"}
    assert snapshot(tmp_path / "memory") == snapshot(tmp_path / "disk")
    assert not parse_manifest((tmp_path / "disk/.promptpack.json").read_bytes()).pending


def test_neighbours_are_written_where_the_first_was_and_never_through_a_link(
    tmp_path: Path,
) -> None:
    inner, outside = tmp_path / "out/a/b", tmp_path / "outside"
    inner.mkdir(parents=True)
    outside.mkdir()
    with Places(tmp_path / "out") as places:
        stage_file(places, "a/b/first", b"1").commit()
        inner.rename(tmp_path / "moved")
        inner.symlink_to(outside)
        stage_file(places, "a/b/second", b"2").commit()
    assert not [*outside.iterdir()]
    assert {path.name for path in (tmp_path / "moved").iterdir()} <= {"first", "second"}
    with (
        pytest.raises(LinkedPathError),
        Places(tmp_path / "out") as places,
        open_place(places, "a/b/third"),
    ):
        pass


def test_a_folder_that_was_missing_is_found_once_it_is_made(tmp_path: Path) -> None:
    with Places(tmp_path) as places:
        for _ in range(2):
            with pytest.raises(FileNotFoundError), open_place(places, "a/x"):
                pass
        with open_place(places, "a") as place:
            assert place.find_status() is None
            (tmp_path / "a").mkdir()
        with open_place(places, "a/x") as place:
            assert place.find_status() is None
