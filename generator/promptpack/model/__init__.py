"""The nouns of promptpack as immutable values. This package imports nothing of ours."""

from promptpack.model.finding import Finding, Severity, UserError
from promptpack.model.origin import Line, Origin
from promptpack.model.output import Agent, Artifact, Loss, LossKind, Variant
from promptpack.model.permission import (
    CAPABILITIES,
    OTHER_MCP,
    PATTERNED,
    Effect,
    Grant,
    PatternRule,
    Policy,
)
from promptpack.model.project import (
    Accept,
    Condition,
    Fragment,
    Ignore,
    Mode,
    Model,
    Override,
    Pack,
    Part,
    Project,
    Section,
    Source,
    Use,
)

__all__ = [
    "CAPABILITIES",
    "OTHER_MCP",
    "PATTERNED",
    "Accept",
    "Agent",
    "Artifact",
    "Condition",
    "Effect",
    "Finding",
    "Fragment",
    "Grant",
    "Ignore",
    "Line",
    "Loss",
    "LossKind",
    "Mode",
    "Model",
    "Origin",
    "Override",
    "Pack",
    "Part",
    "PatternRule",
    "Policy",
    "Project",
    "Section",
    "Severity",
    "Source",
    "Use",
    "UserError",
    "Variant",
]
