"""What promptpack may count as its own: a manifest's record in, whether a codec writes that path.

A manifest comes with the folder, so with whoever prepared that: a hash and a path prove nothing.
What a record can claim is therefore bounded by what its words say. A record of a target, pack,
model and policy can claim the one path that this target has for that agent, and of a skill the
files in its own folder, and no other path, whether or not there still is such a pack. A record of
another project claims nothing here.
"""

import os
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path, PurePosixPath
from typing import NamedTuple

from promptpack.model import VariantId, is_language
from promptpack.model.languages import LANGUAGE_REGEX
from promptpack.output.manifest import MANIFEST
from promptpack.patterns import compile_late
from promptpack.reading.regexes import FULL_NAME_REGEX, SLUG_REGEX
from promptpack.reading.roots import SOURCES
from promptpack.targets import TARGETS, Target
from promptpack.targets.paths import explain_attached
from promptpack.targets.target import is_stem

_NAME, _FULL_NAME = compile_late(SLUG_REGEX), compile_late(FULL_NAME_REGEX)
_MAX_NAME = 64
_LANGUAGE = rf"(\.(?P<language>{LANGUAGE_REGEX.strip('^$')}))?"
_REPOSITORY = ".git"

SHARED_FILES = ("AGENTS.md", "CLAUDE.md", "GEMINI.md", ".github/copilot-instructions.md")
"""The files of instructions for all agents: one may be a link to another."""

Words = Mapping[str, str]
"""What a record says of an output: its target, pack, model, policy, and the project if named.

`file` is the stem of the output's file where that is not the pack's name, `as` what the pack is
called where it was installed under another name.
"""

ABSORB = "move the edit into the sources with 'promptpack absorb'"
"""What to do with an output that was edited."""

OCCASION = ("version", "commit")
"""What a record says of when an output was written, and nothing of the output itself."""


class Ownership(NamedTuple):
    """What promptpack may own in a folder, and what of it a run answers for.

    `claims` says whether a record can be of its path at all, `answers` whether this run may remove
    what such a record names. `project` is the name of the project, "" where it has none.
    `record` is the name of the manifest. `find_outputs` gives the paths at which outputs stand,
    recorded or not, each with its words. `advice` says what to do with a file that was edited.
    """

    claims: Callable[[str, Words], bool]
    answers: Callable[[str, Words], bool]
    project: str = ""
    record: str = MANIFEST
    find_outputs: Callable[[Path], Iterable[tuple[str, Words]]] = lambda _folder: ()
    advice: str = ABSORB

    def counts(self, path: str, record: Words) -> bool:
        """Tell whether a record of a manifest counts here."""
        return self.claims(path, record) and not self.is_foreign(record)

    def is_foreign(self, record: Words) -> bool:
        """Tell whether a record is of another project; one that names none is of any."""
        return record.get("project", self.project) != self.project


def make_place(target: Target, stem: str, folder: str = "") -> str:
    """Return what the manifest calls the output of an agent: a block by its file and its stem.

    `folder` is "" where it is installed, else the folder of its variant, ended by a slash.
    """
    path = folder + target.path.format(name=stem)
    return f"{path}#{stem}" if target.block else path


def claims_output(path: str, record: Words) -> bool:
    """Tell whether a record can be of an output in an output folder, at this path."""
    variant = read_variant_id(record)
    folder = f"{record.get('target', '')}/{variant}/"
    is_named = _is_full_name(variant.model) and _is_full_name(variant.policy)
    has_language = not variant.language or is_language(variant.language)
    return is_named and has_language and _claims(path, record, folder)


def read_variant_id(record: Words) -> VariantId:
    """Return the variant that a record is about, as far as it says so."""
    return VariantId(*(record.get(key, "") for key in VariantId._fields))


def is_beside_output(path: str, record: Words) -> bool:
    """Tell whether a path that a record claims is of a file beside an output, as skills have."""
    target, stem = TARGETS.get(record.get("target", "")), find_stem(record)
    folder = f"{record.get('target', '')}/{read_variant_id(record)}/"
    return target is not None and path != make_place(target, stem, folder)


