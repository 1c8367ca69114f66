"""In: whether the pinned clients are installed. Out: a test that runs, skips, or fails in CI."""

import os
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import NoReturn, TypeVar

import pytest

from clients.sandbox import (
    BINARIES,
    Unavailable,
    asks_newest,
    client,
    find_formats,
    find_promptfoo,
)

Where = TypeVar("Where", str, Path)


def need_clients(names: Iterable[str] = BINARIES) -> None:
    """Skip the test, saying why, when a client is missing; fail it where CI is set."""
    try:
        for name in names:
            client(name)
    except Unavailable as reason:
        _give_up(reason)


def need_promptfoo() -> str:
    """Return where promptfoo lies; without it, the same. `install newest` does not have it."""
    return _need(find_promptfoo)


def need_formats() -> Path:
    """Return where the engines of prompt formats lie; without them, the same."""
    return _need(find_formats)


def _need(find: Callable[[], Where]) -> Where:
    try:
        return find()
    except Unavailable as reason:
        if asks_newest():
            pytest.skip(str(reason))
        _give_up(reason)


def _give_up(reason: Unavailable) -> NoReturn:
    if os.environ.get("CI"):
        pytest.fail(str(reason))
    pytest.skip(str(reason))
