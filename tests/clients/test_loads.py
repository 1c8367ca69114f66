"""In: files that load, their spoilt twins, and odd front matter. Out: each real client agrees.

`loads` and `decode` of promptpack are compared with what the client itself makes of each file.
"""

from collections.abc import Callable, Sequence

import pytest

from clients import claude_code, codex, copilot, gemini, kilo, opencode, qwen, roo
from clients.gate import need_clients
from clients.observation import Case, Observation, observe_each
from load_cases import TWINS
from promptpack.policy.lattice import describe_grant
from promptpack.policy.patterns import matches_pattern
from promptpack.targets import TARGETS
from promptpack.targets import opencode as opencode_codec
from promptpack.targets.codex import OTHER_KEYS
from promptpack.targets.opencode_file import read_file

pytestmark = pytest.mark.clients

ASK: dict[str, Callable[[Sequence[Case]], list[Observation]]] = {
    "opencode": opencode.observe_folders,
    "claude-code": lambda cases: observe_each(claude_code.observe, cases),
    "copilot": lambda cases: observe_each(copilot.observe, cases),
    "codex": lambda cases: observe_each(codex.observe, cases),
    "gemini": gemini.observe_many,
    "qwen": qwen.observe_many,
    "kilo": kilo.observe_folders,
    "roo": roo.observe_many,
}


@pytest.fixture(autouse=True)
def installed() -> None:
    need_clients()


def ask(target: str, texts: Sequence[str]) -> list[Observation]:
    path = TARGETS[target].path.format(name="asker")
    return ASK[target]([({path: text.encode()}, "asker") for text in texts])


@pytest.mark.parametrize(
    "target",
    [one for one in TWINS if TARGETS[one].check.means in ("client", "schema") and one in ASK],
)
def test_the_client_takes_each_file_and_refuses_its_spoilt_twin(target: str) -> None:
    good = ask(target, [twins.good for twins in TWINS[target]])
    spoilt = ask(target, [twins.spoilt for twins in TWINS[target]])
    assert [one.loaded for one in good] == [True] * len(good), good
    assert [one.loaded for one in spoilt] == [False] * len(spoilt), spoilt


def test_codex_has_each_key_that_we_let_pass() -> None:
    head = 'description = "d"\ndeveloper_instructions = "B"\n'
    files = {
        f".codex/agents/a{n}.toml": f'name = "a{n}"\n{head}{key} = 1979-05-27\n'.encode()
        for n, key in enumerate(("nonsense", *sorted(OTHER_KEYS)))
    }
    errors = codex.observe(files, "a0").errors
    unknown = [error for error in errors if "unknown field" in error]
    assert len(errors) > len(OTHER_KEYS) / 2
    assert ["`nonsense`" in error for error in unknown] == [True]


RULES = "permission:\n  edit: deny\n  bash:\n    '*': ask\n    git diff *: allow\n  webfetch: ask\n"
HEADS = {
    "colon": f"description: one: two\n{RULES}",
    "colon after": f"{RULES}description: one: two\n",
    "alias": f"globs: **/*\n{RULES}",
    "alias and colon": f"globs: **/*\ndescription: one: two\n{RULES}",
    "emphasis": f"description: *all* of it\n{RULES}",
    "at": f"description: @me\n{RULES}",
    "doubled": f"description: a\ndescription: b\n{RULES}",
    "unindented": f"description: one\ntwo three\n{RULES}",
    "doubled and colon": f"description: a: b\ndescription: c: d\n{RULES}",
    "map and colon": "description: a: b\ntools: {bash: false}\n",
    "merge": "p: &p\n  edit: deny\npermission:\n  <<: *p\n  webfetch: ask\ndescription: d\n",
    "anchor": "p: &p deny\ndescription: one: two\npermission:\n  edit: *p\n",
    "tab": f"description:\td\n{RULES}",
    "block": f"description: |\n  one: two\n  three\n{RULES}",
    "comment": f"# a: b: c\n\ndescription: one: two # why\n\n{RULES}",
    "hyphen": f"allowed-tools: a: b\n{RULES}",
    "nested": "description: d\npermission:\n  edit: deny: no\n",
    "bracket": f"description: [a: b\n{RULES}",
    "open": f"description: [a\n{RULES}",
    "list": "- a\n- b\n",
    "tag": f"description: !other x\n{RULES}",
    "text": f"description: !!str 5\n{RULES}",
    "no patterns": f"description: d\nsteps: 2.0\n{RULES}  read: {{}}\n",
    "True": "description: d\ntools: {bash: False, edit: True}\n",
}
FRAMES = {
    **{name: f"---\n{head}---\nBody.\n" for name, head in HEADS.items()},
    "CRLF": f"---\n{HEADS['colon']}---\nBody.\n".replace("\n", "\r\n"),
    "BOM": f"\ufeff---\n{RULES}---\nBody.\n",
    "no end": f"---\n{RULES}Body.\n",
    "late": f"\n---\n{RULES}---\nBody.\n",
    "language": f"---yaml\n{RULES}---\nBody.\n",
    "JSON": '---json\n{"permission": {"edit": "deny"}}\n---\nBody.\n',
    "long end": f"---\n{RULES}-----\nBody.\n",
    "four": f"----\n{RULES}---\nBody.\n",
    "empty": "---\n---\nBody.\n",
}
PERMISSIONS = {"edit": "edit", "execute": "bash", "web_fetch": "webfetch"}


