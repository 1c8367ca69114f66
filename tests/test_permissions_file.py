"""The list of what each agent may do: what is in it, when it changes, and whose file it is."""

import hashlib
import json
import random
import re
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest
import yaml

import forked
import support
import test_command_packs as commands
from promptpack.build import build_project
from promptpack.model import CAPABILITIES, Artifact, Effect, Grant, UserError
from promptpack.output.rights import HEADER, list_rights
from promptpack.reading.project import load_project
from promptpack.session import Session
from promptpack.targets import TARGETS
from promptpack.targets.losses import find_policy_in_mode
from test_write import FAULTY

FILE, RECORD, SHARED = "PERMISSIONS.txt", ".promptpack-permissions.json", "promptpack.yaml"
PACK, ROLE, CHANGE = "packs/demo/pack.yaml", "packs/demo/role.md", "templates/policies/change.yaml"
LISTED = {SHARED: f"permissions: {FILE}\n"}
OTHER = {
    "packs/other/pack.yaml": support.DEMO[PACK].replace("name: demo", "name: other"),
    "packs/other/role.md": "Help.\n",
}
DEMO_LINES = [
    HEADER,
    "demo | opencode | edit | ask | tiny.change",
    "demo | opencode | glob | allow | all variants",
    "demo | opencode | grep | allow | all variants",
    "demo | opencode | list | allow | all variants",
    "demo | opencode | patch | ask | tiny.change",
    "demo | opencode | write | ask | tiny.change",
]


def list_lines(folder: Path, files: Mapping[str, str] | None = None) -> list[str]:
    """Return the lines of the list of a project with these files."""
    project = load_project(support.make_project(folder, files))
    return list_rights(Session(project)).splitlines()


def replaced(path: str, *pairs: tuple[str, str], files: Mapping[str, str] = support.DEMO) -> Any:
    """Return a file of the demo with some of its text replaced, under its path."""
    text = files[path]
    for old, new in pairs:
        assert old in text
        text = text.replace(old, new)
    return {path: text}


WIDER = replaced(
    CHANGE, ("edit: ask", "edit: allow"), ("write: ask, patch: ask", "write: allow, patch: allow")
)


def read(folder: Path, name: str = FILE) -> str:
    return (folder / name).read_bytes().decode()


def write(folder: Path, files: Mapping[str, str]) -> None:
    support.write_files(folder, files)


def test_the_list_is_one_line_for_each_right(tmp_path: Path) -> None:
    folder = support.built(tmp_path, LISTED)
    assert read(folder) == "\n".join([*DEMO_LINES, ""])
    done = support.call("check", cwd=folder)
    assert (done.code, done.out) == (
        0,
        "2 files in dist, all up to date\nPERMISSIONS.txt is up to date\n",
    )
    before = {path: path.stat().st_ino for path in folder.rglob("*")}
    assert (
        "Listed permissions in PERMISSIONS.txt: unchanged" in support.call("build", cwd=folder).out
    )
    assert {path: path.stat().st_ino for path in folder.rglob("*")} == before


def test_without_the_key_there_is_no_list(tmp_path: Path) -> None:
    folder = support.built(tmp_path, {SHARED: "name: shop\n"})
    assert not {FILE, RECORD} & {path.name for path in folder.iterdir()}
    for command in ("build", "check"):
        assert (
            json.loads(support.call(command, "--format", "json", cwd=folder).out)["permissions"]
            is None
        )


def test_patterns_servers_and_what_is_held_back_from_a_server(tmp_path: Path) -> None:
    policy = """\
title: Change
summary: Some of each.
default: inherit
capabilities:
  execute: {"*": deny, "git diff*": allow, "a; deny \\"b": ask}
  "mcp:issues": ask
  "mcp:issues/close": deny
  "mcp:mail": deny
  "mcp:wiki": allow
"""
    lines = list_lines(tmp_path, {CHANGE: policy})
    mine = [line for line in lines if line.endswith("| tiny.change")]
    execute = [line for line in mine if "| execute |" in line]
    assert execute == [
        'demo | opencode | execute | deny; allow "git diff*"; ask "a; deny \\"b" | tiny.change'
    ]
    servers = [line.split(" | ")[2:4] for line in mine if "| mcp:" in line]
    assert servers == [
        ["mcp:*", "allow"],
        ["mcp:issues", "ask"],
        ["mcp:issues/close", "deny"],
        ["mcp:mail", "deny"],
    ]


