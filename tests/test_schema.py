"""Input files: data in, and a valid file or every problem of it, each with its place, out.

The JSON Schemas for editors are read here by a small validator of JSON Schema 2020-12, which knows
only the keywords that they use and stumbles over any other.
"""

import json
import re
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml

import support
from promptpack.model import CAPABILITIES, Finding
from promptpack.reading.editor_schema import make_editor_schema
from promptpack.reading.file_kinds import FileKind
from promptpack.reading.file_models import FILE_MODELS
from promptpack.reading.validation import validate
from promptpack.source.closest import suggest
from promptpack.source.yaml_entries import read_yaml
from promptpack.targets import TARGETS

PACK = """\
name: demo
title: Demo
description: Does a thing.
sections:
  role: ./role.md
variants:
  default: {model: m, policy: p}
  model: [m]
  policy: [p]
"""
ONE_TEXT = PACK.replace("sections:\n  role: ./role.md\n", "sections: ./a/prompt.md\n")
MODEL = "title: M\nfamily: f\nlayout: plain\ncontext_window: 8\nprompt_budget: 4\n"
POLICY = "title: P\nsummary: S.\ndefault: deny\ncapabilities: {read: allow}\n"


def checked(kind: str, text: str) -> tuple[bool, list[Finding]]:
    document = read_yaml(text, "f.yaml")
    valid = validate(FileKind(kind), document, "f.yaml", text)
    assert (valid is None) == bool(document.findings), "a file is valid or something is said"
    return valid is not None, document.findings


def validator(schema: Mapping[str, Any], root: Mapping[str, Any]) -> Callable[[Any], bool]:
    """Return a test of a value; raises KeyError for a keyword that this validator does not know."""
    tests = [
        KEYWORDS[word](value, schema, root) for word, value in schema.items() if word not in WORDS
    ]
    return lambda value: all(test(value) for test in tests)


def _only(kind: type | tuple[type, ...], test: Callable[[Any], bool]) -> Callable[[Any], bool]:
    return lambda value: not isinstance(value, kind) or isinstance(value, bool) or test(value)


def _type(name: str | list[str], *_: object) -> Callable[[Any], bool]:
    if isinstance(name, list):
        return lambda value: any(_type(one)(value) for one in name)
    types = {"object": dict, "array": list, "string": str, "boolean": bool, "null": type(None)}
    if name in types:
        return lambda value: isinstance(value, types[name])
    return lambda value: (
        not isinstance(value, bool)
        and (
            isinstance(value, int)
            or (isinstance(value, float) and (name == "number" or value % 1 == 0))
        )
    )


def _properties(children: Any, _: object, root: Any) -> Callable[[Any], bool]:
    tests = {name: validator(child, root) for name, child in children.items()}
    return _only(dict, lambda value: all(tests[k](v) for k, v in value.items() if k in tests))


def _patterns(children: Any, _: object, root: Any) -> Callable[[Any], bool]:
    tests = {re.compile(form): validator(child, root) for form, child in children.items()}
    return _only(
        dict,
        lambda value: all(
            test(v) for form, test in tests.items() for k, v in value.items() if form.search(k)
        ),
    )


def _additional(child: Any, schema: Mapping[str, Any], root: Any) -> Callable[[Any], bool]:
    named = schema.get("properties", {})
    forms = [re.compile(form) for form in schema.get("patternProperties", {})]
    test = validator(child, root) if isinstance(child, dict) else lambda _: bool(child)
    return _only(
        dict,
        lambda value: all(
            test(v)
            for k, v in value.items()
            if k not in named and not any(form.search(k) for form in forms)
        ),
    )


def _reference(name: str, _: object, root: Any) -> Callable[[Any], bool]:
    return validator(root["$defs"][name.removeprefix("#/$defs/")], root)


WORDS = {"$schema", "$id", "$defs", "title", "description", "default"}
"""Keywords that say nothing about what is valid."""

