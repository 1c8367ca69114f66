"""Links to what a project holds: a thing and the page it is linked from in, a link out."""

from collections.abc import Iterator

from promptpack.model import Fragment, Model, Pack, Policy, Variant
from promptpack.site.address import Link, link_page
from promptpack.site.catalogue import (
    COMPARE_PAGE,
    MODEL_INDEX,
    POLICY_INDEX,
    TARGET_INDEX,
    Catalog,
    locate_fragment_page,
    locate_pack_page,
    locate_reference_page,
    locate_variant_page,
)
from promptpack.site.wording import name_variant
from promptpack.targets import Target


def link_pack(pack: Pack, here: str) -> Link:
    """Return a link to a pack."""
    return link_page(pack.title, locate_pack_page(pack), here)


def link_variant(variant: Variant, here: str, query: str = "") -> Link:
    """Return a link to a variant; a query such as `?client=codex` chooses what it shows first."""
    return link_page(name_variant(variant), f"{locate_variant_page(variant)}{query}", here)


def link_comparison(label: str, first: Variant, second: Variant, here: str) -> Link:
    """Return a link to the comparison of two variants."""
    names = (f"{variant.pack.name}/{variant.name}" for variant in (first, second))
    return link_page(label, "{}?a={}&b={}".format(COMPARE_PAGE, *names), here)


def iter_comparison_links(catalog: Catalog, pack: Pack, here: str) -> Iterator[Link]:
    """Yield links that compare a pack's default variant with one of another policy, and so on."""
    default = catalog.find_default_variant(pack)
    labels = {"policy": "policies", "model": "models", "language": "languages"}
    for kind, label in labels.items():
        same = {getattr(default.id, kind): default}
        for one in catalog.variants[pack.name]:
            value = getattr(one.id, kind)
            if one.id._replace(**{kind: ""}) == default.id._replace(**{kind: ""}):
                same.setdefault(value, one)
        _, *others = same.values()
        for sibling in others[:1]:
            yield link_comparison(f"Compare {label}", default, sibling, here)


def link_fragment(fragment: Fragment, here: str) -> Link:
    """Return a link to a fragment."""
    return link_page(fragment.title, locate_fragment_page(fragment), here)


def link_model(model: Model, here: str) -> Link:
    """Return a link to a model."""
    return link_page(model.title, locate_reference_page(MODEL_INDEX, model.name), here)


def link_policy(policy: Policy, here: str) -> Link:
    """Return a link to a policy."""
    return link_page(policy.title, locate_reference_page(POLICY_INDEX, policy.name), here)


def link_target(target: Target, here: str) -> Link:
    """Return a link to a target."""
    return link_page(target.title, locate_reference_page(TARGET_INDEX, target.name), here)
