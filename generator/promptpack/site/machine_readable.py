"""What other programs read: a catalogue in, files by path out; `raw/` holds the artifacts."""

import json
from collections.abc import Iterator

from promptpack.model import Artifact, Pack, Variant
from promptpack.site.catalogue import Catalogue, data_file, pack_page, raw_file, variant_page
from promptpack.site.html import address, counted
from promptpack.site.pages.variant import tokens
from promptpack.targets import TARGETS as CLIENTS

SCHEMA_VERSION = 1
CATALOG = "catalog.json"
LLMS = "llms.txt"


def machine_files(known: Catalogue) -> Iterator[tuple[str, bytes]]:
    """Yield the catalogue as data and for language models, and the files of each variant."""
    yield CATALOG, _catalog(known)
    yield LLMS, _llms(known).encode()
    for pack in known.project.packs.values():
        yield data_file(pack), _data(known, pack)
    for files in known.files.values():
        yield from ((raw_file(artifact), artifact.content) for artifact in files)


def _catalog(known: Catalogue) -> bytes:
    packs = [_pack(known, pack) for pack in known.project.packs.values()]
    data = {"schema_version": SCHEMA_VERSION, "packs": packs}
    return f"{json.dumps(data, indent=1, ensure_ascii=False)}\n".encode()


def _pack(known: Catalogue, pack: Pack) -> dict[str, object]:
    return {
        "name": pack.name,
        "title": pack.title,
        "description": pack.description,
        "tags": [*pack.tags],
        "page": address(pack_page(pack), ""),
        "default": known.default_of(pack).name,
        "variants": [_variant(known, variant) for variant in known.variants[pack.name]],
    }


def _variant(known: Catalogue, variant: Variant) -> dict[str, object]:
    files = known.files_of(variant)
    return {
        "name": variant.name,
        "model": variant.model.name,
        "policy": variant.policy.name,
        "tokens": tokens(files[0].agent.prompt),
        "page": address(variant_page(variant), ""),
        "files": {artifact.target: raw_file(artifact) for artifact in files},
    }


def _llms(known: Catalogue) -> str:
    """Return the list of packs with the raw file of each default variant's first client."""
    parts = ["# Agents\n\n> Each is written once and built for every model, policy and client.\n"]
    for pack in known.project.packs.values():
        files = known.files_of(known.default_of(pack))
        links = (f"[{CLIENTS[a.target].title}]({raw_file(a)})" for a in files)
        size = counted(len(known.variants[pack.name]), "variant")
        title, said = (" ".join(one.split()) for one in (pack.title, pack.description))
        parts.append(f"\n## {title}\n\n{said}\n\n- {size}; default: {', '.join(links)}\n")
    parts.append(f"\n## Data\n\n- [{CATALOG}]({CATALOG}): all packs and variants, without text\n")
    return "".join(parts)


def _data(known: Catalogue, pack: Pack) -> bytes:
    """Return a script that tells the files of a pack's variants; what they share is told once.

    A file is a list of pieces, a piece a list of lines. It is a script, and not data: pages that
    lie on a disk may load nothing else.
    """
    lines: dict[str, int] = {}
    pieces: dict[str, int] = {}
    files = {
        variant.name: {
            artifact.target: [pieces.setdefault(piece, len(pieces)) for piece in _pieces(artifact)]
            for artifact in known.files_of(variant)
        }
        for variant in known.variants[pack.name]
    }
    spelled = [[lines.setdefault(x, len(lines)) for x in piece.split("\n")] for piece in pieces]
    told = {"lines": [*lines], "pieces": spelled, "files": files}
    data = json.dumps(told, separators=(",", ":"))
    return f"(window.promptpack=window.promptpack||{{}})[{json.dumps(pack.name)}]={data}\n".encode()


def _pieces(artifact: Artifact) -> Iterator[str]:
    """Yield the texts that make up a file: the prompt, and what stands around it."""
    content, prompt = artifact.content.decode(), artifact.agent.prompt
    at = content.rfind(prompt)
    cut = (content,) if at < 0 else (content[:at], prompt, content[at + len(prompt) :])
    return (piece for piece in cut if piece)
