"""Texts that need not be in memory: what reads one in, the text out for whoever asks."""

from collections.abc import Iterator, Mapping
from typing import Protocol


class WaitingText(Protocol):
    """A text that is read when it is asked for."""

    def read(self) -> str:
        """Return the text."""


class TextField:
    """A text of a file, which may wait elsewhere until it is asked for."""

    def __init__(self, default: str | None = None) -> None:
        self._default = default

    def __set_name__(self, _owner: type, name: str) -> None:
        self._name = f"_{name}"

    def __get__(self, source: object, _owner: type | None = None) -> str:
        if source is not None:
            return _read_text(source.__dict__[self._name])
        if self._default is None:
            raise AttributeError(self._name)  # there is no default
        return self._default

    def __set__(self, source: object, text: str | WaitingText) -> None:
        source.__dict__[self._name] = text


class Texts(Mapping[str, str]):
    """Texts by path, some of which may wait elsewhere."""

    def __init__(self, texts: Mapping[str, str | WaitingText]) -> None:
        self._texts = texts

    def __getitem__(self, path: str) -> str:
        return _read_text(self._texts[path])

    def __iter__(self) -> Iterator[str]:
        return iter(self._texts)

    def __len__(self) -> int:
        return len(self._texts)

    def __contains__(self, path: object) -> bool:
        return path in self._texts


def _read_text(text: str | WaitingText) -> str:
    return text if isinstance(text, str) else text.read()
