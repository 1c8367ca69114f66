"""Fixtures for all tests."""

from collections.abc import Iterator
from pathlib import Path

import pytest

import support
from forges import Api, Forge, served


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """Return the demo project in a folder of its own, built."""
    return support.built(tmp_path / "project")


@pytest.fixture
def api() -> Iterator[Api]:
    """Return a hosting service's API that records what it is asked."""
    with served(Api()) as api:
        yield api


@pytest.fixture
def forge(tmp_path: Path) -> Forge:
    """Return a repository with a branch that is to be merged."""
    forge = Forge(tmp_path)
    forge.branch()
    return forge
