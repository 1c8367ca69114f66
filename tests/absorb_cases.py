"""Hand edits of outputs as people make them: projects and a random source in, edited texts out.

Nothing here knows how a prompt is composed: an edit is made in the lines of a built file, and what
it should become is what a plain build of the changed sources gives.
"""

import re
import shutil
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from random import Random
from typing import NamedTuple

import support

REPOSITORY = Path(__file__).parents[1]
WORDS = (
    *("always", "check", "every", "changed", "file", "before", "the", "review", "and", "name"),
    *("what", "could", "break", "for", "whoever", "reads", "it", "later", "while", "tests"),
    *("stay", "small", "clear", "quick", "to", "run", "on", "any", "machine"),
)

_SHARED = """\
title: {title}
description: {description}
targets: [opencode, {client}, system]
vars:
  language: "Python 3.12"
  shop: >-
    a web shop that sells books and maps, for readers
    in several countries and languages
  rules: |
    Ask before a table is dropped.
    Keep each change small enough to read.
    Name the ticket in the first line.
sections:
  role: ./role.md
  responsibilities:
    - responsibilities/look-first
    - {{use: responsibilities/count-costs, with: {{limit: 3}}}}
  scope:
    in: ./in.md
    out: scope/no-release
  standards: [standards/house, standards/words, standards/team]
  output: output/short
variants:
  default: {{model: tiny, policy: look}}
  model: [tiny, wide]
  policy: [look, change]
temperature: 0.2
"""

SHARED: Mapping[str, str] = {
    **{k: v for k, v in support.DEMO.items() if not k.startswith("packs/")},
    "templates/models/wide.yaml": support.DEMO["templates/models/tiny.yaml"]
    .replace("Tiny", "Wide")
    .replace("layout: plain", "layout: tagged")
    .replace("demo/tiny", "demo/wide"),
    "templates/layouts/tagged.md.j2": (
        "{% for section in sections %}\n<{{ section.name }}>\n{{ section.body }}\n"
        "</{{ section.name }}>\n\n{% endfor %}\n"
    ),
    "packs/shop/pack.yaml": "name: shop\n"
    + _SHARED.format(
        client="agents-md",
        title="Shop",
        description="Keeps the shop running, and says what it costs.",
    ),
    "packs/desk/pack.yaml": "name: desk\n"
    + _SHARED.format(
        client="gemini", title="Desk", description='"Answers the desk: first come, first served."'
    ),
    "packs/shop/role.md": (
        "You keep {{ vars.shop }} running. You write {{ vars.language }}, and nothing else.\n\n"
        "You have seen many shops fail for reasons that nobody wrote down.\n"
        "So you write them down.\n"
    ),
    "packs/desk/role.md": "You answer questions at the desk.\n\nBe kind, and be quick.\n",
    "packs/shop/in.md": "- The code of the shop.\n- Its tests.\n- Its data base, for reading.\n",
    "packs/desk/in.md": "- Whatever a reader asks.\n- The house rules.\n",
    "templates/fragments/responsibilities/look-first.md": (
        "---\ntitle: Look first\n---\n"
        "Look at the code before you talk about it.\n"
        "Read the tests, since they say what is meant.\n"
        "Then read what calls it.\n\n"
        "{% if policy.asks('edit') %}\nSay what you are about to change, and wait.\n\n{% endif %}\n"
        "- Find who wrote a line, and why.\n"
        "- Find what would break.\n"
        "  Look in the callers as well.\n"
        "- Find what is missing.\n"
    ),
    "templates/fragments/responsibilities/count-costs.md": (
        "---\ntitle: Count costs\nparams: {limit: 5, unit: days}\n---\n"
        "Say what a change costs, in {{ params.unit }}. More than {{ params.limit }} of them is a "
        "reason to ask.\n\nNever guess a number that you could look up.\n"
    ),
    "templates/fragments/scope/no-release.md": "- No release.\n- No change of a price.\n",
    "templates/fragments/standards/house.md": (
        "---\ntitle: House\n---\n### House\n\n{{ vars.rules }}\n"
        "All else is written in the handbook.\n"
    ),
    "templates/fragments/standards/words.md": (
        "---\ntitle: Words\n---\n### Words\n\nUse words that a new reader knows.\n\n"
        "1. Say the result.\n2. Say the reason.\n3. Say what to do next.\n\n"
        "```text\nresult:  done\n\n\nreason:  {{ '{{' }} it }}\n```\n"
    ),
    "templates/fragments/standards/team.md": (
        "---\ntitle: Team\n---\n### Team\n\n- Before you start:\n"
        '  {% include "standards/steps" %}\n\nThe team reads every change within a day.\n'
    ),
    "templates/fragments/standards/steps.md": "- open a ticket\n- tell the desk\n",
    "templates/fragments/output/short.md": (
        "Answer in a few lines.\n\nBegin with the answer.\n\nEnd with what is open.\n"
    ),
}
"""Two packs that share fragments, with values of all kinds, for two clients each."""

