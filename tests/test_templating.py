"""The sandbox: templates in, text or one finding out, whatever a template tries.

Payloads that are known to break out of Jinja run in a process of their own, with little time and
memory, so that one that worked would harm nothing.
"""

import json
import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from promptpack.model import Effect, Finding, Fragment, PatternRule, Policy, Project, UserError
from promptpack.reading.project import load_project
from promptpack.rendering.compose import Composer
from promptpack.rendering.context import ModelView, PackView, Params, PolicyView, Vars
from promptpack.rendering.includes import INCLUDE_DEPTH
from promptpack.rendering.sandbox import Templates
from promptpack.rendering.variants import resolve_variants
from support import DEMO, PATIENCE, environment, limit_cpu, make_project

POLICY = Policy(
    Effect.DENY,
    {"read": (PatternRule("*", Effect.ALLOW),)},
    name="look",
    title="Look",
    summary="Reads.",
)


def project_of(texts: Mapping[str, str]) -> Project:
    fragments = {
        name: Fragment(name, f"{name}.md", text, body=text) for name, text in texts.items()
    }
    sources = {fragments[name].path: text for name, text in texts.items()}
    return Project(
        packs={}, models={}, policies={}, fragments=fragments, layouts={}, sources=sources
    )


def rendered(text: str, others: Mapping[str, str] | None = None) -> str:
    context = {
        "pack": PackView("demo", "Demo", "Says.", "subagent", ("a", "b")),
        "model": ModelView("tiny", "Tiny", "t", 8_192, 500),
        "policy": PolicyView(POLICY),
        "target": "opencode",
        "vars": Vars({"word": "said", "items": "taken", "python": "3.11+"}),
        "params": Params({"count": 2}),
    }
    templates = Templates(project_of({"x/main": text, **(others or {})}))
    templates.dependencies.closure("x/main")
    return templates.render("x/main", context)


def finding(text: str, others: Mapping[str, str] | None = None) -> Finding:
    with pytest.raises(UserError) as caught:
        rendered(text, others)
    (found,) = caught.value.findings
    return found