def test_an_exception_that_is_dropped_is_a_line_that_changes(tmp_path: Path) -> None:
    policy = (
        'title: C\nsummary: C.\ndefault: inherit\ncapabilities: {"mcp:mail": deny, edit: deny}\n'
    )
    before = list_lines(tmp_path / "1", {CHANGE: policy})
    after = list_lines(tmp_path / "2", {CHANGE: policy.replace('"mcp:mail": deny, ', "")})
    assert {*before} ^ {*after} == {"demo | opencode | mcp:mail | deny | tiny.change"}


MORE = "more than its policy says"
NARROW = """\
title: Look
summary: L.
default: deny
capabilities: {glob: allow, list: allow, execute: ask}
"""


def test_what_is_accepted_and_who_else_reads_the_file(tmp_path: Path) -> None:
    """Claude Code can't ask, Cursor has no list of tools: both get more, with the reason."""
    pack = support.DEMO[PACK].replace("[opencode]", "[claude-code]").replace(", change]", "]")
    accept = "accept:\n  - {target: claude-code, capability: execute, reason: 'it asks: Ünits'}\n"
    accept += "  - {target: cursor, capability: all, reason: nobody uses it}\n"
    files = {PACK: pack + accept, "templates/policies/look.yaml": NARROW}
    own: list[str] = []
    more: list[str] = []
    for line in list_lines(tmp_path, files)[1:]:
        (more if "read by" in line else own).append(line)
    assert own == [
        f'demo | claude-code | execute | allow | all variants | {MORE}, accepted: "it asks: Ünits"',
        "demo | claude-code | glob | allow | all variants",
    ]
    reader = "demo | claude-code, read by cursor"
    assert (
        f'{reader} | web_fetch | allow | all variants | {MORE}, accepted: "nobody uses it"' in more
    )
    assert not any("| glob |" in line for line in more)
    assert f"{reader} | list | allow | all variants" in more  # Claude Code has no such tool


def test_a_file_that_is_text_limits_nothing(tmp_path: Path) -> None:
    lines = list_lines(tmp_path, replaced(PACK, ("[opencode]", "[agents-md, system]")))
    assert lines[1:] == [
        f"demo | {name} | everything | allow | all variants | a file of text can't limit a client"
        for name in ("agents-md", "system")
    ]


def test_a_kept_hook_is_a_right(tmp_path: Path) -> None:
    head = "---\nname: demo\ndescription: Helps.\nhooks: {Stop: []}\n---\n"
    pack = replaced(PACK, ("[opencode]", "[claude-code]"), (", change]", "]"))[PACK]
    policy = "title: L\nsummary: L.\ndefault: deny\ncapabilities: {grep: allow}\n"
    files = {
        PACK: f"{pack}clients:\n  claude-code: {{head: ./kept.head}}\n{support.NO_CURSOR}",
        "packs/demo/kept.head": head,
        "templates/policies/look.yaml": policy,
    }
    execute = [line for line in list_lines(tmp_path, files) if "claude-code | execute" in line]
    assert execute == [
        f"demo | claude-code | execute | allow | all variants | {MORE}, and not accepted"
    ]


def test_variants_are_named_by_policy_where_a_pack_has_several_models(tmp_path: Path) -> None:
    two = {"templates/models/big.yaml": support.DEMO["templates/models/tiny.yaml"]}
    more = replaced(PACK, ("model: [tiny]", "model: [tiny, big]"))
    lines = list_lines(tmp_path / "both", {**two, **more})
    assert lines == [line.replace("tiny.change", "*.change") for line in DEMO_LINES]
    (pack,) = more.values()
    excluded = "  exclude: [{model: big, policy: change}]\n"
    assert list_lines(tmp_path / "one", {**two, PACK: pack + excluded}) == DEMO_LINES


INNOCENT: Mapping[str, Mapping[str, str]] = {
    "prose": {ROLE: "You answer other questions.\n"},
    "layout": {
        "templates/layouts/plain.md.j2": "{% for s in sections %}{{ s.body }}{% endfor %}\n"
    },
    "description": replaced(PACK, ("Answers", "Tells")),
    "model's id": replaced("templates/models/tiny.yaml", ("demo/tiny", "demo/tinier")),
    "policy's words": replaced(
        CHANGE, ("asks before", "asks, before"), ("title: Change", "title: C")
    ),
    "spelling of a policy": replaced(
        CHANGE,
        (
            "{glob: allow, grep: allow, list: allow, edit: ask, write: ask, patch: ask}",
            "{patch: ask, list: allow, grep: allow, glob: allow, edit: ask, task: deny}",
        ),
    ),
    "order of policies": replaced(PACK, ("[look, change]", "[change, look]")),
}