KEYWORDS: dict[str, Callable[[Any, Mapping[str, Any], Any], Callable[[Any], bool]]] = {
    "type": _type,
    "enum": lambda options, *_: lambda value: value in options,
    "const": lambda one, *_: lambda value: value == one,
    "pattern": lambda form, *_: _only(str, lambda v: re.search(form, v) is not None),
    "minLength": lambda least, *_: _only(str, lambda v: len(v) >= least),
    "maxLength": lambda most, *_: _only(str, lambda v: len(v) <= most),
    "minimum": lambda least, *_: _only((int, float), lambda v: v >= least),
    "maximum": lambda most, *_: _only((int, float), lambda v: v <= most),
    "exclusiveMinimum": lambda least, *_: _only((int, float), lambda v: v > least),
    "minItems": lambda least, *_: _only(list, lambda v: len(v) >= least),
    "maxItems": lambda most, *_: _only(list, lambda v: len(v) <= most),
    "minProperties": lambda least, *_: _only(dict, lambda v: len(v) >= least),
    "uniqueItems": lambda on, *_: _only(list, lambda v: not on or len({*map(str, v)}) == len(v)),
    "required": lambda names, *_: _only(dict, lambda v: set(names) <= set(v)),
    "items": lambda child, _, root: _only(list, lambda v: all(map(validator(child, root), v))),
    "propertyNames": lambda child, _, root: _only(
        dict, lambda v: all(map(validator(child, root), v))
    ),
    "anyOf": lambda options, _, root: lambda v: any(validator(o, root)(v) for o in options),
    "oneOf": lambda options, _, root: lambda v: sum(validator(o, root)(v) for o in options) == 1,
    "properties": _properties,
    "patternProperties": _patterns,
    "additionalProperties": _additional,
    "$ref": _reference,
}


@pytest.mark.parametrize("kind", FILE_MODELS)
def test_schema_is_json_schema_2020_12(kind: str) -> None:
    schema = make_editor_schema(kind)
    assert schema["$schema"] == "https://json-schema.org/draft/2020-12/schema"
    assert json.loads(json.dumps(schema)) == schema
    validator(schema, schema)
    assert schema["type"] == "object"
    assert schema["additionalProperties"] is False, "an editor shows unknown keys"


GOOD = [
    ("pack", PACK),
    ("pack", PACK + "  exclude: [{model: m, policy: [q]}]\n"),
    ("pack", PACK + "  overrides: [{when: {model: m}, drop: [examples]}]\n"),
    ("pack", PACK + "  overrides: [{when: {model: m}, effort: high}]\neffort: none\n"),
    (
        "pack",
        PACK + "clients: {opencode: {name: A b, description: D., model: x/y, prompt: ./a/b.md}}\n",
    ),
    (
        "pack",
        PACK + "clients: {opencode: {policy: p, extra: {steps: 40}}, codex: {policy: {p: q}}}\n",
    ),
    ("pack", PACK.replace("Does a thing.", "x" * 1025)),
    ("pack", PACK.replace("description: Does a thing.\n", "")),
    ("pack", PACK.replace("Does a thing.", '" Does\\n\\na thing. "')),
    ("pack", ONE_TEXT),
    (
        "pack",
        PACK
        + "clients: {opencode: {head: ./a.head, file: b c/D_e.f, newlines: crlf, bom: true}}\n",
    ),
    ("pack", PACK + "mode: primary\ntemperature: 0.55\ntags: [a, b-c]\n"),
    ("pack", PACK + "temperature: 1\ntargets: [opencode]\n"),
    ("pack", PACK + 'vars: {python: "3.11+", count: 3, x: 0.5, on_call: true}\n'),
    ("pack", PACK.replace("./role.md", "[a/b, {use: c, with: {x: 1}, optional: true}]")),
    ("pack", PACK.replace("./role.md", "{in: ./a.md, out: [b, {use: c}]}")),
    ("pack", PACK + "accept: [{target: codex, capability: edit, reason: because we can}]\n"),
    (
        "pack",
        PACK + "accept: [{target: codex, capability: [read, mcp:x], reason: because we can}]\n",
    ),
    ("project", "{}"),
    ("project", "targets: [opencode]\n"),
    ("project", "name: our-agents\n"),
    ("project", "accept: [{target: codex, capability: edit, reason: because we can}]\n"),
    (
        "project",
        'accept: [{target: codex, capability: "mcp:*", reason: for now only, when: {policy: p}}]\n',
    ),
    ("model", MODEL),
    ("model", "title: M\nfamily: f\nlayout: plain\n"),
    ("model", MODEL + "temperature: false\nids: {opencode: a/b-1}\n"),
    ("policy", POLICY),
    ("policy", POLICY.replace("{read: allow}", '{execute: {"*": ask, "git *": allow}}')),
    ("policy", POLICY.replace("{read: allow}", "{mcp:github: ask, mcp:my_server/search: deny}")),
    ("policy", POLICY.replace("{read: allow}", "{}").replace("deny", "inherit")),
    ("fragment", "{}"),
    ("fragment", "title: T\nsummary: S.\nneeds: [execute, mcp:x]\nparams: {a: null, b_2: x}"),
]

