"""The kinds of input file: a name in, its pydantic model or its JSON Schema out."""

from collections.abc import Mapping
from typing import Any

from pydantic import BaseModel

from promptpack.reading.project_schema import ProjectFile
from promptpack.reading.schema import (
    FragmentFrontMatter,
    ModelFile,
    PackFile,
    PolicyFile,
)
from promptpack.reading.section_types import StrictModel

FILE_MODELS: Mapping[str, type[StrictModel]] = {
    "pack": PackFile,
    "project": ProjectFile,
    "model": ModelFile,
    "policy": PolicyFile,
    "fragment": FragmentFrontMatter,
}
"""The kinds of input file, by the name `promptpack schema` knows them by."""


def make_json_schema(kind: type[BaseModel]) -> dict[str, Any]:
    """Return the JSON Schema (2020-12) of an input file or a report."""
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **kind.model_json_schema()}