ESCAPES = [
    "{{ ''.__class__ }}",
    "{{ ''['__class__'] }}",
    "{{ ''['__cla' ~ 'ss__'] }}",
    "{{ ''|attr('__class__') }}",
    r"{{ ''|attr('\x5f\x5fclass\x5f\x5f') }}",
    r"{{ ''['\u005f\u005fclass\u005f\u005f'] }}",
    "{{ ''|attr(['__cl', 'ass__']|join) }}",
    "{{ ''|attr('__ssalc__'|reverse) }}",
    "{{ ''|attr('_' * 2 ~ 'class' ~ '_' * 2) }}",
    "{{ ().__class__.__base__.__subclasses__() }}",
    "{{ ''.__class__.__mro__[1].__subclasses__()|length }}",
    "{% for c in [].__class__.__base__.__subclasses__() %}{{ c.__name__ }}{% endfor %}",
    "{% set c = (1).__class__ %}{{ c.__base__ }}",
    "{% with c = {}.__class__ %}{{ c.__mro__ }}{% endwith %}",
    "{{ dict.mro() }}",
    "{{ dict.__base__ }}",
    "{{ dict.__init__.__globals__ }}",
    "{{ range.__globals__ }}",
    "{{ range.__code__ }}",
    "{{ namespace.__init__.__globals__ }}",
    "{{ namespace()._Namespace__attrs }}",
    "{{ self.__init__.__globals__ }}",
    "{{ self._TemplateReference__context }}",
    "{{ self.__dict__ }}",
    "{% block b %}{% endblock %}{{ self.b.__globals__ }}",
    "{{ lipsum.__globals__ }}",
    "{{ cycler.__init__.__globals__ }}",
    "{{ joiner.__init__.__globals__ }}",
    "{{ url_for.__globals__ }}",
    "{{ get_flashed_messages.__globals__ }}",
    "{{ request.application }}",
    "{{ config.items() }}",
    "{{ context }}",
    "{{ environment }}",
    "{{ caller }}",
    "{% macro m() %}{% endmacro %}{{ m.__init__.__globals__ }}",
    "{% macro m() %}{% endmacro %}{{ m._func.__globals__ }}",
    "{% macro m() %}{% endmacro %}{{ m._environment }}",
    "{% macro m() %}{{ caller.__globals__ }}{% endmacro %}{% call m() %}{% endcall %}",
    "{% for x in [1] %}{{ loop.__init__.__globals__ }}{% endfor %}",
    "{% for x in [1] %}{{ loop._iterator }}{% endfor %}",
    "{{ ([1]|map('string')).gi_frame }}",
    "{{ ([1]|select).gi_code }}",
    "{{ ([1]|map('string')).gi_frame.f_globals }}",
    "{{ ''.join.__self__.__class__ }}",
    "{{ policy.allows.__func__ }}",
    "{{ policy.allows.__globals__ }}",
    "{{ policy.__init__.__globals__ }}",
    "{{ policy._policy }}",
    "{{ policy['_policy'] }}",
    "{{ policy|attr('_policy') }}",
    "{{ [policy]|map(attribute='_policy')|join }}",
    "{{ [policy]|map(attribute='_policy.grants')|join }}",
    "{{ [policy]|map('attr', '_policy')|join }}",
    "{{ [policy]|sum(attribute='_policy') }}",
    "{{ [policy]|selectattr('_policy')|list|length }}",
    "{{ [policy]|groupby('_policy')|list|length ~ ([policy]|groupby('_policy')|first)[0] }}",
    "{{ [vars]|map(attribute='_values.word')|join }}",
    "{{ vars._values }}",
    "{{ vars['_values'] }}",
    "{{ vars.__getitem__ }}",
    "{{ vars.__dict__ }}",
    "{{ pack.__dict__ }}",
    "{{ pack.__class__ }}",
    "{{ pack.__replace__ }}",
    "{{ pack.__dataclass_fields__ }}",
    "{{ pack.tags.__class__ }}",
    "{{ _require.__globals__ }}",
    "{{ _require.__closure__ }}",
    "{{ '{0.__class__}'.format('') }}",
    "{{ '{0.__class__.__mro__}'.format('') }}",
    "{{ '{0._policy}'.format(policy) }}",
    "{{ '{x._policy}'.format(x=policy) }}",
    "{{ '{x._policy}'.format_map({'x': policy}) }}",
    "{{ '{0[_values]}'.format(vars) }}",
    "{{ ('{0.__class__}'|safe).format('') }}",
    "{{ ['{0.__class__}']|map('format', '')|join ~ '{0.__class__}'.format('') }}",
    "{% set f = '{0.__class__}'.format %}{{ f('') }}",
    "{{ ''.format.__self__ }}",
    "{{ ''.encode.__objclass__ }}",
    "{{ (0).__class__.from_bytes }}",
    "{{ 'x'.__getattribute__('upper')() }}",
    "{{ 'x'.__reduce__() }}",
    "{{ ().__reduce_ex__(2) }}",
    "{{ 'x'.__init_subclass__ }}",
    "{{ {}.__setitem__('a', 1) }}",
    "{{ [].append(1) }}",
    "{{ [1].clear() }}",
    "{{ {}.update({'a': 1}) }}",
    "{{ {}.setdefault('a', 1) }}",
    "{% set policy.name = 'x' %}",
    "{% set vars.word = 'x' %}",
    "{% set pack.title = 'x' %}",
    "{% import 'os' as os %}{{ os }}",
    "{% from 'promptpack' import load %}",
    "{% include '/etc/passwd' %}",
    "{% include 'file:///etc/passwd' %}",
    "{% include '../x/main' %}",
    "{% extends 'layout:plain' %}",
    "{% include 'lay' ~ 'out:plain' %}",
    "{% include vars.word %}",
    "{% include [vars.word, 'x/other'] %}",
    "{% if 0 %}{% include policy %}{% endif %}",
    "{% do [].append(1) %}",
    "{% debug %}",
    "{% trans %}x{% endtrans %}",
    "{{ [1, 2]|random }}",
    "{{ 'http://x'|urlize }}",
    "{{ vars|pprint }}",
    "{{ {'onclick': 1}|xmlattr }}",
    "{{ policy|string }}",
    "{{ policy ~ '' }}",
    "{{ '%s' % policy }}",
    "{{ '%r' % (policy.allows,) }}",
    "{{ '{}'.format(policy) }}",
    "{{ [policy]|join }}",
    "{{ policy.allows|string|upper }}",
    "{{ [1]|map('string')|string }}",
    "{{ _require ~ '' }}",
    "{{ ''.join ~ '' }}",
    "{% set text = policy ~ '' %}- {{ text|replace('<', '(') }}",
    "{{ range(10**9)|list }}",
    "{{ range(100001) }}",
    "{{ 10 ** 5000 }}",
    "{{ '9' * 5000 + 1 }}",
    "{% macro m() %}{{ m() }}{% endmacro %}{{ m() }}",
    "{% macro a() %}{{ b() }}{% endmacro %}{% macro b() %}{{ a() }}{% endmacro %}{{ a() }}",
    "{{ " + "(" * 5_000 + "1" + ")" * 5_000 + " }}",
    "{{ " + "-" * 5_000 + "1 }}",
    "{% if 1 %}" * 1_000 + "{% endif %}" * 1_000,
    "{% for x in 'a' %}" * 25 + "{% endfor %}" * 25,
    "{{ 'x' * 10**10 }}",
    "{{ '%10000000000d' % 1 }}",
    "{{ 'x'|center(10**10) }}",
    "{% set n = namespace(s='x') %}{% for i in range(60) %}{% set n.s = n.s ~ n.s %}{% endfor %}",
]

