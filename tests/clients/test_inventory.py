"""In: what the clients have. Out: it is what was reviewed, and each name has a verdict.

A client version with a new tool, permission or key fails here, so that somebody looks at it.
"""

import json
from collections.abc import Callable
from dataclasses import replace
from functools import cache
from pathlib import Path

import pytest

from clients import drift
from clients.gate import need_clients
from clients.inventories import PACKAGES, TAKE, Inventory
from clients.review import (
    FILE,
    MAPPED,
    Reviewed,
    find_mistakes,
    find_surprises,
    list_changes,
    read_reviewed,
)

REVIEWED = read_reviewed()
PINNED = json.loads(Path(__file__).with_name("package.json").read_text(encoding="utf-8"))


@cache
def take(target: str) -> Inventory:
    need_clients()
    return TAKE[target](REVIEWED[target].inventory)


def add_name(reviewed: Reviewed, kind: str, name: str, verdict: str) -> Reviewed:
    verdicts = {**reviewed.verdicts, kind: {**reviewed.verdicts[kind], name: verdict}}
    return replace(reviewed, verdicts=verdicts)


def remove_name(reviewed: Reviewed, kind: str, name: str) -> Reviewed:
    kept = {n: verdict for n, verdict in reviewed.verdicts[kind].items() if n != name}
    return replace(reviewed, verdicts={**reviewed.verdicts, kind: kept})


@pytest.mark.clients
@pytest.mark.parametrize("target", TAKE)
def test_the_pinned_clients_have_what_was_reviewed(target: str) -> None:
    changes = list_changes(REVIEWED[target].inventory, take(target))
    assert {kind: lines for kind, lines in changes.items() if lines} == {}


@pytest.mark.parametrize("target", TAKE)
def test_a_name_that_nobody_reviewed_is_seen(target: str) -> None:
    seen = REVIEWED[target].inventory  # what the client has, by the test above
    for kind, verdicts in REVIEWED[target].verdicts.items():
        ignored = next((name for name in verdicts if verdicts[name] != MAPPED), "")
        if not ignored:
            assert (target, kind) == ("roo", "keys"), "nothing there is ignored"
            continue
        forgotten = remove_name(REVIEWED[target], kind, ignored)
        assert f"+ {ignored}" in list_changes(forgotten.inventory, seen)[kind]
        assert f"{kind}: + {ignored}" in find_surprises(target, forgotten, seen)


@pytest.mark.clients
def test_a_key_of_codex_is_found_that_nobody_reviewed() -> None:
    need_clients()
    keys = REVIEWED["codex"].verdicts["keys"]
    ignored = next(name for name in keys if keys[name] != MAPPED)
    forgotten = remove_name(REVIEWED["codex"], "keys", ignored)
    assert ignored in TAKE["codex"](forgotten.inventory)["keys"]


@pytest.mark.parametrize("target", TAKE)
def test_a_reviewed_name_that_is_gone_is_seen(target: str) -> None:
    seen = REVIEWED[target].inventory
    for kind in REVIEWED[target].verdicts:
        invented = add_name(REVIEWED[target], kind, "Invented", MAPPED)
        assert "- Invented" in list_changes(invented.inventory, seen)[kind]
        assert f"{kind}: - Invented" in find_surprises(target, invented, seen)


@pytest.mark.clients
def test_powershell_is_offered_where_the_environment_asks_for_it() -> None:
    seen = take("claude-code")
    for who in ("a main session", "a spawned agent"):
        more = seen[f"offered to {who} with PowerShell"] - seen[f"offered to {who}"]
        assert more == {"PowerShell"}


def test_the_review_is_about_the_pinned_versions() -> None:
    pinned = {target: PINNED["dependencies"][package] for target, package in PACKAGES.items()}
    assert {target: reviewed.version for target, reviewed in REVIEWED.items()} == pinned


@pytest.mark.parametrize("target", TAKE)
def test_each_verdict_is_what_the_codec_does(target: str) -> None:
    assert list(find_mistakes(target, REVIEWED[target])) == []