KEPT: Mapping[str, str] = {
    **{k: v for k, v in support.DEMO.items() if not k.startswith("packs/")},
    "packs/critic/pack.yaml": """\
name: critic
title: Critic
description: "Use before a merge: finds what breaks."
targets: [opencode]
sections: ./prompt.md
clients:
  opencode: {head: ./opencode.head}
variants: {default: {model: as-written, policy: look}, model: [as-written], policy: [look]}
""",
    "packs/critic/opencode.head": (
        '---\n# kept by hand\ndescription: "Use before a merge: finds what breaks."\n'
        "mode: subagent\ncolor: '#5B8DEF'   # ours\nsteps: 40\npermission:\n  \"*\": deny\n"
        "  glob: allow\n  grep: allow\n  list: allow\n---\n"
    ),
    "packs/critic/prompt.md": (
        "You review changes of other people.\nYou never make one yourself.\n\n## What you look at\n"
        "\n- The change, line by line.\n- Its tests.   \n  They say what is meant.\n* The text.\n\n"
        "## How you answer\n\nBegin with the worst thing.\n\n\n| place | what |\n|---|---|\n"
        "| a.py:3 | it breaks |\n\nThen say what is good, in one line.\n\n```json\n"
        '{"worst": "{{ it }}"}\n```\n\nDon\'t repeat what a tool says.\n'
    ),
}
"""A pack as an import leaves it: one text, and front matter that is kept."""


class HandEdit(NamedTuple):
    """An edited text, and the lines of it, from 1, of which one has to be blamed if any is."""

    text: str
    lines: frozenset[int]


Change = Callable[[Random, list[str], Sequence[int]], tuple[list[str], set[int]] | None]
"""From lines and the numbers, from 0, of those that are text of the prompt, to other lines."""


def write_reference(folder: Path) -> Path:
    """Write the reference packs of this repository, with all templates, into a folder."""
    for name in ("packs", "templates"):
        shutil.copytree(REPOSITORY / name, folder / name)
    return folder


def say(random: Random, count: int = 8) -> str:
    """Return a sentence."""
    return " ".join(random.choice(WORDS) for _ in range(count)).capitalize() + "."


def _change_word(random: Random, lines: list[str], texts: Sequence[int]) -> object:
    number = random.choice([n for n in texts if len(lines[n].split()) > 2])
    words = lines[number].split(" ")
    at = random.choice([n for n, word in enumerate(words) if word.isalpha()] or [len(words) - 1])
    words[at] = random.choice(WORDS)
    return [*lines[:number], " ".join(words), *lines[number + 1 :]], {number}


def _change_two_words(random: Random, lines: list[str], texts: Sequence[int]) -> object:
    number = random.choice([n for n in texts if len(lines[n].split()) > 5])
    words = lines[number].split(" ")
    words[1], words[-1] = random.choice(WORDS), f"{words[-1].rstrip('.')} {random.choice(WORDS)}."
    return [*lines[:number], " ".join(words), *lines[number + 1 :]], {number}


def _pairs(lines: list[str], texts: Sequence[int]) -> list[int]:
    """Return the first lines of two that follow each other in one paragraph."""
    return [
        n for n in texts if n + 1 in texts and not re.match(r"\s*([-*#|`]|[0-9]\.)", lines[n + 1])
    ]


