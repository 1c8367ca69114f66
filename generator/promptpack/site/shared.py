"""Pieces of HTML that many pages of one site have in common: what they show in, each made once."""

from collections.abc import Callable
from functools import cache, partial

from markupsafe import Markup

from promptpack.model import Artifact, Loss
from promptpack.site.comparison import HeldGrants, list_held_grants, list_shifts, shift_losses
from promptpack.site.escape import escape_text
from promptpack.site.file_html import render_hunks, render_pair
from promptpack.site.losses import describe_losses
from promptpack.site.permissions import group_permissions, read_client_policy
from promptpack.site.rendered import render_chunk
from promptpack.site.templating import render_macro
from promptpack.targets import TARGETS as CLIENTS


class SharedPieces:
    """Renders what the pages of a site share, each of it once.

    It lives as long as the catalogue of that site, and so do the texts in it.
    """

    def __init__(self) -> None:
        self.escape_line = cache(escape_text)
        self.render_chunk = cache(render_chunk)
        self._render_pair = cache(partial(render_pair, self.escape_line))
        self._render_hunks = cache(partial(render_hunks, self.escape_line, self._render_pair))
        self.render_losses = cache(_render_losses)
        self.render_loss_shifts = cache(_render_loss_shifts)
        self._pieces: dict[tuple[object, ...], Markup] = {}
        self._held_grants: dict[tuple[object, ...], HeldGrants] = {}

    def render_once(self, key: tuple[object, ...], render: Callable[[], Markup]) -> Markup:
        """Return a piece by what decides of it; only the first time it is rendered."""
        if key not in self._pieces:
            self._pieces[key] = render()
        return self._pieces[key]

    def list_held_grants(self, artifact: Artifact) -> HeldGrants:
        """Return what a client makes of its file for each capability; see `render_permissions`."""
        agent = artifact.agent
        key = (artifact.target, agent.policy.name, agent.mode, artifact.losses)
        if key not in self._held_grants:
            self._held_grants[key] = list_held_grants(artifact)
        return self._held_grants[key]

    def render_hunks(self, old: tuple[str, ...], new: tuple[str, ...]) -> tuple[Markup, ...]:
        """Return each place where two texts differ, or that they do not."""
        if old == new:
            same = partial(render_macro, "review.html.j2", "same")
            return (self.render_once(("no change",), same),)
        return self._render_hunks(old, new)

    def render_shifts(self, old: Artifact, new: Artifact) -> Markup:
        """Return what the second of two files allows otherwise."""
        key = tuple(
            (one.target, one.agent.policy.name, one.agent.mode, one.losses) for one in (old, new)
        )
        return self.render_once(("shifts", *key), lambda: self._render_shifts(old, new))

    def _render_shifts(self, old: Artifact, new: Artifact) -> Markup:
        shifts = list_shifts(self.list_held_grants(old), self.list_held_grants(new))
        return render_macro("review.html.j2", "shifts", shifts)

    def render_permissions(self, artifact: Artifact) -> Markup:
        """Return what an agent may do where its file is loaded.

        With the same policy, mode and client, the same losses mean that a client makes the same of
        it, so that a file need not be read for that.
        """
        agent = artifact.agent
        key = ("permissions", artifact.target, agent.policy.name, agent.mode, artifact.losses)
        return self.render_once(key, partial(_render_permissions, artifact))


def _render_permissions(artifact: Artifact) -> Markup:
    target = CLIENTS[artifact.target]
    client_policy = read_client_policy(artifact)
    groups = group_permissions(target, artifact.agent.policy, client_policy, artifact.losses)
    return render_macro("pieces.html.j2", "permission_groups", groups)


def _render_loss_shifts(old: tuple[Loss, ...], new: tuple[Loss, ...]) -> Markup:
    return render_macro("review.html.j2", "loss_shifts", shift_losses(old, new))


def _render_losses(losses: tuple[Loss, ...]) -> Markup:
    return render_macro("pieces.html.j2", "losses", describe_losses(losses))
