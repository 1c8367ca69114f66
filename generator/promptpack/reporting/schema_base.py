"""What the reports of several commands are made of."""

from pydantic import BaseModel, ConfigDict

from promptpack.model import Severity


class Report(BaseModel):
    """A report or a part of one: these keys and no others."""

    model_config = ConfigDict(extra="forbid", strict=True)


class FindingEntry(Report):
    """A finding at a place in a source; without a place, `path` is empty and `line` is 0."""

    code: str
    severity: Severity
    path: str
    line: int
    column: int
    message: str
    hint: str
