"""The budget: what takes too much ends at a count, with the line; what builds, builds as before."""

import json
import os
import re
import subprocess
import sys
from collections.abc import Callable, Mapping
from functools import partial
from itertools import pairwise
from pathlib import Path

import pytest

import support
from bombs import BOMBS, Outcome
from promptpack.build import build_project
from promptpack.model import UserError
from promptpack.model.output import OUTPUT_SIZE
from promptpack.reading.project import load_project
from promptpack.rendering.budget import CALL_DEPTH, LIMITS, VALUE_DEPTH
from promptpack.rendering.compose import Composer
from promptpack.rendering.lines import join_text
from promptpack.rendering.variants import resolve_variants
from support import DEMO, limit_cpu, make_project
from test_templating import finding, rendered

MEGABYTES = 300
"""What a build may hold in memory, whatever its templates do."""


@pytest.fixture(scope="module")
def outcomes() -> Mapping[str, Outcome]:
    """Return how each bomb ended, each built in a process of its own with limits."""
    done = subprocess.run(
        [sys.executable, str(Path(__file__).with_name("bombs.py")), "--json"],
        env=support.environment({"PYTHONPATH": os.pathsep.join(sys.path)}),
        capture_output=True,
        check=False,
        timeout=support.PATIENCE,
    )
    assert done.returncode == 0, done.stderr.decode()
    return {name: Outcome(*outcome) for name, outcome in json.loads(done.stdout).items()}


@pytest.mark.fault(47, "include-fan-out", "huge-output")
@pytest.mark.parametrize("name", BOMBS)
def test_a_bomb_ends_with_a_message_at_its_line_or_builds(
    name: str, outcomes: Mapping[str, Outcome]
) -> None:
    bomb, outcome = BOMBS[name], outcomes[name]
    assert outcome.memory <= MEGABYTES
    assert outcome.code == (0 if bomb.builds else 3), outcome.said
    if not bomb.builds:
        assert bomb.place in outcome.said
        assert bomb.message in outcome.said.partition("\n")[0]
        assert "1 error; nothing was written\n" in outcome.said
        assert "MemoryError" not in outcome.said


def say_message(text: str, count: int) -> str:
    """Return what a template fails with that has a count in place of `…`, or nothing."""
    try:
        rendered(text.replace("…", str(count)))
    except UserError as error:
        return error.findings[0].message
    return ""


@pytest.mark.fault(47)
@pytest.mark.parametrize(
    ("text", "most", "message"),
    [
        ("{% for i in range(…) %}{{ i }}{% endfor %}", 10**5, f"more than {LIMITS.steps:,} steps"),
        ("{{ ('x' * …)|length }}", 10**7, f"a value has more than {LIMITS.size:,} characters"),
        ("{{ 'x' * 9 }}{{ 'x' * … }}", 10**6 * 2, ""),
        ("{{ 'x' * 99999 }}{{ 'x' * … }}", LIMITS.size, f"more than {LIMITS.output:,} characters"),
        ("{{ ('x' * 9 * …)|title|length }}", 10**5, f"more than {LIMITS.work:,} characters"),
        ("{{ 10 ** … // 10 ** 990 }}", 2_000, "a number has more than 1,000 digits"),
        (
            "{% macro m(n) %}{% if n %}{{ m(n - 1) }}{% endif %}{% endmacro %}{{ m(…) }}",
            100,
            f"calls are nested more than {CALL_DEPTH} levels deep",
        ),
        (
            "{% set n = namespace(l=[]) %}{% for i in range(…) %}{% set n.l = [n.l] %}{% endfor %}",
            100,
            f"lists are nested more than {VALUE_DEPTH} levels deep",
        ),
    ],
)
def test_each_limit_is_one_count(text: str, most: int, message: str) -> None:
    assert message in say_message(text, most)
    builds, fails = 1, most
    while message and fails - builds > 1:
        middle = (builds + fails) // 2
        builds, fails = (builds, middle) if say_message(text, middle) else (middle, fails)
    assert say_message(text, builds) == ""
    assert message in say_message(text, fails)


