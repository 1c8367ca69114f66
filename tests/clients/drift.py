"""In: the newest clients, as `install newest` puts them in place. Out: what they changed, printed.

Run by `make clients NEWEST=1`. Ends with 1 if a client has a change that its codec does not know.
"""

import sys
from collections.abc import Iterator

from clients.inventories import PACKAGES, TAKE, Inventory
from clients.review import Reviewed, find_surprises, list_changes, read_reviewed
from clients.sandbox import read_version
from promptpack.targets import TARGETS


def describe_drift(target: str, reviewed: Reviewed, new: Inventory, version: str) -> Iterator[str]:
    """Yield the lines about one client: its versions, and a short difference for each kind."""
    yield f"{TARGETS[target].title} {reviewed.version} -> {version}"
    for kind, lines in list_changes(reviewed.inventory, new).items():
        yield f"  {kind}: {'' if lines else 'no change'}".rstrip()
        yield from (f"    {line}" for line in lines)
    for surprise in find_surprises(target, reviewed, new):
        yield f"  not known to the codec: {surprise}"


def print_drift(target: str, reviewed: Reviewed) -> bool:
    """Print what a client changed and tell whether its codec knows all of it."""
    version = read_version(PACKAGES[target])
    try:  # whatever a newer client breaks, the others are told
        new = TAKE[target](reviewed.inventory)
    except Exception as error:
        title = TARGETS[target].title
        sys.stdout.write(f"{title} {reviewed.version} -> {version}\n  could not be asked: ")
        sys.stdout.write(f"{type(error).__name__}: {error}\n")
        return False
    sys.stdout.writelines(f"{line}\n" for line in describe_drift(target, reviewed, new, version))
    return not find_surprises(target, reviewed, new)


def main() -> int:
    """Print the drift of each client and return the exit code."""
    known = [print_drift(target, reviewed) for target, reviewed in read_reviewed().items()]
    if all(known):
        return 0
    sys.stdout.write(
        "\nMap each new name in generator/promptpack/targets/, or say in"
        " tests/clients/inventory.yaml why not.\n"
    )
    return 1


if __name__ == "__main__":
    sys.exit(main())
