"""A secret in a source shows in no report, whatever is wrong with it or changes about it."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

import support
from promptpack.redaction import SHAPES, find_secrets, make_redactor, redact
from review_cases import git

TOKEN = "ghp_" + "a1B2c3D4e5F6g7H8i9J0k1L2m3N4o5P6q7R8"
FRAME = "-----{} " + "PRIVATE KEY-----"
LINES = ("MIIEvQIBADANBgkqh9", "kiG9w0BAQEFAASCBKc")
KEY = "\n".join((FRAME.format("BEGIN"), *LINES, FRAME.format("END")))
FRAGMENT = "templates/fragments/standards/small-steps.md"
OUTPUT = "dist/opencode/tiny.look/.opencode/agents/demo.md"


def fragment(secret: str) -> str:
    return f"{support.DEMO[FRAGMENT]}- Use this:\n\n```text\n{secret}\n```\n"


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    root = support.make_project(tmp_path)
    git(root, "init", "-q", "-b", "main")
    git(root, "add", ".")
    git(root, "commit", "-qm", "One")
    return root


@pytest.mark.fault(68)
@pytest.mark.parametrize("secret", [TOKEN, KEY], ids=["token", "private key"])
@pytest.mark.parametrize(
    "command",
    [
        *(["diff", "--format", f, "-U", "2"] for f in ("text", "html")),
        *(["diff", "--format", f] for f in ("markdown", "json", "sarif", "github", "gitlab")),
        ["check"],
        ["build"],
        ["lint"],
        ["absorb", OUTPUT],
        ["explain", "tiny.look:24"],
        ["explain", "tiny.look:25", "--format", "json"],
    ],
    ids=" ".join,
)
def test_no_report_shows_a_secret(repository: Path, command: list[str], secret: str) -> None:
    support.call("build", cwd=repository)
    if command[0] in {"build", "absorb"}:
        path = repository / OUTPUT
        text = path.read_text(encoding="utf-8")
        path.write_text(f"{text}\n```text\n{secret}\n```\n", encoding="utf-8")
    else:
        (repository / FRAGMENT).write_text(fragment(secret), encoding="utf-8")
    said = support.call(*command, cwd=repository)
    told = said.out + said.err
    assert told.strip()
    for line in secret.split("\n"):
        assert line not in told or "-----" in line


def test_what_is_not_secret_is_shown_as_it_is() -> None:
    assert redact("sk-your-key-here and ghp_example") == "sk-your-key-here and ghp_example"
    assert redact(f"x {TOKEN} y") == f"x {'•' * len(TOKEN)} y"
    shown = make_redactor(KEY)
    assert shown(LINES[1]) == "•" * 18
    assert shown("one line") == "one line"


@pytest.mark.parametrize("kind", sorted({*SHAPES} - {"password in a URL"}))
def test_each_secret_has_one_of_the_marks_of_its_kind(kind: str) -> None:
    """The password is left out: it stands behind its mark, as the pattern says itself."""
    shape = SHAPES[kind]

    @given(st.from_regex(shape.pattern, fullmatch=True))
    def check(secret: str) -> None:
        assert any(mark in secret for mark in shape.marks)

    check()


def test_a_secret_is_found_among_others_of_another_kind() -> None:
    words = (TOKEN, "sk-ant-a1B2c3D4e5F6g7H8i9J0k1L2", "https://me:hunter2more9@host/x", TOKEN, KEY)
    found = [one.kind for one in find_secrets(" and ".join(words))]
    assert found == [
        *("GitHub token", "API key of a model provider", "password in a URL", "GitHub token"),
        "private key",
    ]
