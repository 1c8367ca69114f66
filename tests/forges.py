"""What the tests of pull requests share: a repository with one, GitHub's API, and its runner.

The API is a recorder on the loopback that keeps comments as GitHub does. The runner plays
`action.yml` step by step: it fills in expressions, starts each script as GitHub starts it, and
reads its log for commands. Steps that install or upload are taken as done.
"""

import json
import os
import re
import subprocess
import sys
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import parse_qs, urlsplit

import yaml

import support
from review_cases import commit, edit, git

ROOT = Path(__file__).resolve().parents[1]
BOT = "github-actions[bot]"
MARKER = "<!-- promptpack:diff -->"
TOKEN = "token-of-the-job"  # noqa: S105 - a word to look for
ARTIFACT = "https://github.example/o/r/actions/runs/5/artifacts/9"

_EXPRESSION = re.compile(r"\$\{\{ ?([^}]*?) ?\}\}")


# ---------------------------------------------------------------------------------------- the API


@dataclass
class Api:
    """What the API holds and was asked.

    `refusals` are answered in place of the next requests; so many answers to what was written are
    `lost`, after it was written; what is `garbled` is the answer to everything.
    """

    login: str = BOT
    read_only: bool = False
    comments: list[dict[str, Any]] = field(default_factory=list)
    requests: list[tuple[str, str]] = field(default_factory=list)
    refusals: list[tuple[str, int, dict[str, str]]] = field(default_factory=list)
    lost: int = 0
    garbled: bytes = b""
    tokens: set[str] = field(default_factory=set)
    url: str = ""

    def add(self, body: str, login: str = BOT) -> dict[str, Any]:
        """Put a comment there."""
        number = 1000 + len(self.comments)
        self.comments.append({"id": number, "body": body, "user": {"login": login}})
        return self.comments[-1]

    def asked(self, method: str) -> list[str]:
        """Return the paths that were asked for with a method."""
        return [path for asked, path in self.requests if asked == method]

    def answer(self, method: str, path: str, data: Any) -> tuple[int, Any, dict[str, str]]:
        """Return status, JSON and headers of an answer."""
        self.requests.append((method, path))
        if path == "/graphql":
            return 200, {"data": {"viewer": {"login": self.login}} if self.login else None}, {}
        for number, (refused, status, headers) in enumerate(self.refusals):
            if refused == method:
                del self.refusals[number]
                return status, {"message": f"{status} as told"}, headers
        where = urlsplit(path)
        if method != "GET":
            return self._written(method, where.path, data["body"])
        query = parse_qs(where.query)
        size, page = int(query["per_page"][0]), int(query["page"][0])
        return 200, self.comments[(page - 1) * size : page * size], {}

    def _written(self, method: str, path: str, body: str) -> tuple[int, Any, dict[str, str]]:
        if self.read_only:
            return 403, {"message": "Resource not accessible by integration"}, {}
        if len(body) > 65_536:
            return 422, {"message": "body is too long"}, {}
        written = self._write(method, path, body)
        if self.lost:
            self.lost -= 1
            return 502, {"message": "lost"}, {"Retry-After": "0"}
        return written

    def _write(self, method: str, path: str, body: str) -> tuple[int, Any, dict[str, str]]:
        if method == "POST" and path == "/repos/o/r/issues/7/comments":
            return 201, self.add(body, self.login or BOT), {}
        for one in self.comments:
            if method == "PATCH" and path == f"/repos/o/r/issues/comments/{one['id']}":
                one["body"] = body
                return 200, one, {}
        return 404, {"message": "Not Found"}, {}


@contextmanager
def served(api: Api) -> Iterator[Api]:
    """Serve an API on the loopback for as long as the block takes."""

    class Handler(BaseHTTPRequestHandler):
        timeout = support.PATIENCE

        def _do(self) -> None:
            size = int(self.headers.get("Content-Length") or 0)
            data = json.loads(self.rfile.read(size)) if size else None
            api.tokens.add(self.headers.get("Authorization", ""))
            status, answer, headers = api.answer(self.command, self.path, data)
            body = api.garbled or json.dumps(answer).encode()
            self.send_response(status)
            for name, value in {**headers, "Content-Length": str(len(body))}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(body)

        do_GET = do_POST = do_PATCH = _do  # noqa: N815 - as the library names them

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    with serving(Handler) as api.url:
        yield api


