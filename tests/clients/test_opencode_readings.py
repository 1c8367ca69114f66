"""In: files with what OpenCode reads in its own way. Out: our reading never grants less than it.

Each case names texts for which the answer is asked of the real client, and a spoilt reading of the
same file that has to be caught.
"""

from collections.abc import Sequence
from itertools import product

import pytest

from clients import opencode
from clients.gate import need_clients
from clients.observation import Case
from promptpack.model import Agent, Effect, Model, PatternRule, Policy
from promptpack.policy.patterns import decide_effect
from promptpack.targets import TARGETS
from promptpack.targets.opencode import KEYS

pytestmark = pytest.mark.clients

TARGET = TARGETS["opencode"]
PATH = ".opencode/agents/asker.md"
EMOJI = "\N{GRINNING FACE}"
ALLOW, ASK, DENY = Effect.ALLOW, Effect.ASK, Effect.DENY
STRENGTH = {"deny": 0, "ask": 1, "allow": 2}
READINGS = {
    "bom": "\ufeff---\ndescription: d\npermission: {edit: deny}\n---\nB\n",
    "merge": (
        "---\nx: &a {edit: deny, bash: deny}\npermission:\n  bash: ask\n  <<: *a\n  read: ask\n"
        "  '*': deny\n---\nB\n"
    ),
    "merges": (
        "---\npermission:\n  <<: [{edit: deny, bash: ask}, {bash: deny, '*': ask}]\n  edit: allow\n"
        "---\nB\n"
    ),
    "twice": "---\npermission: {<<: {edit: deny, question: allow}, <<: {bash: deny}}\n---\nB\n",
    "merge order": (
        "---\npermission:\n  bash: ask\n  <<: {'*': deny, bash: allow}\n  edit: allow\n---\nB\n"
    ),
    "no merge": "---\npermission:\n  <<: deny\n  edit: deny\n---\nB\n",
    "alias": "---\npermission: {edit: &e deny, bash: *e}\n---\nB\n",
    "numbers": (
        '---\npermission: {"*": deny, bash: {"*": deny, "7": allow, "01": allow, "4294967295": '
        'allow, "4294967294": allow}, 9: allow}\n---\nB\n'
    ),
    "tools": '---\ntools: {"*": false, bash: true, "7": true}\n---\nB\n',
    "line end of YAML 1.1": "---\ndescription: d # \u2028permission: {edit: deny}\n---\nB\n",
    "byte-order mark inside": "---\npermission: {bash: deny,\n\ufeffedit: deny}\n---\nB\n",
    "question mark": "---\npermission: {?edit: deny}\n---\nB\n",
    "patch": "---\nmodel: openai/gpt-5\npermission: {apply_patch: deny, bash: deny}\n---\nB\n",
}


@pytest.fixture(autouse=True)
def installed() -> None:
    need_clients()


def decide(rules: Sequence[tuple[str, str, str]], key: str, text: str) -> str:
    """Return what rules without wildcards but `*` decide, the last of them first."""
    return next(a for k, p, a in reversed(rules) if k in ("*", key) and p in ("*", text))


def assert_reads_as(text: str, rules: Sequence[tuple[str, str, str]]) -> None:
    policy = TARGET.decode(text, "asker").policy
    for (capability, key), probe in product(KEYS.items(), ("x", "7", "01", "4294967294")):
        ours = decide_effect(policy.grant(capability), probe)
        assert ours == decide(rules, key, probe), (capability, probe)


def test_files_are_read_as_opencode_reads_them() -> None:
    cases: list[Case] = [({PATH: text.encode()}, "asker") for text in READINGS.values()]
    for text, seen in zip(READINGS.values(), opencode.observe_folders(cases), strict=True):
        assert seen.permissions is not None, seen.errors
        assert_reads_as(text, seen.permissions)
        turned = tuple((k, p, {"deny": "allow"}.get(a, "deny")) for k, p, a in seen.permissions)
        with pytest.raises(AssertionError):
            assert_reads_as(text, turned)


