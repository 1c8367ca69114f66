"""In: Kilo agent files. Out: what Kilo resolves them to: prompt, ordered rules, tools.

Measured with 7.7.7, which has OpenCode's commands: `kilo debug agent NAME` takes 2 s, and one
`kilo serve` answers for many project folders.
"""

from collections.abc import Sequence

from clients import opencode
from clients.observation import Case, Files, Observation

KILO = opencode.Program(
    "kilo",
    {
        "KILO_DISABLE_AUTOUPDATE": "1",
        "KILO_DISABLE_LSP_DOWNLOAD": "1",
        "KILO_DISABLE_MODELS_FETCH": "1",
        "KILO_DISABLE_SESSION_INGEST": "1",
    },
)


def observe(files: Files, name: str) -> Observation:
    """Ask about one agent, tools included."""
    return opencode.observe(files, name, KILO)


def observe_folders(cases: Sequence[Case]) -> list[Observation]:
    """Ask about one agent in each of many project folders; `tools` stays None."""
    return opencode.observe_folders(cases, KILO)


def list_own_agents() -> frozenset[str]:
    """Return the agents that Kilo has where nobody wrote one, hidden ones too."""
    return opencode.list_own_agents(KILO)
