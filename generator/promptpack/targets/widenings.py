"""Widenings that nobody accepts: artifacts in, errors out, with the YAML that would accept them.

A client may grant more by its own file, and by another client's file that it reads too. Both are
one error, since an entry of `accept` is about the client.
"""

import textwrap
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import NamedTuple

from promptpack.model import Artifact, Finding, Pack, Project
from promptpack.source.frontmatter import Documents
from promptpack.source.text import make_finding
from promptpack.targets import TARGETS

_REASON = "say here why this is acceptable"
_WIDTH = 76
_MAX_NAMES = 4


class _Excess(NamedTuple):
    """What a file of a target grants more of a capability, in words, and why."""

    capability: str
    target: str
    words: str
    reason: str


_Excesses = Mapping[_Excess, Mapping[str, None]]
"""What one client grants more widely, each with the policies under which it does."""


class Widenings:
    """The widenings that no pack accepts, as artifacts come by.

    They are kept by the file that names the targets, where they can be accepted, and by client.
    """

    def __init__(self, project: Project, documents: Documents) -> None:
        self._project, self._documents = project, documents
        self._found: dict[str, dict[str, dict[_Excess, dict[str, None]]]] = defaultdict(dict)

    def add(self, artifact: Artifact) -> None:
        """Take note of what an artifact grants more widely than its policy says."""
        for loss in artifact.losses:
            if loss.kind == "widened" and not loss.accepted:
                excess = _Excess(loss.subject, artifact.target, loss.excess, loss.reason)
                by_client = self._found[self._find_file(artifact.variant.pack)]
                by_excess = by_client.setdefault(loss.reader or artifact.target, {})
                by_excess.setdefault(excess, {})[artifact.variant.policy.name] = None

    def list_findings(self) -> list[Finding]:
        """Return an error for each file and client that would grant more than a policy says.

        The first of a file holds the YAML for all of its clients, so that it is pasted once.
        """
        return [finding for path in self._found for finding in self._list_of_file(path)]

    def _find_file(self, pack: Pack) -> str:
        """Return the file that says for which clients a pack is."""
        shared = (one.path for one in self._project.shared.values() if one.targets)
        return pack.path if pack.targets else next(shared, pack.path)

    def _list_of_file(self, path: str) -> Iterator[Finding]:
        findings = {}
        for client, excesses in self._found[path].items():
            findings[client] = self._make_finding(path, client, excesses)
        first, *others = sorted(findings, key=lambda name: findings[name][2:6])
        place, block = self._describe_block_place(path), self._make_block(path)
        hint = f"{findings[first].hint} or accept it: {place}, with your own reason"
        yield findings[first]._replace(hint=f"{hint}\n\n{block}")
        for client in others:
            hint = f"{findings[client].hint} or accept it with the YAML of the error for {first}"
            yield findings[client]._replace(hint=hint)

    def _make_finding(self, path: str, client: str, excesses: _Excesses) -> Finding:
        targets = list(dict.fromkeys(excess.target for excess in excesses))
        names = list(dict.fromkeys(excess.capability for excess in excesses))
        shown = names if len(names) <= _MAX_NAMES else [*names[:3], f"{len(names) - 3} more"]
        read_too = [TARGETS[t].path.format(name="*") for t in targets if t != client]
        subject = f"{client} reads {' and '.join(read_too)} too and" if read_too else client
        message = f"{subject} would grant more than the policy allows: {', '.join(shown)}"
        lines = [*self._iter_sentences(path, excesses)]
        lines.append(" ".join(dict.fromkeys(f"{excess.reason}." for excess in excesses)))
        document, text = self._documents.read(path), self._project.sources[path]
        named_targets = document.data.get("targets") or []
        place = ("targets", named_targets.index(targets[0])) if named_targets else ("sections",)
        way = "Leave {} out of 'targets'," if named_targets else "Add 'targets:' without {} here,"
        lines.append(way.format(" and ".join(targets)))
        return make_finding("PP101", path, document.at(place), message, "\n".join(lines), text)

    def _iter_sentences(self, path: str, excesses: _Excesses) -> Iterator[str]:
        """Yield a sentence for each change."""
        changes: dict[tuple[str, str], dict[str, None]] = {}
        for excess, policies in excesses.items():
            is_everywhere = {*policies} == self._list_policies(path)
            where = "" if is_everywhere else f" under {', '.join(policies)}"
            changes.setdefault((excess.words, where), {})[excess.capability] = None
        for (words, where), names in changes.items():
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
            for client, excesses in self._found[path].items()
            for policies, capabilities in self._group_by_policies(path, excesses).items()
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
        self, path: str, excesses: _Excesses
    ) -> Mapping[tuple[str, ...], Sequence[str]]:
        """Return capabilities by the policies under which they are to be accepted; () for all."""
        policies: dict[str, dict[str, None]] = {}
        for excess, names in excesses.items():
            policies.setdefault(excess.capability, {}).update(names)
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
    return textwrap.wrap(text, _WIDTH, subsequent_indent="    ", break_on_hyphens=False)
