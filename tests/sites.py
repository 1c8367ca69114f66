"""What the tests of the site share: a hostile project, and built sites read back."""

import fcntl
import json
import os
import pickle
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from functools import cache
from html.parser import HTMLParser
from importlib import resources
from pathlib import Path
from typing import NamedTuple

import pytest

from promptpack.build import build_project, render
from promptpack.cli import program
from promptpack.lint.registry import RULES
from promptpack.model import Artifact, Project
from promptpack.reading.project import load_project
from promptpack.session import Session
from promptpack.site import page as ours
from promptpack.site.history import History
from promptpack.site.tree import Site, SiteOptions, make_site
from support import DEMO, PATIENCE, environment, make_project, snapshot

ROOT = Path(__file__).parents[1]
PACKS = ("code-reviewer", "python-ml-architect")
LINES = (
    "</code></pre></title><script>pwned()</script><img src=x onerror=pwned()>",
    "```\n~~~~\n</details><details open ontoggle=pwned()>\n\n# A heading {#pwned}",
    '--8<-- "mkdocs.yml"\n;--8<-- "mkdocs.yml"\n{: onclick=pwned() .pwned }\n[TOC]\n!!! pwned',
    "{{ pwned() }} {% pwned %} {# pwned #}\n/// html | script\npwned()\n///\n    indented",
    '```mermaid\ngraph TD; pwned-->x\n```\n[x](javascript:pwned()) ![x](x "pwned")\n<!-- pwned',
    "---\ntitle: pwned\n---\n&lt;b&gt; &amp;amp; &#60; &copy &#x0; \\` `` | a | b | --- *c* ~~e~~",
    ":pwned: [^1] [x]: javascript:pwned()\n*[pwned]: x\n1. one\n\n\n\n:   tab\t \u2028\u00a0end",
)
FEWER_MODELS = {
    "{model: koronatech-coder, ": "{model: claude, ",
    "model: [koronatech-coder, claude, gpt, gemini, small]": "model: [claude, gpt]",
    "when: {model: small}": "when: {model: gpt, policy: read-only}",
}
"""What the second pack says of its models, and what it says for two of them."""
TITLE = "</title><script>pwned()</script> {: onclick=pwned() } `**b**` [TOC] &lt; \"' | {{ 7*7 }}"
IN_YAML = json.dumps(TITLE)
BODY = "\n\n".join(LINES)

HOME = """\
---
title: Agents
hide: [navigation, toc]
---

# Agents, written once

<!-- promptpack: packs -->

See what [changed](changes.md), and [compare](compare.md).
"""

HOSTILE: Mapping[str, str | bytes] = {
    "packs/demo/pack.yaml": f"""\
name: demo
title: {IN_YAML}
description: {IN_YAML}
targets: [opencode, system]
sections: {{role: ./role.md, standards: standards/told}}
variants:
  default: {{model: tiny, policy: look}}
  model: [tiny]
  policy: [look, change]
""",
    "packs/demo/role.md": f"{{% raw %}}\n{BODY}\n{{% endraw %}}\n",
    "templates/fragments/standards/told.md": f"""\
---
title: {IN_YAML}
summary: {IN_YAML}
needs: [grep]
params: {{word: {IN_YAML}}}
---
{{{{ params.word }}}}
""",
    "templates/fragments/index.md": "{% raw %}[TOC]{% endraw %}",
    "templates/fragments/standards/Odd <img src=x onerror=pwned()>.md": "Odd.\n",
    "templates/models/tiny.yaml": f"""\
title: {IN_YAML}
family: tiny
layout: plain
context_window: 8192
prompt_budget: 500
ids: {{opencode: "demo/<script>pwned()</script>"}}
""",
    "templates/policies/look.yaml": f"""\
title: {IN_YAML}
summary: {IN_YAML}
default: deny
capabilities:
  grep: allow
  execute: {{"*": deny, "<script>pwned()</script>": ask}}
""",
}


CALM: Mapping[str, str] = {
    "packs/calm/pack.yaml": DEMO["packs/demo/pack.yaml"]
    .replace("name: demo", "name: calm\ntags: [quiet]")
    .replace("[look, change]", "[look]"),
    "packs/calm/role.md": "You are calm.\n",
}
"""A pack beside the hostile one."""


