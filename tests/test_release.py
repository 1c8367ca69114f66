"""What is installed and released is what the checkout and its locks say; nothing publishes it."""

import os
import re
import shutil
import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path
from typing import Any

import yaml

from forges import ROOT
from support import PATIENCE, environment, tree_hash

WORKFLOW = ROOT / ".github" / "workflows" / "release.yml"
SCRIPT = ROOT / ".ci" / "release"
BUILD = [sys.executable, "-m", "hatchling", "build", "-d"]
RECORDER = """\
#!/bin/sh
# Stands for Python: notes how it is called, and makes the environment that it is asked for.
echo "$*" >> "$RUNNER_TEMP/calls"
if [ "$3" = venv ]; then mkdir -p "$4/bin"; cp "$0" "$4/bin/python"; fi
"""


def read_workflow() -> dict[str, Any]:
    # text only, so that "on" is no boolean
    found: dict[str, Any] = yaml.load(WORKFLOW.read_text("utf-8"), yaml.BaseLoader)  # noqa: S506
    return found


def test_the_action_installs_only_what_is_locked(tmp_path: Path) -> None:
    action = yaml.safe_load((ROOT / "action.yml").read_text(encoding="utf-8"))
    (step,) = (one for one in action["runs"]["steps"] if one["id"] == "install")
    python = tmp_path / "python"
    python.write_text(RECORDER, encoding="utf-8")
    python.chmod(0o755)
    places = {"GITHUB_ACTION_PATH": str(ROOT), "RUNNER_TEMP": str(tmp_path)}
    places |= {"PYTHON": str(python), "GITHUB_OUTPUT": str(tmp_path / "output")}
    shell = ["bash", "--noprofile", "--norc", "-e", "-o", "pipefail", "-c", step["run"]]
    subprocess.run(shell, env=environment(places), check=True, timeout=PATIENCE, cwd=tmp_path)
    create, *installs = (tmp_path / "calls").read_text(encoding="utf-8").splitlines()
    pip = "-I -m pip install --quiet --disable-pip-version-check"
    lock = f"--requirement {ROOT}/requirements-action.lock"
    assert create == f"-I -m venv {tmp_path}/promptpack-venv"
    assert installs == [
        f"{pip} --require-hashes --only-binary :all: {lock}",
        f"{pip} --no-index --no-deps --no-build-isolation {ROOT}",
    ]
    assert (tmp_path / "output").read_text("utf-8") == f"bin={tmp_path}/promptpack-venv/bin\n"


def test_a_release_is_built_for_a_tag_or_when_asked() -> None:
    assert read_workflow()["on"] == {"push": {"tags": ["v*"]}, "workflow_dispatch": ""}


def test_a_release_workflow_publishes_nothing() -> None:
    jobs = read_workflow()["jobs"]
    steps = [step for job in jobs.values() for step in job["steps"]]
    assert [step["run"] for step in steps if "run" in step] == ["make test", "make release"]
    used = {step["uses"].partition("@")[0] for step in steps if "uses" in step}
    assert used == {
        "actions/checkout",
        "actions/setup-python",
        "actions/upload-artifact",
        "actions/download-artifact",
        "actions/attest",
    }
    text = WORKFLOW.read_text(encoding="utf-8")
    assert not re.search(r"secrets\.|github\.token|push-to-registry|environment:", text)
    script = SCRIPT.read_text(encoding="utf-8")
    assert not re.search(r"twine|publish[^.]*--|gh release|curl|git push|upload", script)


def test_what_may_sign_runs_nothing_of_ours() -> None:
    jobs = read_workflow()["jobs"]
    (name,) = (name for name, job in jobs.items() if "id-token" in job["permissions"])
    assert (name, jobs[name]["needs"]) == ("attest", "build")
    assert not [step for step in jobs[name]["steps"] if "run" in step]
    assert "actions/checkout" not in str(jobs[name])


def test_what_is_signed_is_what_is_made() -> None:
    *_, all_files, wheel = read_workflow()["jobs"]["attest"]["steps"]
    assert all_files["with"] == {"subject-path": "release/*"}
    assert wheel["with"]["subject-path"] == "release/*.whl"
    assert f'mv "$work/components.json" {wheel["with"]["sbom-path"]}\n' in SCRIPT.read_text("utf-8")
    locks = re.findall(r"\S+ \S+ --requirement (\S+)", SCRIPT.read_text("utf-8"))
    assert set(locks) == {"requirements-action.lock", "requirements-release.lock"}