def _split_lines(random: Random, lines: list[str], texts: Sequence[int]) -> object:
    """Make three lines of two."""
    pairs = _pairs(lines, texts)
    if not pairs:
        return None
    number = random.choice(pairs)
    indent = lines[number + 1][: len(lines[number + 1]) - len(lines[number + 1].lstrip())]
    words = f"{lines[number]} {lines[number + 1].strip()}".split(" ")
    first, second = len(words) // 3, 2 * len(words) // 3
    new = [" ".join(words[:first]), indent + " ".join(words[first:second])]
    new.append(indent + " ".join(words[second:]))
    return [*lines[:number], *new, *lines[number + 2 :]], {number, number + 1, number + 2}


def _join_lines(random: Random, lines: list[str], texts: Sequence[int]) -> object:
    pairs = _pairs(lines, texts)
    if not pairs:
        return None
    number = random.choice(pairs)
    new = f"{lines[number]} {lines[number + 1].strip()}"
    return [*lines[:number], new, *lines[number + 2 :]], {number, number + 1}


def _split_line(random: Random, lines: list[str], texts: Sequence[int]) -> object:
    number = random.choice([n for n in texts if len(lines[n].split()) > 4])
    words = lines[number].split(" ")
    half = len(words) // 2
    indent = "  " if lines[number].lstrip().startswith("- ") else ""
    new = [" ".join(words[:half]), indent + " ".join(words[half:])]
    return [*lines[:number], *new, *lines[number + 1 :]], {number, number + 1}


def _add_paragraph(random: Random, lines: list[str], texts: Sequence[int]) -> object:
    """Add a paragraph before one that follows another."""
    places = [n for n in texts if n - 2 in texts and not lines[n - 1]]
    if not places:
        return None
    number = random.choice(places)
    return [*lines[:number], say(random), "", *lines[number:]], {number - 1, number, number + 1}


def _add_item(random: Random, lines: list[str], texts: Sequence[int]) -> object:
    places = [n for n in texts if re.match(r"\s*- ", lines[n])]
    if not places:
        return None
    number = random.choice(places)
    indent = lines[number].partition("-")[0]
    return [*lines[: number + 1], f"{indent}- {say(random)}", *lines[number + 1 :]], {number + 1}


def _append_to_section(random: Random, lines: list[str], texts: Sequence[int]) -> object:
    """Add a paragraph above a heading, or what else is not text of the prompt."""
    places = [n for n in texts if n + 2 < len(lines) and not lines[n + 1] and n + 2 not in texts]
    if not places:
        return None
    number = random.choice(places)
    return [*lines[: number + 1], "", say(random), *lines[number + 1 :]], {number + 1, number + 2}


def _append_to_file(random: Random, lines: list[str], texts: Sequence[int]) -> object:
    number = texts[-1] + 1
    return [*lines[:number], "", say(random), *lines[number:]], {number, number + 1}


def _move(random: Random, lines: list[str], texts: Sequence[int], *, near: bool) -> object:
    items = [n for n in texts if re.match(r"\s*- ", lines[n])]
    pairs = [(a, b) for a in items for b in items if a != b and (abs(a - b) < 3) == near]
    if not pairs:
        return None
    source, goal = random.choice(pairs)
    line = lines[source]
    rest = [*lines[:source], *lines[source + 1 :]]
    goal -= goal > source
    return [*rest[: goal + 1], line, *rest[goal + 1 :]], {goal, goal + 1, source, source - 1}


def _move_near(random: Random, lines: list[str], texts: Sequence[int]) -> object:
    return _move(random, lines, texts, near=True)


def _move_far(random: Random, lines: list[str], texts: Sequence[int]) -> object:
    return _move(random, lines, texts, near=False)


def _delete_paragraph(random: Random, lines: list[str], texts: Sequence[int]) -> object:
    places = [
        n
        for n in texts
        if n - 2 in texts and not lines[n - 1] and n + 1 < len(lines) and not lines[n + 1]
    ]
    if not places:
        return None
    number = random.choice(places)
    return [*lines[: number - 1], *lines[number + 1 :]], {number - 2, number - 1, number}


def _delete_line(random: Random, lines: list[str], texts: Sequence[int]) -> object:
    number = random.choice([n for n in texts if n - 1 in texts] or [*texts])
    return [*lines[:number], *lines[number + 1 :]], {number - 1, number}


