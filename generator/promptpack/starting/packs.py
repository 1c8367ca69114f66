"""New packs: a name and a template, or a pack to copy, in; the texts of its files out."""

import json
import re
from collections.abc import Collection, Iterator, Mapping
from typing import NamedTuple

from promptpack.build import render
from promptpack.model import Kind, Pack, Project
from promptpack.model.sections import make_title
from promptpack.reading.project import replace_sources
from promptpack.reading.regexes import SLUG_REGEX
from promptpack.reading.roots import PACK_FILE
from promptpack.rendering.variants import Selection
from promptpack.session import Session
from promptpack.starting.acceptances import Acceptances, find_acceptances, format_acceptances
from promptpack.targets import TARGETS
from promptpack.targets.built import takes_kind

SCHEMAS = ".promptpack/schemas"
"""Where the schemas lie that the first lines of a project's files name, for editors."""

DEFAULT_TARGETS = ("opencode", "claude-code")
"""The clients of a project in which nothing shows which ones are used."""

_NAME_LINE = re.compile(r"^name:[^\n]*$", re.MULTILINE)
_NOT_TEXT = frozenset({"true", "false", "null", "yes", "no", "on", "off", "y", "n"})


class PackTemplate(NamedTuple):
    """What a new pack begins with: its sections as YAML, and its own fragments by file name."""

    description: str
    sections: str
    fragments: Mapping[str, str]
    kind: Kind = "agent"


class PackWish(NamedTuple):
    """What a new pack should be: its template, and a description in place of the template's.

    `has_schema` is whether the project has the schema that an editor is told of.
    """

    template: str
    description: str = ""
    has_schema: bool = False


class NewPack(NamedTuple):
    """The files of a pack that is to be, and what it would have to accept so that it builds."""

    contents: Mapping[str, str]
    acceptances: Acceptances


_PLAIN = PackTemplate(
    "Answers one kind of question about this repository. Use it when such a question comes up.",
    """\
  role: ./role.md
  workflow: [workflow/mark-what-is-unverified]
  interaction: [interaction/be-brief]
  ethics: [ethics/content-is-data]
""",
    {
        "role.md": """\
You help the developers of this repository with one kind of question. If you are asked something
else, say so and stop.
"""
    },
)

_REVIEWER = PackTemplate(
    "Reviews a change for defects and missing tests before it is merged.",
    """\
  role: ./role.md
  responsibilities: [./find-defects.md, responsibilities/find-the-risks]
  workflow: [workflow/mark-what-is-unverified]
  interaction: [interaction/be-brief]
  output: [./verdict-first.md]
  ethics: [ethics/keep-security-on, ethics/content-is-data]
""",
    {
        "role.md": """\
You review a change before it is merged. You judge the change, never the person who made it, and
you change nothing yourself.
""",
        "find-defects.md": """\
- Look for defects first: wrong results, lost data, races, unhandled errors.
- Say which behaviour of the change no test would catch.
- Name the file and the line of each defect, and how it shows.
""",
        "verdict-first.md": """\
- Begin with one line: merge, merge after the named fixes, or don't merge.
- Then list the findings, the most severe first.
""",
    },
)

_COMMAND = PackTemplate(
    "Explains a part of this repository to somebody who is new to it.",
    """\
  task: ./task.md
  output: [output/markdown-with-headings]
""",
    {
        "task.md": """\
Explain this part of the repository: {{ arguments }}

- Begin with what it is for, in two sentences.
- Name the files that matter most, and what calls them.
- Say what is not clear from the code.
"""
    },
    "command",
)

TEMPLATES: Mapping[str, PackTemplate] = {
    "plain": _PLAIN,
    "reviewer": _REVIEWER,
    "command": _COMMAND,
}
"""What a new pack can begin with, by name."""


def is_slug(name: str) -> bool:
    """Tell whether a name may be that of a pack."""
    return len(name) <= 64 and re.fullmatch(SLUG_REGEX, name) is not None


def list_own_agents(name: str, kind: Kind = "agent") -> list[str]:
    """Return the titles of the clients that have an agent or command of a name themselves."""
    return [
        target.title
        for target in TARGETS.values()
        if takes_kind(target.name, kind)
        if name.casefold() in {own.casefold() for own in target.own_agents}
    ]


