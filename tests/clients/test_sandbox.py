"""In: commands and requests made here. Out: the sandbox and the recorder keep what they promise."""

import json
import os
import time
import urllib.error
import urllib.request
from pathlib import Path

import pytest

from clients import sandbox as sandboxes
from clients.recorder import Recorder
from clients.replies import Call, Json
from clients.sandbox import Unavailable, client, sandbox
from support import PATIENCE


@pytest.fixture(autouse=True)
def installed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let an empty file stand for each client."""
    monkeypatch.setenv("PROMPTPACK_CLIENTS", str(tmp_path))
    for place in sandboxes.BINARIES.values():
        path = tmp_path / "node_modules" / place
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
    (tmp_path / "installed").write_text(sandboxes.pinned())


def test_unavailable_until_the_pinned_ones_are_installed(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    assert Path(client("node")).is_file()
    (tmp_path / "installed").write_text("an older package.json")
    with pytest.raises(Unavailable, match="run tests/clients/install"):
        client("node")
    monkeypatch.setenv("PROMPTPACK_CLIENTS", str(tmp_path / "nowhere"))
    with pytest.raises(Unavailable):
        client("node")


def test_the_newest_clients_are_in_a_folder_of_their_own(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("PROMPTPACK_NEWEST_CLIENTS", "1")
    newest = tmp_path.with_name(f"{tmp_path.name}-newest")
    assert sandboxes.cache() == newest
    with pytest.raises(Unavailable, match="run tests/clients/install newest"):
        client("node")
    path = newest / "node_modules" / sandboxes.BINARIES["node"]
    path.parent.mkdir(parents=True)
    path.touch()
    for name in ("package.json", "package-lock.json"):
        (newest / name).write_text("{}")
    (newest / "installed").write_text(sandboxes.pinned())
    assert client("node") == str(path)
    (newest / "package-lock.json").write_text("{ }")
    with pytest.raises(Unavailable):
        client("node")


def test_environment_is_empty_but_for_the_sandbox(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SECRET", "x")
    monkeypatch.setenv("HTTPS_PROXY", "http://127.0.0.1:9")
    with sandbox({"a/b.md": b"hi"}) as box:
        ran = box.run(["/bin/sh", "-c", "env; cat a/b.md; echo no >&2; exit 3"])
        names = {line.partition("=")[0] for line in ran.stdout.splitlines()}
        assert f"HOME={box.home}" in ran.stdout.splitlines()
    assert not names & {"SECRET", "HTTPS_PROXY"}
    assert (ran.stdout[-2:], ran.stderr, ran.code) == ("hi", "no\n", 3)
    assert not box.root.exists()


def test_a_slow_command_is_killed_with_its_children() -> None:
    with sandbox({}) as box:
        for seconds in (0.3, 3, 30):  # where a shell starts slowly it gets more
            ran = box.run(["/bin/sh", "-c", "sleep 86400 & echo $!; wait"], seconds=seconds)
            if ran.stdout:
                break
        assert ran.code is None
        child = int(ran.stdout)
        end = time.monotonic() + PATIENCE
        while alive(child) and time.monotonic() < end:
            time.sleep(0.02)
        assert not alive(child)


def alive(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    state = Path(f"/proc/{process}/stat")  # a killed orphan stays a zombie until it is reaped
    return not state.is_file() or state.read_text().rpartition(")")[2].split()[0] != "Z"


def test_files_stay_in_their_folder() -> None:
    with pytest.raises(ValueError, match="leaves the project folder"), sandbox({"../x": b""}):
        pass


def post(url: str, body: Json) -> str:
    content = json.dumps(body).encode()
    request = urllib.request.Request(url, content)  # noqa: S310 - loopback
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    with opener.open(request, timeout=PATIENCE) as answer:
        return str(answer.read().decode())


@pytest.mark.parametrize("path", ["/v1/messages", "/v1/chat/completions", "/v1/responses"])
@pytest.mark.parametrize("stream", [False, True])
def test_recorder_answers_and_records(path: str, *, stream: bool) -> None:
    def answer(body: Json) -> Call | None:
        return Call("probe", {"x": 1}) if body["ask"] == "tool" else None

    with Recorder(answer) as recorder:
        said = post(f"{recorder.url}{path}?beta=true", {"ask": "text", "stream": stream})
        called = post(recorder.url + path, {"ask": "tool", "stream": stream})
    assert [(r.path, r.body["ask"]) for r in recorder.requests] == [(path, "text"), (path, "tool")]
    assert ('"ok"' in said, "probe" in said) == (True, False)
    assert ('"ok"' in called, "probe" in called) == (False, True)
    assert said.startswith(("data: ", "event: ") if stream else "{")


def test_recorder_stops_by_itself() -> None:
    with Recorder(seconds=0.1) as recorder:
        assert recorder.stopped.wait(PATIENCE)
    assert recorder.requests == []


def test_recorder_refuses_other_paths() -> None:
    with Recorder() as recorder:
        with pytest.raises(urllib.error.HTTPError) as refusal:
            post(recorder.url + "/v1/other", {})
        refusal.value.close()
    assert recorder.requests == []
