"""What fragments need of a policy: a question of a template in, an exception out for a no."""

from collections.abc import Callable
from typing import Any

from promptpack.model import Fragment, Project

REQUIRE = "_require"
"""The name by which a template asks."""


class NeedsDenied(Exception):  # noqa: N818 - a question answered with no, not a failure
    """A fragment presupposes capabilities that the policy denies."""

    def __init__(self, fragment: Fragment, denied: tuple[str, ...]) -> None:
        super().__init__(fragment.name)
        self.fragment, self.denied = fragment, denied


def make_requirement(project: Project, policy: Any) -> Callable[[str], bool]:  # noqa: ANN401 - the policy as templates see it
    """Return what a template calls with the name of a fragment; raises NeedsDenied."""

    def require(name: str) -> bool:
        fragment = project.fragments.get(name)
        if fragment is None:
            return False
        denied = tuple(capability for capability in fragment.needs if policy.denies(capability))
        if denied:
            raise NeedsDenied(fragment, denied)
        return False

    return require
