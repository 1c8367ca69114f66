"""Fixtures for all tests."""

from pathlib import Path

import pytest

import support


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """Return the demo project in a folder of its own, built."""
    return support.built(tmp_path / "project")