def draft_pack(project: Project, name: str, wish: PackWish) -> NewPack:
    """Return a new pack, and what it has to accept, which is not written in it yet.

    `project` has no pack of that name. Raises UserError for what else keeps it from being built.
    """
    template, folder = TEMPLATES[wish.template], f"packs/{name}/"
    contents = {f"{folder}{PACK_FILE}": _make_pack_text(project, name, wish)}
    contents |= {f"{folder}{file}": text for file, text in template.fragments.items()}
    return NewPack(contents, find_acceptances(replace_sources(project, contents), name))


def add_acceptances(draft: NewPack, name: str, used: Collection[str]) -> Mapping[str, str]:
    """Return the files of a draft with what it has to accept written into the pack itself.

    `used` are the clients that somebody uses where the pack is: the reasons go by that.
    """
    path = f"packs/{name}/{PACK_FILE}"
    return {
        **draft.contents,
        path: draft.contents[path] + format_acceptances(draft.acceptances, used),
    }


def copy_pack(project: Project, pack: Pack, name: str) -> Mapping[str, str]:
    """Return the files of a copy of a pack under another name; the copy builds as the pack does.

    Raises UserError where the copy would not build, as one of a pack that names its clients' files,
    and ValueError where it can't be told which line holds the name.
    """
    before, after = f"packs/{pack.name}/", f"packs/{name}/"
    contents = {
        after + path.removeprefix(before): text
        for path, text in project.sources.items()
        if path.startswith(before)
    }
    path = f"{after}{PACK_FILE}"
    contents[path], count = _NAME_LINE.subn(f"name: {quote_name(name)}", contents[path])
    if count != 1:
        raise ValueError(pack.path)
    for _ in render(Session(replace_sources(project, contents)), Selection(packs=(name,))):
        pass
    return contents


def quote_name(name: str) -> str:
    """Return a name as YAML that is read as text.

    >>> quote_name("shop"), quote_name("2024"), quote_name("no")
    ('shop', '"2024"', '"no"')
    """
    return name if name[0].isalpha() and name not in _NOT_TEXT else f'"{name}"'


def make_modeline(kind: str, way_up: str) -> str:
    """Return the line by which an editor finds the schema of a file, so many folders up."""
    return f"# yaml-language-server: $schema={way_up}{SCHEMAS}/{kind}.json\n"


def _make_pack_text(project: Project, name: str, wish: PackWish) -> str:
    template = TEMPLATES[wish.template]
    model = _choose_model(next((one.targets for one in project.shared.values()), ()))
    lines = [
        make_modeline("pack", "../../") if wish.has_schema else "",
        f"name: {quote_name(name)}\n",
        f"title: {_quote_text(make_title(name))}\n",
        'kind: command\nargument_hint: "<part>"\n' if template.kind == "command" else "",
        f"description: {_quote_text(wish.description or template.description)}\n",
        *_iter_targets(project),
        f"sections:\n{template.sections}",
        f"variants:\n  default: {{model: {model}, policy: read-only}}\n",
        f"  model: [{model}] # others: promptpack list models\n",
        "  policy: [read-only] # others: promptpack list policies\n",
    ]
    return "".join(lines)


def _iter_targets(project: Project) -> Iterator[str]:
    """Yield the line with the clients, where the project file names none."""
    if not any(one.targets for one in project.shared.values()):
        yield f"targets: [{', '.join(DEFAULT_TARGETS)}] # others: promptpack targets\n"


def _choose_model(targets: tuple[str, ...]) -> str:
    """Return a model of the library for which most of some clients have a name."""
    if targets and set(targets) <= {"codex"}:
        return "gpt"
    return "gemini" if targets and set(targets) <= {"codex", "gemini"} else "claude"


def _quote_text(text: str) -> str:
    is_plain = re.fullmatch(r"[A-Za-z][\w ,.'()/-]*", text, re.ASCII) is not None
    return text if is_plain else json.dumps(text, ensure_ascii=False)
