"""Files that are made when somebody reads them: what makes each in, their content by path out."""

from collections.abc import Callable, Iterable, Iterator, Mapping

FileMaker = Callable[[], bytes]
"""Returns the content of a file."""


class LateFiles(Mapping[str, bytes]):
    """Files by path; a content that is given is kept, any other is made each time it is read."""

    def __init__(self, files: Iterable[tuple[str, bytes | FileMaker]]) -> None:
        self._files = dict(files)

    def __getitem__(self, path: str) -> bytes:
        content = self._files[path]
        return content if isinstance(content, bytes) else content()

    def __iter__(self) -> Iterator[str]:
        return iter(self._files)

    def __len__(self) -> int:
        return len(self._files)
