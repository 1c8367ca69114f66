"""JSON Schemas of input files for editors: a kind of file and known names in, a schema out.

The models mark what a name is of (`x-kind`, `x-keys`). Here such a name becomes one of the names
that there are, which an editor offers: targets always, all others where a project is asked for.
"""

from collections.abc import Collection, Mapping
from typing import Any

from promptpack.model import CAPABILITIES
from promptpack.model.sections import SECTION_KINDS
from promptpack.reading.file_models import FILE_MODELS, make_json_schema
from promptpack.reading.regexes import FRAGMENT_REGEX, PATTERN_REGEX
from promptpack.targets import TARGETS
from promptpack.targets.extras import Extras

KnownNames = Mapping[str, Collection[str]]
"""Names by what they are of: pack, fragment, policy, model, layout."""

_OWN_FRAGMENT = FRAGMENT_REGEX.replace(r"(\./|[a-z0-9-]+:)?", r"\./")
_CLIENT = "ClientEntry"


def make_editor_schema(kind: str, names: KnownNames | None = None) -> dict[str, Any]:
    """Return the JSON Schema of a kind of input file, with its own `$id`.

    `names` are those of a project; without them, only targets are listed.
    """
    schema = make_json_schema(FILE_MODELS[kind])
    known = {**(names or {}), "target": [*TARGETS]}
    definitions = schema.get("$defs", {})
    clients = _make_client_definitions(definitions[_CLIENT]) if _CLIENT in definitions else {}
    if clients:
        schema["$defs"] = {**definitions, **clients}
    identity = {"$schema": schema["$schema"], "$id": f"urn:promptpack:schema:{kind}"}
    filled: dict[str, Any] = _fill_node(schema, known)
    return {**identity, **filled}


def _make_client_definitions(entry: Mapping[str, Any]) -> dict[str, Any]:
    """Return what a pack says of each client: the same but for the extra keys of its file."""
    return {f"{_CLIENT}-{name}": _add_extras(entry, one.extras) for name, one in TARGETS.items()}


def _add_extras(entry: Mapping[str, Any], extras: Extras) -> dict[str, Any]:
    keys = {key: {"description": f"{one.does}: {one.form}"} for key, one in extras.items()}
    extra = {**entry["properties"]["extra"], "properties": keys, "additionalProperties": False}
    return {**entry, "properties": {**entry["properties"], "extra": extra}}


def _fill_node(node: Any, names: KnownNames) -> Any:  # noqa: ANN401 - a part of a JSON Schema
    """Return a part of a schema with the names that are known, and without marks."""
    if isinstance(node, list):
        return [_fill_node(one, names) for one in node]
    if not isinstance(node, dict):
        return node
    return _name_keys(
        node, {k: _fill_node(v, names) for k, v in node.items() if not k.startswith("x-")}, names
    )


def _name_keys(node: dict[str, Any], filled: dict[str, Any], names: KnownNames) -> dict[str, Any]:
    """Return a part of a schema, whose own parts are filled, as its marks say."""
    kind, keys = str(node.get("x-kind", "")), str(node.get("x-keys", ""))
    if kind in names:
        return _list_names(filled, kind, names[kind])
    if keys == "capability":
        return _list_capabilities(filled)
    if keys in names:
        more = [node["x-more"]] if "x-more" in node else []
        return _list_keys(filled, [*names[keys], *more])
    if node.get("x-sections"):
        return _list_sections(filled)
    return _split_patterns(filled) if node.get("x-patterns") else filled


def _list_names(node: dict[str, Any], kind: str, names: Collection[str]) -> dict[str, Any]:
    """Return a name as one of some; a fragment can also be one that lies beside the file."""
    rest = {key: value for key, value in node.items() if key not in {"pattern", "maxLength"}}
    if kind != "fragment":
        return {**rest, "enum": sorted(names)}
    forms: list[dict[str, Any]] = [{"enum": sorted(names)}, {"pattern": _OWN_FRAGMENT}]
    return {**rest, "anyOf": [{"type": "string", **form} for form in forms]}


def _list_keys(node: dict[str, Any], names: Collection[str]) -> dict[str, Any]:
    """Return a mapping of which each key is one of some names."""
    (child,) = node["patternProperties"].values()
    reference = child.get("$ref", "")
    properties = {
        name: {"$ref": f"{reference}-{name}"} if reference.endswith(_CLIENT) else child
        for name in names
    }
    dropped = {"patternProperties", "propertyNames"}
    return {**{k: v for k, v in node.items() if k not in dropped}, "properties": properties}


def _list_capabilities(node: dict[str, Any]) -> dict[str, Any]:
    """Return a mapping of which each key is a capability."""
    child = node["additionalProperties"]
    properties = dict.fromkeys(CAPABILITIES, child)
    rest = {key: value for key, value in node.items() if key != "propertyNames"}
    closed = {"patternProperties": {"^mcp:": child}, "additionalProperties": False}
    return {**rest, "properties": properties, **closed}


def _list_sections(node: dict[str, Any]) -> dict[str, Any]:
    """Return sections of which the usual ones are listed too: editors offer only what is."""
    (child,) = node["patternProperties"].values()
    usual = {one.name: {**child, "description": one.title} for one in SECTION_KINDS}
    return {**node, "properties": usual}


def _split_patterns(node: dict[str, Any]) -> dict[str, Any]:
    """Return patterns of which `*` alone can be `inherit`, and none means two things."""
    ((_, child),) = node["patternProperties"].items()
    others = {**child, "enum": [effect for effect in child["enum"] if effect != "inherit"]}
    form = rf"^(?!\*$|[0-9]+$|~|\$HOME){PATTERN_REGEX.removeprefix('^')}"
    return {**node, "properties": {"*": child}, "patternProperties": {form: others}}
