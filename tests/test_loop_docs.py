"""The page on pull requests is true: its files fit, its tables and comments are the real ones.

The page is played as by `test_docs.py`; at each `<!-- comment -->` the action is run, with the
inputs of the page's own workflow, and the fence after it holds the comment.
`PROMPTPACK_ACCEPT=1` rewrites comments, tables and attributes.
"""

import re
import shutil
from pathlib import Path
from typing import Any

import yaml

import support
from forges import MARKER, Api, Forge, run_action, served
from test_commands import Stage
from test_docs import hold

ROOT = Path(__file__).resolve().parents[1]
PAGE = ROOT / "docs" / "pull-requests.md"
ACTION = yaml.safe_load((ROOT / "action.yml").read_text(encoding="utf-8"))
WORKFLOW = ".github/workflows/agents.yml"

_PART = re.compile(
    r"^```(?P<info>[^`\n]+)\n(?P<body>.*?)^```$"
    r"|^<!-- comment -->\n\n~~~markdown\n(?P<said>.*?)^~~~$",
    re.MULTILINE | re.DOTALL,
)
_BLOB = re.compile("/blob/[0-9a-f]{40}/")
_COMMIT = re.compile("`[0-9a-f]{7}`")


def titled(name: str) -> Any:
    """Return what a file of the page says."""
    fence = rf'^```\w+ title="{re.escape(name)}"\n(.*?)^```$'
    (body,) = re.findall(fence, PAGE.read_text("utf-8"), re.MULTILINE | re.DOTALL)
    return yaml.safe_load(body) if name.endswith((".yml", ".yaml")) else body


def table(*rows: tuple[str, ...]) -> str:
    return "".join(f"| {' | '.join(row)} |\n".replace("|  |", "| |") for row in rows)


def test_the_tables_are_those_of_the_action() -> None:
    inputs = [
        (f"`{name}`", f"`{one['default']}`" if one["default"] else "", one["description"])
        for name, one in ACTION["inputs"].items()
    ]
    outputs = [(f"`{name}`", one["description"]) for name, one in ACTION["outputs"].items()]
    tables = {
        "inputs": table(("input", "default", ""), ("---", "---", "---"), *inputs),
        "outputs": table(("output", ""), ("---", "---"), *outputs),
    }
    marked = re.compile(r"(<!-- (\w+) of action.yml -->\n).*?(<!-- end -->)", re.DOTALL)
    text = PAGE.read_text("utf-8")
    told = marked.sub(lambda found: f"{found[1]}\n{tables[found[2]]}\n{found[3]}", text)
    hold(PAGE, text, told)


def test_the_attributes_are_those_of_the_targets(tmp_path: Path) -> None:
    said = support.call("targets", "--format", "gitattributes", cwd=tmp_path).out
    fence = re.compile(r'(^```text title=".gitattributes"\n).*?(^```$)', re.MULTILINE | re.DOTALL)
    text = PAGE.read_text("utf-8")
    hold(PAGE, text, fence.sub(lambda found: f"{found[1]}{said}{found[2]}", text))


def test_the_workflow_fits_the_action_and_is_pinned_as_our_own() -> None:
    workflow = titled(WORKFLOW)
    ours = yaml.safe_load((ROOT / ".github/workflows/promptpack.yml").read_text(encoding="utf-8"))
    checkout, review = workflow["jobs"]["review"]["steps"]
    assert checkout == ours["jobs"]["review"]["steps"][0]
    assert review["uses"].startswith("example/promptpack@")
    assert set(review["with"]) <= set(ACTION["inputs"])
    for key in ("permissions", "timeout-minutes", "runs-on"):
        assert workflow["jobs"]["review"][key] == ours["jobs"]["review"][key]
    assert workflow["permissions"] == ours["permissions"] == {}


def test_the_gitlab_file_fits_the_template() -> None:
    (include,) = titled(".gitlab-ci.yml")["include"]
    template = (ROOT / include["file"]).read_text(encoding="utf-8")
    inputs = next(iter(yaml.safe_load_all(template)))["spec"]["inputs"]
    assert set(include["inputs"]) <= set(inputs)
    needed = {name for name, one in inputs.items() if "default" not in one}
    assert needed <= set(include["inputs"])
    assert include["inputs"]["fail-on"] in inputs["fail-on"]["options"]


def test_the_hooks_are_those_that_there_are() -> None:
    (repo,) = titled(".pre-commit-config.yaml")["repos"]
    hooks = yaml.safe_load((ROOT / ".pre-commit-hooks.yaml").read_text(encoding="utf-8"))
    assert [hook["id"] for hook in repo["hooks"]] == [hook["id"] for hook in hooks]


def test_the_comments_are_what_the_action_writes(tmp_path: Path) -> None:
    stage = Stage(tmp_path)
    shutil.rmtree(stage.project)
    for folder in ("packs", "templates"):
        (stage.project / folder).mkdir(parents=True)
    codes: list[int] = []
    with served(Api()) as api:

        def told(part: re.Match[str]) -> str:
            if part["said"] is None:
                play(stage, part["info"], part["body"])
                return part[0]
            place = tmp_path / f"forge-{len(codes)}"
            shutil.copytree(stage.project, place / "work")
            inputs = titled(WORKFLOW)["jobs"]["review"]["steps"][1]["with"]
            codes.append(run_action(Forge(place), api, **dashless(inputs)).code)
            (comment,) = api.comments
            assert comment["body"].startswith(f"{MARKER}\n")
            said = _COMMIT.sub("`…`", _BLOB.sub("/blob/…/", comment["body"]))
            return f"<!-- comment -->\n\n~~~markdown\n{said}~~~"

        text = PAGE.read_text("utf-8")
        hold(PAGE, text, _PART.sub(told, text))
    assert codes == [1, 0]


def dashless(inputs: dict[str, Any]) -> dict[str, Any]:
    return {name.replace("-", "_"): value for name, value in inputs.items()}


def play(stage: Stage, info: str, body: str) -> None:
    if title := re.search(r'title="(\S+)"', info):
        support.write_files(stage.project, {title[1]: body})
    elif info == "console":
        stage.play("```", info, body)