def describe_seen(seen: Observation, permission: str) -> str:
    """Return what the client's ordered rules say of a permission, in the words of a grant."""
    own = [r for r in seen.permissions or () if matches_pattern(r[0], permission)]
    last_plain = max(n for n, rule in enumerate(own) if rule[1] == "*")
    (_, _, effect), *patterns = own[last_plain:]
    return ", ".join([effect, *(f"{rule[1]}: {rule[2]}" for rule in patterns)])


def describe_decoded(text: str, capability: str) -> str:
    first, *others = TARGETS["opencode"].decode(text, "asker").policy.grant(capability)
    return ", ".join([str(first.effect), *(f"{rule.pattern}: {rule.effect}" for rule in others)])


def test_kilo_resolves_odd_front_matter_as_decode_does() -> None:
    names = [name for name in FRAMES if name not in {"language", "JSON"}]
    answers = ask("kilo", [FRAMES[name] for name in names])
    for name, seen in zip(names, answers, strict=True):
        text = FRAMES[name]
        assert (TARGETS["kilo"].loads(text) == "") == seen.loaded, (name, seen)
        if seen.loaded:
            agent = TARGETS["kilo"].decode(text, "asker")
            assert agent.prompt.strip() == (seen.prompt or ""), name
            for permission in ("edit", "webfetch"):
                rules = opencode_codec.iter_rules((read_file(text) or ({}, ""))[0])
                own = [rule for rule in rules if rule.permission == permission]
                expected = str(own[-1].effect) if own else "allow"
                assert describe_seen(seen, permission) == expected, (name, permission)


def test_opencode_resolves_odd_front_matter_as_decode_does() -> None:
    seen = dict(zip(FRAMES, ask("opencode", list(FRAMES.values())), strict=True))
    for name, text in FRAMES.items():
        assert (TARGETS["opencode"].loads(text) == "") == seen[name].loaded, (name, seen[name])
        if not seen[name].loaded:
            continue
        agent = TARGETS["opencode"].decode(text, "asker")
        assert agent.prompt.strip() == (seen[name].prompt or ""), name
        assert agent.description == (seen[name].description or ""), name
        for capability, permission in PERMISSIONS.items():
            expected = describe_seen(seen[name], permission)
            assert describe_decoded(text, capability) == expected, (name, capability)
    passed_over = {"alias and colon", "doubled and colon", "map and colon"}
    assert {name for name in FRAMES if not seen[name].loaded} == passed_over
    denied = {n for n in FRAMES.keys() - passed_over if describe_seen(seen[n], "edit") == "deny"}
    assert {"colon", "merge", "CRLF"} <= denied
    assert {"alias", "doubled", "late"}.isdisjoint(denied)


def test_opencode_with_the_deny_taken_out_is_seen_to_differ() -> None:
    text = FRAMES["colon"]
    (seen,) = ask("opencode", [text.replace("edit: deny", "edit: allow")])
    assert describe_seen(seen, "edit") != describe_decoded(text, "edit")


LISTS = {"claude-code": "Read, Edit", "copilot": "[read, edit]", "gemini": "[read_file, replace]"}
LISTS["qwen"] = "\n  - read_file\n  - edit"
ODD = (
    "description: one: two",
    "description: *all* of it",
    "description: d\nglobs: **/*",
    "description: [a",
    "description:\td: e",
    "description: one\ntwo three",
    "description: |\n  one: two",
    "description: a\ndescription: b",
    "description: 'it's'",
    "description: d\nfoo:\n\ta: 1",
    "<<: {description: d}",
)
"""Front matter that some of these clients read and others refuse."""


@pytest.mark.parametrize("target", LISTS)
def test_the_other_clients_read_odd_front_matter_as_decode_does(target: str) -> None:
    heads = [f"name: asker\n{odd}\ntools: {LISTS[target]}" for odd in ODD]
    texts = [f"---\n{head}\n---\nAsk them all.\n" for head in heads]
    answers = ask(target, texts)
    assert {seen.loaded for seen in answers} == {True, False}
    for text, seen in zip(texts, answers, strict=True):
        assert (TARGETS[target].loads(text) == "") == seen.loaded, (text, seen)
        if seen.loaded:
            agent = TARGETS[target].decode(text, "asker")
            grants = {c: describe_grant(agent.policy.grant(c)) for c in ("edit", "execute")}
            assert grants == {"edit": "allow", "execute": "deny"}, text
            assert seen.tools is not None
            assert not seen.tools & {"Bash", "bash", "run_shell_command"}, text


def test_claude_code_reads_front_matter_up_to_three_hyphens_anywhere() -> None:
    head = "---\nname: asker\ndescription: one --- two\ntools: Read\n---\nBody.\n"
    cut, whole = ask("claude-code", [head, head.replace(" --- ", " -- ")])
    assert cut.tools is not None
    assert {"Bash", "Edit"} <= cut.tools
    assert whole.tools == frozenset({"Read"})
    assert TARGETS["claude-code"].problems(head) != []