@contextmanager
def serving(handler: type[BaseHTTPRequestHandler]) -> Iterator[str]:
    """Serve requests on the loopback for as long as the block takes; give the address."""
    server = HTTPServer(("127.0.0.1", 0), handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join(timeout=support.PATIENCE)
        server.server_close()


# --------------------------------------------------------------------------------- the repository


def make_first(folder: Path, files: Mapping[str, str | bytes] | None = None) -> Path:
    """Return the demo project in a repository, built and committed."""
    support.built(folder, files)
    commit(folder, "first")
    return folder


class Forge:
    """A repository on a forge, a clone to work in, and what a job would check out."""

    def __init__(self, folder: Path, files: Mapping[str, str | bytes] | None = None) -> None:
        """Make the demo project a repository, unless one lies in the folder named work."""
        self.folder = folder
        self.origin = folder / "origin.git"
        self.work = folder / "work"
        if not self.work.exists():
            make_first(self.work, files)
        git(
            folder,
            "init",
            "--quiet",
            "--bare",
            "--initial-branch=main",
            "--template=",
            str(self.origin),
        )
        git(self.work, "remote", "add", "origin", self.origin.as_uri())
        git(self.work, "push", "--quiet", "origin", "main")
        self.first = self.commit_of("main")

    def commit_of(self, name: str) -> str:
        """Return the commit that a name means."""
        return git(self.work, "rev-parse", name).strip()

    def branch(self, name: str = "topic") -> None:
        """Start a branch from main."""
        git(self.work, "checkout", "--quiet", "-B", name, "main")

    def change(self, path: str, old: str, new: str, *, build: bool = True) -> str:
        """Edit a file, build, and commit it all; return the commit."""
        edit(self.work, path, old, new)
        if build:
            done = support.call("build", cwd=self.work)
            assert done.code == 0, done.err
        return commit(self.work)

    def merge(self) -> tuple[str, str]:
        """Merge the branch into main as GitHub does for its run; return merge and head."""
        head = self.commit_of("HEAD")
        name = git(self.work, "rev-parse", "--abbrev-ref", "HEAD").strip()
        git(self.work, "checkout", "--quiet", "--detach", "main")
        git(self.work, "merge", "--quiet", "--no-ff", "--message", "merge", head)
        merge = self.commit_of("HEAD")
        refs = (f"{merge}:refs/pull/7/merge", f"{head}:refs/pull/7/head", "main")
        git(self.work, "push", "--quiet", "--force", "origin", *refs)
        git(self.work, "checkout", "--quiet", name)
        return merge, head

    def checkout(self, revision: str, depth: int = 0) -> Path:
        """Return a new checkout of a commit, as deep as asked, or whole."""
        number = len(list(self.folder.glob("checkout-*")))
        place = self.folder / f"checkout-{number}"
        place.mkdir()
        git(place, "init", "--quiet", "--template=")
        deep = ("--depth", str(depth)) if depth else ()
        everything = () if depth else ("+refs/heads/*:refs/remotes/origin/*",)
        origin = self.origin.as_uri()
        git(place, "remote", "add", "origin", origin)
        git(place, "fetch", "--quiet", *deep, "origin", revision, *everything)
        git(place, "checkout", "--quiet", "--detach", revision)
        return place

    def pull_request(self, head: str) -> dict[str, Any]:
        """Return the event of a pull request."""
        base = {"sha": self.first, "ref": "main"}
        return {"pull_request": {"number": 7, "head": {"sha": head, "ref": "x"}, "base": base}}


# ------------------------------------------------------------------------------------- the runner


class Run(NamedTuple):
    """What a run of the action left behind."""

    code: int
    log: str
    summary: str
    outputs: dict[str, str]
    folder: Path

    def commands(self) -> list[str]:
        """Return the lines that a runner obeys."""
        found, stopped = [], ""
        for line in self.log.splitlines():
            if stopped:
                stopped = "" if line.strip() == f"::{stopped}::" else stopped
            elif line.strip().startswith("::stop-commands::"):
                stopped = line.strip().removeprefix("::stop-commands::")
            elif line.strip().startswith("::") or "##[" in line:
                found.append(line)
        return found


def run_action(
    forge: Forge, api: Api, event: Mapping[str, Any] | None = None, **options: Any
) -> Run:
    """Play the action for a pull request of the forge's branch, else for the event given.

    Options: `name` of the event, `depth`, `revision` and `commit` of the checkout, the folder `bin`
    that promptpack is installed in, `prepare`, which is called with the checkout; all others are
    inputs.
    """
    if event is None:
        merge, head = forge.merge()
        event = forge.pull_request(head)
        options = {"commit": merge, **options}
    name, sha = options.pop("name", "pull_request"), options.pop("commit")
    checkout = forge.checkout(options.pop("revision", sha), options.pop("depth", 0))
    options.pop("prepare", lambda _: None)(checkout)
    temp = forge.folder / f"temp-{checkout.name}"
    temp.mkdir()
    env = {
        **environment(api, temp, event, name),
        "GITHUB_SHA": sha,
        "GITHUB_WORKSPACE": str(checkout),
    }
    bin_ = str(options.pop("bin", Path(sys.executable).parent))
    inputs = {key.replace("_", "-"): str(value) for key, value in options.items()}
    return _played(inputs, env, checkout, temp, bin_)


def environment(
    api: Api, temp: Path, event: Mapping[str, Any], name: str = "pull_request"
) -> dict[str, str]:
    """Return what a runner puts into the environment of every step."""
    support.write_files(temp, {"event.json": json.dumps(event)})
    ours = {
        "GITHUB_ACTION_PATH": str(ROOT),
        "GITHUB_API_URL": api.url,
        "GITHUB_EVENT_NAME": name,
        "GITHUB_EVENT_PATH": str(temp / "event.json"),
        "GITHUB_GRAPHQL_URL": f"{api.url}/graphql",
        "GITHUB_REPOSITORY": "o/r",
        "GITHUB_RUN_ID": "5",
        "GITHUB_SERVER_URL": "https://github.example",
        "GITHUB_STEP_SUMMARY": str(temp / "summary.md"),
        "RUNNER_TEMP": str(temp),
    }
    return support.environment(ours)


def run_comment(folder: Path, api: Api, body: str, short: str = "short", news: str = "true") -> Run:
    """Play only the step that keeps the comment."""
    texts = {"comment.md": f"{MARKER}\n{body}\n", "short.md": f"{MARKER}\n{short}\n"}
    support.write_files(folder, texts)
    event = {"pull_request": {"number": 7, "head": {"sha": "abcdef0123"}}}
    ours = {
        "BIN": str(Path(sys.executable).parent),
        "GITHUB_TOKEN": TOKEN,
        "INPUT_COMMENT": "true",
        "REPORT_URL": ARTIFACT,
        "REVIEW_FOLDER": str(folder),
        "REVIEW_NEWS": news,
    }
    steps = yaml.safe_load((ROOT / "action.yml").read_text(encoding="utf-8"))["runs"]["steps"]
    (script,) = (step["run"] for step in steps if step["id"] == "comment")
    code, log, _ = _step(script, {**environment(api, folder, event), **ours}, folder, folder)
    summary = folder / "summary.md"
    told = summary.read_text(encoding="utf-8") if summary.exists() else ""
    return Run(code, log, told, {}, folder)


def _played(
    inputs: Mapping[str, str], env: Mapping[str, str], checkout: Path, temp: Path, bin_: str
) -> Run:
    action = yaml.safe_load((ROOT / "action.yml").read_text(encoding="utf-8"))
    known = {"github.token": TOKEN}
    known |= {f"inputs.{name}": filled(i["default"], known) for name, i in action["inputs"].items()}
    assert {f"inputs.{name}" for name in inputs} <= set(known)
    known |= {f"inputs.{name}": value for name, value in inputs.items()}
    done = {
        "python": {"python-path": sys.executable},
        "install": {"bin": bin_},
        "upload": {"artifact-url": ARTIFACT},
    }
    log, code = "", 0
    for step in action["runs"]["steps"]:
        outputs = done.get(step["id"])
        if outputs is None:
            own = {key: filled(value, known) for key, value in step.get("env", {}).items()}
            code, said, outputs = _step(step["run"], {**env, **own}, checkout, temp)
            log += said
        elif not _holds(step.get("if", ""), known):
            outputs = {}
        known |= {f"steps.{step['id']}.outputs.{key}": value for key, value in outputs.items()}
        if code:
            break
    values = {name: filled(one["value"], known) for name, one in action["outputs"].items()}
    summary = temp / "summary.md"
    told = summary.read_text(encoding="utf-8") if summary.exists() else ""
    return Run(code, log, told, values, temp)


def _step(
    script: str, env: Mapping[str, str], checkout: Path, temp: Path
) -> tuple[int, str, dict[str, str]]:
    file, output = temp / "step.sh", temp / "output.txt"
    file.write_text(script, encoding="utf-8")
    output.write_text("", encoding="utf-8")
    done = subprocess.run(
        ["bash", "--noprofile", "--norc", "-e", "-o", "pipefail", str(file)],
        cwd=checkout,
        env={**env, "GITHUB_OUTPUT": str(output)},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        timeout=support.PATIENCE,
        check=False,
    )
    lines = output.read_text(encoding="utf-8").splitlines()
    said = done.stdout.decode()
    return done.returncode, said, dict(line.split("=", 1) for line in lines)


def filled(value: object, known: Mapping[str, str]) -> str:
    """Return a value with its expressions filled in; an output that was not set is empty."""

    def found(expression: re.Match[str]) -> str:
        name = expression[1]
        return known.get(name, "") if name.startswith("steps.") else known[name]

    return _EXPRESSION.sub(found, str(value))


def _holds(condition: str, known: Mapping[str, str]) -> bool:
    name, unequal, nothing = condition.partition(" != ''") if condition else ("", "", "")
    assert not condition or (unequal and not nothing), condition
    return not condition or bool(known.get(name))


# ------------------------------------------------------------------------------------------- GitLab


def read_gitlab_job() -> tuple[dict[str, Any], dict[str, Any]]:
    """Return the inputs of the template, and its job."""
    head, body = yaml.safe_load_all((ROOT / "gitlab/promptpack.yml").read_text(encoding="utf-8"))
    return head["spec"]["inputs"], body["promptpack"]


def run_gitlab_job(forge: Forge, checkout: Path, commit_: str, **variables: str) -> tuple[int, str]:
    """Run the job's script as GitLab does in a checkout; return its exit code and its log."""
    inputs, job = read_gitlab_job()
    script = "\n".join(job["script"])
    wanted = {
        name: re.sub(
            r"\$\[\[ inputs\.([a-z-]+) \]\]", lambda m: str(inputs[m[1]].get("default")), v
        )
        for name, v in job["variables"].items()
    }
    wanted["PROMPTPACK_CHECK"] = wanted["PROMPTPACK_CHECK"].lower()
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    env = {
        **wanted,
        "PATH": path,
        "CI_COMMIT_SHA": commit_,
        "CI_MERGE_REQUEST_DIFF_BASE_SHA": forge.first,
        "CI_PROJECT_DIR": str(checkout),
        "CI_BUILDS_DIR": str(forge.folder),
        "CI_JOB_ID": "5",
        **variables,
    }
    (forge.folder / "promptpack-5").mkdir(exist_ok=True)
    done = subprocess.run(
        ["bash", "-e", "-o", "pipefail", "-c", script],
        cwd=checkout,
        env=support.environment(env),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        timeout=support.PATIENCE,
        check=False,
    )
    return done.returncode, done.stdout.decode()