@pytest.mark.parametrize("edit", INNOCENT)
def test_what_changes_no_right_changes_no_byte(edit: str, tmp_path: Path) -> None:
    assert list_lines(tmp_path, INNOCENT[edit]) == DEMO_LINES


def test_a_pack_more_is_lines_more(tmp_path: Path) -> None:
    lines = list_lines(tmp_path, OTHER)
    assert [line for line in lines if not line.startswith("other ")] == DEMO_LINES
    assert [line.replace("other |", "demo |") for line in lines if line.startswith("other |")] == (
        DEMO_LINES[1:]
    )


def test_a_partial_build_lists_every_pack(tmp_path: Path) -> None:
    folder = support.built(tmp_path, {**LISTED, **OTHER})
    whole = read(folder)
    write(folder, WIDER)
    assert support.call("build", "--pack", "other", cwd=folder).code == 0
    lines = read(folder).splitlines()
    assert len(lines) == len(whole.splitlines())
    for pack in ("demo", "other"):
        assert f"{pack} | opencode | edit | allow | tiny.change" in lines
    done = support.call("check", "--pack", "other", cwd=folder)
    assert done.code == 0, done.out


def test_check_shows_the_lines_and_the_fix(tmp_path: Path) -> None:
    folder = support.built(tmp_path, LISTED)
    write(
        folder,
        WIDER,
    )
    assert support.call("build", "--out", "elsewhere", cwd=folder).code == 0
    assert "edit | allow" in read(folder)
    write(folder, replaced(CHANGE))
    done = support.call("check", cwd=folder)
    assert done.code == 1
    assert "PERMISSIONS.txt: stale\n" in done.out
    assert (
        "\n-demo | opencode | edit | allow | tiny.change\n+demo | opencode | edit | ask" in done.out
    )
    assert done.out.endswith("To fix it: promptpack build\n")
    data = json.loads(support.call("check", "--format", "json", cwd=folder).out)
    assert (data["permissions"], data["files"]) == ({"path": FILE, "state": "stale"}, [])
    data = json.loads(support.call("build", "--format", "json", cwd=folder).out)
    assert data["permissions"] == {"path": FILE, "state": "stale"}
    (folder / FILE).unlink()
    done = support.call("check", cwd=folder)
    assert (done.code, "PERMISSIONS.txt: missing" in done.out) == (1, True)


EDITS: Mapping[str, Callable[[str], str]] = {
    "a line less": lambda text: text.replace(DEMO_LINES[2] + "\n", ""),
    "a note": lambda text: f"{text}# agreed\n",
    "all of it": lambda _text: "My notes.\n",
}


@pytest.mark.parametrize("edit", EDITS)
@pytest.mark.parametrize("recorded", [True, False])
def test_an_edited_list_is_kept(edit: str, recorded: bool, tmp_path: Path) -> None:
    folder = support.built(tmp_path, LISTED)
    (folder / FILE).write_text(EDITS[edit](read(folder)), encoding="utf-8")
    if not recorded:
        (folder / RECORD).unlink()
    write(folder, {ROLE: "You say nothing.\n"})
    before = support.snapshot(folder)
    done = support.call("build", cwd=folder)
    assert (done.code, support.snapshot(folder)) == (3, before)
    assert "PP403" in done.err
    assert "-demo" in done.err or "+demo" in done.err or "-# agreed" in done.err
    assert "absorb" not in done.err
    done = support.call("check", cwd=folder)
    assert (done.code, "promptpack build --force" in done.out) == (1, True)
    assert support.call("build", "--force", cwd=folder).code == 0
    assert read(folder).splitlines() == DEMO_LINES
    assert (folder / f"{FILE}.orig").read_bytes() == before[FILE]


