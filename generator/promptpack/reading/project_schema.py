"""The project file as a pydantic model, and so as a JSON Schema for editors."""

import posixpath
from typing import Annotated, Any, Literal

from pydantic import (
    Discriminator,
    Field,
    StringConstraints,
    Tag,
    ValidationInfo,
    field_validator,
)

from promptpack.model import DEFAULT_VARIANT
from promptpack.reading.names import PackName, Slug, TargetName, Text
from promptpack.reading.permission_types import ClosedMapping
from promptpack.reading.regexes import LIBRARY_PACK_REGEX, VARIANT_REGEX
from promptpack.reading.roots import OUTPUT_FOLDER, SOURCES
from promptpack.reading.schema import AcceptEntry
from promptpack.reading.section_types import StrictModel
from promptpack.targets.target import is_stem

LibraryPackName = Annotated[str, StringConstraints(pattern=LIBRARY_PACK_REGEX, max_length=97)]
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
        default=[],
        description="the clients of each pack that names none itself; default: all "
        "but those that have to be named",
    )
    accept: list[AcceptEntry] = Field(
        default=[],
        description="widened permissions that are accepted in every pack, after its own entries",
    )
    out: Text | None = Field(
        default=None, description="the output folder, relative to the project's; default: `dist`"
    )
    permissions: Text | None = Field(
        default=None,
        description="the file, relative to the project's folder, in which `promptpack build` lists "
        "what each agent may do in each client, such as `PERMISSIONS.txt`; default: none",
    )
    roots: Annotated[dict[Slug, Text], ClosedMapping] = Field(
        default={},
        description="libraries that are folders of this project, such as submodules: the name that "
        "stands before their names, and the folder, relative to the project's",
    )
    libraries: list[Slug] = Field(
        default=[],
        description="libraries that installed Python packages bring, each by the name that stands "
        "before its names",
    )
    library_packs: list[LibraryPackName] = Field(
        default=[],
        description="the packs of libraries that this project builds, each as `<library>:<pack>`",
    )
    installations: list[InstallationEntry] = Field(
        default=[], description="what `promptpack install` places, and `promptpack check` covers"
    )

    @field_validator("permissions")
    @classmethod
    def check_permissions(cls, path: str | None, info: ValidationInfo) -> str | None:
        """Return the path of the list of permissions; raises ValueError where it can't stand."""
        out = str(info.data.get("out") or OUTPUT_FOLDER)
        if path is not None and (reason := _explain_place(path, out)):
            message = f"'permissions' can't be '{path}': {reason}"
            raise ValueError(message)
        return path


def _explain_place(path: str, out: str) -> str:
    """Return why the list of permissions can't stand at a path, with the fix, or nothing.

    Case doesn't count: on some file systems there is none.
    """
    hint = "use a path such as 'PERMISSIONS.txt'"
    if not is_stem(path):
        return f"it has to lie in the project, and no name in it begins with a dot; {hint}"
    parts, folder = (posixpath.normpath(one).casefold().split("/") for one in (path, out))
    if parts[0] in SOURCES:
        return f"it is among the project's sources; {hint}"
    if all(one == other for one, other in zip(parts, folder, strict=False)):
        return f"it is in the output folder; {hint}"
    return ""
