"""Commands in processes of their own that need not start Python and load promptpack each time.

A server loads promptpack once and forks a process for each command. That process is as real as one
that `support.run` starts: it can be killed, it has streams, a folder and an environment of its own,
and it ends as Python ends. Tests that start many are several times as fast with it. What is about
the start itself (which modules are loaded, which encoding is found) needs `support.run`.
"""

import atexit
import contextlib
import importlib
import json
import os
import runpy
import signal
import socket
import subprocess
import sys
import tempfile
import types
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any

import support

FIXED = ("PYTHON", "LANG", "LC_")
"""How the variables begin that Python reads when it starts: the server's can't be changed."""
LOADED = ("build", "check", "install", "show")
"""The commands that are loaded before; a process loads what it needs beside them."""
_SIZE = 1 << 20


def run(
    *arguments: str | Path, cwd: Path, env: Mapping[str, str] | None = None, code: str = ""
) -> support.Result:
    """Run the command line in a forked process; `code` is Python to run instead of the module."""
    assert not any(name.startswith(FIXED) for name in env or {}), "Python reads it when it starts"
    words = [str(argument) for argument in arguments]
    request = {"words": words, "cwd": str(cwd), "env": dict(support.environment(env)), "code": code}
    with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err:
        status = _ask(json.dumps(request).encode(), [out.fileno(), err.fileno()])
        out.seek(0)
        err.seek(0)
        return support.Result(status, out.read().decode(), err.read().decode())


def _ask(request: bytes, streams: Sequence[int]) -> int:
    """Have the server run a command; return how it ended, as `subprocess` would say it."""
    channel = _start_server()
    socket.send_fds(channel, [request], streams)
    process = int(channel.recv(_SIZE))
    try:
        return int(channel.recv(_SIZE))
    except TimeoutError:
        os.kill(process, signal.SIGKILL)
        channel.recv(_SIZE)
        raise


@cache
def _start_server() -> socket.socket:
    """Start the server of this process; it ends when the socket is closed."""
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    ours.settimeout(support.PATIENCE)
    path = os.pathsep.join(part for part in sys.path if part)
    server = subprocess.Popen(
        [sys.executable, __file__, str(theirs.fileno())],
        env=support.environment({"PYTHONPATH": path}),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        pass_fds=[theirs.fileno()],
    )
    theirs.close()
    atexit.register(_stop_server, server, ours)
    return ours


def _stop_server(server: "subprocess.Popen[bytes]", channel: socket.socket) -> None:
    channel.close()
    server.wait(timeout=support.PATIENCE)


def _serve(channel: socket.socket) -> tuple[Any, list[int]]:
    """Fork a process for each request; return in that process, with the request and its streams."""
    while True:
        data, streams, _, _ = socket.recv_fds(channel, _SIZE, 2)
        if not data:
            channel.close()
            sys.exit()
        process = os.fork()
        if not process:
            channel.close()
            return json.loads(data), list(streams)
        for stream in streams:
            os.close(stream)
        with contextlib.suppress(BrokenPipeError):
            channel.send(str(process).encode())
            status = os.waitstatus_to_exitcode(os.waitpid(process, 0)[1])
            channel.send(str(status).encode())


def _become(request: Any, streams: Sequence[int]) -> None:
    """Have the streams, the folder, the environment and the arguments of a command."""
    for stream, number in zip(streams, (1, 2), strict=True):
        os.dup2(stream, number)
        os.close(stream)
    os.chdir(request["cwd"])
    kept = {name: value for name, value in os.environ.items() if name.startswith("LC_")}
    os.environ.clear()
    os.environ.update({**kept, **request["env"]})
    sys.path[0] = "" if request["code"] else request["cwd"]
    sys.argv = ["-c", *request["words"]]


def _main(number: int) -> None:
    for name in LOADED:
        importlib.import_module(f"promptpack.cli.{name}")
    request, streams = _serve(socket.socket(fileno=number))
    _become(request, streams)
    if not request["code"]:
        runpy.run_module("promptpack", run_name="__main__", alter_sys=True)
        return
    main = sys.modules["__main__"] = types.ModuleType("__main__")
    exec(compile(request["code"], "<string>", "exec"), main.__dict__)  # noqa: S102 - of a test


if __name__ == "__main__":
    _main(int(sys.argv[1]))