def claims_installed(path: str, record: Words) -> bool:
    """Tell whether a record can be of an output that was installed at this path."""
    file, mark, name = path.partition("#")
    if mark and file in SHARED_FILES:
        path = f"{SHARED_FILES[0]}#{name}"
    return not is_protected(path) and _claims(path, record, "")


def claims_of_user(path: str, record: Words) -> bool:
    """Tell whether a record can be of an output that was installed at this path of a user."""
    target = TARGETS.get(record.get("target", ""))
    stem = find_stem(record)
    if target is None or not stem:
        return False
    place = target.make_user_path(stem)
    return path == place or _is_beside(target, path, place)


def find_stem(record: Words) -> str:
    """Return the stem of the file that a record is about; "" where it can be none."""
    name = record.get("as") or record.get("pack", "")
    stem = record.get("file", name)
    return stem if _is_name(name) and is_stem(stem) else ""


def claims_page(path: str, _record: Words) -> bool:
    """Tell whether a record can be of a file of an exported site."""
    first, *others = PurePosixPath(path).parts
    is_hidden = any(part.startswith(".") for part in others)
    is_page = first in ("docs", "overrides") and others and not is_hidden
    return path == "mkdocs.yml" or bool(is_page and path.isprintable())


def claims_evaluation(path: str, _record: Words) -> bool:
    """Tell whether a record can be of a file of an evaluation that was exported."""
    first, *others = PurePosixPath(path).parts
    is_git = any(part.casefold() == _REPOSITORY for part in others)
    is_own = first in ("before", "after", "prompts", "tests") and others and not is_git
    return path == "promptfooconfig.yaml" or bool(is_own and path.isprintable())


def is_protected(path: str) -> bool:
    """Tell whether a path in a repository is git's, or a source of a project at its root.

    Case doesn't count: on some file systems there is none.
    """
    parts = [part.casefold() for part in PurePosixPath(path.partition("#")[0]).parts]
    return _REPOSITORY in parts or parts[0] in SOURCES


def find_outputs(folder: Path) -> Iterator[tuple[str, Words]]:
    """Yield the paths in an output folder at which an agent has a file of its own, and its words.

    Only names are looked at: what stands there need not be an output.
    """
    start = str(folder / "x")[:-1]
    present = (name for name in TARGETS if os.path.isdir(folder / name))  # noqa: PTH112 - never fails
    for target in map(TARGETS.__getitem__, present):
        place = re.escape(f"{target.name}/{{model}}.{{policy}}") + _LANGUAGE
        place += re.escape(f"/{target.path}")
        expression = re.compile(re.sub(r"\\\{(\w+)\\\}", r"(?P<\1>[^/.]+)", place))
        pattern = f"{target.name}/*/{target.path.format(name='*')}"
        for found in sorted(folder.glob(pattern)) if not target.block else ():
            path = str(found)[len(start) :].replace(os.sep, "/")
            if match := expression.fullmatch(path):
                words = {name: word for name, word in match.groupdict().items() if word}
                own = {"target": target.name, "pack": words.pop("name")}
                yield path, own | {name: word.replace("+", ":") for name, word in words.items()}


def _is_name(word: str) -> bool:
    return len(word) <= _MAX_NAME and _NAME.fullmatch(word) is not None


def _is_full_name(word: str) -> bool:
    """Tell whether a word names a model or a policy, perhaps one of a library."""
    return len(word) <= _MAX_NAME and _FULL_NAME.fullmatch(word) is not None


def _claims(path: str, record: Words, folder: str) -> bool:
    target, stem = TARGETS.get(record.get("target", "")), find_stem(record)
    if target is None or not stem:
        return False
    place = make_place(target, stem, folder)
    return path == place or _is_beside(target, path, place)


def _is_beside(target: Target, path: str, place: str) -> bool:
    """Tell whether a path can be that of a file that goes beside a target's file, in its folder."""
    own_folder = f"{place.rpartition('/')[0]}/"
    inner_path = path.removeprefix(own_folder)
    is_inside = path.startswith(own_folder) and not explain_attached(inner_path)
    return target.takes_files and is_inside
