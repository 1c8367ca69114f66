"""Templates that would take all time or memory, and what runs each in a process of its own.

`python tests/bombs.py` tells what each of them takes when it is built, `… lint` when it is linted.
"""

import contextlib
import json
import os
import resource
import sys
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

import support
from promptpack import cli

CPU_SECONDS = 20
"""The fence around a bomb; without a budget most of them run into it."""
MEMORY = 1 << 30

ROLE = "packs/demo/role.md"
FAN_OUT = {
    f"templates/fragments/fan/level-{level}.md": (
        "---\ntitle: Fan\nsummary: Out.\n---\n"
        + (f"{{% include './level-{level + 1}' %}}\n" * 10 if level < 8 else "- leaf\n")
    )
    for level in range(9)
}
"""Ten includes a file, eight deep: a hundred million leaves."""


class Bomb(NamedTuple):
    """A template, and the line of it that the message has to name; two lines stand above it."""

    template: str
    line: int = 1
    path: str = ROLE
    files: Mapping[str, str] = {}
    builds: bool = False
    message: str = ""

    @property
    def place(self) -> str:
        """Where the message has to point."""
        above = 2 if self.path == ROLE else 0
        return f"--> {self.path}:{self.line + above}:"


class Outcome(NamedTuple):
    """How a bomb ended: exit code (negative for a signal), what was said, CPU seconds and MB."""

    code: int
    said: str
    cpu: float
    memory: float


def _repeat(text: str, count: int, around: str) -> str:
    return around.replace("…", text * count)


LONG = "{% set s = 'xy' * 500000 %}"
"""A text of a million characters, which a template may make."""
ITEMS = "{% set l = range(100000)|list %}"

