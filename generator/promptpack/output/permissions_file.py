"""The file that lists what each agent may do: a session and its folder in, a plan out.

It lies in the project and not in its output folder, so it has a record of its own there.
"""

from functools import partial
from pathlib import Path
from typing import Any

from promptpack.output.folder_plan import Plan, plan_files
from promptpack.output.manifest import LISTED, Manifest, read_manifest
from promptpack.output.ownership import Ownership, Words
from promptpack.output.places import LinkedPathError
from promptpack.output.plan import name_project
from promptpack.output.rights import HEADER, list_rights
from promptpack.output.status import DesiredFile, Status, read_file
from promptpack.session import Session

_ADVICE = "change the sources that it is made of"


def plan_permissions(session: Session, root: Path) -> Plan | None:
    """Return what it takes to have the list of rights that the project file names.

    It is about all packs, whatever else is built. None where no list is named, and none recorded.
    Raises UserError where the record can't be trusted.
    """
    path, project = session.project.permissions, session.project.name
    if not path and read_manifest(root, LISTED) == Manifest(name=LISTED):
        return None
    content = list_rights(session).encode() if path else b""
    desired_files = {path: DesiredFile(content, name_project(project))} if path else {}
    claims = partial(_claims_list, root, path)
    ownership = Ownership(claims, lambda _path, _words: True, project, LISTED, advice=_ADVICE)
    return plan_files(root, desired_files, ownership)


def make_permissions_data(plan: Plan | None) -> dict[str, Any] | None:
    """Return what reports say of the list of rights: its path, and how it was found."""
    status = find_list(plan)
    return {"path": status.path, "state": status.state} if status else None


def find_list(plan: Plan | None) -> Status | None:
    """Return the status of the list that the project file names, or None where it names none."""
    statuses = plan.statuses if plan else ()
    return next((status for status in statuses if status.new is not None), None)


def _claims_list(root: Path, named: str, path: str, _words: Words) -> bool:
    """Tell whether a record can be of a list: it is the one that is named, or begins like one.

    So a forged record has nothing else removed.
    """
    try:
        content = read_file(root, path)
    except LinkedPathError:
        return path == named
    first_line = (content or b"").partition(b"\n")[0].removesuffix(b"\r")
    return path == named or content is None or first_line == HEADER.encode()
