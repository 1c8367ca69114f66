"""Files that agents share: what each is told of permissions in, errors where two differ out."""

from promptpack.model import Finding


class Contradictions:
    """What the agents in each shared file are told, as these come by.

    A client reads such a file whole, in every session: of two lists of permissions it may follow
    either.
    """

    def __init__(self) -> None:
        self._told: dict[str, dict[str, tuple[str, str]]] = {}

    def add(self, path: str, owner: str, told: str, source: str = "") -> None:
        """Take note of what a block of a file tells; one that tells nothing contradicts nothing.

        `owner` is whose block it is, `source` the path of the pack if it is known.
        """
        if told:
            self._told.setdefault(path, {})[owner] = told, source

    def list_findings(self) -> list[Finding]:
        """Return an error for each file in which two agents are told different permissions."""
        findings = []
        for path, agents in self._told.items():
            (owner, (told, source)), *others = agents.items()
            for other, (other_told, other_source) in others:
                if other_told != told:
                    message = f"'{path}' would tell different permissions for {owner} and {other}"
                    hint = "give both the same policy there, or leave one out"
                    place = source or other_source or path
                    line = 1 if source or other_source else 0
                    findings.append(Finding("PP110", "error", place, line, line, message, hint))
                    break
        return findings
