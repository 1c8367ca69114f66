"""A prompt while it is put together: blocks in, whether there is room and what is wrong out."""

from promptpack.model import Finding, Project, Use
from promptpack.model.output import OUTPUT_SIZE
from promptpack.rendering.budget import ITEM
from promptpack.rendering.uses import make_use_finding


class Draft:
    """What is wrong with a prompt so far, and how many characters may still be added to it."""

    def __init__(self) -> None:
        self.findings: list[Finding] = []
        self.left = OUTPUT_SIZE

    def admit(self, project: Project, use: Use, block: object) -> bool:
        """Tell whether a block may be added; the first that may not is a finding."""
        had_room = self.left >= 0
        if isinstance(block, str):  # lines are traced of what was admitted as text
            self.left -= len(block) + ITEM * block.count("\n")
        if self.left < 0 and had_room:
            message = f"the prompt has more than {OUTPUT_SIZE:,} characters"
            hint = "use the fragment once, or a shorter one"
            self.findings.append(make_use_finding(project, use, "PP039", message, hint))
        return self.left >= 0

    def take(self, size: int) -> bool:
        """Tell whether there is room for what was admitted before, and take it if so."""
        if size > self.left:
            return False
        self.left -= size
        return True
