"""A new library for other projects: its name in, the texts of a Python package's files out.

The package's folder is a project itself, so it is built and checked like any other.
"""

from collections.abc import Mapping

from promptpack.model.sections import make_title
from promptpack.reading.packages import GROUP
from promptpack.reading.root_finding import FOLDER_KEY, PACKAGE_KEY, PACKS_KEY, explain_library_name
from promptpack.reading.roots import PACK_FILE, PROJECT_FILE

PACK = "change-explainer"
"""The pack that a new library begins with."""

_PROJECT_FILE = """\
# The library as a project of its own, to build and check it. Projects that use it read their own.
targets: [opencode]
"""

_PACK = f"""\
name: {PACK}
title: {make_title(PACK)}
description: >-
  Explains what a change does and why. Use it when somebody has to review or release a change that
  they did not write.
sections:
  role: ./role.md
  standards: [standards/plain-words]
  ethics: [ethics/zero-trust]
variants:
  default: {{model: claude, policy: look-only}}
  model: [claude]
  policy: [look-only]
"""

_FRAGMENT = """\
---
title: Plain words
summary: Says what a thing does before it says what it is called.
---
- Say what a thing does before you say what it is called.
- Explain a short form where it stands first.
"""

_POLICY = """\
title: Look only
summary: Reads and searches the repository, and changes nothing.
default: deny
capabilities: {read: allow, list: allow, glob: allow, grep: allow}
"""

_ROLE = """\
You explain changes of this repository to people who did not write them.
"""

_TEST = '''\
"""The library builds, and lint finds nothing: what a project that uses it would get."""

import subprocess
import sys
from pathlib import Path

LIBRARY = Path(__file__).resolve().parents[1] / "{package}"


def run(*words: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "promptpack", "-C", str(LIBRARY), *words]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def test_every_pack_builds(tmp_path: Path) -> None:
    done = run("build", "--out", str(tmp_path / "out"))
    assert done.returncode == 0, done.stderr


def test_lint_finds_nothing() -> None:
    done = run("lint")
    assert done.returncode == 0, done.stdout + done.stderr
'''

_PYPROJECT = """\
[build-system]
requires = ["hatchling>=1.27"]
build-backend = "hatchling.build"

[project]
name = "{distribution}"
version = "0.1.0"
description = "Fragments, policies and packs for AI agents, for promptpack."
readme = "README.md"
requires-python = ">=3.11"

[project.entry-points."{group}"]
{name} = "{package}"

[tool.hatch.build.targets.wheel]
packages = ["{package}"]
"""

_README = """\
# {title} prompts

A library for promptpack: fragments, policies, models, layouts and packs that several repositories
use. What it holds is in `{package}/`, which is a promptpack project.

## Use it

Install this package where promptpack is installed, with the version and the hash pinned in your
lock file. Name it in the project's `{project_file}`:

```yaml
{packages}: [{name}]
{packs}: ["{name}:{pack}"] # the packs that you want to have built
```

Then write `{name}:standards/plain-words` where a fragment is named, and `{name}:look-only` for a
policy.

As a submodule or a folder it is used without being installed:

```yaml
{folders}: {{{name}: vendor/{distribution}/{package}}}
```

## Change it

```sh
python -m pytest
promptpack -C {package} build
pip wheel --no-deps --no-build-isolation --wheel-dir build .
```

Raise `version` in `pyproject.toml` with each change. `promptpack diff` in a project that commits
its outputs names both versions. Its gate fails where the new one grants more.
"""


def draft_library(name: str) -> Mapping[str, str]:
    """Return the files of a Python package that brings a library of a name, by path.

    Raises ValueError with what is wrong with the name.
    """
    if problem := explain_library_name(name):
        raise ValueError(": ".join(problem))
    package = f"{name.replace('-', '_')}_prompts"
    if not package.isidentifier():
        message = f"a package can't be called '{package}': begin the name with a letter"
        raise ValueError(message)
    words = {
        "name": name,
        "title": make_title(name),
        "package": package,
        "distribution": f"{name}-prompts",
        "group": GROUP,
        "pack": PACK,
        "project_file": PROJECT_FILE,
        "packages": PACKAGE_KEY,
        "packs": PACKS_KEY,
        "folders": FOLDER_KEY,
    }
    return {
        ".gitignore": "__pycache__/\nbuild/\ndist/\n",
        "README.md": _README.format(**words),
        "pyproject.toml": _PYPROJECT.format(**words),
        f"{package}/__init__.py": f'"""{words["title"]} prompts: a library for promptpack."""\n',
        f"{package}/{PROJECT_FILE}": _PROJECT_FILE,
        f"{package}/packs/{PACK}/{PACK_FILE}": _PACK,
        f"{package}/packs/{PACK}/role.md": _ROLE,
        f"{package}/templates/fragments/standards/plain-words.md": _FRAGMENT,
        f"{package}/templates/policies/look-only.yaml": _POLICY,
        "tests/test_library.py": _TEST.format(package=package),
    }
