"""`promptpack docs`: the site of a project, served, built, or written out as files."""

import importlib.util
import io
import logging
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import update_wrapper
from pathlib import Path
from typing import Any, TypeVar, cast

import click

from promptpack.cli.addresses import is_served_address, is_web_address
from promptpack.cli.state import State, add_global_options, pass_state
from promptpack.model import UserError
from promptpack.reporting.console import print_line, print_text
from promptpack.source.disk import find_real_path

_REQUIRED_MODULES = ("mkdocs", "material", "markdown_it")
_MISSING_EXTRA = "the site needs the [docs] extra: pip install 'promptpack-generator[docs]'"
_MARKER = ".promptpack-site"
"""An empty file by which a folder is known to hold a site of ours; MkDocs empties its folder."""

_FILE_LIMIT = 64 << 20
"""How many bytes a page or an image of the site may have."""

_FOLDER = click.Path(path_type=Path, file_okay=False)

Command = TypeVar("Command", bound=Callable[..., object])


class _NamedFile(io.BytesIO):
    """The bytes of a file that were read; MkDocs finds settings that it inherits by its name."""

    def __init__(self, data: bytes, name: str) -> None:
        super().__init__(data)
        self.name = name


class _LogPrinter(logging.Handler):
    """Prints what MkDocs says, which names files; without it, Python itself would print that."""

    def emit(self, record: logging.LogRecord) -> None:
        if record.levelno >= logging.WARNING:
            print_text(f"{record.levelname}: {record.getMessage()}", err=True)


_LOG_PRINTER = _LogPrinter()


@click.group("docs")
def command() -> None:
    """Build, serve or export the site of a project.

    The settings come from the project's mkdocs.yml, which is optional.
    """


def _require_extra(function: Command) -> Command:
    """Say what to install where that is missing, and what MkDocs says without its traceback."""

    def run_checked(*args: object, **options: object) -> object:
        if not all(importlib.util.find_spec(name) for name in _REQUIRED_MODULES):
            raise click.UsageError(_MISSING_EXTRA)
        from mkdocs.exceptions import MkDocsException  # noqa: PLC0415 - known to be there now

        logging.getLogger("mkdocs").addHandler(_LOG_PRINTER)
        try:
            return function(*args, **options)
        except MkDocsException as error:
            print_text(f"promptpack: {error.format_message()}", err=True)
            return 3

    return cast("Command", update_wrapper(run_checked, function))


def _check_address(
    context: click.Context, parameter: click.Parameter, address: str | None
) -> str | None:
    """Return an address with a slash at its end; raises BadParameter for one of no web server."""
    if address is None:
        return None
    if not is_web_address(address):
        raise click.BadParameter(f"'{address}' is no http or https address.", context, parameter)
    return f"{address.rstrip('/')}/"


def _add_addresses(function: Command) -> Command:
    """Add the options that say where a site is published, and where its sources are edited."""
    site_url = click.option(
        "--site-url",
        metavar="URL",
        callback=_check_address,
        help="Where the site is published; default: site_url in mkdocs.yml.",
    )
    edit_url = click.option(
        "--edit-url",
        metavar="URL",
        callback=_check_address,
        help="The address before a source's path where it is edited (https://…/edit/main/).",
    )
    return site_url(edit_url(function))


def _check_served_address(context: click.Context, parameter: click.Parameter, address: str) -> str:
    """Return an address; raises BadParameter where no site can be served at such a one."""
    if not is_served_address(address):
        problem = f"'{address}' is not an IP address or 'localhost' with a port, as 127.0.0.1:8000."
        raise click.BadParameter(problem, context, parameter)
    return address


@command.command("build")
@click.option("--out", type=_FOLDER, help="The output folder; default: site in the project.")
@_add_addresses
@pass_state
@_require_extra
def build_command(
    state: State, out: Path | None, site_url: str | None, edit_url: str | None
) -> None:
    """Build the site into a folder. It can be read from disk or from a web server."""
    from mkdocs.commands.build import build  # noqa: PLC0415 - only where there is MkDocs
    from mkdocs.config import load_config  # noqa: PLC0415 - the same

    from promptpack.output.replace import replace_file  # noqa: PLC0415 - the same

    root = state.root()
    folder = _claim_folder(root, root / "site" if out is None else out)
    with _open_settings(root) as settings:
        given = {"site_url": site_url} if site_url else {}
        config = load_config(str(settings), site_dir=str(find_real_path(folder)), **given)
        plugin: Any = config.plugins.get("promptpack")
        if plugin is None:
            raise click.UsageError(f"'{settings}' does not list promptpack under 'plugins'.")
        edit = edit_url or plugin.config.edit
        plugin.ready_site = _gather_site(root, edit, plugin.config.releases)
        folder.mkdir(parents=True, exist_ok=True)
        replace_file(folder, _MARKER, b"")
        build(config)
    if not state.quiet:
        pages = len(plugin.site.pages)
        print_line(f"Built the site in {state.shown(folder)}: {pages} generated pages")