RUN_ALL = """
import json, resource, sys
limit = 1 << 30
resource.setrlimit(resource.RLIMIT_AS, (limit, limit))
resource.setrlimit(resource.RLIMIT_CPU, (300, 300))
import test_templating
from promptpack.model import UserError

def outcome(text):
    try:
        return ["text", test_templating.rendered(text)]
    except UserError as error:
        (found,) = error.findings
        return [found.code, found.message, found.path, found.line, found.hint]
    except Exception as error:
        return ["traceback", repr(error)]

print(json.dumps([outcome(text) for text in json.load(sys.stdin)]))
"""


@pytest.fixture(scope="module")
def outcomes() -> dict[str, list[Any]]:
    """Return what became of each payload, all run in one process with limits."""
    done = subprocess.run(
        [sys.executable, "-c", RUN_ALL],
        input=json.dumps(ESCAPES).encode(),
        env=environment({"PYTHONPATH": os.pathsep.join(sys.path)}),
        capture_output=True,
        check=False,
        timeout=PATIENCE,
    )
    assert done.returncode == 0, done.stderr.decode()
    return dict(zip(ESCAPES, json.loads(done.stdout), strict=True))


@pytest.mark.fault(45, "printed-object")
@pytest.mark.parametrize("payload", ESCAPES, ids=lambda text: text[:60])
def test_escape_gives_a_finding(payload: str, outcomes: Mapping[str, list[Any]]) -> None:
    code, message, path, line, hint = outcomes[payload]
    assert code in ("PP020", "PP030", "PP031", "PP033", "PP034", "PP038")
    assert (path, line) == ("x/main.md", 1)
    assert len(message) < 200
    assert "0x" not in message
    assert len(hint) < 200