class Page(HTMLParser):
    """What a page is made of: its elements, texts, links and raw blocks."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.elements: set[tuple[str, str]] = set()
        self.values: list[tuple[str, str, str]] = []
        self.links: list[tuple[str, str]] = []
        self.ids: set[str] = set()
        self.texts: dict[str, list[str]] = {"title": [], "script": [], "a": [], "h1": []}
        self.blocks: list[str] = []
        self.runs: list[tuple[set[str], list[str]]] = []
        self._in_run = False
        self._open: list[tuple[str, set[str]]] = []
        self.feed(str(html))  # a `Markup` would escape what is joined to it
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        self.elements |= {(tag, name) for name in ("", *given)}
        self.values += [(tag, name, value) for name, value in given.items()]
        self.links += [(tag, given[name]) for name in ("href", "src") if name in given]
        self.ids |= {given["id"]} if "id" in given else set()
        classes = set(given.get("class", "").split())
        self._open.append((tag, classes))
        if tag in self.texts:
            self.texts[tag].append("")
        if "pp-text" in classes:
            self.blocks.append("")
        if "pp-run" in classes:
            chosen = [around for _, around in self._open if "pp-of" in around]
            self.runs.append((set().union(*chosen), []))
            self._in_run = True

    def handle_endtag(self, tag: str) -> None:
        self._in_run = self._in_run and tag != "div"
        while tag in self._list_open() and self._open.pop()[0] != tag:
            pass

    def handle_data(self, data: str) -> None:
        open_tags = self._list_open()
        for tag in self.texts.keys() & open_tags:
            self.texts[tag][-1] += data
        if self._in_run and "pre" in open_tags:
            self.runs[-1][1].append(data)
        elif self.blocks and "pre" in open_tags:
            self.blocks[-1] += data

    def _list_open(self) -> set[str]:
        return {tag for tag, _ in self._open}

    def file(self, number: int) -> str:
        """Return the file that a variant's page shows for the client of this number."""
        shown = (
            text for classes, text in self.runs if {"pp-of", f"f{number}"} & classes != {"pp-of"}
        )
        return "".join("".join(text) for text in shown)


class Pages(Mapping[str, Page]):
    """The pages of a built site by path; each is read when it is first asked for."""

    def __init__(self, site: Path) -> None:
        self._paths = {path.relative_to(site).as_posix(): path for path in site.rglob("*.html")}
        self._read: dict[str, Page] = {}

    def __getitem__(self, path: str) -> Page:
        if path not in self._read:
            self._read[path] = Page(self._paths[path].read_text())
        return self._read[path]

    def __iter__(self) -> Iterator[str]:
        return iter(self._paths)

    def __len__(self) -> int:
        return len(self._paths)


class Built(NamedTuple):
    """A project whose site was built, the pages by path, and what the build said."""

    project: Project
    artifacts: tuple[Artifact, ...]
    site: Path
    pages: Pages
    docs: tuple[dict[str, bytes | str], dict[str, bytes | str]]


FEW_PAGES = """
from promptpack.cli import main
from promptpack.site import gather, tree
from promptpack.site.pages import policies
gather.RULES = dict([*gather.RULES.items()][:3])
few = {name: tree.CLIENTS[name] for name in ("opencode", "claude-code", "codex", "gemini")}
tree.CLIENTS = policies.CLIENTS = few
main()
"""
"""The command line as Python, for sites with pages of few rules and clients: all are made alike."""

TRACED_MODULE = """
import runpy, sys
from promptpack.site import catalogue
catalogue.MAX_TRACED_VARIANTS = int(sys.argv.pop(1))
runpy.run_module("mkdocs", run_name="__main__")
"""


def mkdocs(root: Path, site: Path, traced: int = 0) -> subprocess.CompletedProcess[str]:
    """Build the site of a project as a user would; `traced` is how many variants are traced."""
    program = ["-c", TRACED_MODULE, str(traced)] if traced else ["-m", "mkdocs"]
    return subprocess.run(
        [
            *(sys.executable, *program, "build", "--strict"),
            *("-f", str(root / "mkdocs.yml"), "-d", str(site)),
        ],
        env=environment({"PYTHONWARNINGS": "default", "NO_MKDOCS_2_WARNING": "1"}),
        capture_output=True,
        text=True,
        check=False,
        timeout=PATIENCE,
    )


def site_of(root: Path, site: Path, traced: int = 0) -> Built:
    """Build a project's site strictly, and read it; `traced` is how many variants are traced."""
    before = snapshot(root / "docs")
    done = mkdocs(root, site, traced)
    assert done.returncode == 0, done.stderr
    return read_site(root, site, before)


def reference_site(factory: pytest.TempPathFactory) -> Built:
    """Return the site of this project: built once, by whichever process of a run is first."""

    def build(folder: Path) -> None:
        done = mkdocs(reference_project(folder / "project"), folder / "site")
        assert done.returncode == 0, done.stderr

    return _read_reference(make_once(factory, "reference-site", build))


