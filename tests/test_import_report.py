"""What `import` says of hand-kept files: one screen for people, and the whole in other formats.

The oracle is what was planted: each test writes files of which it knows what is wrong with them.
"""

import json
import re
from collections.abc import Iterator, Mapping
from html.parser import HTMLParser
from pathlib import Path

import pytest
from markdown_it import MarkdownIt

import support
from promptpack.reporting.json_schemas import REPORTS

FORMATS = ("json", "markdown", "html")
HIDDEN = "\u202eB\u200b"
BODY = "You review changes.\n\nSay what breaks, and where.\n\nBe brief.\n"


def markdown(head: str, body: str = BODY) -> str:
    return f"---\n{head}---\n{body}"


def plant(count: int) -> dict[str, str | bytes]:
    """Return the files of agents, each with each fault: what is planted can be counted."""
    files: dict[str, str | bytes] = {}
    for n in range(count):
        name = f"agent-with-a-rather-long-name-{n}"
        told = f"You are agent {n}.\n\n{BODY}\nNever modify files.\n"
        files[f".github/agents/{name}.agent.md"] = markdown(
            f"name: {name}\ndescription: Reviews.\ntools: [read, execute]\n", told
        )
        files[f".claude/agents/{name}.md"] = markdown(
            f"name: {name}\ndescription: Reviews.\ntools: Read\n", told
        )
        files[f".opencode/agents/opener-{n}.md"] = markdown(
            f"description: Opens {n}.\npermissions: {{edit: deny}}\ntools: {{read: true}}\n",
            f"You open {n}.\n\nNever modify files.\n",
        )
        files[f".cursor/agents/broken-{n}.md"] = b"---\nname: x\n---\n\xff"
    return files


def bring(folder: Path, *options: str, width: int = 80) -> support.Result:
    arguments = ("import", ".", "--into", "project", *options)
    return support.call(*arguments, cwd=folder, env={"COLUMNS": str(width)})


def read_data(folder: Path) -> dict[str, object]:
    data = json.loads(bring(folder, "--dry-run", "--format", "json").out)
    REPORTS["import"].model_validate(data)
    return dict(data)


@pytest.mark.parametrize("count", [1, 2, 3, 5, 12, 40])
def test_it_is_one_screen_however_many_files(count: int, tmp_path: Path) -> None:
    support.write_files(tmp_path, plant(count))
    done = bring(tmp_path, "--yes")
    assert done.code == 0, done.err
    lines = done.out.splitlines()
    assert len(lines) <= 24
    assert max(map(len, lines)) <= 80
    assert lines[0] == (
        f"{3 * count} files -> {2 * count} packs, each file rebuilt to the byte, {count} refused"
    )
    agents = "1 agent" if count == 1 else f"{count} agents"
    fact = f"{agents} may change files or run commands in one client and not in another"
    assert fact in lines
    assert "in GitHub Copilot it may run commands, in Claude Code not" in " ".join(done.out.split())
    for title in ("Permissions disagree", "Front matter without", "Questions of", "Prompts", "Ref"):
        assert any(line.startswith(title) for line in lines), title


def test_what_is_left_out_is_counted(tmp_path: Path) -> None:
    support.write_files(tmp_path, plant(2))
    data = read_data(tmp_path)
    whole = bring(tmp_path, "--dry-run", "-v", width=400).out
    entries = [line for line in whole.splitlines() if line.startswith("  ")]
    codes = {"PP601", "PP606", "PP607", "PP609", "PP613", "PP604"}
    findings = [dict(one) for one in support_list(data, "findings")]
    listed = [one for one in findings if one["code"] in codes - {"PP604"}]
    others = {one["code"] for one in findings} - codes
    kept = ("disagreements", "refused", "packs")
    expected = sum(len(support_list(data, key)) for key in kept) + len(listed) + len(others)
    assert len(entries) == expected
    assert "more: --format json" not in whole
    support.write_files(tmp_path, plant(40))
    more = re.search(r"\.\.\. and (\d+) more: --format json", bring(tmp_path, "--dry-run").out)
    assert more
    assert int(more[1]) > 80


def support_list(data: Mapping[str, object], key: str) -> list[dict[str, object]]:
    found = data[key]
    assert isinstance(found, list)
    return found


def test_the_numbers_are_those_of_what_was_planted(tmp_path: Path) -> None:
    files = plant(3)
    files[".github/agents/lazy.agent.md"] = markdown("name: lazy\ndescription: Idles.\n")
    files[".claude/agents/lazy.md"] = markdown(
        "name: lazy\ndescription: Idles.\ntools: Read\n", BODY + "\nMore.\n"
    )
    support.write_files(tmp_path, files)
    assert read_data(tmp_path)["summary"] == {
        "files": 11,
        "packs": 8,
        "refused": 3,
        "shared_lines": pytest.approx((3 * 2 * 5 + 2 * 3) / (3 * 2 * 5 + 3 + 4)),
        "differing_agents": 4,
        "differing_without_permissions": 1,
        "joinable_agents": 1,
    }
    said = " ".join(bring(tmp_path, "--dry-run").out.split())
    assert "4 agents may change files or run commands" in said
    assert "(1 where a file names no permissions)" in said


