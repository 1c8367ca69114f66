"""The faults that promptpack is held against: faults.yaml in, their names and what each is out."""

from functools import cache
from pathlib import Path

import pytest
import yaml

LIST = Path(__file__).with_name("faults.yaml")


@cache
def read_titles() -> dict[int | str, str]:
    """Return what each fault is, by its number or name."""
    areas = yaml.safe_load(LIST.read_text(encoding="utf-8"))
    return {name: title for area in areas.values() for name, title in area.items()}


def list_names(item: pytest.Item) -> list[int | str]:
    """Return the faults that a test is about."""
    return [name for mark in item.iter_markers("fault") for name in mark.args]


def check_names(item: pytest.Item) -> None:
    """Raise UsageError where a test names a fault that is not in the list."""
    for name in list_names(item):
        if name not in read_titles():
            message = f"{item.nodeid} names the fault {name!r}, which is not in {LIST.name}"
            raise pytest.UsageError(message)
