"""How long the site of many variants takes: a number of variants in, CPU ratios and sizes out.

The measure is the same number of plain Material pages under the same theme settings, all of them in
the navigation, built in the same run. Run by `make measure`; it takes some minutes and writes into
a temporary folder only.
"""

import argparse
import os
import resource
import subprocess
import sys
import tempfile
from importlib import resources
from pathlib import Path

import click
import yaml

import sites
import support
from promptpack.targets import TARGETS

PACK = sites.ROOT / "packs/python-ml-architect"
CLIENTS = ["opencode", "claude-code", "copilot", "gemini"]


def project(folder: Path, variants: int) -> Path:
    """Write a project of so many variants: copies of the architect under other names."""
    text = (PACK / "pack.yaml").read_text(encoding="utf-8")
    files = {path.name: path.read_bytes() for path in PACK.glob("*.md")}
    readers = {name for client in CLIENTS for name in TARGETS[client].read_by}
    for number in range(variants // 20):
        name = f"architect-{number}"
        data = yaml.safe_load(text)
        accept = [entry for entry in data["accept"] if entry["target"] in {*CLIENTS, *readers}]
        data |= {"name": name, "title": f"Architect {number}", "targets": CLIENTS, "accept": accept}
        written = yaml.safe_dump(data, sort_keys=False, allow_unicode=True).encode()
        support.write_files(folder / "packs" / name, {**files, "pack.yaml": written})
    return folder


def plain_pages(folder: Path, pages: int) -> Path:
    """Write as many pages of about the size of a prompt for MkDocs and Material alone."""
    prompt = support.call("show", "python-ml-architect", "--target", "system", cwd=sites.ROOT).out
    shipped = resources.files("promptpack.site") / "assets/mkdocs.yml"
    settings = yaml.safe_load(shipped.read_text(encoding="utf-8"))
    theme = settings["theme"]
    theme["features"] = [name for name in theme["features"] if name != "navigation.prune"]
    data = {**settings, "site_name": "Plain", "theme": theme, "plugins": ["search"]}
    support.write_files(folder, {"mkdocs.yml": yaml.safe_dump(data), "docs/index.md": "# Home\n"})
    support.write_files(folder, {f"docs/p{n}.md": f"# Page {n}\n\n{prompt}" for n in range(pages)})
    return folder


def cpu_of(*command: str, cwd: Path) -> float:
    """Return the user and system seconds of a command and all that it starts."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    env = {**os.environ, "NO_MKDOCS_2_WARNING": "1"}
    subprocess.run(
        [sys.executable, "-m", *command], cwd=cwd, env=env, check=True, stdout=sys.stderr
    )
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def size_of(folder: Path) -> int:
    """Return the bytes of all files in a folder."""
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())


def measured(variants: int) -> tuple[float, int, int]:
    """Return CPU seconds, bytes in all, and bytes of the largest variant page, of one site."""
    with tempfile.TemporaryDirectory() as folder:
        root = project(Path(folder, "project"), variants)
        seconds = cpu_of("promptpack", "docs", "build", "--out", "site", cwd=root)
        pages = (page.stat().st_size for page in (root / "site/packs").rglob("*.*.html"))
        return seconds, size_of(root / "site"), max(pages)


def main() -> int:
    """Measure, and print a line for each number of variants."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("variants", type=int, nargs="*", default=[1000, 3000])
    numbers = parser.parse_args().variants
    with tempfile.TemporaryDirectory() as folder:
        root = plain_pages(Path(folder), numbers[0])
        plain = cpu_of("mkdocs", "build", "-q", cwd=root)
        size = size_of(root / "site")
        click.echo(f"{numbers[0]} plain pages: 1.00 (CPU), {size / 1e6:.0f} MB")
    for number in numbers:
        seconds, size, page = measured(number)
        told = f"{seconds / plain:.2f} (CPU), {size / 1e6:.0f} MB"
        click.echo(
            f"{number} variants, {len(CLIENTS)} clients: {told}, a page ≤ {page / 1e3:.0f} kB"
        )
    return 0


if __name__ == "__main__":
    sys.exit(main())
