"""The files of a build until they are written: each with its key in, the same as a mapping out.

Of a file whose content waits on disk, only what finds it again and what its record says is kept,
packed into a hundred bytes.
"""

from collections.abc import Iterator, Mapping
from struct import Struct

from promptpack.output.packed import pack_record, unpack_record
from promptpack.output.status import DesiredFile
from promptpack.source.contents import ContentStore, StoredContent

_PLACE = Struct("<QI")


class GatheredFiles(Mapping[str, DesiredFile]):
    """What a folder should hold by key, as it comes by; each is unpacked when it is asked for."""

    def __init__(self) -> None:
        self._store = ContentStore()
        self._files: dict[str, bytes | DesiredFile] = {}

    def add(self, key: str, file: DesiredFile) -> None:
        """Take a file in place of one with the same key; its content goes to the store."""
        content = file.content
        content = self._store.add(content) if isinstance(content, bytes) else content
        self._files[key] = self._pack(file._replace(content=content))

    def __getitem__(self, key: str) -> DesiredFile:
        file = self._files[key]
        if isinstance(file, DesiredFile):
            return file
        about = unpack_record(file[_PLACE.size :])
        start, size = _PLACE.unpack_from(file)
        return DesiredFile(StoredContent(self._store, start, size, about.pop("sha256")), about)

    def __iter__(self) -> Iterator[str]:
        return iter(self._files)

    def __len__(self) -> int:
        return len(self._files)

    def __contains__(self, key: object) -> bool:
        return key in self._files

    def _pack(self, file: DesiredFile) -> bytes | DesiredFile:
        """Return a file in few bytes if it is in the store, and nothing else is to be known."""
        content, about, told, is_executable = file
        if isinstance(content, bytes) or told or is_executable is not None or "sha256" in about:
            return file
        packed = pack_record({"sha256": content.sha256, **about})
        place = _PLACE.pack(content.start, content.size)
        return place + packed if isinstance(packed, bytes) else file
