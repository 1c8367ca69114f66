"""The files around the packs of a new project: names and paths in, texts out."""

import json
from collections.abc import Collection, Iterable, Iterator

from promptpack.output.manifest import INSTALLED
from promptpack.reading.editor_schema import make_editor_schema
from promptpack.reading.roots import OUTPUT_FOLDER
from promptpack.starting.packs import SCHEMAS, make_modeline, quote_name
from promptpack.targets import TARGETS
from promptpack.version import __version__

_SCHEMA_KINDS = ("pack", "project", "model", "policy")
"""The input files that an editor checks by themselves; front matter is a part of a file."""

ACTION = "<owner>/<repository>@<commit>"
"""What stands for the place of promptpack. No forge has such a name, so nobody else's code runs."""

HOOKS = "https://<host>/<promptpack>"
"""What stands for the address of promptpack's repository."""

_WORKFLOW = """\
# Checks that outputs and installed agents match their sources, and shows in a pull request what a
# change does to them.
name: promptpack

on: pull_request

permissions: {}

concurrency:
  group: promptpack-${{ github.ref }}
  cancel-in-progress: true

jobs:
  review:
    runs-on: ubuntu-latest
    timeout-minutes: 10
    permissions:
      contents: read
      pull-requests: write
    steps:
      - uses: actions/checkout@de0fac2e4500dabe0009e67214ff5f5447ce83dd # v6.0.2
        with:
          fetch-depth: 0
          persist-credentials: false
      - uses: ACTION # write the repository of promptpack and a commit of it
        with:
          fail-on: permissions
"""

_HOOKS = """\
repos:
  - repo: REPOSITORY # write the repository of promptpack
    rev: vVERSION
    hooks:
      - id: promptpack-check
      - id: promptpack-lint
"""

_SITE = """\
# The site of this project: promptpack docs serve
site_name: NAME
docs_dir: PAGES
theme:
  name: material
  font: false # no page asks another server for anything
plugins:
  promptpack: {}
  search: {}
"""

SITE_PAGES = "docs/agents"
"""Where the hand-written pages of the site lie, beside those of a repository."""


def make_project_file(name: str, targets: Collection[str], out: str, way_up: str) -> Iterator[str]:
    """Yield the lines of `promptpack.yaml`; `out` is the output folder."""
    clients = [one.name for one in TARGETS.values() if one.signs and one.name not in targets]
    others = f" # others: {', '.join(clients)}" if clients else ""
    yield make_modeline("project", "")
    yield "# What all packs share, and where their files are installed.\n"
    yield f"name: {quote_name(name)}\n"
    yield f"targets: [{', '.join(targets)}]{others}\n"
    if out != OUTPUT_FOLDER:
        yield f"out: {out}\n"
    yield "installations:\n"
    yield f"  - into: {way_up} # the root of this repository; promptpack install puts them there\n"


def make_schemas() -> Iterator[tuple[str, str]]:
    """Yield the path of each schema in the project, and its text."""
    for kind in _SCHEMA_KINDS:
        text = json.dumps(make_editor_schema(kind), indent=1)
        yield f"{SCHEMAS}/{kind}.json", f"{text}\n"


def make_workflow(prefix: str) -> str:
    """Return a workflow for GitHub; `prefix` is the way from the repository to the project."""
    project = f"          project: {json.dumps(prefix.removesuffix('/'))}\n" if prefix else ""
    return _WORKFLOW.replace("ACTION", ACTION) + project


def make_hooks(prefix: str) -> str:
    """Return the settings of pre-commit; `prefix` is the way from the repository to the project."""
    text = _HOOKS.replace("REPOSITORY", HOOKS).replace("VERSION", __version__)
    for command in ("check", "lint") if prefix else ():
        line = f"      - id: promptpack-{command}\n"
        entry = json.dumps(f"promptpack -C '{prefix.removesuffix('/')}' {command}")
        text = text.replace(line, f"{line}        entry: {entry}\n")
    return text


def make_site_settings(name: str) -> str:
    """Return the settings of the site."""
    return _SITE.replace("NAME", quote_name(name)).replace("PAGES", SITE_PAGES)


def make_site_page(name: str) -> str:
    """Return the first page of the site."""
    return f"# Agents of {name}\n\nWrite here what a reader of the agents should know.\n"


def make_prettierignore(prefix: str, out: str, agents: Iterable[str]) -> str:
    """Return the lines for the top of a repository by which prettier leaves outputs as they are.

    `prefix` is the way from there to the project, `agents` are what is installed.
    """
    installed = (one.make_path(name) for name in agents for one in TARGETS.values() if one.signs)
    paths = (f"{prefix}{out}/", f"{prefix}{SCHEMAS}/", INSTALLED, *installed)
    return "".join(f"/{path}\n" for path in paths)
