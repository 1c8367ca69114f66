"""In: whether the pinned clients are installed. Out: a test that runs, skips, or fails in CI."""

import os
from collections.abc import Iterable

import pytest

from clients.sandbox import BINARIES, Unavailable, client


def need_clients(names: Iterable[str] = BINARIES) -> None:
    """Skip the test, saying why, when a client is missing; fail it where CI is set."""
    try:
        for name in names:
            client(name)
    except Unavailable as reason:
        if os.environ.get("CI"):
            pytest.fail(str(reason))
        pytest.skip(str(reason))
