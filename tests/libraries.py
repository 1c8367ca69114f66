"""A small library of prompts as tests use it: a folder, and an installed package."""

from collections.abc import Mapping
from pathlib import Path

from support import DEMO, make_project, write_files

LOOK = DEMO["templates/policies/look.yaml"].replace("grep: allow, ", "")

LIBRARY: Mapping[str, str] = {
    "templates/fragments/standards/logging.md": """\
---
title: Logging
summary: How to log.
---
- Log what happened.
{% include "standards/privacy" %}
""",
    "templates/fragments/standards/privacy.md": "- Never log a name.\n",
    "templates/layouts/plain.md.j2": DEMO["templates/layouts/plain.md.j2"].replace("# ", "## "),
    "templates/models/tiny.yaml": DEMO["templates/models/tiny.yaml"].replace("demo/", "acme/"),
    "templates/policies/look.yaml": DEMO["templates/policies/look.yaml"].replace(
        "grep: allow, ", ""
    ),
    "packs/reviewer/pack.yaml": """\
name: reviewer
title: Reviewer
description: Use when a change is ready for review.
targets: [opencode]
sections:
  role: ./role.md
  standards: [standards/logging, standards/small-steps, ethics/zero-trust]
variants:
  default: {model: tiny, policy: look}
  model: [tiny]
  policy: [look]
""",
    "packs/reviewer/role.md": "You review changes.\n",
    "packs/unused/pack.yaml": "no: pack\n",
    "templates/fragments/standards/small-steps.md": "- Take the steps of Acme.\n",
}
"""A library whose names are those of the demo too, with a pack."""

USING = """\
name: demo
title: Demo
description: Answers questions about a small project.
targets: [opencode]
sections:
  role: ./role.md
  standards: [acme:standards/logging, standards/small-steps]
variants:
  default: {model: "acme:tiny", policy: "acme:look"}
  model: ["acme:tiny", tiny]
  policy: ["acme:look", look]
"""
"""The pack of a project that uses the library."""

FOLDER = "roots: {acme: vendor/acme}\n"
"""The project file for the library in a folder of the project."""

PACKAGE = "libraries: [acme]\n"
"""The project file for the library in an installed package."""

PACKS = "library_packs: [acme:reviewer]\n"
"""What the project file says besides, for the library's pack."""

OUT = "dist/opencode/acme+tiny.acme+look/.opencode/agents"
"""Where agents are built that have the library's model and policy."""


def make_user(folder: Path, settings: str, files: Mapping[str, str] | None = None) -> Path:
    """Return the folder of a project that uses the library, which is not there yet."""
    own = {"packs/demo/pack.yaml": USING, "packs/demo/role.md": "You answer.\n"}
    return make_project(folder, {**own, "promptpack.yaml": settings, **(files or {})})


def add_folder(project: Path, changes: Mapping[str, str] | None = None) -> Path:
    """Put the library, with some changes, into a folder of a project; return that folder."""
    folder = project / "vendor/acme"
    write_files(folder, {**LIBRARY, **(changes or {})})
    return folder


def install(
    site: Path,
    version: str = "1.0.0",
    changes: Mapping[str, str] | None = None,
    *,
    name: str = "acme_prompts",
    entry: str = "acme = acme_prompts",
) -> Path:
    """Unpack a package with the library, with some changes, as an installer does."""
    package = {f"{name}/{path}": text for path, text in {**LIBRARY, **(changes or {})}.items()}
    info = f"{name}-{version}.dist-info"
    written = {
        f"{name}/__init__.py": "raise SystemExit('the code of the package was run')\n",
        f"{info}/METADATA": f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n\nText.\n",
        f"{info}/entry_points.txt": f"[promptpack.library]\n{entry}\n",
    }
    write_files(site, {**package, **written})
    return site