def test_a_checkout_with_other_line_ends_or_no_record_is_up_to_date(
    tmp_path: Path,
) -> None:
    folder = support.built(tmp_path, LISTED)
    (folder / FILE).write_bytes(read(folder).replace("\n", "\r\n").encode())
    (folder / RECORD).unlink()
    assert support.call("check", cwd=folder).code == 0
    assert support.call("build", cwd=folder).code == 0
    write(folder, WIDER)
    assert support.call("build", cwd=folder).code == 0
    assert "| edit | allow |" in read(folder)


@pytest.mark.parametrize("new", ["", "permissions: docs/rights.txt\n"])
def test_a_list_that_is_named_no_more_goes_unless_it_was_edited(new: str, tmp_path: Path) -> None:
    folder = support.built(tmp_path, LISTED)
    write(folder, {SHARED: f"name: shop\n{new}"})
    assert support.call("check", cwd=folder).code == 1
    assert support.call("build", cwd=folder).code == 0
    assert not (folder / FILE).exists()
    assert (folder / RECORD).exists() == (folder / "docs/rights.txt").exists() == bool(new)
    edited = support.built(tmp_path / "edited", LISTED)
    (edited / FILE).write_text(f"{HEADER}\nmine\n", encoding="utf-8")
    write(edited, {SHARED: f"name: shop\n{new}"})
    assert "kept PERMISSIONS.txt" in support.call("build", cwd=edited).out
    assert read(edited) == f"{HEADER}\nmine\n"


def test_a_forged_record_removes_nothing_else(tmp_path: Path) -> None:
    folder = support.built(tmp_path, LISTED)
    data = json.loads(read(folder, RECORD))
    write(folder, {"README.md": "Ours.\n"})
    sha256 = hashlib.sha256(b"Ours.\n").hexdigest()
    data["files"]["README.md"] = {"sha256": sha256}
    write(folder, {RECORD: json.dumps(data), SHARED: "name: shop\n"})
    assert support.call("build", cwd=folder).code == 0
    assert read(folder, "README.md") == "Ours.\n"
    assert not (folder / FILE).exists()


def test_a_record_that_cannot_be_read_is_no_empty_one(tmp_path: Path) -> None:
    folder = support.built(tmp_path, LISTED)
    write(folder, {RECORD: "<<<<<<< ours\n"})
    for command in ("build", "check"):
        done = support.call(command, cwd=folder)
        assert done.code == {"build": 3, "check": 1}[command]
        assert f"{RECORD}" in done.err
    assert support.call("build", "--force", cwd=folder).code == 0
    assert support.call("check", cwd=folder).code == 0


def test_a_link_is_not_written_through(tmp_path: Path) -> None:
    folder = support.make_project(tmp_path / "project", LISTED)
    (tmp_path / "outside.txt").write_text("theirs", encoding="utf-8")
    (folder / FILE).symlink_to("../outside.txt")
    for options in ((), ("--force",)):
        done = support.call("build", *options, cwd=folder)
        assert (done.code, "PP402" in done.err) == (3, True)
    assert (tmp_path / "outside.txt").read_text(encoding="utf-8") == "theirs"
    assert not (folder / "dist").exists()


@pytest.mark.parametrize(
    ("path", "out", "reason"),
    [
        ("../P.txt", "", "lie in the project"),
        ("/P.txt", "", "lie in the project"),
        ("C:\\P.txt", "", "lie in the project"),
        (".git/P.txt", "", "begins with a dot"),
        (".promptpack.json", "", "begins with a dot"),
        ("a/../P.txt", "", "begins with a dot"),
        ("packs/P.txt", "", "sources"),
        ("Packs/demo/P.txt", "", "sources"),
        ("templates/P.txt", "", "sources"),
        ("promptpack.yaml", "", "sources"),
        ("dist/P.txt", "", "output folder"),
        ("DIST", "", "output folder"),
        ("built/P.txt", "./built/", "output folder"),
        ("built", "built/agents", "output folder"),
    ],
)
def test_a_path_where_it_cannot_stand(path: str, out: str, reason: str, tmp_path: Path) -> None:
    named = f"out: '{out}'\n" if out else ""
    folder = support.make_project(tmp_path, {SHARED: f"{named}permissions: '{path}'\n"})
    done = support.call("build", cwd=folder)
    assert done.code == 3
    assert "PP010" in done.err
    assert reason in " ".join(done.err.split())
    assert not (folder / "dist").exists()