BAD = [
    ("policy", POLICY.replace("{read: allow}", '{execute: {"*": ask, ls: inherit}}')),
    ("policy", POLICY.replace("{read: allow}", '{execute: {"12": allow}}')),
    ("policy", POLICY.replace("{read: allow}", '{execute: {"~/x": allow}}')),
    ("policy", POLICY.replace("{read: allow}", '{read: {"$HOME/*": allow}}')),
    ("pack", PACK + "sectoins: {}\n"),
    ("pack", PACK.replace("title: Demo\n", "")),
    ("pack", PACK.replace("Demo", "")),
    ("pack", PACK.replace("Demo", '""')),
    ("pack", PACK.replace("Demo", '"two\\nlines"')),
    ("pack", PACK.replace("Demo", '" padded"')),
    ("pack", PACK.replace("Demo", "1.5")),
    ("pack", PACK.replace("Demo", "[a]")),
    ("pack", PACK.replace("name: demo", "name: Demo")),
    ("pack", PACK.replace("name: demo", "name: ../demo")),
    ("pack", PACK.replace("name: demo", "name: a--b")),
    ("pack", PACK.replace("name: demo", f"name: {'x' * 65}")),
    ("pack", PACK.replace("Does a thing.", "[x]")),
    ("pack", ONE_TEXT.replace("./a/prompt.md", "prompt.md")),
    ("pack", ONE_TEXT.replace("./a/prompt.md", "./../prompt.md")),
    ("pack", ONE_TEXT.replace("./a/prompt.md", "./prompt.txt")),
    ("pack", ONE_TEXT.replace("./a/prompt.md", "[./prompt.md]")),
    ("pack", PACK + "clients: {opencode: {head: a.head}}\n"),
    ("pack", PACK + "clients: {opencode: {head: ./a.md}}\n"),
    ("pack", PACK + "clients: {opencode: {file: ../a}}\n"),
    ("pack", PACK + "clients: {opencode: {file: a//b}}\n"),
    ("pack", PACK + "clients: {opencode: {newlines: cr}}\n"),
    ("pack", PACK + "clients: {opencode: {bom: 1}}\n"),
    ("pack", PACK.replace("  role: ./role.md", "  {}")),
    ("pack", PACK.replace("role:", "Role:")),
    ("pack", PACK.replace("./role.md", "../role.md")),
    ("pack", PACK.replace("./role.md", "/role.md")),
    ("pack", PACK.replace("./role.md", "a/../b")),
    ("pack", PACK.replace("./role.md", "[]")),
    ("pack", PACK.replace("./role.md", "{}")),
    ("pack", PACK.replace("./role.md", "3")),
    ("pack", PACK.replace("./role.md", "{use: a, wiht: {}}")),
    ("pack", PACK.replace("./role.md", "{use: a, with: {X: 1}}")),
    ("pack", PACK.replace("./role.md", "{use: a, with: {x: [1]}}")),
    ("pack", PACK.replace("./role.md", "{use: a, with: {x: null}}")),
    ("pack", PACK.replace("./role.md", "{use: a, optional: 1}")),
    ("pack", PACK.replace("./role.md", "{in: {nested: a}}")),
    ("pack", PACK.replace("[m]", "[]")),
    ("pack", PACK.replace("[m]", "m")),
    ("pack", PACK.replace("[m]", "[m, m]")),
    ("pack", PACK.replace("{model: m, policy: p}", "{model: m}")),
    ("pack", PACK + "mode: sub\n"),
    ("pack", PACK + "temperature: 3\n"),
    ("pack", PACK + "temperature: -1\n"),
    ("pack", PACK + "temperature: hot\n"),
    ("pack", PACK + "temperature: true\n"),
    ("pack", PACK + "tags: a\n"),
    ("pack", PACK + "tags: [A]\n"),
    ("pack", PACK + "vars: {Python: x}\n"),
    ("pack", PACK + "vars: {python: [3]}\n"),
    ("pack", PACK + "accept: [{target: codex, capability: edit}]\n"),
    ("pack", PACK + "accept: [{target: codex, capability: edti, reason: because we can}]\n"),
    ("pack", PACK + "accept: [{target: codex, capability: edit, reason: because}]\n"),
    ("pack", PACK + "  overrides: [{when: {models: m}, drop: [examples]}]\n"),
    ("pack", PACK + "  overrides: [{when: {}, drop: []}]\n"),
    ("pack", PACK + "  overrides: [{when: {model: m}}]\n"),
    ("pack", PACK + "  overrides: [{when: {}, effort: most}]\n"),
    ("pack", PACK + "effort: 1\n"),
    ("pack", PACK + "clients: [a]\n"),
    ("pack", PACK + "clients: {A: {name: x}}\n"),
    ("pack", PACK + "clients: {opencode: {nam: x}}\n"),
    ("pack", PACK + "clients: {opencode: {name: ''}}\n"),
    ("pack", PACK + "clients: {opencode: {policy: [p]}}\n"),
    ("pack", PACK + "clients: {opencode: {policy: {p: [q]}}}\n"),
    ("pack", PACK + "clients: {opencode: {prompt: a.md}}\n"),
    ("pack", PACK + "clients: {opencode: {prompt: ./../a.md}}\n"),
    ("pack", PACK + "clients: {opencode: {extra: [a]}}\n"),
    ("pack", "[]"),
    ("pack", "text"),
    ("pack", ""),
    ("project", ""),
    ("project", "[]"),
    ("project", "target: [opencode]\n"),
    ("project", "targets: opencode\n"),
    ("project", "name: Our Agents\n"),
    ("project", "title: Demo\n"),
    ("project", "accept: {target: codex, capability: edit, reason: because we can}\n"),
    ("project", "accept: [{target: codex, capability: edit}]\n"),
    ("model", MODEL.replace("8", "0")),
    ("model", MODEL.replace("8", "1.5")),
    ("model", MODEL.replace("8", '"8"')),
    ("model", MODEL + "temperature: 0\n"),
    ("model", MODEL + "effort: high\n"),
    ("model", MODEL + "ids: {opencode: 1}\n"),
    ("model", MODEL + "ids: {Open Code: a}\n"),
    ("policy", POLICY.replace("deny", "allow")),
    ("policy", POLICY.replace("{read: allow}", "{raed: allow}")),
    ("policy", POLICY.replace("{read: allow}", "{read: allowed}")),
    ("policy", POLICY.replace("{read: allow}", "{read: true}")),
    ("policy", POLICY.replace("{read: allow}", "{read: {}}")),
    ("policy", POLICY.replace("{read: allow}", "{read: [allow]}")),
    ("policy", POLICY.replace("{read: allow}", '{execute: {"": allow}}')),
    ("policy", POLICY.replace("{read: allow}", '{execute: {" ls": allow}}')),
    ("policy", POLICY.replace("{read: allow}", "{execute: {'a\\b': allow}}")),
    ("policy", POLICY.replace("{read: allow}", "{execute: {ls: {x: allow}}}")),
    ("fragment", "needs: execute"),
    ("fragment", "needs: [exec]"),
    ("fragment", "params: [a]"),
    ("fragment", "params: {A: 1}"),
    ("fragment", "titel: T"),
]