@pytest.mark.fault(47)
@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("{{ 'ab'|center(6) }}|{{ 'ab'.ljust(4) }}|{{ '7'.zfill(3) }}", "  ab  |ab  |007"),
        ("{{ '%s: %5.2f%% %(x)s'|replace('%(x)s', '') % ('a', 1.5) }}", "a:  1.50% "),
        ("{{ '%(a)s-%(b)03d' % {'a': 'x', 'b': 7} }} {{ '100%'|upper }}", "x-007 100%"),
        ("{{ '{0:>4}{x!r}{1:{2}}'.format(1, 'b', 3, x='a') }}", "   1'a'b  "),
        ("{{ '{a}{b[k]}'.format_map({'a': 1, 'b': {'k': 2}}) }}", "12"),
        ("{{ ('<b>'|e).format() }}{{ ('{}'|safe).format('<') }}", "&lt;b&gt;&lt;"),
        ("{{ [3, 1, 2]|sort|join('-') }} {{ 'cab'|sort|join }}", "1-2-3 abc"),
        ("{{ [1, 2, 3]|batch(2, 'x')|map('join', '+')|join(' ') }}", "1+2 3+x"),
        ("{{ range(5)|slice(2)|map('list')|map('join')|join(' ') }}", "012 34"),
        (
            "{{ ['a', 'b', 'a']|unique|join }}{{ 'abc'|reverse }}{{ [1, 2]|reverse|join }}",
            "abcba21",
        ),
        ("{% for k, v in {'b': 1, 'a': 2}|dictsort %}{{ k }}{{ v }}{% endfor %}", "a2b1"),
        ("{% for k, v in {'b': 1}.items() %}{{ k }}{{ v }}{% endfor %}", "b1"),
        ("{% for g in ['ab', 'cd', 'e']|groupby('0') %}{{ g.grouper }}{% endfor %}", "ace"),
        ("{% for i in range(9) if i is odd %}{{ loop.index }}{{ i }}{% endfor %}", "11233547"),
        ("{{ {'a': [1, 2]}|tojson(indent=1) }}", '{\n "a": [\n  1,\n  2\n ]\n}'),
        ("{{ 'a\nb'|indent(2) }} {{ 'a b c'|wordwrap(3) }}", "a\n  b a b\nc"),
        (
            "{{ 2 ** 10 }} {{ 2 ** 0.5 > 1.4 }} {{ 2 ** -1 }} {{ 7 // 2 }} {{ 7 % 4 }}",
            "1024 True 0.5 3 3",
        ),
        (
            "{{ [1] + [2] == [1, 2] }} {{ 1 < 2 < 3 }} {{ 'b' in 'abc' }} {{ 'abc'[1:] }}",
            "True True True bc",
        ),
        ("{{ 'A b'.title().swapcase().split()|join('.') }} {{ ' x '.strip() }}", "a.b x"),
        ("{{ pack.tags|map('upper')|join(',') }} {{ pack.tags|first }}", "A,B a"),
        (
            "{{ [pack]|map(attribute='title')|join }} {{ [pack]|join(attribute='name') }}",
            "Demo demo",
        ),
        ("{{ none|default('x', true) }} {{ 3.0|round|int }} {{ '2'|int + 1 }}", "x 3 3"),
        ("{{ 'a' ~ 1 ~ true ~ 1.5 }}", "a1True1.5"),
        ("{% autoescape true %}{{ '<' }}{{ '<'|safe ~ '<' }}{% endautoescape %}", "&lt;<&lt;"),
        ("{% filter upper %}a{{ 'b' }}{% endfilter %}{% with x = 1 %}{{ x }}{% endwith %}", "AB1"),
        ("{% for i in [1] recursive %}{{ i }}{{ loop([]) if i else loop([0]) }}{% endfor %}", "1"),
        (
            "{% macro m(x) %}({{ caller(x) }}){% endmacro %}{% call(y) m(2) %}{{ y }}{% endcall %}",
            "(2)",
        ),
    ],
)
def test_what_is_counted_gives_what_it_gave(text: str, expected: str) -> None:
    assert rendered(text) == expected


