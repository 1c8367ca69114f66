"""The kinds of input file by name, without what is needed only where one is wrong.

What a kind holds is declared in `schema` and `project_schema`, as pydantic models. Those are loaded
only for a file that `shapes` has no answer for.
"""

from __future__ import annotations

import importlib
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Generic, TypeVar, cast

from promptpack.reading.shapes import Memos, check_shape

if TYPE_CHECKING:
    from promptpack.reading.project_schema import ProjectFile
    from promptpack.reading.schema import FragmentFrontMatter, ModelFile, PackFile, PolicyFile

F = TypeVar("F")


class FileKind(Generic[F]):
    """A kind of input file; `F` is the model whose attributes the values of a file have."""

    def __init__(self, name: str) -> None:
        self.name = name

    def check(self, data: object, memos: Memos = MappingProxyType({})) -> F | None:
        """Return the values of plainly valid data, or None where pydantic has to be asked.

        Files whose data have the same memo share what is made of it.
        """
        return cast("F | None", check_shape(self.name, data, memos))

    def load_model(self) -> Any:  # noqa: ANN401 - a pydantic model's class
        """Return the pydantic model of the kind."""
        return importlib.import_module("promptpack.reading.file_models").FILE_MODELS[self.name]


PACK: FileKind[PackFile] = FileKind("pack")
PROJECT: FileKind[ProjectFile] = FileKind("project")
MODEL: FileKind[ModelFile] = FileKind("model")
POLICY: FileKind[PolicyFile] = FileKind("policy")
FRAGMENT: FileKind[FragmentFrontMatter] = FileKind("fragment")
