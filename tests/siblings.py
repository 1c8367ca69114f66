"""Packs beside the demo, and what may happen to them: few changes reach all of the project."""

from collections.abc import Callable, Mapping
from pathlib import Path

from libraries import FOLDER, LIBRARY, PACKAGE, PACKS
from records import LIST, LOOK, SHARED, STEPS, Edit, forge, remove, replace, set_mode, touch, write
from support import call


def make_pack(name: str, targets: str, more: str = "", role: str = "./role.md") -> str:
    """Return the file of a pack of one variant."""
    return f"""\
name: {name}
title: {name.title()}
description: Answers questions about {name}.
targets: [{targets}]
{more}sections:
  role: {role}
  standards: [standards/{name}]
variants:
  default: {{model: tiny, policy: look}}
  model: [tiny]
  policy: [look]
"""


def make_fragment(text: str) -> str:
    """Return a fragment of one line."""
    return f"---\ntitle: One\nsummary: One line.\n---\n- {text}\n"


EXPECT = 'expect: [{contains: "Be brief"}]\n'
_FRAGMENTS = "templates/fragments/standards"
SIBLINGS: Mapping[str, str] = {
    "packs/north/pack.yaml": make_pack("north", "opencode, agents-md", EXPECT),
    "packs/north/role.md": "You look north.\n",
    "packs/north/common.md": "- Keep notes.\n",
    f"{_FRAGMENTS}/north.md": make_fragment("Be brief. {% include 'standards/shared' %}"),
    f"{_FRAGMENTS}/shared.md": "Say why.\n",
    "packs/south/pack.yaml": make_pack("south", "opencode, agents-md"),
    "packs/south/role.md": "You look south.\n{% include 'packs/north/common.md' %}\n",
    f"{_FRAGMENTS}/south.md": make_fragment("Wait."),
    "packs/east/pack.yaml": make_pack("east", "opencode, skill"),
    "packs/east/role.md": "You look east.\n",
    "packs/east/skill/scripts/run.py": "print('east')\n",
    f"{_FRAGMENTS}/east.md": make_fragment("{% include 'standards/shared' %}"),
    "packs/west/pack.yaml": make_pack("west", "opencode", "clients: {opencode: {file: sunset}}\n"),
    "packs/west/role.md": "You look west.\n",
    f"{_FRAGMENTS}/west.md": make_fragment("Sleep."),
    "packs/up/pack.yaml": make_pack("up", "opencode"),
    "packs/up/role.md": "You look up.\n",
    f"{_FRAGMENTS}/up.md": make_fragment("Shine."),
    "packs/down/pack.yaml": make_pack("down", "opencode"),
    "packs/down/role.md": "You look down.\n",
    f"{_FRAGMENTS}/down.md": make_fragment("Dig."),
}
"""Six packs. North and south share a file, and a fragment in north's folder; east is a skill."""

LISTED = {SHARED: f"permissions: {LIST}\n"}

INSTALLED = {
    SHARED: "installations:\n  - {into: ., packs: [up], targets: [opencode], variant: tiny.look}\n"
}

_INSTALLED = ".opencode/agents/up.md"
_OPENCODE = "dist/opencode/tiny.look/.opencode/agents"
_AGENTS = "dist/agents-md/tiny.look/AGENTS.md"


def add(path: str, text: str) -> Edit:
    """Return the edit that adds a text to a file, if it is there."""

    def edit(project: Path) -> None:
        if (project / path).is_file():
            with (project / path).open("a") as file:
                file.write(text)

    return edit


def write_if(path: str, text: str) -> Edit:
    """Return the edit that gives a file a text, if its folder is there."""

    def edit(project: Path) -> None:
        if (project / path).parent.is_dir():
            (project / path).write_text(text)

    return edit


INSTALL_EDITS: Mapping[str, Edit] = {
    "installed again": lambda project: call("install", cwd=project),
    "text of what is installed": add("packs/up/role.md", "Always.\n"),
    "installed file edited": add(_INSTALLED, "Mine.\n"),
    "installed file gone": remove(_INSTALLED),
    "record of installations gone": remove(".promptpack-installed.json"),
    "another one is installed": replace(SHARED, "packs: [up]", "packs: [up, down]"),
    "one is installed": replace(SHARED, "packs: [up, down]", "packs: [up]"),
}
"""What may happen where something is installed."""

_VENDOR, _LOGGING = "vendor/acme", "acme:standards/logging"
WITH_FOLDER = {
    SHARED: f"{FOLDER}{PACKS}",
    **{f"{_VENDOR}/{path}": text for path, text in LIBRARY.items()},
}
"""A library in the project; up and the library's pack take of it."""

WITH_PACKAGE = {SHARED: f"{PACKAGE}{PACKS}"}
"""The same library in a package, beside the project's folder in one called `site`."""


def of_library(edit: Callable[[str], Edit]) -> Edit:
    """Return the edit of a library's file, wherever the library is."""

    def change(project: Path) -> None:
        edit(f"{_VENDOR}/")(project)
        edit("site/acme_prompts/")(project.parent)

    return change


