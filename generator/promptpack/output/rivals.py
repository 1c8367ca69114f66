"""Files in a folder that a client calls in place of others: a plan in, warnings out.

Whoever wrote the other file, the one that is written or the other is never called.
"""

from collections.abc import Iterator

from promptpack.model import Finding
from promptpack.output.folder_plan import Plan
from promptpack.targets import TARGETS
from promptpack.targets.rivals import PAIRS, explain_rival


def find_rivals(plan: Plan) -> Iterator[Finding]:
    """Yield a warning for each file of a plan that takes a command's place, or has it taken.

    Links count, as they do for the client; nothing is read.
    """
    for path, desired in plan.desired.items():
        target = TARGETS[desired.about["target"]]
        for pair in (pair for pair in PAIRS if target.name in pair):
            command, rival = (TARGETS[name] for name in pair)
            stem = target.find_stem(path)
            other = (rival if command is target else command).make_path(stem or "")
            if stem and (other in plan.desired or (plan.folder / other).is_file()):
                message = explain_rival(command, stem, rival.make_path(stem))
                yield Finding("PP605", "warning", path, 0, 0, message, "give one another name")
