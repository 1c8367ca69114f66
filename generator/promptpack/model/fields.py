"""The front matter fields of an agent, besides its policy: each is declared here and nowhere else.

Who treats them alike (losses, origins, `absorb`, the site) goes through `FIELDS`. A new field is a
line here, an attribute of `Pack`, of `Agent` and of the pack file, and a client that writes it.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any, NamedTuple, get_args

from promptpack.model.output import Agent, Variant
from promptpack.model.project import AS_WRITTEN, ClientSettings, Mode, Model, Pack

NO_SETTINGS = ClientSettings()
Place = tuple[str | int, ...]
"""Where a pack file says something: keys and indexes from the top."""


def _vary_text(value: object) -> tuple[object, ...]:
    return (f"{value} x",)


def _vary_said(value: object) -> tuple[object, ...]:
    return _vary_text(value) if value else ()


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
    decides_rights: bool = False
    """Whether what an agent may do follows from it, in a way that no file shows."""
    is_in_prompt: bool = False
    """Whether the prompt says it, in a form of the client's own, where the client has one."""
    depends_on_model: bool = False
    """Whether the model has a switch of the same name that says if it takes the field at all."""

    def read(self, agent: Agent, client: str) -> object:
        """Return the value that an agent has in a client; of the model, its id there."""
        if self.name == "model":
            name = "" if agent.model.name == AS_WRITTEN else agent.model.name
            return agent.model.ids.get(client, name)
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
        vary=lambda mode: tuple(other for other in get_args(Mode) if other != mode),
    ),
    AgentField("temperature", label="Temperature", vary=lambda _: (None,), depends_on_model=True),
    AgentField(
        "effort",
        label="Reasoning effort",
        vary=lambda effort: ("high" if effort != "high" else "low",),
        depends_on_model=True,
    ),
    AgentField("argument_hint", vary=_vary_said),
    AgentField(
        "arguments",
        vary=lambda names: ((),) if names else (),
        is_absorbed=False,
        is_in_prompt=True,
    ),
    AgentField("agent", vary=_vary_said, decides_rights=True),
)


def is_same_value(first: object, second: object) -> bool:
    """Tell whether two values of a field mean the same: a newline at the end of a text is nothing.

    In YAML, what follows a text of several lines can decide about that newline.
    """
    if isinstance(first, str) and isinstance(second, str):
        return first.rstrip("\n") == second.rstrip("\n")
    return first == second


class Setting(NamedTuple):
    """A value of a field, and where the pack file says it."""

    value: Any
    place: Place


def is_field(name: str) -> bool:
    """Tell whether an agent has a field of this name."""
    return any(field.name == name for field in FIELDS)


def is_harmless_field(name: str) -> bool:
    """Tell whether an agent has a field of this name from which no right follows."""
    return any(field.name == name and not field.decides_rights for field in FIELDS)


def list_authored_fields() -> tuple[AgentField, ...]:
    """Return the fields that a pack says itself."""
    return tuple(field for field in FIELDS if field.is_authored)


def copy_fields(authored: object) -> dict[str, Any]:
    """Return the values of a pack, or of a pack file, by field."""
    return {field.name: getattr(authored, field.name) for field in list_authored_fields()}


def list_settings(field: AgentField, variant: Variant, client: str) -> list[Setting]:
    """Return what a pack says of a field for a variant in a client; the last one counts.

    The pack's own value comes first, then those of overrides that hold, then that in the variant's
    language, then the client's.
    """
    pack, name = variant.pack, field.name
    settings = [Setting(getattr(pack, name), (name,))] if field.is_authored else []
    for number, override in enumerate(pack.overrides):
        if name in override.values and override.when.holds(variant.model.name, variant.policy.name):
            settings.append(Setting(override.values[name], ("variants", "overrides", number, name)))
    if name == "description" and (text := variant.translation.description):
        settings.append(Setting(text, ("translations", variant.language, name)))
    client_settings = find_client_settings(pack, client)
    if name == "name" and client_settings.file:
        settings.append(Setting(client_settings.file, ("clients", client, "file")))
    if name in client_settings.values:
        settings.append(Setting(client_settings.values[name], ("clients", client, name)))
    return settings


def find_client_settings(pack: Pack, client: str) -> ClientSettings:
    """Return what a pack has otherwise in a client; by default that is nothing."""
    return pack.clients.get(client, NO_SETTINGS)


def replace_setting(variant: Variant, setting: Setting) -> Variant:
    """Return a variant whose pack says this where it said something of the field before."""
    pack, (root, *steps) = variant.pack, setting.place
    values: dict[str, Any] = {str(setting.place[-1]): setting.value}
    if root == "variants":
        overrides, number = list(pack.overrides), int(steps[1])
        overrides[number] = overrides[number]._replace(
            values={**overrides[number].values, **values}
        )
        values = {"overrides": tuple(overrides)}
    elif root == "translations":
        language = str(steps[0])
        translation = pack.translations[language]._replace(**values)
        values = {"translations": {**pack.translations, language: translation}}
    elif root == "clients":
        client, key = str(steps[0]), str(steps[-1])
        settings = pack.clients[client]
        changed = values if key == "file" else {"values": {**settings.values, **values}}
        settings = replace(settings, **changed)
        values = {"clients": {**pack.clients, client: settings}}
    return replace(variant, pack=replace(pack, **values))


def resolve_fields(variant: Variant, client: str) -> dict[str, Any]:
    """Return the values of an agent by field, None where the model takes none.

    The model has the id that the pack gives it in this client, if it gives one.
    """
    values = {
        field.name: settings[-1].value if field.fits(variant.model) else None
        for field in FIELDS
        if (settings := list_settings(field, variant, client))
    }
    model = variant.model
    if model_id := values.get("model"):
        model = replace(model, ids={**model.ids, client: model_id})
    return {**values, "model": model}
