"""What a fuzzer feeds: for each reader, bytes in, and an exception where it does what none may do.

A target takes any bytes. It passes them to one reader of the product and compares what comes back
with something independent: PyYAML's own loader, the JSON schema of a report, an HTML parser. What a
reader refuses with the error it declares is fine. `SEEDS` are inputs to begin with, and `TOKENS`
pieces that have a meaning somewhere.
"""

import tempfile
from collections.abc import Callable, Mapping
from contextlib import suppress
from itertools import pairwise
from pathlib import Path
from typing import Any, cast

import yaml

import support
import test_diff_formats
from load_cases import TWINS
from promptpack.build import build_project
from promptpack.diff.baseline import read_baseline
from promptpack.diff.compare import compare_sides
from promptpack.diff.formats import BUDGET
from promptpack.model import Finding, Project, UserError
from promptpack.output.manifest import MANIFEST, read_manifest
from promptpack.reading.project import load_project, replace_sources
from promptpack.source.client_yaml import read_client_yaml
from promptpack.source.frontmatter import read_lenient, split_front_matter
from promptpack.source.text import FORBIDDEN, PROBLEM_LIMIT, decode_source
from promptpack.source.yaml_entries import read_yaml
from promptpack.targets import TARGETS
from promptpack.targets.problems import Problem
from review_cases import side

SHARED = "promptpack.yaml"
SHARED_TEXT = "targets: [gemini]\naccept: [{target: gemini, capability: edit, reason: it asks}]\n"
SOURCES: Mapping[str, str] = {**support.DEMO, SHARED: SHARED_TEXT}
SEPARATOR = b"\n\x00\n"
"""What stands between the two sides of a comparison."""


def check_findings(findings: tuple[Finding, ...]) -> None:
    """Assert that what is said about a file has a place and words, and is no more than is read."""
    assert len(findings) <= len(SOURCES) * (PROBLEM_LIMIT + 2)
    for finding in findings:
        assert finding.line >= 1
        assert finding.column >= 1
        assert finding.message


def read_strict_yaml(data: bytes) -> None:
    """Read a YAML source; where nothing is wrong with it, PyYAML reads the same."""
    text, problems = decode_source(data, "x.yaml")
    document = read_yaml(text, "x.yaml")
    check_findings((*problems, *document.findings))
    if not problems and not document.findings:
        with suppress(
            yaml.YAMLError
        ):  # libyaml takes some tabs and marks that PyYAML's own doesn't
            assert document.data == construct(yaml.compose(text, yaml.SafeLoader))


def construct(node: yaml.Node | None) -> Any:
    """Return what PyYAML makes of a node; a key is its text."""
    if isinstance(node, yaml.MappingNode):
        return {key.value: construct(value) for key, value in node.value}
    if isinstance(node, yaml.SequenceNode):
        return [construct(one) for one in node.value]
    return node and yaml.SafeLoader("").construct_object(node)


def read_front_matter(data: bytes) -> None:
    """Read front matter as the clients do: data, or the one error that it declares."""
    text = data.decode("utf-8", "surrogateescape")
    head = split_front_matter(text).head
    assert isinstance(read_lenient(text if head is None else head), dict)
    for last_wins in (False, True):
        for merges in (False, True):
            with suppress(ValueError):
                read_client_yaml(text, last_wins=last_wins, merges=merges)


def decode_agent_file(data: bytes) -> None:
    """Decode a file as each client does; nothing that a file says makes a codec raise."""
    text = data.decode("utf-8", "surrogateescape")
    for target in TARGETS.values():
        agent = target.decode(text, "asker")
        assert isinstance(agent.name, str)
        assert isinstance(agent.prompt, str)
        assert agent == target.decode(text, "asker")
        assert all(isinstance(problem, Problem) for problem in target.problems(text))
        assert "\n" not in target.loads(text)


_demo: list[Project] = []


def make_demo() -> Project:
    """Return the demo project with a project file, read once."""
    if not _demo:
        with tempfile.TemporaryDirectory(prefix="promptpack-fuzz-") as folder:
            _demo.append(load_project(support.make_project(Path(folder), {SHARED: SHARED_TEXT})))
    return _demo[0]


def build_sources(data: bytes) -> None:
    """Build the demo project with other text in one of its sources: artifacts, or findings."""
    number, content = (data[0] if data else 0), data[1:]
    path = sorted(SOURCES)[number % len(SOURCES)]
    text, problems = decode_source(content, path)
    if problems:
        return
    try:
        artifacts = build_project(replace_sources(make_demo(), {path: text}))
    except UserError as error:
        assert error.findings
        check_findings(error.findings)
    else:
        for artifact in artifacts:
            assert not FORBIDDEN.search(artifact.content.decode())


def parse_a_manifest(data: bytes) -> None:
    """Read a manifest of any content: records of words for paths in the folder, or the error."""
    with tempfile.TemporaryDirectory(prefix="promptpack-fuzz-") as folder:
        (Path(folder) / MANIFEST).write_bytes(data)
        with suppress(UserError):
            manifest = read_manifest(Path(folder))
            for path, record in (*manifest.files.items(), *manifest.pending.items()):
                assert not Path(path).is_absolute()
                assert ".." not in Path(path).parts
                assert all(isinstance(word, str) for word in record.values())