OBJECTS = ["pack", "policy", "policy.allows", "vars", "[1]", "('a', 'b')", "{'a': 1}", "none"]
TO_TEXT = [
    "{{ … }}",
    "{{ …|string }}",
    "{{ … ~ '' }}",
    "{{ '%s' % (…,) }}",
    "{{ '%r' % (…,) }}",
    "{{ '%s'|format(…) }}",
    "{{ '{}'.format(…) }}",
    "{{ '{x}'.format(x=…) }}",
    "{{ '{x!r}'.format_map({'x': …}) }}",
    "{{ ('{}'|safe).format(…) }}",
    "{{ [[…]]|map('string')|join }}",
    "{{ […]|join }}",
    "{{ [{'k': …}]|join(attribute='k') }}",
    "{{ …|upper }}",
    "{{ …|lower|title }}",
    "{{ …|e }}",
    "{{ …|safe }}",
    "{{ …|trim }}",
    "{{ …|capitalize }}",
    "{{ …|center }}",
    "{{ …|wordcount }}",
    "{{ …|striptags }}",
    "{{ …|replace('a', 'b') }}",
    "{{ 'a'|replace('a', …) }}",
    "{{ [['a', …]]|urlencode }}",
    "{{ 'x' if … is lower }}",
    "{% filter replace('a', …) %}a{% endfilter %}",
]
"""Ways to make text of a value. JSON is text with one spelling: `tojson` takes lists."""


@pytest.mark.fault("printed-object")
@pytest.mark.parametrize("way", TO_TEXT)
@pytest.mark.parametrize("value", OBJECTS)
def test_what_has_no_one_spelling_is_never_text(way: str, value: str) -> None:
    found = finding("one\n\n" + way.replace("…", value))
    assert found.code == "PP034"
    assert (found.line, "0x" in found.message) == (3, False)
    assert re.fullmatch(r"an expression returns [A-Za-z]+, not text", found.message)


@pytest.mark.fault("printed-object")
def test_a_mapping_for_unnamed_fields_is_not_text() -> None:
    assert "returns dict" in finding("{{ '%s' % {'a': 1} }}").message


@pytest.mark.fault("wrong-line")
@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("{{ 10 ** 5000 }}", "PP038 a number has more than"),
        ("{{ 'a' * 10 ** 9 }}", "PP038 a value has more than"),
        ("{{ 'x'|shout }}", "PP034 No filter named 'shout'."),
        ("{{ 'x' is loud }}", "PP034 No test named 'loud'."),
        (
            "{% block a %}{% endblock %}\n{% block a %}{% endblock %}",
            "PP034 block 'a' defined twice",
        ),
        ("{% macro m(a, a) %}{% endmacro %}", "PP034 duplicate argument"),
        ("{{ range(1, a=1, a=2) }}", "PP034 keyword argument repeated: a"),
        ("{% for loop in [1] %}{% endfor %}", "PP034 Can't assign to special loop variable"),
        (
            "{% for x in 'a' %}" * 21 + "{% endfor %}" * 21,
            "PP034 too many statically nested blocks",
        ),
        ("{{ " + "9" * 5000 + " }}", "PP030 a number has more than 1,000 digits"),
        ("{{ " + "(" * 33 + "1" + ")" * 33 + " }}", "PP030 brackets are nested more than 32"),
        ("{{ " + "-" * 5000 + "1 }}", "PP030 the template is nested too deeply"),
        ("{{ 1" + " + 1" * 101 + " }}", "PP030 tags and expressions are nested more than 100"),
        ("{{ [" + "1," * 24_999 + "] }}", "PP030 the template has more than 50,000 names"),
    ],
)
@pytest.mark.parametrize("name", ["x/main", "x/below"])
def test_what_fails_before_it_is_rendered_names_its_own_line(
    text: str, message: str, name: str
) -> None:
    text = f"One {{{{ 'ok' }}}}\n\n{text}\n\nTwo {{{{ 'ok' }}}}\n"
    texts = {"x/main": "\n{% include './below' %}", "x/below": "", name: text}
    found = finding(texts["x/main"], {"x/below": texts["x/below"]})
    assert f"{found.code} {found.message}".startswith(message)
    assert (found.path, found.line) == (f"{name}.md", 3 + message.endswith("twice"))


