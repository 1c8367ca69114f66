"""What an import comes to: an audit and a plan in, facts and lists in words out, worst first."""

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import NamedTuple

from promptpack.importing.audit import Audit
from promptpack.importing.copies import measure_shared_lines
from promptpack.importing.divergence import Divergence
from promptpack.importing.importer import ImportedPack, ImportPlan
from promptpack.importing.sharing import LEAST_PROMPTS
from promptpack.importing.wording import POWERS
from promptpack.lint.registry import RULES
from promptpack.model import Finding
from promptpack.redaction import redact
from promptpack.reporting.plurals import pluralize

_DEAD = ("PP601", "PP602", "PP606", "PP607")
_GUARDS = ("PP609",)
_TEXTS = ("PP613",)
_DISAGREEMENTS = ("PP604",)


class ImportEntry(NamedTuple):
    """One thing in a list: a pack, or a file with a line, and what there is to say of it."""

    subject: str
    text: str


class ImportList(NamedTuple):
    """Things of one kind."""

    title: str
    entries: tuple[ImportEntry, ...]


@dataclass(frozen=True)
class ImportOverview:
    """An import in words: facts, lists in the order of how bad they are, and the packs."""

    facts: tuple[str, ...]
    lists: tuple[ImportList, ...]
    packs: tuple[ImportedPack, ...]

    def list_packs(self) -> ImportList:
        """Return the packs, each with the clients that its files are for."""
        entries = (
            ImportEntry(pack.name, ", ".join(dict.fromkeys(file.target for file in pack.files)))
            for pack in self.packs
        )
        return ImportList("Packs", tuple(entries))


def make_import_overview(audit: Audit, plan: ImportPlan) -> ImportOverview:
    """Return what to say of an import; no secret is in it."""
    if not audit.files and not audit.unread:
        return ImportOverview(("No agent files found.",), (), ())
    findings = audit.findings
    rights = [one for one in plan.divergences if one.kind == "permission"]
    texts = [one for one in plan.divergences if one.kind != "permission"]
    refused = [ImportEntry(path, redact(reason)) for path, reason in plan.refused.items()]
    lists = (
        ImportList("Permissions disagree", _list_divergences(rights)),
        _list_findings("Front matter without effect", findings, _DEAD),
        _list_findings("Questions of the client that are cancelled", findings, _GUARDS),
        _list_findings("Prompts against permissions", findings, _TEXTS),
        ImportList("Refused", tuple(refused)),
        ImportList("Texts differ", _list_divergences(texts)),
        _list_shared(plan),
        ImportList("Kept as one file", tuple(ImportEntry(*one) for one in plan.whole.items())),
        ImportList("Also found by promptpack audit", tuple(_count_others(findings))),
    )
    return ImportOverview(
        tuple(_list_facts(audit, plan)), tuple(one for one in lists if one.entries), (*plan.packs,)
    )


def _list_facts(audit: Audit, plan: ImportPlan) -> Iterator[str]:
    count = plan.count_files()
    refused = f", {len(plan.refused)} refused" if plan.refused else ""
    packs = pluralize(len(plan.packs), "pack")
    if plan.packs:
        yield f"{pluralize(count, 'file')} -> {packs}, each file rebuilt to the byte{refused}"
    else:
        yield f"None of {pluralize(len(plan.refused), 'file')} can be imported"
    share = measure_shared_lines(audit.copies)
    if share is not None:
        yield f"{share:.0%} of the lines of copies are the same in every copy"
    differing, silent = plan.count_differing()
    if differing:
        agents = pluralize(differing, "agent")
        note = f" ({silent} where a file names no permissions)" if silent else ""
        yield f"{agents} may {' or '.join(POWERS)} in one client and not in another{note}"
    if joinable := plan.count_joinable():
        yield f"{pluralize(joinable, 'agent')} could be one pack for several clients: add --join"
    yield from _tell_shared(plan)
    if plan.installations:
        rest = "" if plan.placed == count else "; it has no place for the others"
        files = f"{plan.placed} of {pluralize(count, 'file')}"
        yield f"promptpack install writes {files} back in place, unchanged{rest}"


def _tell_shared(plan: ImportPlan) -> Iterator[str]:
    """Yield what prompts could share, or do."""
    saved = f"{sum(block.saved for block in plan.blocks):,} bytes"
    count = pluralize(len(plan.blocks), "text")
    if plan.blocks and plan.form.dedupe:
        yield f"{count} shared, which saves {saved}"
    elif plan.blocks:
        yield f"{count} in 3 prompts or more could be shared, which saves {saved}: add --dedupe"
    elif plan.form.dedupe or len(plan.packs) >= LEAST_PROMPTS:
        yield "Nothing worth sharing: no text of 200 bytes is in 3 prompts"


def _list_shared(plan: ImportPlan) -> ImportList:
    """Return the texts that prompts share, each with its packs; none that they only could."""
    blocks = plan.blocks if plan.form.dedupe else []
    entries = (ImportEntry(block.name, ", ".join(block.packs)) for block in blocks)
    return ImportList("Shared texts", tuple(entries))


def _list_divergences(divergences: Iterable[Divergence]) -> tuple[ImportEntry, ...]:
    return tuple(ImportEntry(one.pack, one.detail) for one in divergences)


def _list_findings(title: str, findings: Iterable[Finding], codes: tuple[str, ...]) -> ImportList:
    """Return the findings of some codes; what is the same in many files is said of each."""
    entries = [
        ImportEntry(f"{one.path}:{one.line}", one.message) for one in findings if one.code in codes
    ]
    size = f" ({pluralize(len(entries), 'finding')})" if entries else ""
    return ImportList(f"{title}{size}", tuple(entries))


def _count_others(findings: Iterable[Finding]) -> Iterator[ImportEntry]:
    """Yield how many findings there are of each code that no other list is about."""
    told = {*_DEAD, *_GUARDS, *_TEXTS, *_DISAGREEMENTS}
    for code, count in Counter(one.code for one in findings if one.code not in told).items():
        yield ImportEntry(code, f"{RULES[code].name}, {pluralize(count, 'finding')}")
