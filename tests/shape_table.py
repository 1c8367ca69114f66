"""`reading/shapes.json` anew: the pydantic models of the input files in, the facts of each out."""

import json
from typing import Any

from pydantic import BaseModel

from promptpack.reading.file_models import FILE_MODELS

FORMS = {"str": "text", "literal": "text", "list": "list", "dict": "mapping", "entry": "entry"}


class _Table:
    def __init__(self) -> None:
        self.entries: dict[str, dict[str, list[Any]]] = {}
        self.definitions: dict[str, Any] = {}

    def add(self, name: str, schema: Any) -> None:
        """Add what an entry is, by key: attribute, shape, whether there is a default, which."""
        fields = schema["schema"]["fields"]
        self.entries.setdefault(name, {})
        self.entries[name] = {
            field.get("validation_alias", attribute): [attribute, *self.tell_field(field["schema"])]
            for attribute, field in fields.items()
        }

    def tell_field(self, schema: Any) -> list[Any]:
        if schema["type"] == "function-after" and schema["schema"]["type"] == "default":
            shape, *default = self.tell_field(schema["schema"])
            return [["checked", schema["function"]["function"].__qualname__, shape], *default]
        if schema["type"] != "default":
            return [self.tell(schema), False, None]
        default = schema["default"]
        if isinstance(default, BaseModel):
            assert default == type(default)(), "an entry without keys"
            return [self.tell(schema["schema"]), True, ["entry", type(default).__name__]]
        return [self.tell(schema["schema"]), True, ["plain", default]]

    def tell(self, schema: Any) -> list[Any]:
        kind = schema["type"]
        if kind == "definitions":
            self.definitions |= {one["ref"]: one for one in schema["definitions"]}
            return self.tell(schema["schema"])
        if kind == "definition-ref":
            return self.tell(self.definitions[schema["schema_ref"]])
        if kind == "model":
            name = schema["cls"].__name__
            self.add(name, schema)
            return ["entry", name]
        shape: list[Any] = getattr(self, f"tell_{kind.replace('-', '_')}")(schema)
        return shape

    def tell_function_after(self, schema: Any) -> list[Any]:
        return ["checked", schema["function"]["function"].__qualname__, self.tell(schema["schema"])]

    def tell_str(self, schema: Any) -> list[Any]:
        longest = schema.get("max_length")
        return ["str", schema.get("pattern", ""), schema.get("min_length", 0), longest]

    def tell_list(self, schema: Any) -> list[Any]:
        return ["list", self.tell(schema["items_schema"]), schema.get("min_length", 0)]

    def tell_dict(self, schema: Any) -> list[Any]:
        parts = [self.tell(schema["keys_schema"]), self.tell(schema["values_schema"])]
        return ["dict", *parts, schema.get("min_length", 0)]

    def tell_nullable(self, schema: Any) -> list[Any]:
        return ["none or", self.tell(schema["schema"])]

    def tell_literal(self, schema: Any) -> list[Any]:
        return ["literal", schema["expected"]]

    def tell_float(self, schema: Any) -> list[Any]:
        return ["float", schema.get("ge"), schema.get("le")]

    def tell_int(self, schema: Any) -> list[Any]:
        return ["int", schema.get("gt")]

    def tell_bool(self, _schema: Any) -> list[Any]:
        return ["bool"]

    def tell_any(self, _schema: Any) -> list[Any]:
        return ["any"]

    def tell_tagged_union(self, schema: Any) -> list[Any]:
        shapes = [self.tell(one) for one in schema["choices"].values()]
        forms = {FORMS[_find_form(shape)]: shape for shape in shapes}
        assert len(forms) == len(shapes), "each form once"
        return ["one of", forms]


def _find_form(shape: list[Any]) -> str:
    """Return the kind of value that a shape is checked to be, whatever is checked after it."""
    return _find_form(shape[2]) if shape[0] == "checked" else str(shape[0])


def make_table() -> dict[str, Any]:
    """Return what is to stand in `shapes.json`: the kinds of file, and the entries in them."""
    table = _Table()
    for kind, model in FILE_MODELS.items():
        name = table.tell(model.__pydantic_core_schema__)[1]
        table.entries[kind] = table.entries.pop(name)
    return table.entries


def format_table(table: dict[str, Any]) -> str:
    """Return the table as JSON, with a line for each key of each entry."""
    entries = [
        f' "{name}": {{\n'
        + ",\n".join(f"  {json.dumps(key)}: {json.dumps(facts)}" for key, facts in fields.items())
        + "\n }"
        for name, fields in table.items()
    ]
    return "{\n" + ",\n".join(entries) + "\n}\n"
