"""The last line against what takes all of a runner: limits that the operating system holds.

promptpack refuses what is too large by itself, and says what it was. A limit here only ends it, and
a run that was ended fails the job.
"""

import resource
from collections.abc import Iterator

CPU_SECONDS = 600
MEMORY_BYTES = 4 << 30
FILE_BYTES = 1 << 30

_LIMITS = (
    (resource.RLIMIT_CPU, CPU_SECONDS),
    (resource.RLIMIT_AS, MEMORY_BYTES),
    (resource.RLIMIT_FSIZE, FILE_BYTES),
)


def limit_processes() -> None:
    """Limit this process, and each that it starts; a system may not know all of the limits."""
    for kind, limit in _list_possible():
        try:
            resource.setrlimit(kind, (limit, limit))
        except (OSError, ValueError):  # macOS refuses some that it lists
            continue


def _list_possible() -> Iterator[tuple[int, int]]:
    """Yield our limits, or what is left of them where the runner allows even less."""
    for kind, limit in _LIMITS:
        _, hard = resource.getrlimit(kind)
        yield kind, limit if hard == resource.RLIM_INFINITY else min(limit, hard)
