"""Three small projects in which an output depends on its sources in many ways, and edits of them.

An edit is one that an author could make: a word of a line is another, a line is gone or doubled.
"""

import random
import re
from collections.abc import Iterator, Mapping

import support

_MODEL = "title: {0}\nfamily: {0}\nlayout: {1}\nids: {{opencode: x/{0}}}\n"
_LAYOUT = """\
{# how sections become one text #}
{% macro rule(name) %}
---{{ name }}---
{% endmacro %}
{% set depth = 2 %}
{% for section in sections %}
{% if section.name == "role" %}
# You: {{ section.title }}
{% else %}
{{ "#" * depth }} {{ section.title }} ({{ loop.index }})
{% endif %}
{% for part in section.parts %}
Note: {{ part.body }} -- end of part
{% endfor %}
{{ rule(section.name) }}
{% endfor %}
{% if sections | length > 3 %}
Many sections.
{% endif %}
"""
_TESTS = """\
---
title: Tests
summary: Ways to branch on a value.
params: {count: 2, tone: calm}
---
{% if vars.language == "go" %}
- Run go vet.
{% else %}
- Run the linter.
{% endif %}
{% if vars.tier == 3 %}
- Third tier.
{% elif vars.tier > 1 %}
- Second tier.
{% else %}
- First tier.
{% endif %}
{% if vars.language in ["rust", "zig"] and vars.tier == 2 %}
- Both hold.
{% endif %}
{% set many = params.count >= 3 %}
{% if many %}
- Give many examples.
{% else %}
- Give {{ params.count }} examples.
{% endif %}
{% if pack.mode == "all" %}
- Any mode.
{% endif %}
{% if vars.note | length > 3 %}
- Note {{ vars.note }}
{% endif %}
{% for step in ["Plan", "Do"] %}
- {{ step }} in a {{ params.tone }} tone.
{% endfor %}
{% if policy.asks("edit") %}
- Ask before an edit.
{% endif %}
"""
_PACK = """\
name: one
title: One
description: Answers questions.
mode: subagent
temperature: 0.5
tags: [go, web]
targets: [opencode, codex]
vars:
  language: python
  tier: 2
  note: ""
sections:
  role: ./role.md
  standards:
    - shared/tests
    - {use: shared/tests, with: {count: 3}}
  scope:
    in: shared/inner
    out: shared/short
titles:
  standards: How to work
variants:
  default: {model: tiny, policy: look}
  model: [tiny, big]
  policy: [look, change]
  overrides:
    - when: {model: big, policy: look}
      drop: [scope]
accept:
  - {target: cursor, capability: all, reason: "Nobody here uses Cursor at all."}
  - target: codex
    capability: [glob, grep, list, edit, write, patch]
    reason: "Codex does this through its shell, or not at all."
ignore:
  - {rule: PP101, reason: "It is a small example."}
"""
_POLICIES = {
    "templates/policies/look.yaml": support.DEMO["templates/policies/look.yaml"],
    "templates/policies/change.yaml": support.DEMO["templates/policies/change.yaml"],
}

BRANCHES: Mapping[str, str] = {
    "packs/one/pack.yaml": _PACK,
    "packs/one/role.md": "You answer questions on {{ vars.language }}.\nBe {{ pack.title }}.\n",
    "packs/two/pack.yaml": """\
name: two
title: Two
description: Writes.
targets: [opencode]
vars: {language: go, tier: 1, note: ""}
sections:
  role: ./role.md
  standards: shared/short
variants:
  default: {model: tiny, policy: look}
  model: tiny
  policy: look
""".replace("model: tiny\n  policy: look\n", "model: [tiny]\n  policy: [look]\n"),
    "packs/two/role.md": "{% include 'shared/inner' %}\nYou write.\n",
    "templates/fragments/shared/tests.md": _TESTS,
    "templates/fragments/shared/inner.md": "- Inner.\n{% include './short' %}\n",
    "templates/fragments/shared/short.md": "---\ntitle: Short\n---\n- Short.\n- Second line.\n",
    "templates/layouts/plain.md.j2": _LAYOUT,
    "templates/layouts/flat.md.j2": """\
{% for section in sections %}
{{ section.body }}

{% endfor %}
""",
    "templates/models/tiny.yaml": _MODEL.format("tiny", "plain"),
    "templates/models/big.yaml": _MODEL.format("big", "flat"),
    **_POLICIES,
}

CLIENTS: Mapping[str, str] = {
    "promptpack.yaml": """\
targets: [opencode, claude-code, gemini]
name: three
out: dist
accept:
  - {target: cursor, capability: all, reason: "Nobody here uses Cursor at all."}
  - target: gemini
    capability: [edit, write, patch, glob, grep, list]
    reason: "Gemini can't ask before each edit, and is trusted here."
  - target: claude-code
    capability: [glob, grep, list]
    reason: "Claude Code searches in its own way."
""",
    "packs/own/pack.yaml": """\
name: own
title: Own
description: Has settings for clients.
effort: low
sections: ./prompt.md
variants:
  default: {model: tiny, policy: look}
  model: [tiny]
  policy: [look, change]
  overrides:
    - {when: {policy: change}, effort: high}
clients:
  opencode:
    description: Another description.
    extra: {color: "#5B8DEF"}
  claude-code:
    policy: {look: change}
    prompt: ./claude.md
  gemini:
    name: own-name
    file: own-agent
""",
    "packs/own/prompt.md": """\
You help.

## Scope

Only this.

## Workflow

- Read.
- Write.
""",
    "packs/own/claude.md": "You help in Claude Code.\n\nOnly there.\n",
    "packs/plain/pack.yaml": """\
name: plain
title: Plain
description: Plain.
sections:
  role: ./role.md
  standards: {use: shared/edits, optional: true}
variants:
  default: {model: tiny, policy: look}
  model: [tiny]
  policy: [look, change]
expect:
  - {max_tokens: 5000}
""",
    "packs/plain/role.md": "You are plain.\n{% if target == 'gemini' %}\nIn Gemini.\n{% endif %}\n",
    "templates/fragments/shared/edits.md": """\
---
title: Edits
needs: [edit]
---
- Edit little.
{% if policy.authored.asks("write") %}
- Ask.
{% endif %}
""",
    "templates/layouts/plain.md.j2": support.DEMO["templates/layouts/plain.md.j2"],
    "templates/models/tiny.yaml": _MODEL.format("tiny", "plain").replace(
        "x/tiny", "x/tiny, gemini: gem"
    ),
    **_POLICIES,
}

