"""The project file as a pydantic model, and so as a JSON Schema for editors."""

from typing import Annotated, Any, Literal

from pydantic import Discriminator, Field, StringConstraints, Tag

from promptpack.model import DEFAULT_VARIANT
from promptpack.reading.names import VARIANT_REGEX, PackName, Slug, TargetName, Text
from promptpack.reading.schema import AcceptEntry, StrictModel

VariantName = Annotated[str, StringConstraints(pattern=VARIANT_REGEX)]


def _tag_packs(value: Any) -> str:  # noqa: ANN401 - anything YAML can hold
    return "<many>" if isinstance(value, list) else "<all>"


def _tag_variant(value: Any) -> str:  # noqa: ANN401 - anything YAML can hold
    return "<by target>" if isinstance(value, dict) else "<name>"


Packs = Annotated[
    Annotated[Literal["all"], Tag("<all>")]
    | Annotated[list[PackName], Tag("<many>"), Field(min_length=1)],
    Discriminator(_tag_packs),
]
_BY_TARGET = Field(
    json_schema_extra={"additionalProperties": False, "x-keys": "target", "x-more": DEFAULT_VARIANT}
)
VariantEntry = Annotated[
    Annotated[VariantName, Tag("<name>")]
    | Annotated[dict[Slug, VariantName], Tag("<by target>"), _BY_TARGET],
    Discriminator(_tag_variant),
]


class InstallationEntry(StrictModel):
    """A folder in which agents are installed, and which ones."""

    into: Text = Field(
        description="a folder, relative to the project's: the root of a repository; or `user`, "
        "for each client's own folder in your home folder"
    )
    packs: Packs = Field(default="all", description="`all`, or the names of packs")
    targets: list[TargetName] = Field(
        default=[],
        description="the clients; default: those of each pack that load a file of its own",
    )
    variant: VariantEntry | None = Field(
        default=None,
        description="`<model>.<policy>`, or one for each target, and `default` for the others; "
        "default: each pack's default",
    )
    name: Slug | None = Field(
        default=None, alias="as", description="what the one pack is called there"
    )


class ProjectFile(StrictModel):
    """`promptpack.yaml`, beside `packs/`: what all packs of the project share."""

    name: Slug | None = Field(
        default=None,
        description="the project's name, which is recorded with what it builds and installs: "
        "another project's files are never replaced or removed",
    )
    targets: list[TargetName] = Field(
        default=[], description="the clients of each pack that names none itself; default: all"
    )
    accept: list[AcceptEntry] = Field(
        default=[],
        description="widened permissions that are accepted in every pack, after its own entries",
    )
    out: Text | None = Field(
        default=None, description="the output folder, relative to the project's; default: `dist`"
    )
    installations: list[InstallationEntry] = Field(
        default=[], description="what `promptpack install` places, and `promptpack check` covers"
    )