BOMBS: Mapping[str, Bomb] = {
    # loops
    "loop": Bomb("{% for i in range(100000) %}{{ i }}\n{{ i }}{% endfor %}", message="steps"),
    "nested-loops": Bomb(
        "{% for i in range(100000) %}\n{% for j in range(100000) %}{% endfor %}\n{% endfor %}", 2
    ),
    "three-loops": Bomb(
        "{% for i in range(9999) %}{% for j in range(9999) %}\n"
        "{% for k in range(9999) %}{% endfor %}{% endfor %}{% endfor %}",
        2,
    ),
    "loop-over-text": Bomb(f"{LONG}\n{{% for c in s %}}{{{{ c }}}}{{% endfor %}}", 2),
    "loop-filter": Bomb(
        "{% for i in range(9999) %}\n{% for j in range(99999) if j is odd and i > 9999 %}"
        "{% endfor %}{% endfor %}",
        2,
    ),
    "loop-never": Bomb(
        "{% for i in range(99999) %}\n{% for j in range(99999) if false %}{% endfor %}{% endfor %}",
        2,
    ),
    "recursive-loop": Bomb(
        "{% for i in [1, 2] recursive %}\n{{ loop([1, 2]) }}{% endfor %}", 2, message="deep"
    ),
    "recursive-loop-wide": Bomb(
        "{% for i in range(9) recursive %}\n{% if loop.depth < 12 %}{{ loop(range(9)) }}{% endif %}"
        "{% endfor %}",
        1,
    ),
    "large-body": Bomb(
        _repeat("{% if 1 %}x{% endif %}", 2_000, "{% for i in range(99999) %}…{% endfor %}"),
    ),
    "large-condition": Bomb(
        "{% for i in range(99999) if " + " or ".join(["i < 0"] * 90) + " %}{% endfor %}",
        message="steps",
    ),
    # macros
    "macro-tree": Bomb(
        "{% macro m(n) %}\n{% if n %}{{ m(n - 1) }}{{ m(n - 1) }}{% endif %}{% endmacro %}"
        "{{ m(40) }}",
        2,
    ),
    "macro-recursion": Bomb("{% macro m() %}\n{{ m() }}{% endmacro %}{{ m() }}", 2, message="deep"),
    "macros-of-each-other": Bomb(
        "{% macro a() %}\n{{ b() }}{% endmacro %}{% macro b() %}\n{{ a() }}{% endmacro %}{{ a() }}",
        3,
    ),
    "caller-tree": Bomb(
        "{% macro m(n) %}{{ caller() }}{{ caller() }}{% endmacro %}\n"
        + "{% call m(1) %}" * 40
        + "x"
        + "{% endcall %}" * 40,
        2,
    ),
    "block-recursion": Bomb("{% block b %}\n{{ self.b() }}{% endblock %}", 2),
    "block-tree": Bomb(
        "{% block a %}" + "{{ self.b() }}" * 50 + "{% endblock %}"
        "{% block b %}" + "{{ self.c() }}" * 50 + "{% endblock %}"
        "{% block c %}" + "{{ self.d() }}" * 50 + "{% endblock %}"
        "{% block d %}" + "x" * 50 + "{% endblock %}",
    ),
    # values that grow
    "product": Bomb("{{ 'a' * 10**9 }}", message="a value has more than"),
    "product-reversed": Bomb("{{ 10**9 * 'a' }}"),
    "list-product": Bomb("{{ ([0] * 10**9)|length }}"),
    "nested-product": Bomb("{{ ([[0] * 1000] * 1000)|length }}"),
    "doubling": Bomb(
        "{% set n = namespace(s='x') %}{% for i in range(60) %}\n{% set n.s = n.s ~ n.s %}"
        "{% endfor %}",
        2,
    ),
    "doubling-plus": Bomb(
        "{% set n = namespace(s='x') %}{% for i in range(60) %}\n{% set n.s = n.s + n.s %}"
        "{% endfor %}",
        2,
    ),
    "doubling-list": Bomb(
        "{% set n = namespace(l=[0]) %}{% for i in range(60) %}\n{% set n.l = n.l + n.l %}"
        "{% endfor %}",
        2,
    ),
    "doubling-nested-list": Bomb(
        "{% set n = namespace(l=[0]) %}{% for i in range(60) %}\n{% set n.l = [n.l, n.l] %}"
        "{% endfor %}",
        2,
    ),
    "doubling-tuple-key": Bomb(
        "{% set n = namespace(t=(0,)) %}{% for i in range(60) %}\n{% set n.t = (n.t, n.t) %}"
        "{% endfor %}{{ {n.t: 1}|length }}",
        2,
    ),
    "doubling-replace": Bomb(
        "{% set n = namespace(s='x') %}{% for i in range(60) %}\n"
        "{% set n.s = n.s|replace('x', 'xx') %}{% endfor %}",
        2,
    ),
    "doubling-captured": Bomb(
        "{% set a %}xxxxxxxx{% endset %}\n"
        + "{% set a %}{{ a }}{{ a }}{{ a }}{{ a }}{{ a }}{{ a }}{{ a }}{{ a }}{% endset %}\n" * 12,
        7,
    ),
    "doubling-format": Bomb(
        "{% set n = namespace(s='x') %}{% for i in range(60) %}\n"
        "{% set n.s = '{0}{0}'.format(n.s) %}{% endfor %}",
        2,
    ),
    "deep-list": Bomb(
        "{% set n = namespace(l=[]) %}{% for i in range(9999) %}\n"
        "{% set n.l = [n.l] %}{% endfor %}",
        2,
    ),
    "deep-tuple": Bomb(
        "{% set n = namespace(t=()) %}{% for i in range(9999) %}\n"
        "{% set n.t = (n.t,) %}{% endfor %}",
        2,
    ),
    "deep-generator": Bomb(
        "{% set n = namespace(g=[1]) %}{% for i in range(9999) %}\n"
        "{% set n.g = n.g|map('string')|select %}{% endfor %}{{ n.g|list|join }}",
        builds=True,
    ),
    "many-large-values": Bomb(
        "{% set n = namespace(l=[]) %}{% for i in range(999) %}\n"
        "{% set n.l = n.l + ['x' * 900000 ~ i] %}{% endfor %}",
        2,
    ),
    "many-names": Bomb(
        "{% set s = 'x' * 900000 %}\n"
        + "".join(f"{{% set v{number} = s ~ {number} %}}\n" for number in range(500)),
        10,
    ),
    "many-slices": Bomb(
        LONG + "\n" + "".join(f"{{% set v{n} = s[{n}:] %}}" for n in range(900)), 2
    ),
    "many-namespaces": Bomb(
        f"{LONG}{{% set n = namespace() %}}{{% for i in range(999) %}}\n"
        "{% set n.v = namespace(v=n.v, s=s ~ i) if i else namespace(s=s) %}{% endfor %}",
        2,
    ),
    # numbers
    "power": Bomb("{{ 10 ** 5000 }}", message="a number has more than 1,000 digits"),
    "tower": Bomb("{{ 9 ** (9 ** 9) }}"),
    "factorial": Bomb(
        "{% set n = namespace(f=1) %}{% for i in range(1, 9999) %}\n{% set n.f = n.f * i %}"
        "{% endfor %}{{ n.f }}",
        2,
    ),
    "squares": Bomb(
        "{% set n = namespace(f=3) %}{% for i in range(40) %}\n"
        "{% set n.f = n.f * n.f %}{% endfor %}",
        2,
    ),
    "hexadecimal": Bomb("{{ ('f' * 900000)|int(base=16) }}"),
    "long-number": Bomb("{{ " + "9" * 100_000 + " }}"),
    "long-hexadecimal": Bomb("{{ 0x" + "f" * 100_000 + " }}"),
    "round": Bomb("{{ 1.5|round(10**9, 'ceil') }}"),
    "round-integer": Bomb("{{ 1|round(-(10**9)) }}"),
    # formats and widths
    "percent-width": Bomb("{{ '%0999999999d' % 1 }}"),
    "percent-precision": Bomb("{{ '%.999999999f' % 1.5 }}"),
    "percent-star": Bomb("{{ '%*d' % (10**9, 1) }}"),
    "percent-name": Bomb("{{ '%(a(b)c)999999999d' % {'a(b)c': 1} }}"),
    "percent-fields": Bomb(f"{LONG}\n{{{{ ('%(s)s' * 9999) % {{'s': s}} }}}}", 2),
    "format-filter": Bomb("{{ '%999999999s'|format('x') }}"),
    "format-width": Bomb("{{ '{:>999999999}'.format(1) }}"),
    "format-nested-width": Bomb("{{ '{:>{}}'.format(1, 10**9) }}"),
    "format-fields": Bomb(f"{LONG}\n{{{{ ('{{0}}' * 9999).format(s) }}}}", 2),
    "format-map": Bomb("{{ '{x:999999999}'.format_map({'x': 1}) }}"),
    "format-marked": Bomb("{{ ('{:>999999999}'|safe).format(1) }}"),
    "center": Bomb("{{ 'x'|center(10**9) }}"),
    "center-method": Bomb("{{ 'x'.center(10**9) }}"),
    "center-marked": Bomb("{{ ('x'|e).center(10**9) }}"),
    "ljust": Bomb("{{ 'x'.ljust(10**9) }}"),
    "zfill": Bomb("{{ 'x'.zfill(10**9) }}"),
    "expandtabs": Bomb("{{ '\\t'.expandtabs(10**9) }}"),
    "indent": Bomb("{{ 'x\\ny'|indent(10**9) }}"),
    "indent-lines": Bomb("{{ ('x\\n' * 9999)|indent(9999) }}"),
    "batch": Bomb("{{ [1]|batch(10**9, 'x')|list|length }}"),
    "slice": Bomb("{{ [1]|slice(10**9)|list|length }}"),
    "wordwrap": Bomb("{{ ('x' * 300000)|wordwrap(1)|length }}"),
    "wordwrap-string": Bomb("{{ ('x ' * 50000)|wordwrap(1, wrapstring='y' * 100000) }}"),
    "replace": Bomb("{{ ('x' * 1000000)|replace('x', 'y' * 2000) }}"),
    "mark-items": Bomb("{{ ('- x\\n' * 300000)|mark_items('y' * 2000) }}"),
    "bold-terms": Bomb(
        f"{LONG}\n{{% for i in range(999) %}}{{{{ s|bold_terms|length }}}}{{% endfor %}}", 2
    ),
    "replace-method": Bomb("{{ ('x' * 1000000).replace('', 'y' * 2000) }}"),
    "list-of-text": Bomb("{{ ('\U0001d41a' * 2000000)|list|length }}"),
    "tojson-indent": Bomb("{{ [[1]]|tojson(indent=10**9) }}"),
    "to-bytes": Bomb("{{ (1).to_bytes(10**9)|length }}"),
    "translate": Bomb("{{ ('x' * 9999).translate({120: 'y' * 99999}) }}"),
    "encode": Bomb("{{ 'x'.encode().center(10**9)|length }}"),
    "fromkeys": Bomb("{{ dict.fromkeys(range(99999), 'x')|length }}"),
    # work without growth
    "join": Bomb(f"{ITEMS}\n{{{{ l|join('x' * 99999) }}}}", 2),
    "join-method": Bomb("{{ ('x' * 99999).join(['y'] * 9999) }}"),
    "sum-lists": Bomb(
        "{{ range(30000)|batch(1)|sum(start=[])|length }}", message="sum adds numbers"
    ),
    "sort": Bomb(f"{ITEMS}\n{{% for i in range(999) %}}{{{{ l|sort|length }}}}{{% endfor %}}", 2),
    "unique": Bomb(
        f"{ITEMS}\n{{% for i in range(999) %}}{{{{ l|unique|list|length }}}}{{% endfor %}}", 2
    ),
    "groupby": Bomb(
        f"{ITEMS}\n{{% for i in range(999) %}}{{{{ l|groupby('real')|length }}}}{{% endfor %}}", 2
    ),
    "map": Bomb("{{ range(99999)|map('string')|map('upper')|map('lower')|list|length }}"),
    "dictsort": Bomb(
        "{% set d = dict(range(99999)|map('string')|batch(2)|list) %}\n"
        "{% for i in range(999) %}{{ d|dictsort|length }}{% endfor %}",
        1,
    ),
    "contains": Bomb(f"{LONG}\n{{% for i in range(9999) %}}{{{{ 'xx' in s }}}}{{% endfor %}}", 2),
    "compare": Bomb(
        f"{LONG}{{% set t = s ~ '' %}}\n{{% for i in range(9999) %}}{{{{ s == t }}}}{{% endfor %}}",
        2,
    ),
    "compare-lists": Bomb(
        f"{ITEMS}{{% set m = l[:] %}}\n{{% for i in range(999) %}}{{{{ l == m }}}}{{% endfor %}}", 2
    ),
    "rfind": Bomb("{{ ('a' * 900000).rfind('b' ~ 'a' * 450000) }}"),
    "strip": Bomb("{{ ('a' * 900000).strip('b' * 900000 ~ 'a') }}"),
    "trim": Bomb("{{ ('a' * 900000)|trim('b' * 900000 ~ 'a') }}"),
    "striptags": Bomb("{{ ('<!---->' * 99999)|striptags }}"),
    "title": Bomb(f"{LONG}\n{{{{ s|title|title|title|title|title }}}}", 2),
    "urlencode": Bomb(
        "{% set s = 'é' * 900000 %}\n{% for i in range(999) %}{{ s|urlencode }}{% endfor %}", 2
    ),
    "escape": Bomb(
        "{% set n = namespace(s='&') %}{% for i in range(999) %}\n"
        "{% set n.s = n.s|string|e|string %}"
        "{% endfor %}{% for i in range(999) %}{{ n.s * 999 }}{% endfor %}",
        2,
    ),
    "undefined-names": Bomb(
        "{% for i in range(60000) %}{% if vars.nope is defined %}{% endif %}{% endfor %}"
    ),
    "effects": Bomb(
        "{% for i in range(60000) %}{% if policy.authored.denies('edit') %}{% endif %}{% endfor %}"
    ),
    "attribute-path": Bomb(
        "{% set a = 'a.' * 99999 ~ 'a' %}\n"
        "{{ range(99999)|map(attribute=a, default={})|list|length }}",
        2,
    ),
    "sort-paths": Bomb(
        "{% set a = 'real,' * 999 ~ 'real' %}\n{{ range(99999)|sort(attribute=a)|length }}", 2
    ),
    "wide-characters": Bomb("{{ ('\U0001d41a ' * 900000).split()|length }}"),
    "title-of-wide": Bomb("{{ ('\U0001d41a-' * 90000)|title|title|length }}", builds=True),
    "words": Bomb("{{ ('a-b ' * 100000)|wordwrap(79)|length }}", builds=True),
    "hyphens": Bomb("{{ ('a-' * 240000)|wordwrap(79)|length }}"),
    "one-word": Bomb("{{ ('a' * 400000)|wordwrap(79)|length }}"),
    "quoted": Bomb("{{ ('\U0001d41a' * 90000)|urlencode|length }}", builds=True),
    "json": Bomb("{{ ('\U0001d41a' * 180000)|tojson|length }}"),
    "tags": Bomb("{{ ('<a>' * 1000)|striptags|length }}", builds=True),
    "needle": Bomb(
        f"{LONG}{{% set t = 'xy' * 24 ~ 'b' ~ 'xy' * 24 %}}\n"
        "{% for i in range(9999) %}{{ s.find(t) }}{% endfor %}",
        2,
    ),
    "growing-dictionary": Bomb(
        "{% set n = namespace(d={}) %}{% for i in range(99999) %}\n"
        "{% set n.d = dict(n.d, **{'k' ~ i: 1}) %}{% endfor %}",
        2,
    ),
    "loop-changed": Bomb(
        f"{ITEMS}\n{{% for i in l %}}{{% if loop.changed(l) %}}{{% endif %}}{{% endfor %}}", 2
    ),
    "names-and-includes": Bomb(
        "".join(f"{{% set v{number} = 1 %}}\n" for number in range(2_500))
        + "{% for i in range(99999) %}{% include 'standards/small-steps' %}{% endfor %}",
        2_501,
    ),
    "names-and-imports": Bomb(
        "".join(f"{{% set v{number} = 1 %}}\n" for number in range(2_500))
        + "{% for i in range(99999) %}{% import 'standards/small-steps' as x %}{% endfor %}",
        2_501,
    ),
    "names-of-others": Bomb(
        "".join(f"{{% set v{number} = 1 %}}\n" for number in range(2_500))
        + "{% include './second.md' %}",
        1,
        path="packs/demo/second.md",
        files={
            "packs/demo/second.md": "{% for i in range(99999) %}"
            "{% include 'standards/small-steps' %}{% endfor %}",
        },
    ),
    "names-and-blocks": Bomb(
        "".join(f"{{% set v{number} = 1 %}}\n" for number in range(2_500))
        + "{% for i in range(99999) %}{% block b scoped %}{% endblock %}{% endfor %}",
        2_501,
    ),
    "many-arguments": Bomb(
        "{% for i in range(99999) %}\n{% set x = namespace("
        + ", ".join(f"a{number}=1" for number in range(3_000))
        + ") %}{% endfor %}",
    ),
    "spread-arguments": Bomb(
        "{% macro m() %}{{ varargs|length }}{% endmacro %}{% set l = range(99999)|list %}\n"
        "{% for i in range(9999) %}{{ m(*l) }}{% endfor %}",
    ),
    # output
    "output": Bomb(
        "{% for i in range(9999) %}\n{{ 'x' * 9999 }}{% endfor %}", 2, message="prints more than"
    ),
    "output-literal": Bomb("{% for i in range(9999) %}" + "x" * 9_999 + "{% endfor %}"),
    "output-newlines": Bomb("```\n{{ '\\n' * 2000000 }}\n```", 2),
    "output-lines": Bomb("```\n{{ '\\n' * 230000 }}\n```", builds=True),
    "backticks": Bomb("`" * 200_000 + " x`", builds=True),
    # other templates
    "include-fan-out": Bomb(
        "{% include 'fan/level-0' %}",
        path="templates/fragments/fan/level-7.md",
        line=12,
        files=FAN_OUT,
    ),
    "include-in-loop": Bomb(
        "{% for i in range(99999) %}{% include 'standards/small-steps' %}{% endfor %}",
    ),
    "import-in-loop": Bomb(
        "{% for i in range(99999) %}\n{% import './macros.md' as m %}{{ m.x() }}{% endfor %}",
        1,
        files={"packs/demo/macros.md": "{% macro x() %}x{% endmacro %}\n"},
    ),
    "output-of-many-uses": Bomb(
        "ok",
        path="packs/demo/pack.yaml",
        line=6,
        files={
            "packs/demo/large.md": "x" * 99 + "\n" + ("y" * 98 + "\n") * 9_999,
            "packs/demo/pack.yaml": "name: demo\ntitle: Demo\ndescription: Says.\n"
            "targets: [opencode]\nsections:\n  role: [./role.md"
            + ", ./large.md"
            * 999
            + "]\nvariants:\n  default: {model: tiny, policy: look}\n"
            "  model: [tiny]\n  policy: [look]\n",
        },
    ),
    # what can't be compiled
    "brackets": Bomb("{{ " + "(" * 5_000 + "1" + ")" * 5_000 + " }}", message="32 levels"),
    "lists": Bomb("{{ " + "[" * 5_000 + "1" + "]" * 5_000 + " }}"),
    "signs": Bomb("{{ " + "-" * 5_000 + "1 }}"),
    "nots": Bomb("{{ " + "not " * 5_000 + "1 }}"),
    "terms": Bomb("{{ " + "1 + " * 5_000 + "1 }}", message="100 levels"),
    "filters": Bomb("{{ 'x'" + "|upper" * 5_000 + " }}"),
    "attributes": Bomb("{{ vars" + ".x" * 5_000 + " }}"),
    "conditions": Bomb("{{ " + "1 if 0 else " * 5_000 + "1 }}"),
    "branches": Bomb("{% if 1 %}" + "{% elif 1 %}x" * 5_000 + "{% endif %}", message="100 levels"),
    "blocks": Bomb("{% if 1 %}" * 1_000 + "{% endif %}" * 1_000),
    "static-loops": Bomb("{% for x in 'a' %}" * 25 + "{% endfor %}" * 25),
    "expressions": Bomb("{{ 1 }}" * 100_000, message="50,000"),
    "long-list": Bomb("{{ [" + "1," * 200_000 + "]|length }}"),
    "long-concatenation": Bomb("{{ " + "'x' ~ " * 100_000 + "'x' }}"),
    "constants": Bomb("{{ ('x' * 10**9)|length }}{{ 'x'|center(10**9) }}"),
    "autoescape": Bomb("{% autoescape 'x'|center(10**9) %}x{% endautoescape %}"),
}