@command.command("serve")
@click.option(
    "--address",
    default="127.0.0.1:8000",
    show_default=True,
    metavar="HOST:PORT",
    callback=_check_served_address,
    help="Where to serve the site; a free port is taken for port 0.",
)
@pass_state
@_require_extra
def serve_command(state: State, address: str) -> None:
    """Serve the site on this computer, and follow changes.

    The site is built again when a pack, a template, a page or mkdocs.yml changes, and an open page
    loads itself again. If the project does not build, the findings are printed here and shown on
    each page, and the last site that built stays. A page is made when a browser asks for it. Ctrl-C
    ends the command.
    """
    from promptpack.cli.serving import serve_project  # noqa: PLC0415 - only where there is MkDocs

    root = state.root()
    with _open_settings(root) as settings:
        serve_project(state, root, settings, address)


@command.command("export")
@click.argument("folder", type=_FOLDER)
@click.option("--force", is_flag=True, help="Overwrite edited files; a copy is kept as .orig.")
@_add_addresses
@pass_state
@_require_extra
def export_command(
    state: State, folder: Path, *, force: bool, site_url: str | None, edit_url: str | None
) -> None:
    """Write the site into FOLDER as pages and a mkdocs.yml.

    The pages are for builders without plugins. An earlier export in FOLDER is updated. A file that
    promptpack did not write, or that was edited since, is left alone.
    """
    from mkdocs.utils.yaml import yaml_load  # noqa: PLC0415 - only where there is MkDocs

    from promptpack.output.folder_plan import plan_files  # noqa: PLC0415 - the same
    from promptpack.output.ownership import Ownership, claims_page  # noqa: PLC0415 - not for --version
    from promptpack.output.status import DesiredFile  # noqa: PLC0415 - the same
    from promptpack.output.write import apply_plan  # noqa: PLC0415 - the same
    from promptpack.site.export import export_site  # noqa: PLC0415 - the same
    from promptpack.site.history import DEFAULT_RELEASE_COUNT  # noqa: PLC0415 - the same

    root = state.root()
    _check_folder(root, folder, is_export=True)
    with _open_settings(root) as settings:
        data = _read_file(settings, find_real_path(settings.parent), settings.name)
        config = yaml_load(_NamedFile(data, str(settings)))
    if site_url:
        config["site_url"] = site_url
    plugin_options = _find_options(config.get("plugins"))
    edit = edit_url or plugin_options.get("edit", "")
    site = _gather_site(root, edit, plugin_options.get("releases", DEFAULT_RELEASE_COUNT))
    hand_written = dict(_read_hand_written(root / (config.get("docs_dir") or "docs")))
    templates = dict(_read_templates(root, config.get("theme")))
    contents = export_site(site, config, hand_written, templates, plugin_options.get("guide", ()))
    desired_files = {path: DesiredFile(content, {}) for path, content in contents.items()}
    apply_plan(plan_files(folder, desired_files, Ownership(claims_page, claims_page)), force=force)
    if not state.quiet:
        print_line(f"Wrote {len(contents)} files into {state.shown(folder)}")


for _subcommand in command.commands.values():
    add_global_options(_subcommand)


def _gather_site(root: Path, edit: str, releases: int) -> Any:  # noqa: ANN401 - a Site; its module needs the extra
    from promptpack.cli import program  # noqa: PLC0415 - this module is imported by that one
    from promptpack.site.gather import gather_site  # noqa: PLC0415 - needs the extra

    return gather_site(root, program, edit, releases)


