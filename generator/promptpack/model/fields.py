"""The front matter fields of an agent, besides its policy: each is declared here and nowhere else.

Who treats them alike (losses, origins, `absorb`, the site) goes through `FIELDS`. A new field is a
line here, an attribute of `Pack`, of `Agent` and of the pack file, and a client that writes it.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from promptpack.model.output import Agent
from promptpack.model.project import Model, Pack


def _vary_text(value: object) -> tuple[object, ...]:
    return (f"{value} x",)


@dataclass(frozen=True)
class AgentField:
    """A front matter field of `Agent`, and of `Pack` if `is_authored`.

    `reason` says why a client has nothing of it, if that is not for the client to say; it may name
    the `{client}` and the `{model}`. `vary` gives other values than one, for finding what depends
    on the field. `label` is its name among the facts of a pack; without one it is not listed there.
    """

    name: str
    reason: str = ""
    label: str = ""
    vary: Callable[[Any], tuple[object, ...]] = _vary_text
    is_authored: bool = True
    is_absorbed: bool = True
    """Whether `absorb` may write an edited value into the pack."""
    depends_on_model: bool = False
    """Whether the model has a switch of the same name that says if it takes the field at all."""

    def read(self, agent: Agent, client: str) -> object:
        """Return the value that an agent has in a client; of the model, its id there."""
        if self.name == "model":
            return agent.model.ids.get(client, agent.model.name)
        return getattr(agent, self.name)

    def fits(self, model: Model) -> bool:
        """Tell whether the model takes the field."""
        return not self.depends_on_model or bool(getattr(model, self.name))


FIELDS: tuple[AgentField, ...] = (
    AgentField("model", reason="{model} has no id for {client}", is_authored=False),
    AgentField("name", vary=lambda name: (f"{name}-x",), is_absorbed=False),
    AgentField("description"),
    AgentField(
        "mode",
        label="Mode",
        vary=lambda mode: ("primary" if mode != "primary" else "subagent",),
    ),
    AgentField("temperature", label="Temperature", vary=lambda _: (None,), depends_on_model=True),
)


def is_field(name: str) -> bool:
    """Tell whether an agent has a field of this name."""
    return any(field.name == name for field in FIELDS)


def list_authored_fields() -> tuple[AgentField, ...]:
    """Return the fields that a pack says itself."""
    return tuple(field for field in FIELDS if field.is_authored)


def copy_fields(authored: object) -> dict[str, Any]:
    """Return the values of a pack, or of a pack file, by field."""
    return {field.name: getattr(authored, field.name) for field in list_authored_fields()}


def resolve_fields(pack: Pack, model: Model) -> dict[str, Any]:
    """Return the values of an agent by field: the pack's, or None where the model takes none."""
    return {
        field.name: getattr(pack, field.name) if field.fits(model) else None
        for field in list_authored_fields()
    }
