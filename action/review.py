"""The first step: a checkout and the inputs of the action in; reports, a summary, annotations out.

Runs `promptpack check` and `promptpack diff` and tells what they said, all of it, whatever they
found; the exit code that follows from it is the output `code`. It has no token, and it writes
nothing but the files that the runner names. Whatever could not be compared fails the job, also
where no change would.
"""

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

import limits
import revisions
import runner
import wording
from promptpack.git.repository import find_repository
from promptpack.git.revisions import is_shallow
from promptpack.model import UserError
from wording import CommandResult, Outcome, ReviewReport

COMMENT_BUDGET = 60_000
"""The characters of a comment; GitHub takes 65,536."""
SUMMARY_LIMIT = 900 * 1024
"""The bytes of a summary; GitHub takes 1 MiB for a step."""

_INPUT_CHOICES = {
    "INPUT_MODE": ("diff", "audit"),
    "INPUT_FAIL_ON": ("none", "permissions", "any"),
    "INPUT_CHECK": ("true", "false"),
    "INPUT_COMMENT": ("true", "false"),
}
_REPORT_FILES = {
    "markdown": "summary.md",
    "html": "promptpack-diff.html",
    "json": "promptpack-diff.json",
}
_KILLED_CODE = 4
_CHANGE_KINDS = ("changed", "added", "removed", "renamed")


class ReviewOptions(NamedTuple):
    """What the workflow asks for."""

    project: Path
    base: str
    fail_on: str
    accept: str
    check: bool
    mode: str = "diff"


def main() -> int:
    """Review the checkout; return 0 unless the action can't be used like this."""
    if problem := _find_problem(os.environ):
        runner.annotate([("error", problem)])
        return 2
    limits.limit_processes()
    options = _read_options(os.environ)
    folder = Path(tempfile.mkdtemp(prefix="promptpack-", dir=os.environ.get("RUNNER_TEMP")))
    outcome = _run_review(options, folder)
    annotations_file = folder / "annotations.txt"
    runner.annotate(
        wording.make_annotations(outcome),
        annotations_file.read_text("utf-8") if annotations_file.exists() else "",
    )
    runner.append_summary(_choose_summary(outcome))
    (folder / "comment.md").write_text(
        wording.render_comment(outcome), encoding="utf-8", newline="\n"
    )
    (folder / "short.md").write_text(wording.render_short(outcome), encoding="utf-8", newline="\n")
    _set_outputs(outcome, folder)
    return 0


def _find_problem(env: Mapping[str, str]) -> str:
    """Return why the action can't be used like this, or nothing."""
    if env.get("GITHUB_EVENT_NAME") == "pull_request_target":
        return (
            "Use the event pull_request: pull_request_target gives a token "
            "to a job that reads text from strangers"
        )
    for name, choices in _INPUT_CHOICES.items():
        if env.get(name, choices[0]) not in choices:
            input_name = name.removeprefix("INPUT_").lower().replace("_", "-")
            words = ", ".join(choices)
            return f"The input '{input_name}' must be one of: {words}; it is {env[name]!r}"
    project = _read_options(env).project
    if not project.is_dir() or not project.is_relative_to(_find_workspace(env)):
        return f"The project '{project}' is not a folder in the checkout"
    if project.resolve() != project:
        return f"The project '{project}' is behind a link, which a pull request could change"
    return ""


def _find_workspace(env: Mapping[str, str]) -> Path:
    return Path(env.get("GITHUB_WORKSPACE") or ".").resolve()


def _read_options(env: Mapping[str, str]) -> ReviewOptions:
    return ReviewOptions(
        Path(os.path.normpath(_find_workspace(env) / env.get("INPUT_PROJECT", "."))),
        env.get("INPUT_BASE", ""),
        env.get("INPUT_FAIL_ON", "none"),
        env.get("INPUT_ACCEPT", ""),
        env.get("INPUT_CHECK", "true") == "true",
        env.get("INPUT_MODE", "diff"),
    )


def _run_review(options: ReviewOptions, folder: Path) -> Outcome:
    is_audit = options.mode == "audit"
    check = None if is_audit or not options.check else _run_promptpack(options.project, "check")
    name, commit = os.environ.get("GITHUB_EVENT_NAME", ""), os.environ.get("GITHUB_SHA", "")
    try:
        repository = find_repository(options.project)
        base, head = revisions.find_revisions(_read_event(), name, commit, repository)
    except UserError as error:
        return Outcome(check, _report_error(error), None, options.fail_on, False)
    if is_audit:
        return _run_audit(options, options.base or base, folder, shallow=is_shallow(repository))
    sides = [options.base or base, head] if options.base or base else []
    link = _make_file_address(os.environ, head)
    gate = [
        "--fail-on",
        options.fail_on,
        *link,
        *(("--accept", options.accept) if options.accept else ()),
    ]
    files = [f"{name}={folder / file}" for name, file in _REPORT_FILES.items()]
    files.append(f"github={folder / 'annotations.txt'}")
    outs = [word for file in files for word in ("--out", file)]
    arguments = [*gate, "--max-chars", str(SUMMARY_LIMIT), *outs, "--", *sides]
    diff = _run_promptpack(options.project, "diff", *arguments)
    report = _read_report(options, folder, [*gate, "--", *sides]) if diff.code in (0, 1) else None
    return Outcome(check, diff, report, options.fail_on, is_shallow(repository))