def test_an_agent_that_is_switched_off_is_no_agent() -> None:
    off, on = (f"---\ndescription: d\ndisable: {word}\n---\nB\n" for word in ("true", "false"))
    cases: list[Case] = [({PATH: text.encode()}, "asker") for text in (off, on)]
    assert [seen.loaded for seen in opencode.observe_folders(cases)] == [False, True]
    grants = [TARGET.decode(text, "asker").policy.grant("read")[-1].effect for text in (off, on)]
    assert grants == [DENY, ALLOW]


def test_apply_patch_goes_by_the_permission_to_edit() -> None:
    """The tools that GPT models have instead of edit and write."""
    for lines, has in (("edit: allow", True), ("apply_patch: allow", False)):
        head = f"description: d\nmodel: openai/gpt-5\npermission: {{'*': deny, {lines}}}"
        text = f"---\n{head}\n---\nB\n"
        seen = opencode.observe({PATH: text.encode()}, "asker")
        assert seen.tools == (frozenset({"apply_patch"}) if has else frozenset())
        effect = TARGET.decode(text, "asker").policy.grant("patch")[-1].effect
        assert effect == (ALLOW if has else DENY)


TEXTS = (
    *("rm", "rm x", f"rm {EMOJI}", "rm ab", f"rm {EMOJI}{EMOJI}", "./run.sh", ".\\run.sh", "ok"),
    *("cp a", f"cp {EMOJI}", "cp ab", f"cp {EMOJI}b", "cp abc", f"mv {EMOJI}", "mv ab", "mv abc"),
)
POLICY = (
    PatternRule("*", DENY),
    PatternRule("rm *", ALLOW),
    PatternRule("rm ?", DENY),
    PatternRule("./run.sh", ALLOW),
    PatternRule("cp ?", ALLOW),
    PatternRule("cp ??", ALLOW),
    PatternRule("mv *", ALLOW),
    PatternRule("mv ??", ASK),
)


def decide_by_characters(text: str) -> bool:
    """Tell whether the policy allows a text, read by hand: `?` is one character."""
    word, _, rest = text.replace("\\", "/").partition(" ")
    allowed = {"rm": len(rest) != 1, "cp": len(rest) in (1, 2), "mv": len(rest) != 2}
    return allowed.get(word, word == "./run.sh")


def list_allowed(text: str) -> set[str]:
    answers = opencode.decide_tasks({PATH: text.encode()}, "asker", TEXTS)
    return {text for text, answer in zip(TEXTS, answers, strict=True) if answer}


def test_opencode_allows_no_more_than_a_policy_with_question_marks() -> None:
    agent = Agent("asker", "d", "primary", Model("m"), None, Policy(DENY, {"task": POLICY}), "B\n")
    text = TARGET.encode(agent)
    wanted = {one for one in TEXTS if decide_by_characters(one)}
    allowed = list_allowed(text)
    assert allowed <= wanted
    assert allowed >= {"rm", "./run.sh", "cp a"}
    spoilt = text.replace("    rm ??: deny\n", "")
    assert spoilt != text
    assert list_allowed(spoilt) - wanted == {f"rm {EMOJI}"}


PLAIN = (
    "---\nmode: primary\npermission: {task: {'*': deny, 'rm *': allow, 'rm ?': deny, "
    "'cp ??': allow, './run.sh': allow}}\n---\nB\n"
)


def test_opencode_counts_units_and_takes_both_slashes() -> None:
    """What the codec has to make up for; our reading of the file grants all of it."""
    allowed = list_allowed(PLAIN)
    assert allowed >= {f"rm {EMOJI}", f"cp {EMOJI}", "./run.sh", ".\\run.sh"}
    assert "rm x" not in allowed
    grant = TARGET.decode(PLAIN, "asker").policy.grant("task")
    assert {text for text in TEXTS if decide_effect(grant, text) is ALLOW} >= allowed
    by_characters = (*POLICY[:4], PatternRule("cp ??", ALLOW))
    assert not {text for text in TEXTS if decide_effect(by_characters, text) is ALLOW} >= allowed