@pytest.mark.fault(50)
@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("{{ vars.word }} {{ vars.items }} {{ vars['python'] }}", "said taken 3.11+"),
        ("{{ params.count }} {{ params.count + 1 }}", "2 3"),
        ("{{ pack.title }}: {{ pack.tags|join(', ') }}", "Demo: a, b"),
        ("{{ model.family }} {{ model.prompt_budget }}", "t 500"),
        ("{{ policy.name }} {{ policy.title }}", "look Look"),
        ("{{ policy.allows('read') }} {{ policy.denies('read') }}", "True False"),
        ("{{ policy.denies('mcp:x/y') }} {{ policy.asks('edit') }}", "True False"),
        ("{{ target }}", "opencode"),
        ("{{ 'a' if target == 'codex' else 'b' }}", "b"),
        ("{{ vars.other|default('none') }}", "none"),
        ("{{ 'yes' if vars.other is defined else 'no' }}", "no"),
        ("{{ word|default('none') }}", "none"),
        ("{{ 1.5 }} {{ true }}", "1.5 True"),
        ("{% set x %}a{{ 1 }}{% endset %}{{ x }}", "a1"),
        ("{% for t in pack.tags %}{{ loop.index }}{{ t }}{% endfor %}", "1a2b"),
        ("{% macro m(n) %}x{% if n %}{{ m(n - 1) }}{% endif %}{% endmacro %}{{ m(3) }}", "xxxx"),
        ("{{ 'b,a'.split(',')|sort|join }}", "ab"),
        ("{{ {'b': 1, 'a': 2}|tojson }}", '{"a": 2, "b": 1}'),
        ("a & <b> 'c'", "a & <b> 'c'"),
        ("{{ '<b>' }}", "<b>"),
        ("{% raw %}{{ x }} {% y %} {# z #}{% endraw %}", "{{ x }} {% y %} {# z #}"),
        ("{{ '{{ x }}' }} {{ '{%' }}", "{{ x }} {%"),
        ("${{ '{{' }} secrets.X }}", "${{ secrets.X }}"),
        ("{% raw %}${{ secrets.TOKEN }}{% endraw %}", "${{ secrets.TOKEN }}"),
        ("$ { { x } } {x} %d # not a comment", "$ { { x } } {x} %d # not a comment"),
        ("<Thing object at 0x7f00ab>", "<Thing object at 0x7f00ab>"),
    ],
)
def test_what_a_template_may_say(text: str, expected: str) -> None:
    assert rendered(text) == expected


@pytest.mark.fault(49)
@pytest.mark.parametrize(
    ("text", "message", "hint"),
    [
        ("{{ vras.word }}", "PP031 undefined name 'vras'", "did you mean 'vars'?"),
        ("{{ polcy.name }}", "PP031 undefined name 'polcy'", "did you mean 'policy'?"),
        ("{{ vars.wrod }}", "PP031 undefined name 'wrod' in 'vars'", "did you mean 'word'?"),
        ("{{ vars.get }}", "PP031 undefined name 'get' in 'vars'", "use one of: items, python"),
        ("{{ params.cout }}", "PP031 undefined name 'cout' in 'params'", "'count'?"),
        ("{{ pack.titel }}", "PP031 undefined name 'titel' in 'pack'", "'title'?"),
        ("{{ model.famly }}", "PP031 undefined name 'famly' in 'model'", "'family'?"),
        ("{{ policy.alows('x') }}", "PP031 undefined name 'alows' in 'policy'", "'allows'?"),
        ("{{ policy.allows('exec') }}", "PP034 unknown capability 'exec', did you mean", ""),
        ("{% if vars.on %}x{% endif %}", "PP031 undefined name 'on' in 'vars'", ""),
        ("{% for x in tags %}x{% endfor %}", "PP031 undefined name 'tags'", ""),
        ("{{ targt }}", "PP031 undefined name 'targt'", "did you mean 'target'?"),
        ("{{ sections }}", "PP031 undefined name 'sections'", ""),
        ("{{ pack }}", "PP034 an expression returns PackView, not text", ""),
        ("{{ pack.tags }}", "PP034 an expression returns tuple, not text", ""),
        ("{{ policy.allows }}", "PP034 an expression returns method, not text", ""),
        ("{{ none }}", "PP034 an expression returns NoneType, not text", ""),
        ("{{ [1] }}", "PP034 an expression returns list, not text", ""),
        ("{% for x in vars %}{% endfor %}", "PP034 'Vars' object is not iterable", ""),
        ("{{ 1 / 0 }}", "PP034 division by zero", ""),
        ("{{ 'a' + 1 }}", "PP034 can only concatenate str", ""),
        ("{{ 'x'|shout }}", "PP034 No filter named 'shout'.", ""),
        ("{% if %}", "PP030 Expected an expression", ""),
        ("{{ 'a }}", "PP030 unexpected char", ""),
        ("{# open", "PP030 Missing end of comment tag", ""),
        ("{% raw %}open", "PP030 Missing end of raw directive", ""),
        ("{% endif %}", "PP030 Encountered unknown tag 'endif'.", ""),
        ("{% include 'x/othr' %}", "PP020 unknown fragment 'x/othr'", "'x/other'?"),
        ("{% include './othr' ignore missing %}", "PP020 unknown fragment './othr'", "'./other'?"),
        ("{% include vars.word %}", "PP033 an include must name its fragment", "{% if %}"),
    ],
)
def test_what_a_template_may_not_say(text: str, message: str, hint: str) -> None:
    found = finding(f"one\n\n  {text}\n", {"x/other": "."})
    assert f"{found.code} {found.message}".startswith(message)
    assert hint in found.hint
    assert (found.path, found.line, found.column) == ("x/main.md", 3, 3)
    assert found.excerpt == f"  {text}"


