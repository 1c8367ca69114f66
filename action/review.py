"""The first step: a checkout and the inputs of the action in; reports, a summary, annotations out.

Runs `promptpack check` and `promptpack diff` and tells what they said, all of it, whatever they
found; the exit code that follows from it is the output `code`. It has no token, and it writes
nothing but the files that the runner names.
"""

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

import revisions
import runner
import wording
from wording import Outcome, Ran, Report

BUDGET = 60_000
"""The characters of a comment; GitHub takes 65,536."""
SUMMARY = 900 * 1024
"""The bytes of a summary; GitHub takes 1 MiB for a step."""

_CHOICES = {
    "INPUT_FAIL_ON": ("none", "permissions", "any"),
    "INPUT_CHECK": ("true", "false"),
    "INPUT_COMMENT": ("true", "false"),
}
_FORMATS = {
    "markdown": "summary.md",
    "html": "promptpack-diff.html",
    "json": "promptpack-diff.json",
}
_KILLED = 4
_DIFFERENT = ("changed", "added", "removed", "renamed")


class Wanted(NamedTuple):
    """What the workflow asks for."""

    project: Path
    base: str
    fail_on: str
    accept: str
    check: bool


def main() -> int:
    """Review the checkout; return 0 unless the action can't be used like this."""
    if complaint := _complaint(os.environ):
        runner.annotate([("error", complaint)])
        return 2
    wanted = _wanted(os.environ)
    folder = Path(tempfile.mkdtemp(prefix="promptpack-", dir=os.environ.get("RUNNER_TEMP")))
    outcome = _outcome(wanted, folder)
    annotated = folder / "annotations.txt"
    runner.annotate(
        wording.annotations(outcome), annotated.read_text("utf-8") if annotated.exists() else ""
    )
    runner.summarise(_fitting(outcome))
    (folder / "comment.md").write_text(wording.comment(outcome), encoding="utf-8", newline="\n")
    (folder / "short.md").write_text(wording.short(outcome), encoding="utf-8", newline="\n")
    _set_outputs(outcome, folder)
    return 0


def _complaint(env: Mapping[str, str]) -> str:
    """Return why the action can't be used like this, or nothing."""
    if env.get("GITHUB_EVENT_NAME") == "pull_request_target":
        return "Use the event pull_request: pull_request_target hands a stranger's text a token"
    for name, choices in _CHOICES.items():
        if env.get(name, choices[0]) not in choices:
            said = name.removeprefix("INPUT_").lower().replace("_", "-")
            return f"The input '{said}' is {env[name]!r}, not one of: {', '.join(choices)}"
    project = _wanted(env).project
    return "" if project.is_dir() else f"The project '{project}' is no folder of the checkout"


def _wanted(env: Mapping[str, str]) -> Wanted:
    return Wanted(
        Path(env.get("GITHUB_WORKSPACE") or ".").absolute() / env.get("INPUT_PROJECT", "."),
        env.get("INPUT_BASE", ""),
        env.get("INPUT_FAIL_ON", "none"),
        env.get("INPUT_ACCEPT", ""),
        env.get("INPUT_CHECK", "true") == "true",
    )


def _outcome(wanted: Wanted, folder: Path) -> Outcome:
    check = _promptpack(wanted.project, "check") if wanted.check else None
    name, commit = os.environ.get("GITHUB_EVENT_NAME", ""), os.environ.get("GITHUB_SHA", "")
    base, head = revisions.compared(_event(), name, commit, wanted.project)
    sides = [wanted.base or base, head] if wanted.base or base else []
    gate = ["--fail-on", wanted.fail_on, *(("--accept", wanted.accept) if wanted.accept else ())]
    files = [f"{name}={folder / file}" for name, file in _FORMATS.items()]
    files.append(f"github={folder / 'annotations.txt'}")
    outs = [word for file in files for word in ("--out", file)]
    words = [*gate, "--max-chars", str(SUMMARY), *outs, "--", *sides]
    diff = _promptpack(wanted.project, "diff", *words)
    report = _report(wanted, folder, [*gate, "--", *sides]) if diff.code in (0, 1) else None
    return Outcome(check, diff, report, wanted.fail_on, revisions.is_shallow(wanted.project))


def _report(wanted: Wanted, folder: Path, words: list[str]) -> Report:
    """Return the report that was written; what is too long for a comment is told once more."""
    full = (folder / _FORMATS["markdown"]).read_text("utf-8")
    cut = full
    if len(full) > BUDGET:
        out = folder / "cut.md"
        told = ("--out", f"markdown={out}", "--max-chars", str(BUDGET))
        _promptpack(wanted.project, "diff", *told, *words)
        cut = out.read_text("utf-8")
    data = json.loads((folder / _FORMATS["json"]).read_text("utf-8"))
    widened = sum(change["kind"] in ("widened", "unproven") for change in data["permissions"])
    changed = sum(data["summary"][kind] for kind in _DIFFERENT)
    return Report(full, cut, changed, widened, data["summary"]["groups"])


def _promptpack(project: Path, *words: str) -> Ran:
    """Run promptpack as it is installed beside this Python; what it says goes to the log."""
    done = subprocess.run(  # noqa: S603 - our own program, in whose words a revision follows --
        [Path(sys.executable).parent / "promptpack", "--color", "never", *words],
        cwd=project,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        check=False,
    )
    said = done.stdout.decode("utf-8", "replace")
    runner.log(f"$ promptpack {words[0]}\n{said}")
    return Ran(done.returncode if done.returncode >= 0 else _KILLED, said)


def _event() -> Mapping[str, Any]:
    path = os.environ.get("GITHUB_EVENT_PATH")
    event = json.loads(Path(path).read_text("utf-8")) if path else {}
    return event if isinstance(event, dict) else {}


def _fitting(outcome: Outcome) -> str:
    """Return the longest text that a summary holds."""
    texts = (say(outcome) for say in (wording.summary, wording.comment))
    fitting = (text for text in texts if len(text.encode()) <= SUMMARY)
    return next(fitting, wording.short(outcome))


def _set_outputs(outcome: Outcome, folder: Path) -> None:
    report = outcome.report
    runner.output(
        code=outcome.code,
        news=str(outcome.news).lower(),
        folder=folder,
        changed=report.changed if report else "",
        permissions_widened=report.widened if report else "",
        html=folder / _FORMATS["html"] if report else "",
        json=folder / _FORMATS["json"] if report else "",
    )


if __name__ == "__main__":
    sys.exit(main())
