"""What commands print as JSON is what its published schema says, key by key."""

import json
from pathlib import Path

import pytest

import support
from promptpack.reading.file_models import FILE_MODELS
from promptpack.reporting.json_schemas import REPORTS


@pytest.mark.parametrize(
    ("command", "arguments"),
    [
        ("build", ("--target", "codex", "--target", "opencode")),
        ("check", ()),
        ("list", ()),
        ("list", ("variants",)),
        ("list", ("rules", "packs")),
        ("list", ("libraries",)),
        ("targets", ()),
        ("doctor", ("--no-clients",)),
        ("install", ("--target", "opencode", "--into", ".", "--dry-run")),
    ],
)
def test_a_report_is_what_its_schema_says(
    command: str, arguments: tuple[str, ...], tmp_path: Path
) -> None:
    root = Path(__file__).resolve().parents[1]
    project = tmp_path / "project"
    pack = (root / "packs/python-ml-architect/pack.yaml").read_text(encoding="utf-8")
    files = {"packs/python-ml-architect/pack.yaml": pack}
    for path in (root / "packs/python-ml-architect").glob("*.md"):
        files[f"packs/python-ml-architect/{path.name}"] = path.read_text(encoding="utf-8")
    support.write_files(project, files)
    done = support.call(command, *arguments, "--format", "json", cwd=project)
    assert done.err == ""
    REPORTS[command].model_validate(json.loads(done.out))


@pytest.mark.parametrize("kind", [*FILE_MODELS, *REPORTS])
def test_every_schema_is_printed(kind: str, tmp_path: Path) -> None:
    done = support.call("schema", kind, cwd=tmp_path)
    schema = json.loads(done.out)
    assert schema["$schema"].endswith("2020-12/schema")
    assert schema["additionalProperties"] is False
