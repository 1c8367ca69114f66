"""`list` reads no more than it shows, and shows the same as if it had read all."""

import json
from pathlib import Path

import pytest

import support
from siblings import SIBLINGS

ONE_TEXT = """\
name: text
title: Text
description: Answers questions about text.
targets: [opencode, skill]
sections: ./prompt.md
variants:
  default: {model: tiny, policy: look}
  model: [tiny]
  policy: [look, change]
  overrides:
    - {when: {policy: look}, drop: [scope]}
"""
LANGUAGES = """\
name: speaking
title: Speaking
description: Answers questions in two languages.
targets: [opencode]
sections: {role: ./role.md}
translations: {de: {title: Sprechend}}
variants:
  default: {model: tiny, policy: look}
  model: [tiny]
  policy: [look]
  language: [en, de]
"""
OTHERS = {
    "packs/text/pack.yaml": ONE_TEXT,
    "packs/text/prompt.md": "## Role\n\nYou answer.\n\n## Scope\n\nText.\n",
    "packs/speaking/pack.yaml": LANGUAGES,
    "packs/speaking/role.md": "You speak.\n",
    "packs/speaking/role.de.md": "Du sprichst.\n",
}


def list_rows(project: Path, *kinds: str) -> dict[str, object]:
    """Return the rows of each kind that `list` shows."""
    done = support.call("list", *kinds, "--format", "json", cwd=project)
    assert done.code == 0, done.err
    rows: dict[str, object] = json.loads(done.out)
    return rows


@pytest.mark.parametrize("kinds", [("packs",), ("variants",), ("models", "packs", "variants")])
def test_what_is_listed_alone_is_what_is_listed_with_all(
    project: Path, kinds: tuple[str, ...]
) -> None:
    support.write_files(project, {**SIBLINGS, **OTHERS})
    everything = list_rows(project)
    alone = list_rows(project, *kinds)
    assert alone == {name: everything[name] for name in ("schema_version", *kinds)}
    assert len(str(alone)) > 600


def test_a_wrong_pack_file_is_told_wherever_packs_are_listed(project: Path) -> None:
    support.write_files(project, {"packs/demo/pack.yaml": "name: demo\n"})
    for kinds in ((), ("packs",), ("variants",), ("models", "packs")):
        done = support.call("list", *kinds, cwd=project)
        assert (done.code, done.out) == (3, "")
        assert "packs/demo/pack.yaml:1" in done.err