BEYOND_SCHEMA = [
    ("policy", POLICY.replace("{read: allow}", '{execute: {ls: allow, "*": ask}}')),
    ("policy", POLICY.replace("{read: allow}", '{"mcp:*": allow}')),
    ("policy", POLICY.replace("{read: allow}", "{mcp:_a: allow}")),
]
"""Mistakes that JSON Schema has no words for; the build finds them all the same."""


@pytest.mark.parametrize(("kind", "text"), GOOD)
def test_good_file(kind: str, text: str) -> None:
    assert checked(kind, text) == (True, [])
    assert accepts(kind, text)


@pytest.mark.parametrize(("kind", "text"), BAD)
def test_bad_file(kind: str, text: str) -> None:
    valid, found = checked(kind, text)
    assert not valid
    assert all(f.severity == "error" and f.message and f.line >= 1 for f in found)
    assert not accepts(kind, text)


@pytest.mark.parametrize(("kind", "text"), BEYOND_SCHEMA)
def test_bad_file_that_an_editor_lets_pass(kind: str, text: str) -> None:
    assert not checked(kind, text)[0]
    assert accepts(kind, text)


def accepts(kind: str, text: str) -> bool:
    schema = make_editor_schema(kind)
    return validator(schema, schema)(yaml.safe_load(text))