LIBRARY_EDITS: Mapping[str, Edit] = {
    "library's text": of_library(lambda at: add(f"{at}packs/reviewer/role.md", "Always.\n")),
    "library's fragment": of_library(
        lambda at: add(f"{at}templates/fragments/standards/privacy.md", "- Ask.\n")
    ),
    "library's policy": of_library(
        lambda at: replace(f"{at}templates/policies/look.yaml", "list: allow", "list: ask")
    ),
    "library's fragment gone": of_library(
        lambda at: remove(f"{at}templates/fragments/standards/privacy.md")
    ),
    "library's fragment back": of_library(
        lambda at: write_if(f"{at}templates/fragments/standards/privacy.md", "- No names.\n")
    ),
    "fragment of the library": replace(
        "packs/up/pack.yaml", "standards/up", "acme:standards/logging"
    ),
    "no fragment of it": replace("packs/up/pack.yaml", "acme:standards/logging", "standards/up"),
    "no pack of it": replace(SHARED, PACKS, ""),
}
"""What may happen to a library and to those who use it."""

SMALL_EDITS: Mapping[str, Edit] = {
    "text of north": add("packs/north/role.md", "Always.\n"),
    "text of west": add("packs/west/role.md", "Always.\n"),
    "text of the skill": add("packs/east/role.md", "Always.\n"),
    "same size": forge("packs/up/role.md"),
    "fragment of one": add(f"{_FRAGMENTS}/down.md", "- Deeper.\n"),
    "fragment of two": add(f"{_FRAGMENTS}/shared.md", "Say how.\n"),
    "fragment of another's folder": add("packs/north/common.md", "- Count.\n"),
    "description": replace("packs/up/pack.yaml", "questions about", "what is asked of"),
    "other fragment": replace("packs/up/pack.yaml", "standards/up", "standards/shared"),
    "touched": touch("packs/down/role.md"),
    "text of a translation": add("packs/up/role.de.md", "Immer.\n"),
    "not a source": write("packs/down/README.md", "For people.\n"),
    "script": add("packs/east/skill/scripts/run.py", "print(2)\n"),
}
"""What reaches a few packs, and changes nothing but the text of their files."""

LARGE_EDITS: Mapping[str, Edit] = {
    "script can be run": set_mode("packs/east/skill/scripts/run.py", 0o755),
    "script gone": remove("packs/east/skill/scripts/run.py"),
    "north is empty": write("packs/north/role.md", "\n"),
    "nothing expected": replace("packs/north/pack.yaml", EXPECT, ""),
    "expectation broken": replace(f"{_FRAGMENTS}/north.md", "Be brief", "Be short"),
    "expectation kept": replace(f"{_FRAGMENTS}/north.md", "Be short", "Be brief"),
    "file of another": replace("packs/west/pack.yaml", "file: sunset", "file: up"),
    "file of its own": replace("packs/west/pack.yaml", "file: up", "file: sunset"),
    "second variant": replace("packs/south/pack.yaml", "[look]", "[look, change]"),
    "other policy": replace("packs/south/pack.yaml", "look", "change"),
    "first policy": replace("packs/south/pack.yaml", "change", "look"),
    "other targets": replace("packs/down/pack.yaml", "[opencode]", "[opencode, system]"),
    "own text": replace("packs/north/pack.yaml", "opencode, agents-md", "opencode"),
    "library": replace("packs/up/pack.yaml", "standards/up", "ethics/zero-trust"),
    "no library": replace("packs/up/pack.yaml", "ethics/zero-trust", "standards/up"),
    "broken include": add("packs/down/role.md", "{% include 'standards/nothing' %}\n"),
    "include of another's": add("packs/down/role.md", "{% include 'packs/up/role.md' %}\n"),
    "no include": write("packs/down/role.md", "You look down.\n"),
    "role gone": remove("packs/up/role.md"),
    "role back": write("packs/up/role.md", "You look up.\n"),
    "unused broken": write(f"{_FRAGMENTS}/up.md", "---\ntitle: [\n---\n"),
    "unused mended": write(f"{_FRAGMENTS}/up.md", make_fragment("Shine.")),
    "policy of all": replace(LOOK, "grep: allow", "grep: deny"),
    "summary of the policy": replace(LOOK, "Searches", "Looks"),
    "fragment of the demo": add(STEPS, "- Once more.\n"),
    "second language": replace("packs/up/pack.yaml", "[look]\n", "[look]\n  language: [en, de]\n"),
    "translation": write("packs/up/role.de.md", "Du schaust nach oben.\n"),
    "translation gone": remove("packs/up/role.de.md"),
    "translation of a shared fragment": write(f"{_FRAGMENTS}/up.de.md", make_fragment("Leuchte.")),
    "translation needs more": replace("packs/up/role.de.md", "Du", "---\nneeds: [edit]\n---\nDu"),
    "block edited": replace(_AGENTS, "north", "south"),
    "around the blocks": add(_AGENTS, "\nOurs.\n"),
    "output of up": add(f"{_OPENCODE}/up.md", "Mine.\n"),
    "output of up gone": remove(f"{_OPENCODE}/up.md"),
    "output touched": touch(f"{_OPENCODE}/west.md"),
}
"""What may reach other packs, or more than the text of files, or is wrong."""