def write_role(folder: Path, text: str, files: Mapping[str, str] | None = None) -> Path:
    """Return the demo project with a role of this text."""
    return make_project(folder, {"packs/demo/role.md": text, **(files or {})})


@pytest.mark.fault(47)
def test_what_builds_near_a_limit_can_be_traced(tmp_path: Path) -> None:
    """The marks of a traced render are no part of what a template may use."""
    steps, output = LIMITS.steps // 10, LIMITS.output // 20
    loop = "{% for i in range(…) %}{% if i < 9 %}{{ i }}{% endif %}{% endfor %}"
    text = "Role.\n" + loop.replace("…", str(steps))
    body = f"\n```\n{{{{ 'x\\n' * {output} }}}}\n```\n"
    root = write_role(tmp_path / "near", text + body)
    with pytest.raises(UserError):
        build_project(load_project(write_role(tmp_path / "twice", text * 2 + body)))
    with pytest.raises(UserError):
        build_project(load_project(write_role(tmp_path / "more", text + body * 2)))
    project = load_project(root)
    warned: list[object] = []
    composer = Composer(project, warn=warned.append)
    variant = resolve_variants(project)[0]
    traced = composer.trace_lines(variant, "opencode")
    assert warned == []
    assert f"{join_text(traced)}\n" == composer.compose_agent(variant, "opencode").prompt


@pytest.mark.fault(47)
def test_a_render_that_fails_of_its_marks_is_untraced(tmp_path: Path) -> None:
    text = "{% set x %}a{% endset %}\nYou help {{ 6 // (x|length == 1) }} people.\n"
    project = write_role(tmp_path, text)
    assert support.call("build", cwd=project).code == 0
    done = support.call("lint", "--rule", "PP036", cwd=project)
    assert "warning[PP036]: its lines can't be traced" in done.out


@pytest.mark.fault(47)
def test_templates_over_their_budget_are_not_tried_for_each_variant(tmp_path: Path) -> None:
    models = [f"m{number}" for number in range(300)]
    layout = "{% for i in range(60000) %}{% for s in sections %}{{ i }}{% endfor %}{% endfor %}"
    files = {f"templates/models/{name}.yaml": DEMO["templates/models/tiny.yaml"] for name in models}
    pack = DEMO["packs/demo/pack.yaml"].replace(
        "model: [tiny]", f"model: [tiny, {', '.join(models)}]"
    )
    files |= {"templates/layouts/plain.md.j2": layout, "packs/demo/pack.yaml": pack}
    project = load_project(make_project(tmp_path, files))
    with limit_cpu(), pytest.raises(UserError) as caught:
        build_project(project)
    assert [(one.code, one.path) for one in caught.value.findings] == [
        ("PP038", "templates/layouts/plain.md.j2")
    ]


@pytest.mark.fault(47)
def test_a_template_that_is_not_valid_is_read_once(tmp_path: Path) -> None:
    models = [f"m{number}" for number in range(300)]
    files = {f"templates/models/{name}.yaml": DEMO["templates/models/tiny.yaml"] for name in models}
    pack = DEMO["packs/demo/pack.yaml"].replace(
        "model: [tiny]", f"model: [tiny, {', '.join(models)}]"
    )
    files |= {"packs/demo/pack.yaml": pack, "packs/demo/role.md": "x\n" + "{{ 1 }}" * 6_600 + "{{"}
    project = load_project(make_project(tmp_path, files))
    with limit_cpu(), pytest.raises(UserError) as caught:
        build_project(project)
    assert [(one.code, one.line) for one in caught.value.findings] == [("PP030", 2)]


