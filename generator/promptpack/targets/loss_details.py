"""What else is known of a loss: a loss and the grants that differ in, the loss with it out."""

from promptpack.model import Grant, Loss, Policy
from promptpack.policy.lattice import describe_excess
from promptpack.targets.target import Target


def add_details(target: Target, loss: Loss, grants: tuple[Grant, Grant], policy: Policy) -> Loss:
    """Return a loss of a capability as one that is a note, has a stand-in, or says its excess.

    `grants` are what was expected and what is there, `policy` is all that the file grants.
    """
    expected, actual = grants
    if note := target.explain_guard(loss.subject, expected, actual):
        return loss._replace(reason=note, is_note=True)
    if loss.kind in {"widened", "advisory"}:  # what is told in one client, another takes as wider
        return loss._replace(excess=describe_excess(expected, actual))
    return loss._replace(stand_in=target.find_stand_in(loss.subject, expected, policy))
