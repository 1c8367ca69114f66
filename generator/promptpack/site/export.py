"""The site as real files: its pages, hand-written pages and settings in, a folder's content out.

Any MkDocs that knows the theme builds the same site from them, without promptpack.
"""

import posixpath
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import yaml

from promptpack.site.catalogue import HOME_PAGE
from promptpack.site.theme import LOGO, NOT_FOUND, configure_theme, read_not_found
from promptpack.site.tree import CARDS_MARKER, Nav, Site, iter_nav_pages, make_guide_nav

DOCS_FOLDER = "docs"
OVERRIDES_FOLDER = "overrides"
"""Where the theme looks for templates before its own."""
PLUGIN_NAME = "promptpack"


def export_site(
    site: Site,
    settings: Mapping[str, Any],
    handwritten_files: Mapping[str, bytes],
    templates: Mapping[str, bytes],
    guide: Iterable[str],
) -> dict[str, bytes]:
    """Return files by path: `mkdocs.yml`, templates below `overrides/`, all else below `docs/`.

    The page for unknown addresses is one of the templates, unless the project has its own.

    `settings` is what the project's own `mkdocs.yml` says, `handwritten_files` are those of its
    `docs/`, `templates` those of the folder that its theme names, `guide` is the order of the pages
    among the first.
    """
    pages = {path: page.markdown.encode() for path, page in site.pages.items()}
    files = {**pages, **site.files, **handwritten_files}
    if HOME_PAGE in handwritten_files:
        files[HOME_PAGE] = handwritten_files[HOME_PAGE].replace(
            CARDS_MARKER.encode(), site.cards.encode()
        )
    handwritten_pages = [
        path for path in sorted(handwritten_files) if path.endswith(".md") and path != HOME_PAGE
    ]
    nav = [*site.nav, *make_guide_nav(handwritten_pages, guide)]
    config = yaml.safe_dump(
        _make_config(settings, nav, [*site.pages, *handwritten_pages]),
        sort_keys=False,
        allow_unicode=True,
    )
    docs_files = {f"{DOCS_FOLDER}/{path}": content for path, content in sorted(files.items())}
    templates = {NOT_FOUND: read_not_found(files).encode(), **templates}
    overrides = {f"{OVERRIDES_FOLDER}/{path}": content for path, content in templates.items()}
    return {"mkdocs.yml": config.encode(), **overrides, **docs_files}


def _make_config(settings: Mapping[str, Any], nav: Nav, pages: Iterable[str]) -> dict[str, Any]:
    config = {key: value for key, value in settings.items() if value != ""}
    theme = config.get("theme") or {}
    theme = {"name": theme} if isinstance(theme, str) else dict(theme)
    config["theme"] = {
        **theme,
        "custom_dir": OVERRIDES_FOLDER,
        "logo": theme.get("logo", LOGO),
        "favicon": LOGO,
    }
    config["docs_dir"] = DOCS_FOLDER
    config["plugins"] = [*_iter_other_plugins(config.get("plugins") or ())]
    config["not_in_nav"] = "".join(
        f"{pattern}\n" for pattern in _make_unlisted_patterns(nav, pages)
    )
    config["nav"] = config.get("nav") or nav
    configure_theme(config)
    return config


def _iter_other_plugins(plugins: Any) -> Iterator[Any]:  # noqa: ANN401 - what YAML says: a list or a mapping
    """Yield the plugins that are not ours."""
    for plugin in plugins.items() if isinstance(plugins, dict) else plugins:
        name, options = plugin if isinstance(plugin, tuple) else (plugin, None)
        if isinstance(plugin, dict):
            name, options = next(iter(plugin.items()))
        if name != PLUGIN_NAME:
            yield {name: options} if options else name


def _make_unlisted_patterns(nav: Nav, pages: Iterable[str]) -> list[str]:
    """Return patterns for the pages that the navigation leaves out, a folder each."""
    listed_pages = set(iter_nav_pages(nav))
    folders = {posixpath.dirname(page) for page in pages if page not in listed_pages}
    return sorted(f"/{folder}/*.md" if folder else "/*.md" for folder in folders)