STAND_IN = """\
#!/bin/sh
# Stands for promptpack: notes where and how it is called, and what it could find of a checkout.
echo "$PWD|$PYTHONPATH$VIRTUAL_ENV|$*" >> "$HOME/../calls"
[ "$*" = "$(cat "$HOME/../failing" 2>/dev/null)" ] && exit 1
mkdir -p demo/dist/opencode && touch demo/dist/opencode/x.md
echo sha256
"""


def try_out(folder: Path, failing: str = "") -> tuple[int, list[str]]:
    """Return how a trial of a release ended, and the calls of the program."""
    program = folder / "promptpack"
    program.write_text(STAND_IN, encoding="utf-8")
    program.chmod(0o755)
    (folder / "failing").write_text(failing, encoding="utf-8")
    env = environment({"PYTHONPATH": str(ROOT / "generator"), "VIRTUAL_ENV": str(ROOT)})
    words = [ROOT / ".ci" / "try", program, folder / "trial"]
    done = subprocess.run(words, env=env, check=False, capture_output=True, timeout=PATIENCE)
    calls = (folder / "calls").read_text(encoding="utf-8").splitlines()
    assert {call.partition("|")[0] for call in calls} == {str(folder / "trial")}
    assert {call.split("|")[1] for call in calls} == {""}
    return done.returncode, [call.split("|")[2] for call in calls]


def test_a_release_is_tried_where_there_is_no_checkout(tmp_path: Path) -> None:
    code, calls = try_out(tmp_path)
    assert code == 0
    words = " ".join(calls).split()
    assert {"init", "build", "install", "check", "lint", "list"} <= {*words}
    for number, call in enumerate(calls):
        folder = tmp_path / f"{number}"
        folder.mkdir()
        assert try_out(folder, call)[0] != 0


def test_the_wheel_of_a_release_is_tried_before_anything_is_signed() -> None:
    text = SCRIPT.read_text("utf-8")
    steps = ["cmp release/*.whl", "--no-deps release/*.whl", ".ci/try", "sha256sum"]
    places = [text.index(step) for step in steps]
    assert places == sorted(places)


MADE = (".git", ".venv*", ".*_cache", ".hypothesis", "node_modules", "__pycache__")
"""What tools make in a checkout, besides the folders of `.gitignore`."""


def copy_checkout(place: Path) -> Path:
    """Copy this checkout without what tools made in it; the modes are those of the moment."""
    ignored = shutil.ignore_patterns(*MADE)
    made = {"dist", "site", "release", "build"}

    def ignore(folder: str, names: list[str]) -> set[str]:
        return ignored(folder, names) | (made & {*names} if Path(folder) == ROOT else set())

    shutil.copytree(ROOT, place, ignore=ignore, copy_function=shutil.copyfile)
    return place


def test_the_same_commit_gives_the_same_release(tmp_path: Path) -> None:
    hashes = set()
    for number, mask in enumerate((0o022, 0o077)):
        before = os.umask(mask)
        try:
            twin = copy_checkout(tmp_path / f"twin {number}")
            env = environment({"SOURCE_DATE_EPOCH": "1700000000", "TZ": f"UTC+{number}"})
            out = tmp_path / f"out-{number}"
            done = subprocess.run(
                [*BUILD, out], cwd=twin, env=env, capture_output=True, check=False, timeout=PATIENCE
            )
        finally:
            os.umask(before)
        assert done.returncode == 0, done.stderr.decode()
        hashes.add(tree_hash(out))
    assert len(hashes) == 1
    (sdist,) = (tmp_path / "out-0").glob("*.tar.gz")
    with tarfile.open(sdist) as archive:
        names = {name.partition("/")[2] for name in archive.getnames()}
    wanted = {f"requirements-{lock}.lock" for lock in ("action", "dev", "formats", "release")}
    assert {
        *wanted,
        "SECURITY.md",
        "LICENSE",
        "action.yml",
        ".github/workflows/release.yml",
    } <= names
    (wheel,) = (tmp_path / "out-0").glob("*.whl")
    with zipfile.ZipFile(wheel) as archive:
        pages = {name for name in archive.namelist() if name.startswith("promptpack/docs/")}
    assert pages >= {f"promptpack/docs/{page.name}" for page in (ROOT / "docs").glob("*.md")}