@pytest.mark.fault("wrong-line")
def test_a_failure_below_names_the_way_there() -> None:
    others = {"x/a": "\n{% include './b' %}", "x/b": "ok\n\n{{ nope }}"}
    found = finding("{% include 'x/a' %}", others)
    assert (found.path, found.line) == ("x/b.md", 3)
    assert found.hint.endswith("included by x/main.md:1 → x/a.md:2")


@pytest.mark.fault(48)
@pytest.mark.parametrize(
    ("texts", "message"),
    [
        ({"x/main": "{% include 'x/main' %}"}, "the template includes itself"),
        (
            {"x/main": "{% include './a' %}", "x/a": "\n{% include './main' %}"},
            "the template includes itself",
        ),
        ({"x/main": "{% import './main' as m %}"}, "the template includes itself"),
        ({"x/main": "{% from './main' import m %}"}, "the template includes itself"),
        ({"x/main": "{% extends './main' %}"}, "the template includes itself"),
        ({"x/main": "{% if 0 %}{% include './main' %}{% endif %}"}, "the template includes itself"),
        (
            {"x/main": "{% extends './a' %}", "x/a": "{% include './b' %}"}
            | {"x/b": "{% import './a' as a %}"},
            "the template includes itself",
        ),
        (
            {"x/main": "{% include './n0' %}"}
            | {f"x/n{n}": f"{{% include './n{n + 1}' %}}" for n in range(40)}
            | {"x/n40": "."},
            f"includes are nested more than {INCLUDE_DEPTH} levels deep",
        ),
    ],
)
def test_cycles_and_depth_are_found_before_rendering(
    texts: Mapping[str, str], message: str
) -> None:
    others = {name: text for name, text in texts.items() if name != "x/main"}
    with limit_cpu():
        found = finding(texts["x/main"], others)
    assert (found.code, found.message) == ("PP032", message)
    assert found.hint.startswith("chain: x/main.md:1")
    assert found.hint.count("→") <= 6


@pytest.mark.fault(48)
def test_the_depth_that_is_allowed() -> None:
    texts = {f"x/n{n}": f"{n} {{% include './n{n + 1}' %}}" for n in range(1, INCLUDE_DEPTH)}
    texts[f"x/n{INCLUDE_DEPTH}"] = "end"
    assert rendered("{% include './n1' %}", texts).endswith(f"{INCLUDE_DEPTH - 1} end")


@pytest.mark.fault(48)
def test_many_ways_to_one_fragment_are_walked_once() -> None:
    layers = 12
    texts = {
        f"x/l{layer}-{n}": "{% if 0 %}"
        + "".join(f"{{% include './l{layer + 1}-{m}' %}}" for m in range(6) if layer < layers)
        + "{% endif %}"
        for layer in range(layers + 1)
        for n in range(6)
    }
    with limit_cpu():
        assert rendered("{% include './l0-0' %}ok", texts) == "ok"


