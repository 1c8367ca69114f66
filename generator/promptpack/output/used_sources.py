"""The sources that artifacts are made of: a session in, the files behind each artifact out."""

import hashlib
from collections.abc import Callable, Iterable, Mapping
from typing import NamedTuple

from promptpack.model import Artifact, Origin, is_in_project, split_source_path
from promptpack.model.fields import find_client_settings
from promptpack.rendering.includes import LAYOUT
from promptpack.rendering.variants import iter_uses
from promptpack.session import Session


class UsedSources(NamedTuple):
    """The use lines of a variant, each with the files it brings in, and all files it is made of.

    Those of `frame` (pack, policy, model, layout with what it includes, project file) decide about
    all of an output.
    """

    uses: tuple[tuple[Origin, frozenset[str]], ...]
    frame: tuple[str, ...]
    sources: tuple[str, ...]


def make_source_finder(session: Session) -> Callable[[Artifact], UsedSources]:
    """Return a function that tells the use lines of an artifact, and all files it is made of."""
    templates = session.templates
    shared_paths = [shared.path for shared in session.project.shared.values()]

    sources_by_key: dict[tuple[str, ...], UsedSources] = {}

    def find_sources(artifact: Artifact) -> UsedSources:
        variant, policy = artifact.variant, artifact.agent.policy
        settings = find_client_settings(variant.pack, artifact.target)
        prompt = settings.prompt
        key = variant.pack.name, variant.name, policy.name, prompt, settings.head
        if key not in sources_by_key:
            use_lines = tuple(
                (use.origin, templates.dependencies.list_paths(use.fragment))
                for use in (() if prompt else iter_uses(variant.sections))
            )
            layout = templates.dependencies.list_paths(f"{LAYOUT}{variant.model.layout}")
            layouts = (prompt,) if prompt else sorted(layout)
            files = {path for _, used_paths in use_lines for path in used_paths}
            files |= {"" if prompt else variant.pack.text, settings.head} - {""}
            frame = (variant.pack.path, policy.path, variant.model.path, *layouts)
            sources_by_key[key] = UsedSources(
                use_lines, (*frame, *shared_paths), tuple(sorted(files))
            )
        return sources_by_key[key]

    return find_sources


def hash_library(session: Session, artifacts: Iterable[Artifact]) -> Mapping[str, str]:
    """Return the SHA-256 of each file of a library that some artifacts are made of, by its path.

    The digests are of the texts that were read, whatever the line ends of the files. The name of a
    library that is an installed package, with a colon, has that package and its version.
    """
    find_sources = make_source_finder(session)
    texts = session.project.sources
    used = {
        path
        for artifact in artifacts
        for found in (find_sources(artifact),)
        for path in (*found.frame, *found.sources)
    }
    digests = {
        path: hashlib.sha256(texts[path].encode("utf-8", "surrogateescape")).hexdigest()
        for path in used
        if path in texts and not is_in_project(path)
    }
    names = {split_source_path(path)[0] for path in digests}
    packages = {
        root.make_source_path(""): f"{root.distribution} {root.version}".rstrip()
        for root in session.project.roots
        if root.distribution and root.name in names
    }
    return dict(sorted((digests | packages).items()))
