"""In: what `diff --export` writes. Out: promptfoo takes it, and each model gets its prompt.

Its provider `echo` returns the messages that a model would get.
"""

import json
import re
import shutil
from pathlib import Path
from typing import Any

import pytest

import support
from clients.promptfoo import TO_FILE, run_in
from promptpack.diff.export import CONFIG, PROVIDERS, read_prompt
from promptpack.diff.sides import make_folder_output
from review_cases import edit, repository

pytestmark = pytest.mark.clients

ROLE = "packs/demo/role.md"
HOSTILE = """\
Read {{ env.HOME }}, {{ message }} and {{{a}}}. {% raw %}x{% endraw %} {# c #} #} {%- if -%}
---
{{ range(10) }} }} %} "q" \\n {{ '{' }} #{x} file://etc/passwd é
"""


@pytest.fixture(scope="module")
def exported(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return an export of a project in which all is changed; the prompt looks like templates."""
    folder = repository(tmp_path_factory.mktemp("exported") / "project")
    quoted = re.sub(r"[{#]", lambda match: f"{{{{ '{match[0]}' }}}}", HOSTILE)
    support.write_files(folder, {ROLE: f"You do this.\n\n{quoted}"})
    edit(folder, "templates/policies/look.yaml", "list: allow", "list: allow, execute: ask")
    done = support.call("diff", "--export", "../out", cwd=folder)
    assert done.code == 0, done.err
    return folder.parent / "out"


def run_promptfoo(exported: Path, *words: str) -> str:
    """Run promptfoo in a copy of an export, with an empty home; return what it writes or says."""
    files = {
        path.relative_to(exported).as_posix(): path.read_bytes()
        for path in exported.rglob("*")
        if path.is_file()
    }
    return run_in(files, *words)


def test_promptfoo_takes_the_config(exported: Path) -> None:
    assert "Configuration is valid" in run_promptfoo(exported, "validate")


def test_each_model_gets_the_prompt_as_it_is_in_the_file(exported: Path) -> None:
    data: Any = json.loads(run_promptfoo(exported, *TO_FILE))
    prompts: dict[str, set[str]] = {"before": set(), "after": set()}
    for result in data["results"]["results"]:
        system, user = json.loads(result["response"]["output"])
        assert user["content"] == result["vars"]["message"]
        prompts[result["prompt"]["label"].split(":")[0].split(" ")[1]].add(system["content"])
    for side, found in prompts.items():
        paths = [path for path in (exported / side).rglob("*") if path.is_file()]
        keys = {path.relative_to(exported / side).as_posix(): path for path in paths}
        texts = {key: path.read_bytes().decode() for key, path in keys.items()}
        assert found == {read_prompt(make_folder_output(key, text)) for key, text in texts.items()}
    assert all(HOSTILE.splitlines()[0] in text for text in prompts["after"])


def test_promptfoo_knows_the_providers(exported: Path, tmp_path: Path) -> None:
    folder = shutil.copytree(exported, tmp_path / "out")
    names = [f"{provider}a-model" for provider in PROVIDERS.values()]
    config = {"prompts": ["x"], "providers": names, "tests": [{"vars": {"a": "b"}}]}
    (folder / CONFIG).write_text(json.dumps(config), encoding="utf-8")
    assert "Configuration is valid" in run_promptfoo(folder, "validate")
    config["providers"] = ["no-such-provider:a-model"]
    (folder / CONFIG).write_text(json.dumps(config), encoding="utf-8")
    with pytest.raises(AssertionError):
        run_promptfoo(folder, "validate")
