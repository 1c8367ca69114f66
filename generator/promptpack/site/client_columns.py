"""What clients make of policies in a project: a client and a policy in, a column out."""

from collections.abc import Sequence

from promptpack.model import Policy
from promptpack.site.address import Link
from promptpack.site.catalogue import Catalog
from promptpack.site.permissions import (
    PermissionTable,
    PolicyColumn,
    group_readings,
    make_client_column,
    make_permission_table,
)
from promptpack.targets import Target


def find_client_column(catalog: Catalog, target: Target, policy: Policy) -> PolicyColumn:
    """Return what a client makes of a policy, and where its files in the project say otherwise.

    It is the very column of the last site if that was equal.
    """
    key = policy.name, target.name
    files = catalog.list_policy_files(policy.name, target.name)

    def make() -> PolicyColumn:
        column = catalog.kept.reuse(
            ("client", *key), [policy], lambda: make_client_column(target, policy)
        )
        column = column._replace(readings=group_readings(files))
        return catalog.kept.share(("equal column", *key), column)

    return catalog.kept.reuse(("column", *key), [policy, *files], make)


def make_client_table(
    catalog: Catalog, key: tuple[str, ...], columns: Sequence[PolicyColumn], labels: Sequence[Link]
) -> PermissionTable:
    """Return the table of some columns under labels; that of the last site if it had the same."""

    def make() -> PermissionTable:
        pairs = zip(columns, labels, strict=True)
        return make_permission_table([column._replace(label=label) for column, label in pairs])

    shared = [catalog.kept.share(("label", *key, str(n)), one) for n, one in enumerate(labels)]
    return catalog.kept.reuse(("table", *key), [*columns, *shared], make)