def make_files(bomb: Bomb) -> dict[str, str]:
    """Return the files of a project that has a bomb in its role, from the third line on."""
    return {ROLE: f"One.\n\n{bomb.template}\n", **bomb.files}


def run_bomb(root: Path, arguments: Sequence[str]) -> Outcome:
    """Run the command line on a project, in a child of this process with limits."""
    said = root / "said"
    child = os.fork()
    if child == 0:
        code = 4
        try:
            resource.setrlimit(resource.RLIMIT_CPU, (CPU_SECONDS, CPU_SECONDS))
            resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
            os.chdir(root)
            with (
                said.open("w", encoding="utf-8") as stream,
                contextlib.redirect_stdout(stream),
                contextlib.redirect_stderr(stream),
            ):
                code = cli.run([*arguments])
        finally:
            os._exit(code)
    _, status, usage = os.wait4(child, 0)
    cpu = usage.ru_utime + usage.ru_stime
    text = said.read_text(encoding="utf-8") if said.exists() else ""
    return Outcome(os.waitstatus_to_exitcode(status), text, cpu, usage.ru_maxrss / 1024)


def run_bombs(command: Sequence[str] = ("build",)) -> dict[str, Outcome]:
    """Return how each bomb ends; all that a command imports is imported before."""
    outcomes = {}
    with tempfile.TemporaryDirectory() as folder:
        assert support.call(*command, cwd=support.make_project(Path(folder) / "demo")).code == 0
        for name, bomb in BOMBS.items():
            root = support.make_project(Path(folder) / name, make_files(bomb))
            outcomes[name] = run_bomb(root, command)
    return outcomes


def main() -> None:
    """Print what each bomb takes, or with `--json` all that is known of it."""
    command = [word for word in sys.argv[1:] if word != "--json"] or ["build"]
    if "--json" in sys.argv:
        sys.stdout.write(json.dumps(run_bombs(command)))
        return
    for name, outcome in run_bombs(command).items():
        first, _, rest = outcome.said.partition("\n")
        place = rest.partition("\n")[0].strip()
        sys.stdout.write(
            f"{name:22} {outcome.code:3} {outcome.cpu:5.2f} s {outcome.memory:4.0f} MB  "
            f"{place}  {first[:90]}\n"
        )


if __name__ == "__main__":
    main()