MACROS: Mapping[str, str] = {
    "packs/mac/pack.yaml": """\
name: mac
title: Mac
description: Uses macros.
targets: [opencode]
tags: [a]
vars: {prefix: "x-1", flag: true, size: 4, other: 4}
sections:
  role: ./role.md
  ethics: ./said.md
  workflow:
    - {use: ./steps.md, with: {who: team}}
variants:
  default: {model: tiny, policy: look}
  model: [tiny, wide]
  policy: [look]
  exclude:
    - {model: wide, policy: change}
""".replace("policy: [look]\n", "policy: [look, change]\n"),
    "packs/mac/role.md": """\
{% from './macros.md' import item %}
{% set words = ["Read", "Think"] %}
{% set last %}
Stop {{ vars.size }}.
{% endset %}
You work.
{% for word in words if word != "Nothing" %}
{{ item(word) }}
{% endfor %}
{{ last }}
""",
    "packs/mac/macros.md": """\
{% macro item(text) %}
- {{ text }} first,
  then the rest.
{% endmacro %}
""",
    "packs/mac/said.md": """\
{% if vars.prefix.startswith("ab") %}
- Prefix.
{% elif vars.flag and vars.size == vars.other %}
- Equal.
{% else %}
- Else.
{% endif %}
{% if "b" in pack.tags %}
- Tag b.
{% endif %}
{% if vars.prefix | upper == "GO" or vars.size is divisibleby 3 %}
- Upper.
{% else %}
- Lower.
{% endif %}
{% if model.family == "wide" %}
- Wide.
{% endif %}
{% filter upper %}
- loud {{ model.title }}
{% endfilter %}
""",
    "packs/mac/steps.md": """\
---
params: {who: you, when: ""}
---
- {{ params.who }} starts{% if params.when %} at {{ params.when }}{% endif %}.
{# a comment #}
- Done.
""",
    "templates/layouts/plain.md.j2": """\
{% for section in sections %}
{{ section.title }}: {% if section.name == "ethics" %}(mind){% endif %}


{{ section.body }}

{% endfor %}
Bye {{ model.title }}.
""",
    "templates/models/tiny.yaml": _MODEL.format("tiny", "plain"),
    "templates/models/wide.yaml": _MODEL.format("wide", "plain"),
    **_POLICIES,
}

PROJECTS: Mapping[str, Mapping[str, str]] = {
    "branches": BRANCHES,
    "clients": CLIENTS,
    "macros": MACROS,
}

_WORD = re.compile(r"[A-Za-z0-9_.#/-]+")
_OTHERS = {
    "subagent": "primary all",
    "allow": "ask deny",
    "ask": "allow deny",
    "deny": "allow ask inherit",
}


def edit_line(text: str, number: int, chance: random.Random) -> str:
    """Return a text with one line edited at random, counted from 1."""
    lines = text.split("\n")
    line = lines[number - 1]
    match chance.choice(["word", "word", "word", "add", "drop", "double", "negate"]):
        case "word" if words := list(_WORD.finditer(line)):
            word = chance.choice(words)
            everywhere = sorted({*_WORD.findall(text)} | {"x", "3", "go", "rust", "b"})
            known = _OTHERS.get(word[0], "").split() or everywhere
            line = f"{line[: word.start()]}{chance.choice(known)}{line[word.end() :]}"
        case "negate" if "{% if " in line:
            line = re.sub(r"\{% if (.*?) %\}", r"{% if not (\1) %}", line)
        case "drop":
            return "\n".join([*lines[: number - 1], *lines[number:]])
        case "double":
            line = f"{line}\n{line}"
        case _:
            line = f"{line} Zq"
    return "\n".join([*lines[: number - 1], line, *lines[number:]])


def list_edits(text: str, number: int) -> Iterator[str]:
    """Yield a text with one line edited in every way that is likely to change what it does."""
    lines = text.split("\n")
    line = lines[number - 1]
    edited = [
        f"{line} Zq",
        f"{line}Zq",
        None,
        re.sub(r"\{% if (.*?) %\}", r"{% if not (\1) %}", line),
    ]
    edited += [re.sub(r"\{% el?if (.*?) %\}", r"{% elif not (\1) %}", line)]
    edited += [re.sub(r"( in )(.*?)( %\}| if )", r"\1[]\3", line)]
    edited.append(line.replace('""', "Zq"))
    for word in _WORD.finditer(line):
        others = _OTHERS.get(word[0], "").split() or ["Zq", "3", "0", "null", f"{word[0]}x"]
        edited += [f"{line[: word.start()]}{one}{line[word.end() :]}" for one in others]
    for new in edited:
        if new != line:
            middle = [] if new is None else [new]
            yield "\n".join([*lines[: number - 1], *middle, *lines[number:]])