def test_a_file_that_its_client_refuses_disagrees_with_nothing(tmp_path: Path) -> None:
    support.write_files(
        tmp_path,
        {
            ".claude/agents/critic.md": markdown("name: critic\ndescription: x\ntools: Bash\n"),
            ".gemini/agents/critic.md": markdown("name: critic\ndescription: x\ntools: [Bash]\n"),
        },
    )
    data = read_data(tmp_path)
    assert [one["kind"] for one in support_list(data, "disagreements")] == []
    assert "PP601" in {one["code"] for one in support_list(data, "findings")}


@pytest.mark.parametrize("name", FORMATS)
def test_a_file_gets_what_the_format_prints(name: str, tmp_path: Path) -> None:
    support.write_files(tmp_path, plant(1))
    printed = bring(tmp_path, "--dry-run", "--format", name)
    out = bring(tmp_path, "--dry-run", "--out", f"{name}=report")
    assert (printed.code, out.code) == (0, 0)
    assert (tmp_path / "report").read_text(encoding="utf-8") == printed.out


def test_a_report_is_no_answer_to_whether_to_write(tmp_path: Path) -> None:
    support.write_files(tmp_path, plant(1))
    for options in (("--format", "html"), ("--format", "markdown"), ("--out", "json=report")):
        done = bring(tmp_path, *options)
        assert (done.code, (tmp_path / "project").exists()) == (2, False)
    assert "FORMAT=FILE" in bring(tmp_path, "--out", "yaml=x").err
    assert bring(tmp_path, "--out", "human=x").code == 2


HOSTILE: dict[str, str | bytes] = {
    ".claude/agents/good.md": markdown("name: good\ndescription: x\n"),
    ".claude/agents/<img src=x>.md": markdown("name: <b>\ndescription: x\n", f"{HIDDEN}\n"),
    ".claude/agents/`a` [b](http:c) @d.md": markdown("name: a`b\ndescription: x\npermission: a\n"),
    f".opencode/agents/{HIDDEN}.md": markdown("description: x\ntools: ['<script>', '`x`']\n"),
    ".opencode/agents/</ul><h1>.md": markdown('permission: {"<i>": deny}\nmodel: "<script>"\n'),
}


@pytest.fixture
def hostile(tmp_path: Path) -> Path:
    support.write_files(tmp_path, HOSTILE)
    return tmp_path


def test_nothing_in_markdown_acts(hostile: Path) -> None:
    said = bring(hostile, "--dry-run", "--format", "markdown").out
    assert "<U+202E>" in said
    assert not {*HIDDEN} - {"B"} & {*said}
    assert {*list_token_types(said)} <= {
        *("inline", "text", "code_inline", "heading_open", "heading_close", "softbreak"),
        *("paragraph_open", "paragraph_close", "bullet_list_open", "bullet_list_close"),
        *("list_item_open", "list_item_close", "strong_open", "strong_close"),
    }
    assert "Packs" in said


def list_token_types(said: str) -> Iterator[str]:
    for token in MarkdownIt().parse(said):
        yield token.type
        yield from (child.type for child in token.children or ())


def test_nothing_in_the_page_acts(hostile: Path) -> None:
    page = bring(hostile, "--dry-run", "--format", "html").out
    assert not {*HIDDEN} - {"B"} & {*page}
    tags: list[str] = []
    attributes: list[str] = []
    texts: list[str] = []

    class Reader(HTMLParser):
        def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
            tags.append(tag)
            attributes.extend(name for name, _ in attrs)

        def handle_data(self, data: str) -> None:
            texts.append(data)

    Reader().feed(page)
    assert {*tags} <= {
        *("html", "head", "meta", "title", "style", "body", "h1", "h2", "ul", "li", "code")
    }
    assert {*attributes} <= {"lang", "charset", "http-equiv", "content", "name"}
    assert "default-src 'none'" in page
    text = "".join(texts)
    assert ".claude/agents/<img src=x>.md" in text
    assert "<U+202E>B<U+200B>" in text


def test_no_secret_is_in_a_report(tmp_path: Path) -> None:
    secret = "ghp_" + "aB3dE6gH9jK2mN5pQ8sT1vW4yZ7cF0hL3nR6"
    head = f"description: x\nmodel: {secret}\n"
    support.write_files(tmp_path, {".opencode/agents/a.md": markdown(head)})
    for name in ("human", *FORMATS):
        done = bring(tmp_path, "--dry-run", "--format", name)
        assert "PP612" in done.out or "model" in done.out
        assert secret not in done.out


def test_where_nothing_can_be_imported_the_screen_says_so(tmp_path: Path) -> None:
    support.write_files(tmp_path, {".claude/agents/a.md": b"\xff"})
    assert bring(tmp_path, "--yes").out.startswith("None of 1 file can be imported\n\n")
    assert not (tmp_path / "project").exists()


def test_an_empty_folder_is_said_to_be_empty(tmp_path: Path) -> None:
    for name in FORMATS:
        done = bring(tmp_path, "--yes", "--format", name)
        assert done.code == 0
        assert "No agent files found." in done.out or name == "json"
    assert bring(tmp_path, "--yes").out == "No agent files found.\n"
    assert not (tmp_path / "project").exists()