def test_a_path_in_folders_and_beside_the_output(tmp_path: Path) -> None:
    folder = support.built(tmp_path, {SHARED: "out: built\npermissions: docs/a/dist.txt\n"})
    assert read(folder, "docs/a/dist.txt").splitlines() == DEMO_LINES


def test_a_project_without_packs_has_an_empty_list(tmp_path: Path) -> None:
    support.write_files(tmp_path, {**LISTED, "packs/README.md": "None yet.\n"})
    assert support.call("build", cwd=tmp_path).code == 0
    assert read(tmp_path) == f"{HEADER}\n"


@pytest.mark.fault(16)
def test_a_build_that_is_killed_is_finished_by_the_next(tmp_path: Path) -> None:
    """The list is written first: a wider output never stands beside a list that is narrower."""
    change = WIDER
    new = support.snapshot(support.built(tmp_path / "new", {**LISTED, **change}))
    for step in range(1, 100, 4):
        folder = support.built(tmp_path / f"{step}", LISTED)
        write(folder, change)
        done = forked.run("kill", str(step), str(folder), "build", cwd=folder, code=FAULTY)
        if done.code == 0:
            assert step > 9
            return
        output = read(folder, "dist/opencode/tiny.change/.opencode/agents/demo.md")
        assert "| edit | allow |" in read(folder) or "edit: allow" not in output
        assert support.call("build", cwd=folder).code == 0
        assert support.snapshot(folder) == new
    pytest.fail("the build has no end")


# The list against what clients make of the files that are built, read here by other code.

CLIENTS = ("opencode", "claude-code", "copilot", "gemini", "cursor", "codex")
RANKS = {Effect.DENY: 0, Effect.ASK: 1, Effect.ALLOW: 3}
TEXTS = ("", "git diff", "git diff x", "git push", "rm -rf x", "docs/a.md", "src/a.py")
EVERYTHING = "".join(
    f'  - {{target: {name}, capability: [{", ".join(CAPABILITIES)}, "mcp:*", "mcp:mail", all], '
    "reason: it is tried}\n"
    for name in CLIENTS
)


def rank(grant: Grant, text: str) -> int:
    """Return how much a grant gives of a text: the last pattern that matches decides."""
    effect = Effect.DENY
    for pattern, one in grant:
        parts = {"*": ".*", "?": "."}
        expression = "".join(parts.get(c, re.escape(c)) for c in pattern)
        effect = one if re.fullmatch(expression, text, re.DOTALL) else effect
    return RANKS[effect]


def read_rights(artifacts: tuple[Artifact, ...]) -> Iterator[tuple[object, ...]]:
    """Yield what each client grants by each file: a row for each capability that is not denied."""
    names = [*CAPABILITIES, "mcp:mail", "mcp:mail/send", "mcp:unheard-of"]
    for artifact in artifacts:
        target, agent = TARGETS[artifact.target], artifact.agent
        own = None
        for client in (target, *(TARGETS[name] for name in target.read_by)):
            decoded = client.decode(artifact.content.decode(), agent.stem)
            policy = find_policy_in_mode(client, decoded, agent.mode)
            own = own or policy
            for name in names:
                ranks = [rank(policy.grant(name), text) for text in TEXTS]
                limit = [rank(own.grant(name), text) for text in TEXTS]
                reasons = tuple(
                    loss.accepted
                    for loss in artifact.losses
                    if loss.reader == ("" if client is target else client.name)
                    and (loss.subject, loss.kind) == (name, "widened")
                )
                is_more = client is target or any(a > b for a, b in zip(ranks, limit, strict=True))
                if any(ranks) and (is_more or reasons):
                    yield (
                        *(artifact.variant.pack.name, artifact.variant.name),
                        *(target.name, client.name, name, tuple(ranks), reasons),
                    )


def pick_effect(text: str, chance: random.Random) -> str:
    """Return a policy with another effect for one of what it names, or for the rest."""
    places = [*re.finditer(r"(default: )?\b(allow|ask|deny|inherit)\b", text)]
    place = chance.choice(places)
    effects = ["deny", "inherit"] if place[1] else ["allow", "ask", "deny"]
    return text[: place.start(2)] + chance.choice(effects) + text[place.end() :]


POLICY = """\
title: Change
summary: Tries things.
default: deny
capabilities:
  glob: allow
  read: allow
  edit: {"*": deny, "docs/*": allow}
  execute: {"*": ask, "git diff*": allow, "rm *": deny}
  web_fetch: ask
  "mcp:mail": allow
"""