def _edit_two_places(random: Random, lines: list[str], texts: Sequence[int]) -> object:
    first = _change_word(random, lines, texts)
    if not isinstance(first, tuple):
        return None
    others = [n for n in texts if n not in first[1]]
    second = _change_word(random, first[0], others)
    return (second[0], first[1] | second[1]) if isinstance(second, tuple) else None


def _change_value(random: Random, lines: list[str], texts: Sequence[int]) -> object:
    """Change words that come from a value of the pack, where the file shows them."""
    values = {
        "Python 3.12": "Python 3.13",
        "books and maps": "books",
        "several countries": "two countries",
        "Keep each change small enough to read.": "Keep each change small.",
        "Name the ticket in the first line.": "Name the ticket.",
        "in days": "in hours",
        "More than 3 of": "More than 4 of",
    }
    places = [(n, old) for n in texts for old in values if old in lines[n]]
    if not places:
        return None
    number, old = random.choice(places)
    new = lines[number].replace(old, values[old])
    return [*lines[:number], new, *lines[number + 1 :]], {number}


def _change_head(random: Random, lines: list[str], texts: Sequence[int]) -> object:
    """Change a field of the front matter that is not about permissions."""
    head = [
        n
        for n in range(1, texts[0])
        if lines[0] == "---" and re.match(r"(description|temperature|color|steps|# kept)", lines[n])
    ]
    if not head:
        return None
    number = random.choice(head)
    key, _, value = lines[number].partition(":")
    if key == "description":
        quote = '"' if value.strip().startswith('"') else ""
        value = f" {quote}{say(random).rstrip('.')}{quote}"
    elif key == "temperature":
        value = " 0.5"
    elif key == "color":
        value = " '#112233'   # ours"
    elif key == "steps":
        value = " 12"
    new = f"{key}:{value}" if value else f"{key} today"
    return [*lines[:number], new, *lines[number + 1 :]], {number}


def _add_blanks(random: Random, lines: list[str], texts: Sequence[int]) -> object:
    """Change a word, and leave blanks at the end of another line, as editors do."""
    changed = _change_word(random, lines, texts)
    if not isinstance(changed, tuple):
        return None
    number = random.choice([n for n in texts if n not in changed[1]])
    new = [*changed[0]]
    new[number] += "  "
    return new, changed[1] | {number}


def _drop_last_newline(random: Random, lines: list[str], texts: Sequence[int]) -> object:
    changed = _change_word(random, lines, texts)
    if not isinstance(changed, tuple):
        return None
    return changed[0][:-1], changed[1] | {len(lines) - 2}


KINDS: Mapping[str, Callable[[Random, list[str], Sequence[int]], object]] = {
    "a word": _change_word,
    "two places of a line": _change_two_words,
    "two lines of the file": _edit_two_places,
    "two lines into three": _split_lines,
    "a line into two": _split_line,
    "join two lines": _join_lines,
    "a paragraph between two": _add_paragraph,
    "an item in a list": _add_item,
    "at the end of a section": _append_to_section,
    "at the end of the file": _append_to_file,
    "move near": _move_near,
    "move far": _move_far,
    "delete a paragraph": _delete_paragraph,
    "delete a line": _delete_line,
    "a value": _change_value,
    "front matter": _change_head,
    "trailing blanks": _add_blanks,
    "no last newline": _drop_last_newline,
}
"""What people do to a file, by kind."""
BLANKS = ("trailing blanks", "no last newline")
"""The kinds that leave white space behind that need not be in any source."""


def make_hand_edit(random: Random, kind: str, text: str) -> HandEdit | None:
    """Return an edit of a kind of an output's text, or None where it has no place for one."""
    lines = text.split("\n")
    start = lines.index("---", 1) + 1 if lines[0] == "---" else 0
    fenced, texts = False, []
    for number, line in enumerate(lines):
        fenced = fenced != line.startswith("```")
        is_frame = line.startswith(("#", "<", "```", "|", "In:", "Out:"))
        if number >= start and line.strip() and not fenced and not is_frame:
            texts.append(number)
    changed = KINDS[kind](random, lines, texts)
    if not isinstance(changed, tuple) or changed[0] == lines:
        return None
    new, numbers = changed
    around = {n + step + 1 for n in numbers for step in (0, 1)}
    return HandEdit("\n".join(new), frozenset(n for n in around if 0 < n <= len(new)))
