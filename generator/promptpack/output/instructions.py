"""Files of instructions that agents share, such as AGENTS.md: a plan in, what is wrong with it out.

The whole file is read in every session, whoever wrote which part of it.
"""

import posixpath
from collections.abc import Iterator
from pathlib import Path

from promptpack.model import Finding
from promptpack.output.folder_plan import Plan
from promptpack.output.ownership import SHARED_FILES
from promptpack.output.status import decode_content, locate_file, read_file
from promptpack.output.write import merge_writes
from promptpack.rendering.contradictions import Contradictions
from promptpack.source.contents import read_content
from promptpack.targets import TARGETS
from promptpack.targets.shared_files import find_block_form


def find_contradictions(plan: Plan) -> list[Finding]:
    """Return an error for each shared file whose blocks would tell different permissions.

    Blocks that stay there count, whoever wrote them, as long as they tell any that we know of.
    """
    contradictions = Contradictions()
    for path, keys in _group_blocks(plan).items():
        told = ""
        for key in keys:
            told = plan.desired[key].told
            contradictions.add(path, key.partition("#")[2], told)
        for name, block in _iter_staying(plan, path):
            if told and told not in block.replace("\r\n", "\n"):
                contradictions.add(path, name, f"not {told}")
    return contradictions.list_findings()


def find_oversized(plan: Plan) -> Iterator[Finding]:
    """Yield a warning for each shared file that would be larger than its client reads."""
    files = merge_writes(plan)
    for path, keys in _group_blocks(plan).items():
        limit = TARGETS[plan.desired[keys[0]].about["target"]].soft_limit
        content = read_content(files[path][1]) if path in files else _read(plan, path)
        if limit and limit.unit == "bytes" and len(content) > limit.most:
            size = f"{len(content):,} bytes with all that is in it"
            message = f"{path} has {size}; {limit.reason} {limit.most:,}"
            hint = "what comes last is cut: shorten the file, or install fewer packs for it"
            yield Finding("PP203", "warning", path, 0, 0, message, hint)


def find_shared_file(folder: Path, path: str) -> str:
    """Return the path of the file that a shared file is: another one if it is a link to that.

    Repositories have their instructions in one file, and links to it for other clients. Only the
    usual names in the same folder count: nothing is ever written through a link.
    """
    try:
        pointed = posixpath.normpath((folder / path).readlink().as_posix())
    except OSError:
        return path
    is_usual = pointed in SHARED_FILES and (folder / pointed).is_file()
    return pointed if is_usual and not (folder / pointed).is_symlink() else path


def _group_blocks(plan: Plan) -> dict[str, list[str]]:
    """Return the keys of the blocks that a plan puts into each shared file."""
    groups: dict[str, list[str]] = {}
    for key in plan.desired:
        path, mark, _ = key.partition("#")
        if mark:
            groups.setdefault(path, []).append(key)
    return groups


def _iter_staying(plan: Plan, path: str) -> Iterator[tuple[str, str]]:
    """Yield the name and the text of each block in a file that the plan leaves as it is."""
    handled = {status.path for status in plan.statuses}
    text = decode_content(_read(plan, path))
    form = find_block_form(path)
    for name in form.list_names(text):
        block = form.find(text, name)
        if f"{path}#{name}" not in handled and block is not None:
            yield name, block


def _read(plan: Plan, path: str) -> bytes:
    """Return the bytes of a shared file; none where it is a link, which the plan refuses."""
    linked = {locate_file(status.path) for status in plan.filter_statuses("linked")}
    return b"" if path in linked else read_file(plan.folder, path) or b""
