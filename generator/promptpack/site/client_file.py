"""One client's file of a variant: an artifact in, what it is called and how to have it out."""

from typing import NamedTuple

from markupsafe import Markup

from promptpack.model import Artifact
from promptpack.site.address import Link, make_file_address
from promptpack.site.catalogue import Catalog, locate_raw_file
from promptpack.site.links import link_target
from promptpack.site.templating import render_macro
from promptpack.site.wording import Choice, make_install_command
from promptpack.targets import TARGETS as CLIENTS


class ClientFile(NamedTuple):
    """A file: its client, where the client looks for it, its bytes, and how to install it.

    One `is_block` to be added to a file that others write in too; it is saved under another name.
    """

    client: Link
    path: str
    name: str
    address: str
    command: str
    is_block: bool


def make_client_file(artifact: Artifact, here: str) -> ClientFile:
    """Return what a page says of a client's file."""
    path = artifact.path.split("/", 2)[2]
    name, is_block = path.rpartition("/")[2], CLIENTS[artifact.target].block is not None
    return ClientFile(
        client=link_target(CLIENTS[artifact.target], here),
        path=path,
        name=f"{artifact.agent.stem}-block-for-{name}" if is_block else name,
        address=make_file_address(locate_raw_file(artifact), here),
        command=make_install_command(artifact),
        is_block=is_block,
    )


def render_client_choice(catalog: Catalog, files: tuple[Artifact, ...]) -> Markup:
    """Return the choice of one of the clients that files are for."""
    targets = [artifact.target for artifact in files]
    choices = [Choice(CLIENTS[name].title, name) for name in targets]
    return catalog.pieces.render_once(
        ("clients", *targets),
        lambda: render_macro("pieces.html.j2", "radio_group", "client", "Client", choices),
    )
