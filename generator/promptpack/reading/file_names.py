"""The names of clients' files: packs in, findings out where two of them are one file."""

from collections.abc import Iterator
from itertools import product

from promptpack.model import Finding, Pack, Project
from promptpack.model.fields import find_client_settings
from promptpack.source.frontmatter import read_document
from promptpack.source.text import make_finding
from promptpack.targets import TARGETS, Target
from promptpack.targets.built import list_built_targets


def find_shared_files(project: Project) -> Iterator[Finding]:
    """Yield an error for each pack that names a client's file which is that of another pack.

    Only files of one variant's name lie in one folder. Names that differ in small and capital
    letters only are one file on many systems.
    """
    packs = project.packs.values()
    has_names = any(one.file for pack in packs for one in pack.clients.values())
    for target in TARGETS.values() if has_names else ():
        owners: dict[tuple[str, str, str], str] = {}
        for pack in sorted(packs, key=lambda pack: get_client_file(pack, target)):
            others = [
                owners.setdefault(key, pack.name) for key in _iter_keys(project, pack, target)
            ]
            other = next((name for name in others if name != pack.name), "")
            if other and (stem := get_client_file(pack, target)):
                text = project.sources[pack.path]
                span = read_document(text, pack.path).at(("clients", target.name, "file"))
                message = f"'{target.make_path(stem)}' is the file of the pack '{other}' too"
                yield make_finding("PP013", pack.path, span, message, "name another file", text)


def _iter_keys(project: Project, pack: Pack, target: Target) -> Iterator[tuple[str, str, str]]:
    """Yield what tells the files of a pack for a target from others: path, model and policy."""
    if target.block or target.name not in list_built_targets(project, pack):
        return
    path = target.make_path(get_client_file(pack, target) or pack.name).casefold()
    for model, policy in product(pack.models, pack.policies):
        yield path, model, policy


def get_client_file(pack: Pack, target: Target) -> str:
    """Return what a pack calls its file for a target, or nothing where that is the pack's name."""
    return find_client_settings(pack, target.name).file