SPOILT: dict[str, tuple[str, Callable[[Reviewed], Reviewed]]] = {
    "mapped": (
        "tools: the codec does not map Cartwheel, listed under 'mapped'",
        lambda reviewed: add_name(reviewed, "tools", "Cartwheel", MAPPED),
    ),
    "ignored": (
        "tools: the codec maps Bash, listed under 'harmless'",
        lambda reviewed: add_name(reviewed, "tools", "Bash", "harmless"),
    ),
    "key": (
        "keys: the codec maps tools, listed under 'harmless'",
        lambda reviewed: add_name(reviewed, "keys", "tools", "harmless"),
    ),
    "offered": (
        "offered to a main session: Cartwheel is not among the tools",
        lambda reviewed: replace(
            reviewed, offered={"offered to a main session": frozenset({"Cartwheel"})}
        ),
    ),
}


@pytest.mark.parametrize("fault", SPOILT)
def test_a_wrong_verdict_is_seen(fault: str) -> None:
    message, spoil = SPOILT[fault]
    assert list(find_mistakes("claude-code", spoil(REVIEWED["claude-code"]))) == [message]


def test_a_name_has_one_verdict() -> None:
    text = FILE.read_text(encoding="utf-8").replace("off unless", "lsp off unless", 1)
    assert read_reviewed(text).keys() == REVIEWED.keys()
    with pytest.raises(ValueError, match="lsp has two verdicts"):
        read_reviewed(text.replace("deprecated: maxSteps", "deprecated: lsp lsp"))


def make_newer(reviewed: Reviewed) -> Inventory:
    """Return an inventory with a tool more, another gone, and a key more."""
    old = reviewed.inventory
    return {
        **old,
        "tools": (old["tools"] - {"Poll"}) | {"Cartwheel"},
        "keys": old["keys"] | {"tumbling"},
    }


def make_taker(new: Inventory) -> Callable[[Inventory], Inventory]:
    return lambda _known: new


def test_the_drift_is_a_short_difference() -> None:
    reviewed = REVIEWED["claude-code"]
    lines = list(drift.describe_drift("claude-code", reviewed, make_newer(reviewed), "9.9.9"))
    assert lines[:6] == [
        f"Claude Code {reviewed.version} -> 9.9.9",
        "  tools:",
        "    + Cartwheel",
        "    - Poll",
        "  keys:",
        "    + tumbling",
    ]
    assert lines[6:] == [
        *(f"  {kind}: no change" for kind in reviewed.offered),
        "  not known to the codec: tools: + Cartwheel",
        "  not known to the codec: keys: + tumbling",
    ]


@pytest.mark.parametrize(("is_newer", "code"), [(False, 0), (True, 1)])
def test_a_change_that_no_codec_knows_ends_with_one(
    is_newer: bool, code: int, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    takers = {}
    for target, reviewed in REVIEWED.items():
        new = make_newer(reviewed) if is_newer and target == "claude-code" else reviewed.inventory
        takers[target] = make_taker(new)
    monkeypatch.setattr(drift, "TAKE", takers)
    monkeypatch.setattr(drift, "read_version", lambda _package: "9.9.9")
    assert drift.main() == code
    said = capsys.readouterr().out
    assert said.count(" -> 9.9.9") == len(REVIEWED)
    assert said.count("+ Cartwheel") == 2 * code


def test_a_client_that_cannot_be_asked_hides_no_other(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def fail(_known: Inventory) -> Inventory:
        message = "the schema has moved"
        raise RuntimeError(message)

    takers = {target: make_taker(reviewed.inventory) for target, reviewed in REVIEWED.items()}
    monkeypatch.setattr(drift, "TAKE", {**takers, "opencode": fail})
    monkeypatch.setattr(drift, "read_version", lambda _package: "9.9.9")
    assert drift.main() == 1
    said = capsys.readouterr().out
    assert "could not be asked: RuntimeError: the schema has moved" in said
    assert said.count(" -> 9.9.9") == len(REVIEWED)
