"""Feed one target of `fuzz_targets` for some time, guided by coverage; write down what it finds.

Run as `python tests/fuzz.py TARGET SECONDS FOLDER` where atheris is installed beside promptpack.
Each new way to fail is a file in the folder: the bytes, and the traceback beside them.
"""

import hashlib
import importlib
import sys
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import Any

MEMORY = 3_000
"""The MiB after which a run ends: an input that costs so much is a finding."""
PATIENCE = 30
"""The seconds after which an input counts as hung."""


def find_place(error: BaseException) -> str:
    """Return the kind of an error and where it was raised, which tells it from others."""
    frames = traceback.extract_tb(error.__traceback__)[-3:]
    return " ".join([type(error).__name__, *(f"{frame.name}:{frame.lineno}" for frame in frames)])


def make_recorder(feed: Callable[[bytes], None], folder: Path) -> Callable[[bytes], None]:
    """Return a function that feeds some bytes, and writes down each new way to fail."""
    seen: set[str] = set()

    def record(data: bytes) -> None:
        try:
            feed(data)
        except Exception as error:
            place = find_place(error)
            if place not in seen:
                seen.add(place)
                name = hashlib.sha256(place.encode()).hexdigest()[:12]
                (folder / f"{name}.bin").write_bytes(data)
                (folder / f"{name}.txt").write_text(traceback.format_exc(), encoding="utf-8")

    return record


def main() -> None:
    """Run the target that the command line names."""
    name, seconds, folder = sys.argv[1], sys.argv[2], Path(sys.argv[3])
    atheris: Any = importlib.import_module("atheris")
    with atheris.instrument_imports(include=["promptpack", "yaml"]):
        targets = importlib.import_module("fuzz_targets")
    corpus, words = folder / "corpus", folder / "words.txt"
    corpus.mkdir(parents=True, exist_ok=True)
    for number, seed in enumerate(targets.list_seeds(name)):
        (corpus / f"seed-{number}").write_bytes(seed)
    spelled = (token.encode("utf-8", "surrogatepass")[:64] for token in targets.TOKENS)
    lines = ('"' + "".join(f"\\x{byte:02x}" for byte in word) + '"\n' for word in spelled)
    words.write_text("".join(lines), encoding="ascii")
    limits = (f"-max_total_time={seconds}", f"-timeout={PATIENCE}", f"-rss_limit_mb={MEMORY}")
    flags = (
        f"-dict={words}",
        f"-artifact_prefix={folder}/",
        "-print_final_stats=1",
        "-max_len=8192",
    )
    atheris.Setup(
        [sys.argv[0], *limits, *flags, str(corpus)],
        make_recorder(targets.READERS[name], folder),
    )
    atheris.Fuzz()


if __name__ == "__main__":
    main()
