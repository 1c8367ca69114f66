"""Pieces of HTML that many pages of one site have in common: what they show in, each made once."""

from functools import cache, partial

from markupsafe import Markup

from promptpack.model import Artifact, Loss
from promptpack.site.escape import escape_text
from promptpack.site.file_html import render_difference
from promptpack.site.losses import describe_losses
from promptpack.site.permissions import group_permissions
from promptpack.site.rendered import render_chunk
from promptpack.site.templating import render_macro
from promptpack.targets import TARGETS as CLIENTS


class SharedPieces:
    """Renders what the variants of a site share, each of it once.

    It lives as long as the catalogue of that site, and so do the texts in it.
    """

    def __init__(self) -> None:
        self.escape_line = cache(escape_text)
        self.render_chunk = cache(render_chunk)
        self.render_difference = cache(partial(render_difference, self.escape_line))
        self.render_losses = cache(_render_losses)
        self._permissions: dict[tuple[object, ...], Markup] = {}
        self._macros: dict[str, Markup] = {}

    def render(self, name: str, *values: object) -> Markup:
        """Return what one of the shared macros makes of values, which are named tuples or text.

        Finished HTML equals the text that spells it, so values are distinguished by how they print.
        """
        key = f"{name}{values!r}"
        if key not in self._macros:
            self._macros[key] = render_macro("pieces.html.j2", name, *values)
        return self._macros[key]

    def render_permissions(self, artifact: Artifact) -> Markup:
        """Return what an agent may do where its file is loaded.

        With the same policy, mode and client, the same losses mean that a client makes the same of
        it, so that a file need not be read for that.
        """
        target, policy = CLIENTS[artifact.target], artifact.variant.policy
        key = (target.name, policy.name, artifact.agent.mode, artifact.losses)
        if key not in self._permissions:
            client_policy = target.decode(artifact.content.decode(), artifact.agent.name).policy
            groups = group_permissions(target, policy, client_policy, artifact.losses)
            self._permissions[key] = render_macro("pieces.html.j2", "permission_groups", groups)
        return self._permissions[key]


def _render_losses(losses: tuple[Loss, ...]) -> Markup:
    return render_macro("pieces.html.j2", "losses", describe_losses(losses))
