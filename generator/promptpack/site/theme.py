"""What every page of a site shares: its style sheet, scripts and logo, and the settings for them.

The files ship with the package. A feeder adds them to the site, and `fitted` to its settings, so
that a project needs nothing of its own.
"""

from collections.abc import Iterator, MutableMapping
from importlib import resources
from typing import Any

from promptpack.targets import TARGETS

FOLDER = "assets/promptpack"
STYLE = f"{FOLDER}/promptpack.css"
SCRIPTS = (f"{FOLDER}/promptpack.js", f"{FOLDER}/compare.js")
POLYFILL = f"{FOLDER}/iframe-worker.js"
LOGO = f"{FOLDER}/logo.svg"
SETTINGS = "mkdocs.yml"
"""The settings of a site, for a project that has none."""

_VIEWS = 4


def furniture() -> Iterator[tuple[str, bytes]]:
    """Yield the shared files by their path in the site."""
    for name in (STYLE, *SCRIPTS, POLYFILL, LOGO):
        content = _asset(name.rpartition("/")[2])
        yield name, content + "".join(_choices()).encode() if name == STYLE else content


def settings() -> str:
    """Return the settings of a site as the text of a `mkdocs.yml`."""
    return _asset(SETTINGS).decode()


def fitted(config: MutableMapping[str, Any]) -> None:
    """Add what pages need to a configuration, as MkDocs has it or as `mkdocs.yml` spells it.

    Links are written so that the site can be read from a disk too: without directory addresses.
    """
    config["use_directory_urls"] = False
    _add(config, "extra_css", STYLE)
    for script in SCRIPTS:
        _add(config, "extra_javascript", script)
    extra = config.setdefault("extra", {})
    _add(extra, "polyfills", POLYFILL)


def _add(config: MutableMapping[str, Any], key: str, value: str) -> None:
    found = config.get(key) or []
    config[key] = found if value in found else [*found, value]


def _asset(name: str) -> bytes:
    return (resources.files("promptpack.site") / "assets" / name).read_bytes()


def _choices() -> Iterator[str]:
    """Yield the rules that show what is chosen; they need no script."""
    sheet, hidden = ".pp-sheet:has(.pp-{0}-{1}:checked)", "{display:none}\n"
    for n in range(len(TARGETS)):
        chosen = sheet.format("client", n)
        yield f"{chosen} :is(.pp-of,.pp-panel):not(.f{n}){hidden}"
    for n in range(_VIEWS):
        yield f"{sheet.format('view', n)} .pp-shows:not(.v{n},:target){hidden}"
