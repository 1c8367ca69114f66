"""How `promptpack absorb` reports what it would do: an absorption and its effects in, lines out."""

from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

from promptpack.absorb.effects import Effects, PermissionEffect
from promptpack.absorb.proposal import Absorption
from promptpack.cli import report
from promptpack.cli.state import State
from promptpack.model import Artifact, Project
from promptpack.output.plan import SCHEMA_VERSION
from promptpack.reporting.console import drop_styles, print_line, print_lines
from promptpack.reporting.plurals import pluralize


def print_proposal(project: Project, absorption: Absorption, effects: Effects, file: Path) -> None:
    """Print how the sources change, and what else changes with them."""
    for path, text in absorption.sources.items():
        print_lines(_diff_source(project, path, text))
    match = "in part, see below" if absorption.refused else "1 output will match the edit"
    print_line(f"{file}: {match}", err=True)
    for one in absorption.ignored:
        line = f":{one.line}" if one.line else ""
        print_line(f"{file}{line}: not absorbed: {one.reason}", err=True)
    print_lines(_format_permissions(effects.permissions), err=True)
    print_others(effects.siblings, effects.others)


def print_refused(state: State, absorption: Absorption) -> int:
    """Print which edits stay behind, and why; return the exit code that says so."""
    if not absorption.refused:
        return 0
    outcome = "; these edits were not absorbed"
    report.print_findings(absorption.refused, outcome, verbose=state.verbose)
    return 1


def print_others(siblings: Iterable[Artifact], others: tuple[Artifact, ...]) -> None:
    """Print which other outputs change."""
    if clients := ", ".join(artifact.target for artifact in siblings):
        print_line(f"The same variant also changes for {clients}.", err=True)
    if others:
        print_line("Other variants also change:", err=True)
        packs_by_variants: dict[tuple[str, ...], list[str]] = {}
        for pack, variants in group_variants(others).items():
            packs_by_variants.setdefault(tuple(variants), []).append(pack)
        for names, packs in packs_by_variants.items():
            text = f"{', '.join(packs)}: {', '.join(names)}"
            print_lines(report.wrap_text("  ", text, 4), err=True)


def group_variants(artifacts: Iterable[Artifact]) -> Mapping[str, list[str]]:
    """Return the names of the variants that artifacts are of, by pack, each once."""
    names_by_pack: dict[str, dict[str, None]] = {}
    for artifact in artifacts:
        names_by_pack.setdefault(artifact.variant.pack.name, {})[artifact.variant.name] = None
    return {pack: [*names] for pack, names in names_by_pack.items()}


def make_proposal_data(
    project: Project, absorption: Absorption, effects: Effects, file: Path
) -> dict[str, object]:
    """Return what `--format json` prints of an absorption."""
    return {
        "schema_version": SCHEMA_VERSION,
        "path": file.as_posix(),
        "sources": [
            {"path": path, "diff": drop_styles("\n".join(_diff_source(project, path, text)))}
            for path, text in absorption.sources.items()
        ],
        "siblings": [artifact.path for artifact in effects.siblings],
        "others": [artifact.path for artifact in effects.others],
        "refused": [
            {"line": one.line, "reason": one.message, "hint": one.hint}
            for one in absorption.refused
        ],
        "ignored": [{"line": one.line, "reason": one.reason} for one in absorption.ignored],
        "permissions": [
            {
                "path": one.artifact.path,
                "pack": one.artifact.variant.pack.name,
                "capability": one.capability,
                "direction": one.direction,
                "old": one.old,
                "new": one.new,
            }
            for one in effects.permissions
        ],
    }


def _diff_source(project: Project, path: str, text: str) -> Iterator[str]:
    return report.format_diff(project.sources[path], text, path, path)


def _format_permissions(effects: Iterable[PermissionEffect]) -> Iterator[str]:
    """Yield what outputs grant otherwise, what is widened first, equal changes in one line."""
    groups: dict[tuple[str, str, str, str], list[Artifact]] = {}
    for one in effects:
        key = one.direction, one.capability, one.old, one.new
        groups.setdefault(key, []).append(one.artifact)
    for (direction, capability, old, new), artifacts in sorted(
        groups.items(), key=lambda group: (group[0][0] != "widened", group[0])
    ):
        packs = ", ".join(dict.fromkeys(one.variant.pack.name for one in artifacts))
        count = pluralize(len(artifacts), "output")
        label = f"{direction.upper()}: {capability}: {old} -> {new} in {count} of {packs}"
        yield from report.wrap_text("", label, 4)