def _make_file_address(env: Mapping[str, str], head: str) -> list[str]:
    """Return the option that links causes to the files of the new side, where they are known."""
    server, name = env.get("GITHUB_SERVER_URL", ""), env.get("GITHUB_REPOSITORY", "")
    return ["--link-to", f"{server}/{name}/blob/{head}"] if server and name else []


def _run_audit(options: ReviewOptions, base: str, folder: Path, *, shallow: bool) -> Outcome:
    """Compare the agent files that are checked out with those of the base; none is no change."""
    fail_on = "none" if options.fail_on == "none" else "permissions"
    files = {"markdown": "summary.md", "json": "promptpack-diff.json", "github": "annotations.txt"}
    outs = [word for name, file in files.items() for word in ("--out", f"{name}={folder / file}")]
    arguments = ["--fail-on", fail_on, *outs, *(("--base", base) if base else ())]
    audit = _run_promptpack(options.project, "audit", *arguments)
    if audit.code not in (0, 1):
        return Outcome(None, audit, None, options.fail_on, shallow)
    text = (folder / files["markdown"]).read_text("utf-8")
    data = json.loads((folder / files["json"]).read_text("utf-8"))
    widened = [one for one in data["findings"] if one["code"] == "PP611"]
    changed_count = len({change["path"] for change in data["changes"]})
    report = ReviewReport(text, text[:COMMENT_BUDGET], changed_count, len(widened), len(widened))
    return Outcome(None, audit, report, options.fail_on, shallow)


def _read_report(options: ReviewOptions, folder: Path, arguments: list[str]) -> ReviewReport:
    """Return the report that was written; what is too long for a comment is told once more."""
    full = (folder / _REPORT_FILES["markdown"]).read_text("utf-8")
    cut = full
    if len(full) > COMMENT_BUDGET:
        out = folder / "cut.md"
        limits = ("--out", f"markdown={out}", "--max-chars", str(COMMENT_BUDGET))
        _run_promptpack(options.project, "diff", *limits, *arguments)
        cut = out.read_text("utf-8")
    data = json.loads((folder / _REPORT_FILES["json"]).read_text("utf-8"))
    widened_count = sum(change["kind"] in ("widened", "unproven") for change in data["permissions"])
    changed_count = sum(data["summary"][kind] for kind in _CHANGE_KINDS)
    return ReviewReport(full, cut, changed_count, widened_count, data["summary"]["groups"])


def _run_promptpack(project: Path, *arguments: str) -> CommandResult:
    """Run promptpack as it is installed beside this Python; what it says goes to the log."""
    process = subprocess.run(  # noqa: S603 - our own program, in whose words a revision follows --
        [Path(sys.executable).parent / "promptpack", "--color", "never", *arguments],
        cwd=project,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        check=False,
    )
    output = process.stdout.decode("utf-8", "replace")
    if process.returncode < 0:
        output += (
            f"stopped by signal {-process.returncode}; a run may use "
            f"{limits.CPU_SECONDS} seconds of processor time and {limits.MEMORY_BYTES >> 30} GiB\n"
        )
    runner.log(f"$ promptpack {arguments[0]}\n{output}")
    return CommandResult(process.returncode if process.returncode >= 0 else _KILLED_CODE, output)


def _report_error(error: UserError) -> CommandResult:
    """Return what promptpack would say of a checkout that can't be read, and its exit code."""
    lines = [text for finding in error.findings for text in (finding.message, finding.hint) if text]
    output = "".join(f"{line}\n" for line in lines)
    runner.log(output)
    return CommandResult(3 if any(finding.path for finding in error.findings) else 2, output)


def _read_event() -> Mapping[str, Any]:
    path = os.environ.get("GITHUB_EVENT_PATH")
    event = json.loads(Path(path).read_text("utf-8")) if path else {}
    return event if isinstance(event, dict) else {}


def _choose_summary(outcome: Outcome) -> str:
    """Return the longest text that a summary holds."""
    texts = (render(outcome) for render in (wording.render_summary, wording.render_comment))
    candidates = (text for text in texts if len(text.encode()) <= SUMMARY_LIMIT)
    return next(candidates, wording.render_short(outcome))


def _set_outputs(outcome: Outcome, folder: Path) -> None:
    report = outcome.report
    runner.set_outputs(
        code=outcome.code,
        news=str(outcome.has_news).lower(),
        folder=folder,
        changed=report.changed if report else "",
        permissions_widened=report.widened if report else "",
        html=folder / _REPORT_FILES["html"] if (folder / _REPORT_FILES["html"]).exists() else "",
        json=folder / _REPORT_FILES["json"] if report else "",
    )


if __name__ == "__main__":
    sys.exit(main())