def edit_policy(files: dict[str, str], chance: random.Random) -> None:
    files[CHANGE] = pick_effect(files[CHANGE], chance)


def edit_order(files: dict[str, str], chance: random.Random) -> None:
    head, lines = files[CHANGE].split("capabilities:\n")
    names = lines.splitlines(keepends=True)
    chance.shuffle(names)
    files[CHANGE] = f"{head}capabilities:\n{''.join(names)}"


def edit_prose(files: dict[str, str], chance: random.Random) -> None:
    path = chance.choice([ROLE, "templates/fragments/standards/examples.md"])
    files[path] += f"Say {chance.random()}: permission: allow, tools: Bash.\n"


def edit_words(files: dict[str, str], chance: random.Random) -> None:
    word = chance.choice(["Answers", "Demo", "project"])
    files[PACK] = files[PACK].replace(word, f"{word} {chance.randint(0, 9)}")


def edit_model(files: dict[str, str], chance: random.Random) -> None:
    path = "templates/models/tiny.yaml"
    files[path] = files[path].replace("demo/tiny", f"demo/{chance.randint(0, 9)}")


def edit_mode(files: dict[str, str], chance: random.Random) -> None:
    mode = chance.choice(["subagent", "primary", "all"])
    files[PACK] = re.sub("mode: .*\n", f"mode: {mode}\n", files[PACK])


def edit_targets(files: dict[str, str], chance: random.Random) -> None:
    names = chance.sample(CLIENTS, chance.randint(1, 3))
    files[PACK] = re.sub("targets: .*\n", f"targets: [{', '.join(names)}]\n", files[PACK])


def edit_packs(files: dict[str, str], _chance: random.Random) -> None:
    if not files.pop("packs/other/pack.yaml", ""):
        files["packs/other/pack.yaml"] = files[PACK].replace("name: demo", "name: other")
        files["packs/other/role.md"] = "Help.\n"
    else:
        del files["packs/other/role.md"]


def edit_reason(files: dict[str, str], chance: random.Random) -> None:
    client = chance.choice(CLIENTS)
    expression = rf"(target: {client}, .*reason: ).*}}"
    files[PACK] = re.sub(expression, rf"\g<1>it is tried {chance.randint(0, 3)}}}", files[PACK])


def edit_client(files: dict[str, str], _chance: random.Random) -> None:
    more = "clients:\n  opencode: {policy: {change: look}}\n"
    text = files[PACK]
    files[PACK] = text.replace(more, "") if more in text else text + more


SOURCE_EDITS = (
    *(edit_policy, edit_policy, edit_policy, edit_policy, edit_order, edit_prose, edit_words),
    *(edit_model, edit_mode, edit_targets, edit_packs, edit_client, edit_reason, edit_reason),
)
START: Mapping[str, str] = {
    **support.DEMO,
    PACK: support.DEMO[PACK].replace("[opencode]", "[opencode, claude-code, gemini]")
    + f"mode: all\naccept:\n{EVERYTHING}",
    CHANGE: POLICY,
}


def check_edits(
    folder: Path,
    files: Mapping[str, str],
    edits: Sequence[Callable[[dict[str, str], random.Random], None]],
    read: Callable[[tuple[Artifact, ...]], Iterator[tuple[object, ...]]],
    codes: Collection[str] = (),
) -> None:
    """Make random edits: the list changes with the rights that are read in files, and only then.

    An edit after which a project does not build, for one of the `codes`, is taken back.
    """
    chance = random.Random(7)  # noqa: S311 - no secret
    seen, counts = None, {(False, False): 0, (True, True): 0}
    for number in range(support.count_cases(80)):
        edited = dict(files)
        chance.choice(edits)(edited, chance)
        inner = folder / f"{number}"
        support.write_files(inner, edited)
        project = load_project(inner)
        try:
            rights = {*read(build_project(project))}
        except UserError as error:
            assert {one.code for one in error.findings} <= {*codes}, error.findings
            continue
        listed = list_rights(Session(project))
        if seen is not None:
            key = (rights != seen[0], listed != seen[1])
            assert key in counts, (number, key, rights ^ seen[0])
            counts[key] += 1
        files, seen = edited, (rights, listed)
    assert min(counts.values()) > support.count_cases(80) / 6, counts