def test_includes_are_relative_to_the_fragment_that_says_them() -> None:
    others = {"x/a": "a{% include 'y/b' %}", "y/b": "b{% include './c' %}", "y/c": "c", "x/c": "!"}
    assert rendered("{% include './a' %}", others) == "abc"


def test_macros_and_parents_of_other_fragments() -> None:
    others = {
        "x/macros": "{% macro twice(t) %}{{ t }}{{ t }}{{ policy.name }}{% endmacro %}",
        "x/parent": "[{% block middle %}old{% endblock %}]",
    }
    assert rendered("{% import './macros' as m %}{{ m.twice('a') }}", others) == "aalook"
    assert rendered("{% from './macros' import twice %}{{ twice(1) }}", others) == "11look"
    child = "{% extends './parent' %}{% block middle %}{{ vars.word }}{% endblock %}"
    assert rendered(child, others) == "[said]"


COUNTERS = [
    "{% set ns = namespace(n=0) %}{% set ns.n = ns.n + 1 %}{{ ns.n }}",
    "{% set n = (n|default(0)) + 1 %}{{ n }}",
    "{% import './counter' as c %}{{ c.tick() }}",
    "{% from './counter' import tick %}{{ tick() }}",
    "{% from './counter' import tick with context %}{{ tick() }}",
    "{% set vars = {'language': '1'} %}{{ vars.language }}",
]


@pytest.mark.fault(46)
@pytest.mark.parametrize("text", COUNTERS)
def test_no_variant_changes_another(tmp_path: Path, text: str) -> None:
    counter = (
        "{% set ns = namespace(n=0) %}"
        "{% macro tick() %}{% set ns.n = ns.n + 1 %}{{ ns.n }}{% endmacro %}"
    )
    files = {"packs/demo/role.md": f"{text} {{{{ vars.language }}}}\n"}
    project = load_project(make_project(tmp_path, {**files, "packs/demo/counter.md": counter}))
    composer = Composer(project)
    bodies = [
        composer.compose_text(v, "opencode") for v in resolve_variants(project) for _ in range(2)
    ]
    assert {body.split("\n")[2][:1] for body in bodies} == {"1"}


def test_a_fragment_reads_the_target_through_what_it_includes() -> None:
    texts = {
        "a": "{% include 'b' %}",
        "b": "{% import 'c' as c %}",
        "c": "{% macro m() %}{{ target }}{% endmacro %}",
        "d": "target and {{ vars.target }} and {% raw %}{{ target }}{% endraw %}",
        "e": "{% include 'd' %}",
    }
    templates = Templates(project_of(texts))
    assert {name: "target" in templates.dependencies.reads(name) for name in texts} == {
        "a": True,
        "b": True,
        "c": True,
        "d": False,
        "e": False,
    }
    assert templates.dependencies.closure("a") == ("a", "b", "c")


@pytest.mark.fault(50)
def test_a_layout_prints_whatever_a_fragment_says(tmp_path: Path) -> None:
    text = "<Thing object at 0x7f00ab> {% raw %}{{ x }}{% endraw %}\n"
    project = load_project(make_project(tmp_path, {"packs/demo/role.md": text}))
    agent = Composer(project).compose_agent(resolve_variants(project)[0], "opencode")
    assert "<Thing object at 0x7f00ab> {{ x }}" in agent.prompt


@pytest.mark.fault(50)
def test_variables_are_data(tmp_path: Path) -> None:
    hostile = "{{ policy._policy }} {% include '/etc/passwd' %} <b>"
    pack = DEMO["packs/demo/pack.yaml"].replace("language: Python", f'language: "{hostile}"')
    project = load_project(make_project(tmp_path, {"packs/demo/pack.yaml": pack}))
    agent = Composer(project).compose_agent(resolve_variants(project)[0], "opencode")
    assert hostile in agent.prompt
