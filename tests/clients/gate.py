"""In: whether the pinned clients are installed. Out: a test that runs, skips, or fails in CI."""

import os
from collections.abc import Iterable
from typing import NoReturn

import pytest

from clients.sandbox import BINARIES, Unavailable, asks_newest, client, find_promptfoo


def need_clients(names: Iterable[str] = BINARIES) -> None:
    """Skip the test, saying why, when a client is missing; fail it where CI is set."""
    try:
        for name in names:
            client(name)
    except Unavailable as reason:
        _give_up(reason)


def need_promptfoo() -> str:
    """Return where promptfoo lies; without it, the same. `install newest` does not have it."""
    try:
        return find_promptfoo()
    except Unavailable as reason:
        if asks_newest():
            pytest.skip(str(reason))
        _give_up(reason)


def _give_up(reason: Unavailable) -> NoReturn:
    if os.environ.get("CI"):
        pytest.fail(str(reason))
    pytest.skip(str(reason))
