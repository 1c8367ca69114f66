"""What a run keeps of each pack for the next one: artifacts in, digests and lists of sources out.

A run that sees a few sources changed can leave out all other packs only if these would give what
they gave, and if what is said of all packs together stays as it was. So a pack has one digest of
everything that such a report or check can depend on besides the text of its files, and the list of
the sources outside its own folder that decide about these.
"""

import hashlib
import json
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeVar

from promptpack.build import tell_permissions
from promptpack.model import Artifact, Pack, Policy, is_in_project
from promptpack.output.folder_plan import Plan
from promptpack.output.packed import Record, Records
from promptpack.output.plan import make_key
from promptpack.output.record import hash_bytes
from promptpack.output.used_sources import make_source_finder
from promptpack.policy.lattice import list_caveats
from promptpack.rendering.permissions import make_policy_key
from promptpack.session import Session
from promptpack.source.disk import find_real_path
from promptpack.targets import TARGETS
from promptpack.targets.built import list_built_targets

_Value = TypeVar("_Value")


@dataclass
class KeptPacks:
    """What is kept of packs by name, and of the output folder that holds their files.

    `facts` are digests. `reads` are the paths of sources in no folder of the pack. `records` are
    digests of what the manifest says of the pack's files, and `files` is how many files there are.
    `manifest` is the digest of the manifest as promptpack writes it. `installed` are the packs that
    were looked at in installations; None where the run said nothing of these.
    """

    folder: str = ""
    files: int = 0
    facts: dict[str, str] = field(default_factory=dict)
    reads: dict[str, frozenset[str]] = field(default_factory=dict)
    records: dict[str, str] = field(default_factory=dict)
    manifest: str = ""
    installed: frozenset[str] | None = None


def describe_packs(session: Session, artifacts: Sequence[Artifact], rights: str = "") -> KeptPacks:
    """Return what is to be kept of all packs of a project, which have these artifacts.

    `rights` is the list of permissions, if the project has one. Raises UserError where it can't be
    told what a pack is made of.
    """
    find_sources, described = make_source_finder(session), _FactDigests(rights)
    files: set[str] = set()
    reads = dict.fromkeys(session.project.packs, frozenset[str]())
    sets: dict[frozenset[str], frozenset[str]] = {}  # packs that read the same share it
    for pack in session.project.packs.values():
        described.add(pack.name, _describe_names(session, pack))
    for artifact in artifacts:
        name = artifact.variant.pack.name
        used = find_sources(artifact)
        paths = {*used.frame, *used.sources}
        library = sorted(path for path in paths if not is_in_project(path))
        described.add(name, (*_describe_artifact(session, artifact), *library))
        described.add_shared(name, artifact.losses, repr)
        described.add_shared(name, artifact.agent.policy, _describe_policy)
        paths |= session.closures.list_paths(artifact.variant, artifact.target)
        others = {path for path in paths if _is_other(path, name)} | reads[name]
        reads[name] = sets.setdefault(frozenset(others), frozenset(others))
        files |= {artifact.path, *map(artifact.locate, artifact.files)}
    facts = {name: described.get(name) for name in session.project.packs}
    return KeptPacks(files=len(files), facts=facts, reads=reads)


class _FactDigests:
    """The digests of facts about packs, as the facts come by."""

    def __init__(self, rights: str) -> None:
        self._digests: dict[str, hashlib._Hash] = defaultdict(hashlib.sha256)
        self._shared: dict[int, str] = {}
        for line in rights.splitlines()[1:]:
            self.add(line.partition(" | ")[0], (line,))

    def add(self, pack: str, words: Iterable[str]) -> None:
        """Take note of some facts about a pack."""
        self._digests[pack].update(repr([*words]).encode("utf-8", "surrogatepass"))

    def add_shared(self, pack: str, value: _Value, describe: Callable[[_Value], str]) -> None:
        """Take note of what artifacts share, and keep alive: it is described once."""
        if id(value) not in self._shared:
            self._shared[id(value)] = _hash_words((describe(value),))
        self.add(pack, (self._shared[id(value)],))

    def get(self, pack: str) -> str:
        """Return the digest of all facts about a pack."""
        return self._digests[pack].hexdigest()