@contextmanager
def _open_settings(root: Path) -> Iterator[Path]:
    """Give the project's mkdocs.yml, or one made up for a project without."""
    own_settings = root / "mkdocs.yml"
    if own_settings.is_file():
        yield own_settings
        return
    import yaml  # noqa: PLC0415 - not for --version

    from promptpack.site.theme import read_settings  # noqa: PLC0415 - the same

    with tempfile.TemporaryDirectory(prefix="promptpack-") as folder:
        config = yaml.safe_load(read_settings())
        docs = root / "docs" if (root / "docs").is_dir() else Path(folder, "docs")
        docs.mkdir(exist_ok=True)
        config |= {"site_name": root.name, "docs_dir": str(docs)}
        config["plugins"]["promptpack"] = {"root": str(root)}
        path = Path(folder, "mkdocs.yml")
        path.write_text(yaml.safe_dump(config, sort_keys=False), encoding="utf-8")
        yield path


def _find_options(plugins: object) -> dict[str, Any]:
    """Return the options of our plugin from a list or a mapping of plugins."""
    options: object = None
    if isinstance(plugins, dict):
        options = plugins.get("promptpack")
    elif isinstance(plugins, list):
        entries = (entry for entry in plugins if isinstance(entry, dict) and "promptpack" in entry)
        options = next(entries, {}).get("promptpack")
    return options if isinstance(options, dict) else {}


def _read_templates(root: Path, theme: object) -> Iterator[tuple[str, bytes]]:
    """Yield what is in the folder of the project's own templates, if its settings name one.

    Raises UserError where that is not there, or not in the project: an export is for publishing.
    """
    name = theme.get("custom_dir") if isinstance(theme, dict) else None
    if not isinstance(name, str) or not name:
        return
    folder = find_real_path(root / name)
    if not folder.is_relative_to(find_real_path(root)):
        raise _make_unreadable(name, "the folder of templates is outside the project")
    if not folder.is_dir():
        raise _make_unreadable(name, "no such folder")
    yield from _read_hand_written(folder)


def _read_hand_written(docs: Path) -> Iterator[tuple[str, bytes]]:
    """Yield what a folder of pages holds, less what is hidden; links may not lead out of it.

    Raises UserError for a file or folder that can't be read.
    """
    from promptpack.source.disk import walk_folder  # noqa: PLC0415 - not for --version

    docs = find_real_path(docs)
    for entry in sorted(walk_folder(docs)):
        relative_path = entry.path.relative_to(docs)
        if any(part.startswith(".") for part in relative_path.parts):
            continue
        if entry.problem:
            raise _make_unreadable(f"{docs.name}/{relative_path.as_posix()}", entry.problem)
        if not entry.is_folder:
            path = relative_path.as_posix()
            yield path, _read_file(entry.path, docs, f"{docs.name}/{path}")


def _read_file(path: Path, folder: Path, shown: str) -> bytes:
    """Return what a file in a folder holds; raises UserError where it can't be read."""
    from promptpack.source.disk import (  # noqa: PLC0415 - not for --version
        UnreadableFileError,
        describe_failure,
        read_regular_file,
        resolve_links,
    )

    try:
        return read_regular_file(resolve_links(path, folder), _FILE_LIMIT)
    except (FileNotFoundError, UnreadableFileError) as error:
        raise _make_unreadable(shown, describe_failure(error)) from None


def _make_unreadable(path: str, reason: str) -> UserError:
    from promptpack.source.text import Span, make_finding  # noqa: PLC0415 - not for --version

    return UserError((make_finding("PP001", path, Span(1, 1), reason),))


def _claim_folder(root: Path, folder: Path) -> Path:
    """Return a folder that may be emptied: a new or empty one, or one with a site of ours."""
    _check_folder(root, folder)
    if folder.is_dir() and any(folder.iterdir()) and not (folder / _MARKER).exists():
        raise click.UsageError(
            f"'{folder}' contains files that are not a promptpack site; choose another folder."
        )
    return folder


def _check_folder(root: Path, folder: Path, *, is_export: bool = False) -> None:
    from promptpack.output.folders import find_folder_problem  # noqa: PLC0415 - not for --version

    is_inside = find_real_path(folder).is_relative_to(find_real_path(root / "docs"))
    problem = find_folder_problem(folder, root, is_export=is_export)
    if reason := "it is inside the docs folder" if is_inside else problem:
        raise click.UsageError(f"The site can't be written to '{folder}': {reason}.")
