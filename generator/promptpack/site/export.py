"""The site as real files: its pages, hand-written pages and settings in, a folder's content out.

Any MkDocs that knows the theme builds the same site from them, without promptpack.
"""

import posixpath
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import yaml

from promptpack.site.catalogue import HOME
from promptpack.site.theme import LOGO, fitted
from promptpack.site.tree import CARDS, Nav, Site, guide_nav, listed

DOCS = "docs"
PLUGIN = "promptpack"


def exported(
    site: Site, settings: Mapping[str, Any], by_hand: Mapping[str, bytes], guide: Iterable[str]
) -> dict[str, bytes]:
    """Return files by path: `mkdocs.yml`, and everything else below `docs/`.

    `settings` is what the project's own `mkdocs.yml` says, `by_hand` the files of its `docs/`,
    `guide` the order of the pages among them.
    """
    pages = {path: page.markdown.encode() for path, page in site.pages.items()}
    files = {**pages, **site.files, **by_hand}
    if HOME in by_hand:
        files[HOME] = by_hand[HOME].replace(CARDS.encode(), site.cards.encode())
    written = [path for path in sorted(by_hand) if path.endswith(".md") and path != HOME]
    nav = [*site.nav, *guide_nav(written, guide)]
    config = yaml.safe_dump(
        _config(settings, nav, [*site.pages, *written]), sort_keys=False, allow_unicode=True
    )
    below = {f"{DOCS}/{path}": content for path, content in sorted(files.items())}
    return {"mkdocs.yml": config.encode(), **below}


def _config(settings: Mapping[str, Any], nav: Nav, pages: Iterable[str]) -> dict[str, Any]:
    config = {key: value for key, value in settings.items() if value != ""}
    theme = config.get("theme") or {}
    theme = {"name": theme} if isinstance(theme, str) else dict(theme)
    config["theme"] = {**theme, "logo": theme.get("logo", LOGO), "favicon": LOGO}
    config["docs_dir"] = DOCS
    config["plugins"] = [*_others(config.get("plugins") or ())]
    config["not_in_nav"] = "".join(f"{pattern}\n" for pattern in _unlisted(nav, pages))
    config["nav"] = config.get("nav") or nav
    fitted(config)
    return config


def _others(plugins: Any) -> Iterator[Any]:  # noqa: ANN401 - what YAML says: a list or a mapping
    """Yield the plugins that are not ours."""
    for one in plugins.items() if isinstance(plugins, dict) else plugins:
        name, options = one if isinstance(one, tuple) else (one, None)
        if isinstance(one, dict):
            name, options = next(iter(one.items()))
        if name != PLUGIN:
            yield {name: options} if options else name


def _unlisted(nav: Nav, pages: Iterable[str]) -> list[str]:
    """Return patterns for the pages that the navigation leaves out, a folder each."""
    shown = set(listed(nav))
    folders = {posixpath.dirname(page) for page in pages if page not in shown}
    return sorted(f"/{folder}/*.md" if folder else "/*.md" for folder in folders)