def run_over_a_manifest(data: bytes) -> None:
    """Check and build over a manifest of any content: an answer, and nothing else is touched."""
    with tempfile.TemporaryDirectory(prefix="promptpack-fuzz-") as folder:
        root = Path(folder) / "p"
        support.make_project(root, {f"dist/{MANIFEST}": data, "dist/mine.md": "mine\n"})
        before = {**support.snapshot(root / "packs"), **support.snapshot(root / "templates")}
        for command in ("check", "build"):
            said = support.call(command, cwd=root)
            assert said.code in {0, 1, 3}, said.err
            assert "Traceback" not in said.err
        assert {
            **support.snapshot(root / "packs"),
            **support.snapshot(root / "templates"),
        } == before
        assert (root / "dist/mine.md").read_bytes() == b"mine\n"


def read_accepted_changes(data: bytes) -> None:
    """Read a saved report of reviewed changes: fingerprints with outputs, or the one error."""
    with suppress(UserError):
        for fingerprint, outputs in read_baseline(data, "accepted.json").items():
            assert isinstance(outputs, frozenset), fingerprint


def write_reports(data: bytes) -> None:
    """Compare two files as each client's, and write every report: each is what its tests ask."""
    before, _, after = data.partition(SEPARATOR)
    texts = [part.decode("utf-8", "surrogateescape") for part in (before, after)]
    for target in ("opencode", "claude-code", "codex"):
        base, head = (side({"x.md": text}, target) for text in texts)
        review = compare_sides(base, head)
        for check in (
            test_diff_formats.test_text_cannot_act_on_a_terminal,
            test_diff_formats.test_workflow_commands_are_only_ours,
            test_diff_formats.test_what_programs_read_can_be_read,
            test_diff_formats.test_the_page_has_no_tags_but_ours,
        ):
            cast("Any", check).hypothesis.inner_test(review)
        markdown = cast("Any", test_diff_formats.test_markdown_is_inert).hypothesis.inner_test
        markdown(review, BUDGET)
        assert texts[0] != texts[1] or not review.differs


READERS: Mapping[str, Callable[[bytes], None]] = {
    "strict-yaml": read_strict_yaml,
    "front-matter": read_front_matter,
    "agent-file": decode_agent_file,
    "sources": build_sources,
    "manifest": parse_a_manifest,
    "manifest-commands": run_over_a_manifest,
    "accepted": read_accepted_changes,
    "reports": write_reports,
}
"""Each target by its name."""


def list_seeds(name: str) -> list[bytes]:
    """Return the inputs that a target begins with: files as people and promptpack write them."""
    agents = [text.encode() for cases in TWINS.values() for twins in cases for text in twins]
    if name == "sources":
        return [bytes([n]) + SOURCES[path].encode() for n, path in enumerate(sorted(SOURCES))]
    if name == "strict-yaml":
        return [text.encode() for path, text in SOURCES.items() if path.endswith(".yaml")]
    if name.startswith("manifest"):
        return [MANIFEST_SEED, b"{}", b'{"schema_version": 1, "files": {}, "pending": {}}']
    if name == "accepted":
        return [ACCEPTED_SEED, b"[]"]
    if name == "reports":
        return [one + SEPARATOR + two for one, two in pairwise(agents)]
    return agents


MANIFEST_SEED = b"""{
 "schema_version": 1,
 "files": {
  "opencode/tiny.look/.opencode/agents/demo.md": {"sha256": "00", "pack": "demo", "model": "tiny"},
  "mine.md": {"sha256": "e4b2d3aa4b3b8b9f", "pack": "demo", "target": "opencode"}
 },
 "pending": {}
}
"""
ACCEPTED_SEED = b"""{"schema_version": 1, "permissions": [
 {"fingerprint": "ab12", "outputs": ["opencode/tiny.look/demo"]}],
 "groups": [{"fingerprint": "cd34", "outputs": []}]}
"""
TOKENS = (
    *(
        "---\n",
        "...\n",
        "- ",
        ": ",
        "? ",
        "& ",
        "&a ",
        "*a",
        "!!",
        "!!python/object:os.system ",
        "<<",
    ),
    *("[", "]", "{", "}", ", ", "'", '"', "|\n", ">-\n  ", "#", "%YAML 1.1\n", "\t", "\r\n", "\r"),
    *("\ufeff", "\x00", "\x1b[2J", "\x85", "\u2028", "\u202e", "\U000e0041", "\ud7ff", "\uffff"),
    *(
        "null",
        "~",
        "yes",
        "0x1F",
        "010",
        "1:30",
        "2026-13-45",
        "1e999",
        "-.inf",
        ".nan",
        "9" * 5000,
    ),
    *(
        "{{ vars.language }}",
        "{% raw %}",
        "{% endraw %}",
        "{#",
        "{%",
        "}}",
        "${{ x }}",
        "{{ pack }}",
    ),
    *(
        "../../x",
        "/etc/passwd",
        "a\\b",
        "con",
        "é",
        "e\u0301",
        ".git/config",
        "::error::x",
        "</pre>",
    ),
    *(
        "allow",
        "ask",
        "deny",
        "inherit",
        "mcp:*",
        "mcp__a__b",
        "*",
        "Read",
        "bash",
        "permission:\n",
    ),
    *(
        "```",
        "</details>",
        "@team",
        "files",
        "pending",
        "sha256",
        "schema_version",
        "1" + "0" * 400,
    ),
    *("[" * 40, "{a: " * 40, "- " * 40, "a: &a [*a, *a]\n", "x" * 70_000),
)
"""Pieces that have a meaning to some reader."""
