"""What the tests of `diff` share: git repositories, sides made of text, and the measured case."""

import json
import os
import subprocess
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any

import support
from promptpack.diff.model import Output, Side

IDENTITY = ("-c", "user.name=Test", "-c", "user.email=test@example.invalid")


def git(root: Path, *words: str) -> str:
    """Run git in a folder, with nobody's configuration; return what it said."""
    env = {
        "PATH": os.environ["PATH"],
        "HOME": os.devnull,
        "GIT_CONFIG_GLOBAL": os.devnull,
        "GIT_CONFIG_NOSYSTEM": "1",
    }
    done = subprocess.run(
        ["git", *IDENTITY, "-c", "protocol.file.allow=always", *words],
        cwd=root,
        env=env,
        capture_output=True,
        text=True,
        check=True,
    )
    return done.stdout


def commit(root: Path, message: str = "change") -> str:
    """Commit all of a folder, making a repository of it first if need be; return the commit."""
    if not (root / ".git").exists():
        git(root, "init", "--quiet", "--initial-branch=main", "--template=")
    git(root, "add", "--all")
    git(root, "commit", "--quiet", "--allow-empty", "--message", message)
    return git(root, "rev-parse", "HEAD").strip()


def repository(root: Path, files: Mapping[str, str | bytes] | None = None) -> Path:
    """Return the demo project, committed."""
    support.make_project(root, files)
    commit(root)
    return root


def report(root: Path, *arguments: str) -> dict[str, Any]:
    """Return what `diff --format json` says."""
    done = support.call("diff", *arguments, "--format", "json", cwd=root)
    assert (done.code, done.err) == (0, "")
    found: dict[str, Any] = json.loads(done.out)
    return found


def side(texts: Mapping[str, str], target: str = "", label: str = "side") -> Side:
    """Return a side of plain files for one client, with no origins."""
    dims = MappingProxyType({"target": target, "pack": "a", "model": "m", "policy": "p"})
    outputs = {key: Output(key, text, target, "a", dims) for key, text in texts.items()}
    return Side(label, outputs, {}, origins_known=False)


SECTIONS = ("interaction", "scope", "ethics")
MEASURED: Mapping[str, str] = {
    **{
        f"templates/fragments/{section}/{n}.md": f"---\ntitle: F{n}\nsummary: S.\n---\n"
        + "".join(f"- Rule {n}.{k} of {section}: keep to it, whatever else.\n" for k in range(17))
        for section in SECTIONS
        for n in range(4)
    },
    "packs/demo/pack.yaml": """\
name: demo
title: Demo
description: An agent of about ten kilobytes.
targets: [opencode, claude-code, gemini, cursor-rule, system, messages]
vars: {language: Python}
sections:
  role: ./role.md
"""
    + "".join(
        f"  {section}: [{', '.join(f'{section}/{n}' for n in range(4))}]\n" for section in SECTIONS
    )
    + """\
variants:
  default: {model: m0, policy: look}
  model: [m0, m1, m2, m3]
  policy: [look, quiet, silent]
"""
    + support.NO_CURSOR,
    **{
        f"templates/models/m{n}.yaml": f"title: M{n}\nfamily: tiny\nlayout: plain\n"
        "context_window: 8192\nprompt_budget: 5000\nids: {opencode: demo/tiny}\n"
        for n in range(4)
    },
    **{
        f"templates/policies/{name}.yaml": f"title: {name}\nsummary: Looks.\ndefault: deny\n"
        "capabilities: {glob: allow, grep: allow}\n"
        for name in ("quiet", "silent")
    },
    "templates/policies/look.yaml": "title: Look\nsummary: Looks.\ndefault: deny\n"
    "capabilities: {glob: allow, grep: allow}\n",
}
"""72 outputs of ten kilobytes: four models, three policies, six clients."""


def edit(root: Path, path: str, old: str, new: str) -> None:
    """Replace one place in a file."""
    text = (root / path).read_text(encoding="utf-8")
    assert text.count(old) == 1, path
    (root / path).write_text(text.replace(old, new), encoding="utf-8")
