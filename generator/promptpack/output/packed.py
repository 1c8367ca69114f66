"""Records of many files in little memory: a record for each path in, the same as a mapping out.

A build of ten thousand packs has a record for each of its files, several times over. A dictionary
with its words takes a kilobyte, and what tells it from others has a hundred bytes.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping

Record = dict[str, str]
"""The SHA-256 of a file, and the words about it."""

_DIGEST = "sha256"
_WORDS = (
    *(_DIGEST, "project", "target", "pack", "model", "policy", "language", "file", "mode"),
    *("as", "version", "commit"),
)
_LETTERS = {word: chr(ord("a") + place) for place, word in enumerate(_WORDS)}
_NAMES = {letter: word for word, letter in _LETTERS.items()}
_SIZE = 32

Packed = bytes | Record
"""The letters of a record's words and what they say, then the digest; or a record of others."""


class Records(Mapping[str, Record]):  # noqa: PLW1641 - like any mapping
    """Records by path, which can't be changed; each is unpacked when somebody asks for it."""

    _packed: dict[str, Packed]

    def __init__(self, records: Mapping[str, Record] | Iterable[tuple[str, Record]] = ()) -> None:
        if isinstance(records, Records):
            self._packed = records._packed
            return
        items = records.items() if isinstance(records, Mapping) else records
        self._packed = {path: pack_record(record) for path, record in items}

    def __getitem__(self, path: str) -> Record:
        return unpack_record(self._packed[path])

    def __iter__(self) -> Iterator[str]:
        return iter(self._packed)

    def __len__(self) -> int:
        return len(self._packed)

    def __contains__(self, path: object) -> bool:
        return path in self._packed

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Records) or self._packed.keys() != other._packed.keys():
            return Mapping.__eq__(self, other)
        pairs = ((packed, other._packed[path]) for path, packed in self._packed.items())
        return all(own == its or unpack_record(own) == unpack_record(its) for own, its in pairs)

    def __repr__(self) -> str:
        return f"Records({dict(self)!r})"

    def select(self, is_wanted: Callable[[str, Record], bool]) -> "Records":
        """Return the records of which that is true."""
        items = self._packed.items()
        return _make({path: one for path, one in items if is_wanted(path, unpack_record(one))})

    def find_digest(self, path: str) -> str:
        """Return the SHA-256 in the record of a path; "" where it has none."""
        packed = self._packed[path]
        return packed.get(_DIGEST, "") if isinstance(packed, dict) else packed[-_SIZE:].hex()

    def pick(self, paths: Iterable[str]) -> "Records":
        """Return the records of these paths."""
        return _make({path: self._packed[path] for path in paths})

    def sort(self) -> "Records":
        """Return the records in the order of their paths."""
        return _make({path: self._packed[path] for path in sorted(self._packed)})


def merge_records(*parts: Mapping[str, Record]) -> Records:
    """Return the records of all parts; of several for one path, the last."""
    return join_records(parts)


def join_records(parts: Iterable[Mapping[str, Record]]) -> Records:
    """Return the records of all parts as `merge_records` does, one part after the other."""
    merged: dict[str, Packed] = {}
    for part in parts:
        merged |= Records(part)._packed
    return _make(merged)


def pack_record(record: Mapping[str, str]) -> Packed:
    """Return a record in few bytes, or as it is where it is not like any that promptpack writes.

    >>> len(pack_record({"sha256": "0" * 64, "target": "codex", "pack": "a"}))
    43
    >>> pack_record({"a": ""})
    {'a': ''}
    """
    try:
        digest = record[_DIGEST]
        letters = "".join([_LETTERS[word] for word in record])
        packed_digest = bytes.fromhex(digest)
    except (KeyError, ValueError):
        return {**record}
    words = [letters, *(value for word, value in record.items() if word != _DIGEST)]
    text = "\0".join(words)
    if (
        len(packed_digest) != _SIZE
        or packed_digest.hex() != digest
        or text.count("\0") >= len(words)
    ):
        return {**record}
    return text.encode("utf-8", "surrogatepass") + packed_digest


def unpack_record(packed: Packed) -> Record:
    """Return the record that was packed."""
    if isinstance(packed, dict):
        return {**packed}
    letters, *words = packed[:-_SIZE].decode("utf-8", "surrogatepass").split("\0")
    words.insert(letters.index(_LETTERS[_DIGEST]), packed[-_SIZE:].hex())
    return {_NAMES[letter]: word for letter, word in zip(letters, words, strict=True)}


def _make(packed: dict[str, Packed]) -> Records:
    records = Records()
    records._packed = packed
    return records