@pytest.mark.parametrize(
    ("kind", "text", "place", "message", "hint"),
    [
        ("pack", PACK + "sectoins: {}\n", "10:1", "PP012 unknown key 'sectoins'", "'sections'"),
        ("pack", PACK + "mode: subagant\n", "10:1", "'mode' can't be 'subagant'", "'subagent'"),
        (
            "pack",
            PACK.replace("./role.md", "{use: a, wiht: {}}"),
            "5:18",
            "PP012 unknown key 'wiht'",
            "'with'",
        ),
        (
            "pack",
            PACK.replace("./role.md", "\n    in: {use: a, optinal: true}"),
            "6:18",
            "unknown key 'optinal'",
            "'optional'",
        ),
        ("pack", PACK + "  exclud: []\n", "10:3", "unknown key 'exclud'", "'exclude'"),
        (
            "pack",
            PACK + "  overrides: [{when: {polcy: x}, drop: [z]}]\n",
            "10:23",
            "unknown key 'polcy'",
            "'policy'",
        ),
        ("pack", PACK.replace("title: Demo\n", ""), "1:1", "PP011 missing key 'title'", ""),
        ("pack", PACK.replace("Demo", "3"), "2:1", "'title' should be text, not a", 'write "3"'),
        ("pack", PACK + "tags: [ok, No-Pe]\n", "10:12", "item 2 of 'tags' can't be", "lower-case"),
        ("pack", PACK + "temperature: 3\n", "10:1", "'temperature' should be at most 2", ""),
        ("pack", PACK.replace("[m]", "[]"), "8:3", "'model' is empty", ""),
        ("pack", PACK.replace("[m]", "[a, m, m]"), "8:3", "'m' is listed twice", ""),
        ("pack", "- a\n", "1:1", "the file should be a mapping, not a list", ""),
        ("policy", POLICY.replace("read", "raed"), "4:16", "unknown capability 'raed'", "'read'"),
        ("policy", POLICY.replace("allow}", "alow}"), "4:16", "'read' can't be 'alow'", "'allow'"),
        (
            "policy",
            POLICY.replace("{read: allow}", '\n  execute:\n    ls: allow\n    "*": ask'),
            "5:3",
            "'*' matches everything, so it must come first",
            "",
        ),
        (
            "policy",
            POLICY.replace("{read: allow}", '\n  execute: {"a ": allow}'),
            "5:13",
            "pattern 'a ' is empty, starts or ends",
            "",
        ),
        (
            "fragment",
            "params: {x: [z]}",
            "1:10",
            "'x' should be text, a number, true or false, not a list",
            "",
        ),
        ("fragment", "neds: [read]", "1:1", "unknown key 'neds'", "'needs'"),
        ("fragment", "needs: [read, exeute]", "1:15", "unknown capability 'exeute'", "'execute'"),
        (
            "fragment",
            'needs: ["mcp:docker.hub"]',
            "1:9",
            "'mcp:docker.hub' names no MCP server or tool",
            "and '_' for any other one",
        ),
        (
            "fragment",
            'needs: ["mcp:*"]',
            "1:9",
            "'mcp:*' can't be granted",
            "'default' decides about servers that are not named",
        ),
        ("pack", PACK + "gemini: {max_turns: 3}\n", "10:1", "unknown key 'gemini'", "'clients'"),
        (
            "pack",
            PACK + "maxTurns: 3\n",
            "10:1",
            "unknown key 'maxTurns'",
            "write it under 'clients: {claude-code: {extra: …}}'",
        ),
    ],
)
def test_message_place_and_hint(kind: str, text: str, place: str, message: str, hint: str) -> None:
    _, found = checked(kind, text)
    ((here, said, why),) = [
        (f"{f.line}:{f.column}", f"{f.code} {f.message}", f.hint) for f in found
    ]
    assert here == place
    assert message in said
    assert hint in why


def test_all_problems_of_a_file_are_said_at_once() -> None:
    text = PACK.replace("title: Demo\n", "").replace("./role.md", "Role") + "mood: bad\ntags: x\n"
    _, found = checked("pack", text)
    assert sorted((f.code, f.line) for f in found) == [
        ("PP010", 10),
        ("PP011", 1),
        ("PP012", 9),
        ("PP013", 4),
    ]


def test_a_surprise_is_said_with_the_rest() -> None:
    _, found = checked("pack", PACK.replace("Demo", "No") + "mood: bad\n")
    assert [f.code for f in found] == ["PP004", "PP012"]