@pytest.mark.fault("huge-output")
@pytest.mark.parametrize("copies", [2, 3])
def test_a_prompt_has_a_most_size(tmp_path: Path, copies: int) -> None:
    line = "x" * 99 + "\n"
    large = line * (OUTPUT_SIZE * 2 // 5 // (len(line) + 8))
    sections = "role:\n    - ./role.md\n" + "    - ./large.md\n" * copies
    pack = DEMO["packs/demo/pack.yaml"].replace("role: ./role.md", sections)
    files = {"packs/demo/large.md": large, "packs/demo/pack.yaml": pack}
    project = load_project(make_project(tmp_path, files))
    if copies == 2:
        sizes = [len(artifact.content) for artifact in build_project(project)]
        assert min(sizes) > copies * len(large)
        return
    with pytest.raises(UserError) as caught:
        build_project(project)
    (found,) = caught.value.findings
    assert (found.code, found.excerpt.strip()) == ("PP039", "- ./large.md")
    assert found.line == 7 + 1 + copies


@pytest.mark.fault("huge-output")
def test_a_file_has_a_most_size_whatever_makes_it_large(tmp_path: Path) -> None:
    """TOML writes each backslash twice, so the file of Codex is larger than the prompt."""
    text = "\\" * 96 + "'''\n"
    pack = DEMO["packs/demo/pack.yaml"].replace("[opencode]", "[codex]") + support.NO_CURSOR
    pack += support.NO_SHELL
    files = {
        "packs/demo/pack.yaml": pack.replace("role: ./role.md", "role: [./large.md, ./large.md]"),
        "packs/demo/large.md": text * (OUTPUT_SIZE * 3 // 10 // len(text)),
    }
    with pytest.raises(UserError) as caught:
        build_project(load_project(make_project(tmp_path, files)))
    assert {one.code for one in caught.value.findings} == {"PP039"}
    assert "codex file of tiny.change has more than" in caught.value.findings[0].message


def count_calls(action: Callable[[], object]) -> int:
    """Return how many functions Python calls, its own in C included."""
    count = 0

    def note(_frame: object, event: str, _argument: object) -> None:
        nonlocal count
        count += event in ("call", "c_call")

    sys.setprofile(note)
    try:
        action()
    finally:
        sys.setprofile(None)
    return count


def grow_project(kind: str, size: int) -> dict[str, str]:
    """Return the files of a project that is `size` times as large as the smallest, in one way."""
    pack = DEMO["packs/demo/pack.yaml"]
    if kind == "one large fragment":
        text = "".join(f"- Point {number} of {{{{ target }}}}.\n" for number in range(size * 100))
        return {"packs/demo/role.md": text}
    if kind == "many fragments":
        names = [f"many/part-{number}" for number in range(size * 40)]
        uses = "".join(f"    - {name}\n" for name in names)
        files = {
            f"templates/fragments/{name}.md": f"---\ntitle: P\nsummary: P.\n---\n- {name}\n"
            for name in names
        }
        return {
            **files,
            "packs/demo/pack.yaml": pack.replace("  role: ./role.md", f"  role:\n{uses}"),
        }
    names = [f"m{number}" for number in range(size * 20)]
    model = DEMO["templates/models/tiny.yaml"]
    files = {f"templates/models/{name}.yaml": model for name in names}
    return {**files, "packs/demo/pack.yaml": pack.replace("[tiny]", f"[tiny, {', '.join(names)}]")}


def build_from(root: Path) -> object:
    return build_project(load_project(root))


@pytest.mark.fault(51)
@pytest.mark.parametrize("kind", ["one large fragment", "many fragments", "many variants"])
def test_work_grows_no_faster_than_the_sources(tmp_path: Path, kind: str) -> None:
    build_project(load_project(make_project(tmp_path / "first")))  # what is imported when needed
    counts = []
    for size in (1, 2, 4, 8):
        root = make_project(tmp_path / str(size), grow_project(kind, size))
        counts.append(count_calls(partial(build_from, root)))
    steps = [after - before for before, after in pairwise(counts)]
    assert steps[2] <= 2 * steps[1] * 1.1, counts
    assert steps[1] <= 2 * steps[0] * 1.1, counts