def describe_kept(kept: KeptPacks, plan: Plan) -> str:
    """Return as one text what is kept, once all files are in the folder of a plan.

    The plan is one that `settle_plan` returned. The digests of records that are there already are
    not made again.
    """
    known, others = kept.records, Records(plan.manifest.files)
    if known:
        others = others.select(lambda _, record: record.get("pack", "") not in known)
    table = {path: number for number, path in enumerate(sorted(set().union(*kept.reads.values())))}
    reads = {name: sorted(table[path] for path in paths) for name, paths in kept.reads.items()}
    data = {
        "folder": str(find_real_path(plan.folder)),
        "files": kept.files,
        "facts": kept.facts,
        "paths": [*table],
        "reads": reads,
        "records": known | hash_records(others),
        "manifest": plan.outcome.digest if plan.outcome else "",
        "installed": None if kept.installed is None else sorted(kept.installed),
    }
    return json.dumps(data)


def parse_kept(text: str) -> KeptPacks:
    """Return what was kept in a text; raises ValueError, TypeError or LookupError for another."""
    data: Any = json.loads(text)
    paths = data["paths"]
    reads = {name: frozenset(paths[n] for n in numbers) for name, numbers in data["reads"].items()}
    installed = None if data["installed"] is None else frozenset(data["installed"])
    others = data["records"], data["manifest"], installed
    kept = KeptPacks(data["folder"], data["files"], data["facts"], reads, *others)
    words = [
        kept.folder,
        kept.manifest,
        *(installed or ()),
        *paths,
        *kept.facts.values(),
        *kept.records.values(),
    ]
    is_typed = isinstance(kept.files, int) and all(isinstance(word, str) for word in words)
    if not is_typed or kept.facts.keys() != reads.keys():
        raise ValueError(text)
    return kept


def hash_records(files: Mapping[str, Record]) -> dict[str, str]:
    """Return a digest of what a manifest says of the files of each pack, by its name."""
    digests: dict[str, hashlib._Hash] = defaultdict(hashlib.sha256)
    for path in sorted(files):
        record = files[path]
        line = f"{path!r}: {sorted(record.items())!r}\n"
        digests[record.get("pack", "")].update(line.encode("utf-8", "surrogatepass"))
    return {pack: digest.hexdigest() for pack, digest in digests.items()}


def _describe_names(session: Session, pack: Pack) -> list[str]:
    """Return what decides whether a pack has a file of another one, or can be installed."""
    files = sorted((target, settings.file) for target, settings in pack.clients.items())
    names = tuple(map(str, pack.list_variants()))
    variants = pack.models, pack.policies, pack.languages, names, pack.default
    return [repr((pack.path, list_built_targets(session.project, pack), variants, files))]


def _describe_artifact(session: Session, artifact: Artifact) -> list[str]:
    """Return what reports and checks of all files together know of one, losses and policy aside."""
    variant, target, agent = artifact.variant, TARGETS[artifact.target], artifact.agent
    expected = [
        index
        for index, one in enumerate(variant.pack.expect)
        if one.covers(variant.model.name, variant.policy.name, variant.language, target.name)
    ]
    files = [(file.path, file.is_executable) for file in artifact.files]
    told = tell_permissions(session, artifact) if target.is_common else ""
    names = make_key(artifact.path, artifact), target.name, variant.name, agent.stem
    return [repr((names, expected, files)), told]


def _describe_policy(policy: Policy) -> str:
    """Return what notes and reports can say of a policy."""
    return repr((list_caveats(policy), make_policy_key(policy)))


def _is_other(path: str, pack: str) -> bool:
    """Tell whether a source is in the project, and not in the folder of a pack."""
    return is_in_project(path) and not path.startswith(f"packs/{pack}/")


def _hash_words(words: Iterable[str]) -> str:
    return hash_bytes(repr([*words]).encode("utf-8", "surrogatepass"))
