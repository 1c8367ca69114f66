"""The pages of models: a catalogue in, pages out."""

from typing import NamedTuple

from promptpack.model import Model
from promptpack.site.address import Link, link_page
from promptpack.site.catalogue import LAYOUT_INDEX, MODEL_INDEX, Catalog, locate_reference_page
from promptpack.site.links import link_model, link_target
from promptpack.site.page import LateView, View, complete_later
from promptpack.site.usage import SourceBlock, Usage, make_source_block, make_usage
from promptpack.targets import TARGETS as CLIENTS


class ListedModel(NamedTuple):
    """A model in a list."""

    page: Link
    family: str
    layout: str
    context_window: int | None
    prompt_budget: int | None


class ModelIndex(NamedTuple):
    """All models."""

    models: list[ListedModel]


class ModelId(NamedTuple):
    """What a client calls a model; a client that files are not built for has no page."""

    client: Link
    name: str


class ModelPage(NamedTuple):
    """A model: its limits, its ids, who uses it."""

    title: str
    name: str
    family: str
    layout: Link
    context_window: int | None
    prompt_budget: int | None
    takes_temperature: bool
    takes_effort: bool
    ids: list[ModelId]
    source: SourceBlock
    usage: Usage | None = None


def make_model_index(catalog: Catalog) -> View:
    """Return the list of models."""
    models = [
        ListedModel(
            page=link_model(model, MODEL_INDEX),
            family=model.family,
            layout=model.layout,
            context_window=model.context_window,
            prompt_budget=model.prompt_budget,
        )
        for model in catalog.project.models.values()
    ]
    return View("models.html.j2", "Models", ModelIndex(models))


def make_model_page(catalog: Catalog, model: Model) -> LateView:
    """Return the page of a model."""
    here = locate_reference_page(MODEL_INDEX, model.name)
    page = ModelPage(
        title=model.title,
        name=model.name,
        family=model.family,
        layout=link_page(model.layout, locate_reference_page(LAYOUT_INDEX, model.layout), here),
        context_window=model.context_window,
        prompt_budget=model.prompt_budget,
        takes_temperature=model.temperature,
        takes_effort=model.effort,
        ids=[ModelId(_link_client(name, here), model_id) for name, model_id in model.ids.items()],
        source=make_source_block(catalog, model.path),
    )

    def complete() -> ModelPage:
        variants = [one for one in catalog.iter_variants() if one.model.name == model.name]
        return page._replace(usage=make_usage(catalog, variants, here))

    return complete_later(View("model.html.j2", model.title, page), complete)


def _link_client(name: str, here: str) -> Link:
    return link_target(CLIENTS[name], here) if name in CLIENTS else Link(name)