def test_nothing_is_said_of_the_shape_of_what_is_not_yaml() -> None:
    _, found = checked("pack", PACK + "mood: [\n")
    assert [f.code for f in found] == ["PP002"]


def test_a_long_list_of_problems_ends() -> None:
    _, found = checked("pack", PACK + "tags: [" + "1, " * 20_000 + "]\n")
    assert 0 < len(found) <= 100


@pytest.mark.parametrize(
    ("word", "known", "hint"),
    [
        ("polcy", ["policy", "pack"], "did you mean 'policy'?"),
        ("zzz", ["b", "a"], "use one of: a, b"),
        ("zzz", [], ""),
        ("zzz", [f"name-{n}" for n in range(9)], ""),
        ("exec", CAPABILITIES, "did you mean 'execute'?"),
    ],
)
def test_did_you_mean(word: str, known: list[str], hint: str) -> None:
    assert suggest(word, known) == hint


def iter_fields(node: Any) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Yield each key that a schema names, with what it says of it."""
    for key, value in node.items() if isinstance(node, dict) else enumerate(node):
        if key == "properties":
            yield from value.items()
        if isinstance(value, (dict, list)):
            yield from iter_fields(value)


@pytest.mark.parametrize("kind", FILE_MODELS)
def test_an_editor_can_say_something_of_every_key(kind: str) -> None:
    schema = make_editor_schema(kind)
    words = {*CAPABILITIES, *TARGETS, "*", "default"}
    for key, field in iter_fields(schema):
        assert field.get("description") or key in words, key
    assert "x-" not in {key[:2] for key in re.findall(r'"(x-[a-z]+)":', json.dumps(schema))}
    assert schema["$id"] == f"urn:promptpack:schema:{kind}"


@pytest.mark.parametrize(
    ("kind", "text"),
    [
        ("pack", PACK + "targets: [opencod]\n"),
        ("pack", PACK + "clients: {opencod: {}}\n"),
        ("pack", PACK + "clients: {copilot: {extra: {opencod: 1}}}\n"),
        ("project", "installations: [{into: ., variant: {opencod: a.b}}]\n"),
        ("model", MODEL + "ids: {opencod: x}\n"),
    ],
)
def test_an_editor_knows_the_targets(kind: str, text: str) -> None:
    assert not accepts(kind, text)
    assert accepts(kind, text.replace("extra: {opencod: 1}", "").replace("opencod", "codex"))


def test_the_schema_of_a_project_knows_its_names(tmp_path: Path) -> None:
    root = support.make_project(tmp_path)

    def takes(kind: str, text: str) -> bool:
        done = support.call("schema", kind, "--project", cwd=root)
        assert done.code == 0, done.err
        schema = json.loads(done.out)
        return validator(schema, schema)(yaml.safe_load(text))

    pack = support.DEMO["packs/demo/pack.yaml"]
    assert takes("pack", pack)
    for old, new in (
        ("model: [tiny]", "model: [tiny, claude]"),
        ("standards/small-steps", "./other.md"),
        ("policy: [look, change]", "policy: [look, review]"),
    ):
        assert takes("pack", pack.replace(old, new)), new
    for old, new in (
        ("model: [tiny]", "model: [tinny]"),
        ("standards/small-steps", "standards/smal-steps"),
        ("policy: look", "policy: loook"),
        ("[opencode]", "[opencod]"),
    ):
        assert not takes("pack", pack.replace(old, new)), new
    model = "title: M\nfamily: f\nlayout: plain\n"
    assert takes("model", model)
    assert not takes("model", model.replace("plain", "plane"))
    assert takes("project", "installations: [{into: ., packs: [demo]}]\n")
    assert not takes("project", "installations: [{into: ., packs: [dmo]}]\n")


def test_the_names_of_a_project_are_listed_where_it_does_not_build(tmp_path: Path) -> None:
    root = support.make_project(tmp_path, {"packs/demo/pack.yaml": "name: ["})
    assert '"tiny"' in support.call("schema", "pack", "--project", cwd=root).out
    done = support.call("schema", "build", "--project", cwd=root)
    assert (done.code, "--project needs an input file" in done.err) == (2, True)
    done = support.call("schema", "pack", "--project", cwd=tmp_path.parent)
    assert (done.code, "No 'packs' folder" in done.err) == (2, True)
