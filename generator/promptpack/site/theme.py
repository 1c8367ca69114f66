"""What every page of a site shares: its style sheet, scripts and logo, and the settings for them.

The files ship with the package. A feeder adds them to the site, and `configure_theme` to its
settings, so that a project needs nothing of its own.
"""

import json
from collections.abc import Container, Iterator, MutableMapping
from importlib import resources
from typing import Any

from promptpack.site.address import make_address
from promptpack.site.catalogue import COMPARE_PAGE, HOME_PAGE, QUESTION_INDEX
from promptpack.targets import TARGETS

ASSET_FOLDER = "assets/promptpack"
STYLE = f"{ASSET_FOLDER}/promptpack.css"
SCRIPTS = tuple(f"{ASSET_FOLDER}/{name}.js" for name in ("choice", "promptpack"))
"""In the order in which a page reads them: the first are used by the others."""
CATALOGUE_SCRIPT = f"{ASSET_FOLDER}/catalogue.js"
"""Loaded by a page with a catalogue only: it is as large as the others together."""
COMPARE_SCRIPT = f"{ASSET_FOLDER}/compare.js"
"""The script of one page, which no other loads."""
POLYFILL = f"{ASSET_FOLDER}/iframe-worker.js"
LOGO = f"{ASSET_FOLDER}/logo.svg"
SETTINGS_FILE = "mkdocs.yml"
"""The settings of a site, for a project that has none."""

NOT_FOUND = "404.html"
"""The template of the page that a web server gives where there is no page."""

_ENTRANCES = {
    HOME_PAGE: "All agents",
    QUESTION_INDEX: "Agents by what they may do",
    COMPARE_PAGE: "Compare two variants",
}
"""Where a reader can go from an address that has no page."""

_VIEW_COUNT = 4


def iter_theme_files() -> Iterator[tuple[str, bytes]]:
    """Yield the shared files by their path in the site."""
    for name in (STYLE, *SCRIPTS, CATALOGUE_SCRIPT, COMPARE_SCRIPT, POLYFILL, LOGO):
        content = _read_asset(name.rpartition("/")[2])
        yield (
            name,
            content + "".join(_iter_selection_rules()).encode() if name == STYLE else content,
        )


def read_settings() -> str:
    """Return the settings of a site as the text of a `mkdocs.yml`."""
    return _read_asset(SETTINGS_FILE).decode()


def read_not_found(pages: Container[str]) -> str:
    """Return the template of the page for addresses without one, for the theme to extend.

    It leads to the entrances that are among the pages of a site, by their source paths.
    """
    entrances = [
        [title, make_address(path, "")] for path, title in _ENTRANCES.items() if path in pages
    ]
    listed = f"in {json.dumps(entrances)} %}}"
    return _read_asset(NOT_FOUND).decode().replace("in ENTRANCES %}", listed)


def configure_theme(config: MutableMapping[str, Any]) -> None:
    """Add what pages need to a configuration, as MkDocs has it or as `mkdocs.yml` spells it.

    Links are written so that the site can be read from a disk too: without directory addresses.
    """
    config["use_directory_urls"] = False
    _append_value(config, "extra_css", STYLE)
    for script in SCRIPTS:
        _append_value(config, "extra_javascript", script)
    extra = config.setdefault("extra", {})
    extra.setdefault("homepage", make_address(HOME_PAGE, ""))  # on a disk, a folder is no page
    _append_value(extra, "polyfills", POLYFILL)


def _append_value(config: MutableMapping[str, Any], key: str, value: str) -> None:
    values = config.get(key) or []
    config[key] = values if value in values else [*values, value]


def _read_asset(name: str) -> bytes:
    return (resources.files("promptpack.site") / "assets" / name).read_bytes()


def _iter_selection_rules() -> Iterator[str]:
    """Yield the rules that show what is chosen; they need no script."""
    sheet_selector, hiding_block = ".pp-sheet:has(.pp-{0}-{1}:checked)", "{display:none}\n"
    for number in range(len(TARGETS)):
        selector = sheet_selector.format("client", number)
        yield f"{selector} :is(.pp-of,.pp-panel):not(.f{number}){hiding_block}"
    for number in range(_VIEW_COUNT):
        yield (
            f"{sheet_selector.format('view', number)} .pp-shows:not(.v{number}"
            f",:target){hiding_block}"
        )
