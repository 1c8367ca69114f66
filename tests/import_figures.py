"""What an import of a repository comes to, in one line; nothing is written there.

    .venv/bin/python tests/import_figures.py [FOLDER [TARGET]]

Without FOLDER it is a repository that is made up for tests, with differences that are known; the
README has its line. FOLDER is any folder with agent files; with a TARGET, every file of its kind
is one of that client. Each file is built from its pack in memory and compared with its bytes.
"""

import sys
from pathlib import Path
from tempfile import TemporaryDirectory

from promptpack.api import build_project
from promptpack.importing.agent_file import AgentFile
from promptpack.importing.audit import audit_paths
from promptpack.importing.copies import measure_shared_lines
from promptpack.importing.importer import ImportForm, plan_import
from promptpack.reading.project import load_project_or_none, replace_sources
from promptpack.reporting.plurals import pluralize
from support import write_files
from twins import make_twin


def describe_import(folder: Path, target: str = "") -> str:
    """Return how many files became how many packs, how alike copies are, and how many disagree."""
    audit = audit_paths([folder], target)
    with TemporaryDirectory() as empty:
        project = load_project_or_none(Path(empty))
        plan = plan_import(audit, project, ImportForm(join=True))
        built = build_project(replace_sources(project, plan.contents)) if plan.packs else ()
    outputs = {artifact.path: artifact.content for artifact in built}
    kept = {file.source: outputs[file.artifact] for pack in plan.packs for file in pack.files}
    texts = {file.path: file.text.encode() for file in audit.files}
    assert all(texts[path] == content for path, content in kept.items())
    folders = {_find_folder(file) for file in audit.files if file.path in kept}
    may_differ = {d.pack for d in plan.divergences if d.kind == "permission" and d.power}
    counts = pluralize(len(kept), "file"), pluralize(len(folders), "folder")
    packs = pluralize(len(plan.packs), "pack")
    line = f"{' in '.join(counts)} → {packs}, each file rebuilt to the byte"
    share = measure_shared_lines(audit.copies)
    if share is not None:
        agents = pluralize(len(may_differ), "agent")
        line += (
            f"; {share:.0%} of the lines of copies are the same in every copy; {agents} may edit "
            "or run commands in one client and not in another"
        )
    return line + (f" ({len(plan.refused)} refused)" if plan.refused else "")


def describe_twin() -> str:
    """Return the line of the repository that is made up for tests."""
    with TemporaryDirectory() as folder:
        write_files(Path(folder), make_twin().files)
        return describe_import(Path(folder))


def _find_folder(file: AgentFile) -> str:
    """Return the folder in which a client looks for a file, without those of its name."""
    depth = len(file.found.root.split("/")) if file.found.root else 0
    parts = file.found.path.split("/")
    return "/".join(parts[: depth + 2] if len(parts) > depth + 2 else parts[:-1])


if __name__ == "__main__":
    line = describe_import(Path(sys.argv[1]), *sys.argv[2:3]) if sys.argv[1:] else describe_twin()
    sys.stdout.write(f"{line}\n")