def hostile_site(factory: pytest.TempPathFactory) -> Built:
    """Return the site of a project whose every text wants to be more than text, and a calm pack.

    It is built once in a run.
    """

    def build(folder: Path) -> None:
        root = with_site(make_project(folder / "p", {**HOSTILE, **CALM}))
        shutil.copytree(root / "docs", folder / "docs")
        done = mkdocs(root, folder / "out")
        assert done.returncode == 0, done.stderr

    folder = make_once(factory, "hostile-site", build)
    return read_site(folder / "p", folder / "out", snapshot(folder / "docs"))


@cache
def _read_reference(folder: Path) -> Built:
    return read_site(folder / "project", folder / "site", snapshot(ROOT / "docs"))


def reference_tree(factory: pytest.TempPathFactory) -> Site:
    """Return the pages of this project's site as MkDocs is given them: made once in a run."""

    def make(folder: Path) -> None:
        site = make_tree(reference_project(folder / "project"))
        (folder / "site.pickle").write_bytes(pickle.dumps(site))

    found = make_once(factory, "reference-tree", make) / "site.pickle"
    site: Site = pickle.loads(found.read_bytes())  # noqa: S301 - a process of this run wrote it
    return site


def list_pages(site: Site) -> dict[str, ours.Page]:
    """Return the pages of a site by path; those that wait for a reader are made."""
    return {
        path: page.make() if isinstance(page, ours.LatePage) else page
        for path, page in site.pages.items()
    }


def make_tree(root: Path) -> Site:
    """Return the pages of a project's site, with all that a site can have beside its packs."""
    session = Session(load_project(root))
    options = SiteOptions(RULES, program, History(reason="None <yet>."), "https://x.invalid/?<&")
    return make_site(session, render(session), options)


def make_once(factory: pytest.TempPathFactory, name: str, make: Callable[[Path], None]) -> Path:
    """Return a folder that `make` fills, in whichever process of a run asks first."""
    base = factory.getbasetemp()
    base = base.parent if "PYTEST_XDIST_WORKER" in os.environ else base
    with (base / f"{name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not (base / name).exists():
            new = base / f"{name}.new"
            shutil.rmtree(new, ignore_errors=True)
            new.mkdir()
            make(new)
            new.rename(base / name)
    return base / name


def read_site(root: Path, site: Path, before: dict[str, bytes | str]) -> Built:
    """Read all of a built site; `before` is what the folder of hand-written pages held before."""
    project = load_project(root)
    docs = before, snapshot(root / "docs")
    return Built(project, build_project(project), site, Pages(site), docs)


def with_site(root: Path) -> Path:
    """Give a project the settings of a site, and pages written by hand.

    Its Markdown has extensions that act on words, files and blocks: all that prompts are shown
    through is deaf to them. A page written by hand is not.
    """
    settings = resources.files("promptpack.site") / "assets/mkdocs.yml"
    (root / "mkdocs.yml").write_text(
        f"INHERIT: {settings}\nsite_name: promptpack\nsite_description: Agents.\n"
        "plugins: {promptpack: {guide: [getting-started.md, architecture.md]}}\n"
        "markdown_extensions: {pymdownx.snippets: {base_path: [.]}, pymdownx.blocks.html: {}, "
        "pymdownx.emoji: {}, abbr: {}, footnotes: {}}\n"
    )
    (root / "docs").mkdir()
    (root / "docs/index.md").write_text(HOME, encoding="utf-8")
    (root / "docs/leak.md").write_text('# Leak\n\n--8<-- "mkdocs.yml"\n', encoding="utf-8")
    return root


def reference_project(folder: Path) -> Path:
    """Return a copy of this project, with its own settings and hand-written pages.

    It has two of the packs, one with all policies and two models: more would only take longer.
    """
    for name in (*(f"packs/{pack}" for pack in PACKS), "templates", "docs"):
        shutil.copytree(ROOT / name, folder / name)
    manifest = folder / f"packs/{PACKS[1]}/pack.yaml"
    text = manifest.read_text()
    for old, new in FEWER_MODELS.items():
        assert old in text
        text = text.replace(old, new)
    manifest.write_text(text)
    settings = (ROOT / "mkdocs.yml").read_text()
    base = resources.files("promptpack.site") / "assets/mkdocs.yml"
    (folder / "mkdocs.yml").write_text(re.sub("^INHERIT:.*", f"INHERIT: {base}", settings))
    return folder


def url(source: str) -> str:
    """Return where the page of a source path is found in a built site."""
    return f"{source.removesuffix('.md')}.html"