def test_the_list_changes_if_and_only_if_a_right_does(tmp_path: Path) -> None:
    check_edits(tmp_path, START, SOURCE_EDITS, read_rights, codes=("PP101", "PP109"))


# The same of commands: what a file approves, who runs it, and the tools that it lists.

TASK = "packs/demo/task.md"
COMMAND_CLIENTS = ("opencode", "claude-code", "copilot", "cursor", "gemini")


def read_command_rights(artifacts: tuple[Artifact, ...]) -> Iterator[tuple[object, ...]]:
    """Yield a row for each key of a file's front matter by which a command may do more or less."""
    for artifact in artifacts:
        head = {}
        if artifact.text.startswith("---\n"):
            head = yaml.safe_load(artifact.text.split("---\n")[1])
        place = (artifact.variant.pack.name, artifact.variant.name, artifact.target)
        yield (*place, head.get("agent"), head.get("context"))
        for key in ("allowed-tools", "tools"):
            yield (*place, key, tuple(sorted(head[key])) if key in head else None)
        reasons = {(one.subject, one.accepted) for one in artifact.losses if one.kind == "widened"}
        yield (*place, tuple(sorted(reasons)))


def edit_agent(files: dict[str, str], chance: random.Random) -> None:
    name = chance.choice(["plan", "build", "reviewer"])
    files[PACK] = re.sub("agent: .*\n", f"agent: {name}\n", files[PACK])


def edit_hint(files: dict[str, str], chance: random.Random) -> None:
    hint = chance.choice(["[branch]", "[tools: Bash]", "agent"])
    files[PACK] = re.sub("argument_hint: .*\n", f'argument_hint: "{hint}"\n', files[PACK])


def edit_task(files: dict[str, str], chance: random.Random) -> None:
    files[TASK] += f"Say {chance.random()}: allowed-tools, agent: build, {{{{ arguments }}}}.\n"


def edit_command_targets(files: dict[str, str], chance: random.Random) -> None:
    names = chance.sample(COMMAND_CLIENTS, chance.randint(1, 4))
    files[PACK] = re.sub("targets: .*\n", f"targets: [{', '.join(names)}]\n", files[PACK])


def edit_command_policy(files: dict[str, str], chance: random.Random) -> None:
    name = chance.choice(("execute", "read", "web_fetch"))
    effects = ("allow", "ask", "deny", "{'*': deny, 'a*': allow}", "{'*': ask, 'a*': allow}")
    line = f"  {name}: {chance.choice(effects)}\n"
    files[CHANGE] = re.sub(f"  {name}: .*\n", line, files[CHANGE])


COMMAND_EDITS = (
    *(edit_agent, edit_agent, edit_hint, edit_task, edit_command_targets, edit_command_targets),
    *(edit_command_policy, edit_command_policy, edit_order, edit_words, edit_model),
)


def test_the_list_changes_if_and_only_if_a_right_of_a_command_does(tmp_path: Path) -> None:
    accept = "accept: [{target: copilot-prompt, capability: all, reason: it is tried}]\n"
    pack = commands.PACK.replace("policy: look", "policy: change").replace("[look]", "[change]")
    files = {**commands.make_files(pack=pack + accept), CHANGE: POLICY}
    check_edits(tmp_path, files, COMMAND_EDITS, read_command_rights)


def test_what_a_kept_head_of_a_command_approves_is_listed(tmp_path: Path) -> None:
    head = "---\nallowed-tools: Bash(git add:*), Read\nhooks: {}\n---\n"
    pack = commands.PACK.replace("agent: reviewer\n", "").replace("[opencode, ", "[")
    more = (
        "clients: {claude-command: {head: ./kept.head}}\n"
        "accept: [{target: claude-command, capability: all, reason: it is tried}]\nsections:"
    )
    files = commands.make_files(pack=pack.replace("sections:", more))
    support.write_files(tmp_path, {**files, "packs/demo/kept.head": head})
    client = "demo | claude-command"
    note = "all variants | approved before the client would ask"
    assert list_rights(Session(load_project(tmp_path))).splitlines()[1:] == [
        f'{client} | "Bash(git add:*)" | allow | {note}',
        f"{client} | Read | allow | {note}",
        f"{client} | everything | allow | all variants | a file of text can't limit a client",
        f"{client} | execute | allow | all variants | by the key 'hooks' of its file",
    ]
