"""Losses that nobody accepts: artifacts in, errors out, with the YAML that would accept them.

A client may grant more by its own file, and by another client's file that it reads too. Both are
one error, since an entry of `accept` is about the client. It may also leave an agent with nothing.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Literal, NamedTuple

from promptpack.model import Artifact, Finding, Loss, Pack, Project
from promptpack.source.frontmatter import Documents
from promptpack.source.text import make_finding
from promptpack.targets import TARGETS
from promptpack.targets.bare_agents import find_bare_losses
from promptpack.targets.built import stands_for

_REASON = "say here why this is acceptable"
_WIDTH = 76
_MAX_NAMES = 4
_KEPT = 4_096
"""Of how many losses and policies it is kept that nothing of them has to be accepted."""


_Code = Literal["PP101", "PP109"]
_OUTCOMES: Mapping[_Code, str] = {
    "PP101": "would grant more than the policy allows",
    "PP109": "would leave the agent with nothing that the policy grants",
}


class _ClientChange(NamedTuple):
    """What becomes of a capability in a file of a target, in words, and why."""

    capability: str
    target: str
    words: str
    reason: str


_Changes = Mapping[_ClientChange, Mapping[str, None]]
"""What becomes of a policy in one client, each with the policies of which it does."""


class UnacceptedLosses:
    """What has to be accepted and no pack does, as artifacts come by.

    It is kept by the file that names the targets, where it can be accepted, and by client.
    """

    def __init__(self, project: Project, documents: Documents) -> None:
        self._project, self._documents = project, documents
        self._found: dict[str, dict[tuple[str, _Code], dict[_ClientChange, dict[str, None]]]]
        self._found = defaultdict(dict)
        self._harmless: dict[tuple[int, int], tuple[object, object]] = {}  # kept where they are

    def add(self, artifact: Artifact) -> None:
        """Take note of what an artifact grants more widely, and whether it grants nothing."""
        key = id(artifact.losses), id(artifact.agent.policy)
        if key in self._harmless:
            return
        if self._note(artifact):
            if len(self._harmless) >= _KEPT:
                self._harmless.clear()
            self._harmless[key] = artifact.losses, artifact.agent.policy

    def _note(self, artifact: Artifact) -> bool:
        """Take note of an artifact; tell whether there is nothing to note."""
        count = 0
        for loss in artifact.losses:
            if loss.kind == "widened" and not loss.accepted:
                self._add_change(artifact, loss, "PP101")
                count += 1
        bare_losses = find_bare_losses(artifact)
        for loss in bare_losses if not all(loss.accepted for loss in bare_losses) else ():
            self._add_change(artifact, loss, "PP109")
            count += 1
        return not count

    def _add_change(self, artifact: Artifact, loss: Loss, code: _Code) -> None:
        change = _ClientChange(loss.subject, artifact.target, loss.excess or "lost", loss.reason)
        by_client = self._found[self._find_file(artifact.variant.pack)]
        by_change = by_client.setdefault((loss.reader or artifact.target, code), {})
        by_change.setdefault(change, {})[artifact.variant.policy.name] = None

    def list_findings(self) -> list[Finding]:
        """Return an error for each file, client and kind of loss that has to be accepted.

        The first of a file holds the YAML for all of its clients, so that it is pasted once.
        """
        return [finding for path in self._found for finding in self._list_of_file(path)]

    def _find_file(self, pack: Pack) -> str:
        """Return the file that says for which clients a pack is."""
        shared = (one.path for one in self._project.shared.values() if one.targets)
        return pack.path if pack.targets else next(shared, pack.path)

    def _list_of_file(self, path: str) -> Iterator[Finding]:
        findings = {}
        for (client, code), changes in self._found[path].items():
            findings[client, code] = self._make_finding(path, client, code, changes)
        first, *others = sorted(findings, key=lambda key: findings[key][2:6])
        place, block = self._describe_block_place(path), self._make_block(path)
        hint = f"{findings[first].hint} or accept it: {place}, with your own reason"
        yield findings[first]._replace(hint=f"{hint}\n\n{block}")
        for key in others:
            hint = f"{findings[key].hint} or accept it with the YAML of the error for {first[0]}"
            yield findings[key]._replace(hint=hint)

    def _make_finding(self, path: str, client: str, code: _Code, changes: _Changes) -> Finding:
        targets = list(dict.fromkeys(change.target for change in changes))
        names = list(dict.fromkeys(change.capability for change in changes))
        shown = names if len(names) <= _MAX_NAMES else [*names[:3], f"{len(names) - 3} more"]
        read_too = [TARGETS[t].path.format(name="*") for t in targets if t != client]
        subject = f"{client} reads {' and '.join(read_too)} too and" if read_too else client
        message = f"{subject} {_OUTCOMES[code]}: {', '.join(shown)}"
        lines = [*self._iter_sentences(path, changes)]
        lines.append(" ".join(dict.fromkeys(f"{change.reason}." for change in changes)))
        document, text = self._documents.read(path), self._project.sources[path]
        named_targets = document.data.get("targets") or []
        numbers = [n for n, name in enumerate(named_targets) if stands_for(name, targets[0])]
        place = ("targets", numbers[0]) if numbers else ("sections",)
        way = "Leave {} out of 'targets'," if named_targets else "Add 'targets:' without {} here,"
        lines.append(way.format(" and ".join(targets)))
        return make_finding(code, path, document.at(place), message, "\n".join(lines), text)

    def _iter_sentences(self, path: str, changes: _Changes) -> Iterator[str]:
        """Yield a sentence for each change."""
        names_by_words: dict[tuple[str, str], dict[str, None]] = {}
        for change, policies in changes.items():
            is_everywhere = {*policies} == self._list_policies(path)
            where = "" if is_everywhere else f" under {', '.join(policies)}"
            names_by_words.setdefault((change.words, where), {})[change.capability] = None
        for (words, where), names in names_by_words.items():
            yield f"{', '.join(names)} {'is' if len(names) == 1 else 'are'} {words}{where}."

    def _list_policies(self, path: str) -> frozenset[str]:
        """Return the policies of all packs for which a file could accept something."""
        packs = self._project.packs.values()
        concerned = [pack for pack in packs if pack.path == path] or packs
        return frozenset(policy for pack in concerned for policy in pack.policies)

    def _find_accept_style(self, path: str) -> tuple[str, int]:
        """Return what a list of `accept` begins with in a file, "[" or "-", and its column.

        It is "" where the file has none.
        """
        span = self._documents.read(path).values.get(("accept",))
        if span is None:
            return "", 0
        line = self._project.sources[path].split("\n")[span.line - 1]
        return ("[" if line[span.column - 1 :].startswith("[") else "-"), span.column - 1

    def _describe_block_place(self, path: str) -> str:
        """Return where in a file the YAML goes."""
        return {
            "": "add this at the end of the file",
            "-": "add this right below 'accept:'",
            "[": "add this right after the '[' of 'accept'",
        }[self._find_accept_style(path)[0]]

    def _make_block(self, path: str) -> str:
        """Return the YAML that accepts everything that a file does not accept yet."""
        style, column = self._find_accept_style(path)
        entries = [
            _make_entry(client, capabilities, policies)
            for (client, _), changes in self._found[path].items()
            for policies, capabilities in self._group_by_policies(path, changes).items()
        ]
        if style == "[":
            return "\n".join(f"  {{{', '.join(entry)}}}," for entry in entries)
        lines = [
            line
            for first, *rest in entries
            for key in (f"- {first}", *(f"  {one}" for one in rest))
            for line in _wrap(key)
        ]
        indent = " " * (column if style else 2)
        header = "" if style else "accept:\n"
        return header + "\n".join(indent + line for line in lines)

    def _group_by_policies(
        self, path: str, changes: _Changes
    ) -> Mapping[tuple[str, ...], Sequence[str]]:
        """Return capabilities by the policies under which they are to be accepted; () for all."""
        policies: dict[str, dict[str, None]] = {}
        for change, names in changes.items():
            policies.setdefault(change.capability, {}).update(names)
        groups: dict[tuple[str, ...], list[str]] = {}
        for capability, own_policies in policies.items():
            is_everywhere = {*own_policies} == self._list_policies(path)
            groups.setdefault(() if is_everywhere else tuple(own_policies), []).append(capability)
        return groups


def _make_entry(client: str, capabilities: Iterable[str], policies: Sequence[str]) -> list[str]:
    """Return the keys of an entry of `accept`, each as YAML on a line."""
    names = [f'"{name}"' if ":" in name else name for name in capabilities]
    keys = [f"target: {client}", f"capability: {_make_list(names)}", f'reason: "{_REASON}"']
    return [*keys, *([f"when: {{policy: {_make_list(policies)}}}"] if policies else [])]


def _make_list(names: Sequence[str]) -> str:
    return names[0] if len(names) == 1 else f"[{', '.join(names)}]"


def _wrap(text: str) -> list[str]:
    import textwrap  # noqa: PLC0415 - for errors alone

    return textwrap.wrap(text, _WIDTH, subsequent_indent="    ", break_on_hyphens=False)
