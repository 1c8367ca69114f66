"""The sections of a pack file as pydantic types: fragments by name, with what is passed to them."""

from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Discriminator, Field, Tag

from promptpack.reading.names import FragmentName, Scalar, Slug, TextFile, Variable
from promptpack.reading.permission_types import ClosedMapping


def tag_reference(value: Any) -> str:  # noqa: ANN401 - anything YAML can hold
    """Tell one reference, or name, from a list of them."""
    if isinstance(value, list):
        return "<many>"
    return "<use>" if isinstance(value, (dict, UseEntry)) else "<name>"


def _tag_section(value: Any) -> str:  # noqa: ANN401 - anything YAML can hold
    return "<parts>" if isinstance(value, dict) and "use" not in value else tag_reference(value)


def _tag_sections(value: Any) -> str:  # noqa: ANN401 - anything YAML can hold
    return "<text>" if isinstance(value, str) else "<sections>"


class StrictModel(BaseModel):
    """A file or a part of one: no unknown keys, no conversions."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)


class UseEntry(StrictModel):
    """A reference to a fragment that passes parameters or may be left out."""

    use: FragmentName = Field(
        description="`section/name` from templates, or `./name.md` in the same folder"
    )
    params: Annotated[dict[Variable, Scalar], ClosedMapping] = Field(
        default={}, alias="with", description="values for the fragment's parameters"
    )
    optional: bool = Field(
        default=False, description="leave the fragment out if the policy denies what it needs"
    )


Reference = Annotated[
    Annotated[FragmentName, Tag("<name>")] | Annotated[UseEntry, Tag("<use>")],
    Discriminator(tag_reference),
]
References = Annotated[list[Reference], Field(min_length=1)]
Uses = Annotated[
    Annotated[FragmentName, Tag("<name>")]
    | Annotated[UseEntry, Tag("<use>")]
    | Annotated[References, Tag("<many>")],
    Discriminator(tag_reference),
]
SectionEntry = Annotated[
    Annotated[FragmentName, Tag("<name>")]
    | Annotated[UseEntry, Tag("<use>")]
    | Annotated[References, Tag("<many>")]
    | Annotated[dict[Slug, Uses], Tag("<parts>"), Field(min_length=1), ClosedMapping],
    Discriminator(_tag_section),
]
_SECTIONS = Field(
    min_length=1, json_schema_extra={"additionalProperties": False, "x-sections": True}
)
Sections = Annotated[
    Annotated[TextFile, Tag("<text>")]
    | Annotated[dict[Slug, SectionEntry], Tag("<sections>"), _SECTIONS],
    Discriminator(_tag_sections),
]
