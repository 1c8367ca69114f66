"""What clients make of policies in a project: a client and a policy in, a column out."""

from promptpack.model import Policy
from promptpack.site.catalogue import Catalog
from promptpack.site.permissions import PolicyColumn, group_readings, make_client_column
from promptpack.targets import Target


def find_client_column(catalog: Catalog, target: Target, policy: Policy) -> PolicyColumn:
    """Return what a client makes of a policy, and where its files in the project say otherwise."""
    key = policy.name, target.name
    files = catalog.list_policy_files(policy.name, target.name)

    def make() -> PolicyColumn:
        column = catalog.kept.reuse(
            ("client", *key), [policy], lambda: make_client_column(target, policy)
        )
        return column._replace(readings=group_readings(files))

    return catalog.kept.reuse(("column", *key), [policy, *files], make)
