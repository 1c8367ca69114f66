"""Whether all is as a plan wants it: a plan in, the plan of a folder in which nothing is to do out.

After a build each output is read again, so that a record says only what was found. Where nothing
but the files of the plan is in its folder, they and the bytes of the manifest are all that a plan
can depend on. In all other cases the folder is planned anew.
"""

import os
import stat
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import replace

from promptpack.output.folder_plan import Outcome, Plan, has_work, plan_again
from promptpack.output.manifest import hash_content, hash_manifest, parse_manifest
from promptpack.output.packed import Records
from promptpack.output.places import Places, open_place
from promptpack.output.record import UnrecordedError, hash_bytes
from promptpack.output.status import Statuses, decode_content, encode_text, locate_file, read_file
from promptpack.source.disk import find_real_path
from promptpack.targets.blocks import find_block


def settle_plan(plan: Plan, found: Mapping[str, str] | None = None) -> Plan:
    """Return the plan for what should be there, once it is; raises UnrecordedError if it is not.

    `found` are the paths of all files in its folder, each with what `describe_entry` says of it;
    None where that is not known. The plan has an outcome: the manifest that is there.
    """
    outcome = plan.outcome or _find_outcome(plan)
    if found is None or outcome is None or not _is_alone(plan, outcome, found):
        return _plan_anew(plan)
    files = Records(outcome.manifest.files)
    with Places(plan.folder) as places:
        if _hash_place(places, plan.manifest.name) != outcome.digest:
            return _plan_anew(plan)
        for path in sorted(plan.desired):
            is_right = _hash_place(places, path) == files.find_digest(path)
            if not is_right or not _has_mode(found[path], plan.desired[path].is_executable):
                raise UnrecordedError
    statuses = Statuses.make_settled(plan.desired)
    return replace(plan, manifest=outcome.manifest, statuses=statuses, outcome=outcome)


def _find_outcome(plan: Plan) -> Outcome | None:
    """Return the outcome of a plan with nothing to do; None where there was something."""
    is_done = not has_work(plan)
    return Outcome(plan.manifest, hash_manifest(plan.manifest)) if is_done else None


def _is_alone(plan: Plan, outcome: Outcome, found: Mapping[str, str]) -> bool:
    """Tell whether there is nothing but the files of a plan, in its folder and in the manifest."""
    manifest, paths = outcome.manifest, plan.desired.keys()
    is_whole = not (manifest.pending or manifest.problem or manifest.rest)
    is_alone = manifest.files.keys() == paths and found.keys() == paths | {manifest.name}
    return is_whole and is_alone


def _hash_place(places: Places, path: str) -> str:
    """Return the SHA-256 of a regular file, "" of anything else; raises OSError for a link."""
    with open_place(places, path) as place:
        content = place.read()
    return "" if content is None else hash_bytes(content)


def _has_mode(state: str, is_executable: bool | None) -> bool:
    """Tell whether a file that was described so can be run as wanted; None is nobody's wish."""
    mode = int(state.partition(" ")[0])
    return is_executable is None or bool(mode & stat.S_IXUSR) == is_executable


def _plan_anew(plan: Plan) -> Plan:
    again = plan_again(plan)
    is_settled = not has_work(again) and not again.statuses.list_differing()
    if not is_settled or (again.manifest != plan.manifest and not has_work(plan)):
        raise UnrecordedError
    outcome = Outcome(again.manifest, hash_manifest(again.manifest))
    return replace(plan if again == plan else again, outcome=outcome)  # one of two can go


def hash_contents(plan: Plan) -> dict[str, str]:
    """Return the digests of the bytes that a plan found right, by their paths.

    It is one that `settle_plan` returned, so the records are those of what is there.
    """
    folder, files = find_real_path(plan.folder), Records(plan.manifest.files)
    paths = (path for path in plan.desired if "#" not in path)
    contents = {os.path.join(folder, path): files.find_digest(path) for path in paths}  # noqa: PTH118 - thousands of them
    contents |= _hash_shared(plan)
    name = plan.manifest.name
    with suppress(FileNotFoundError):
        content = (folder / name).read_bytes()
        digest = hash_bytes(content)
        is_as_written = plan.outcome is not None and digest == plan.outcome.digest
        if is_as_written or parse_manifest(content, name) == plan.manifest:
            contents[str(folder / name)] = digest
    return contents


def _hash_shared(plan: Plan) -> dict[str, str]:
    """Return the digests of the files that packs share, where each block is as recorded."""
    digests: dict[str, str] = {}
    folder, files = find_real_path(plan.folder), plan.manifest.files
    for path in {locate_file(key) for key in plan.desired if "#" in key}:
        content = read_file(folder, path) or b""
        text = decode_content(content)
        keys = [key for key in files if key.startswith(f"{path}#")]
        blocks = [find_block(text, key.partition("#")[2]) for key in keys]
        found = [hash_content(encode_text(block)) for block in blocks if block is not None]
        if found == [files[key].get("sha256") for key in keys]:
            digests[str(folder / path)] = hash_bytes(content)
    return digests
