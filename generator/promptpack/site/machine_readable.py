"""What other programs read: a catalogue in, files by path out; `raw/` holds the artifacts."""

import json
from collections.abc import Iterator
from functools import partial

from promptpack.model import Pack, Variant
from promptpack.rendering.tokens import estimate_tokens
from promptpack.site.abilities import AbilitySets
from promptpack.site.address import make_address
from promptpack.site.catalogue import (
    Catalog,
    locate_data_file,
    locate_pack_page,
    locate_raw_file,
    locate_variant_page,
)
from promptpack.site.comparison_data import iter_pieces, make_comparison_data
from promptpack.site.late_files import FileMaker
from promptpack.site.site_parts import SiteParts
from promptpack.site.wording import format_count
from promptpack.targets import TARGETS as CLIENTS

SCHEMA_VERSION = 1
CATALOG_FILE = "catalog.json"
LLMS_FILE = "llms.txt"


def iter_machine_files(
    catalog: Catalog, kept: SiteParts
) -> Iterator[tuple[str, bytes | FileMaker]]:
    """Yield the catalogue as data and for language models, and the files of each variant.

    The data of a pack is taken from `kept` if all its files are the same.
    """
    yield CATALOG_FILE, partial(_encode_catalog, catalog)
    yield LLMS_FILE, partial(_render_llms_text, catalog)
    for pack in catalog.project.packs.values():
        pack_files = [
            artifact
            for variant in catalog.variants[pack.name]
            for artifact in catalog.list_files(variant)
        ]
        encode = partial(_encode_pack_data, catalog, pack)
        make = partial(kept.reuse, ("pack data", pack.name), pack_files, encode)
        yield locate_data_file(pack), make
    for files in catalog.files.values():
        yield from ((locate_raw_file(artifact), artifact.content) for artifact in files)


def _encode_catalog(catalog: Catalog) -> bytes:
    permissions = AbilitySets()
    packs = [_describe_pack(catalog, pack, permissions) for pack in catalog.project.packs.values()]
    data = {"schema_version": SCHEMA_VERSION, "permissions": permissions.sets, "packs": packs}
    return f"{json.dumps(data, indent=1, ensure_ascii=False)}\n".encode()


def _describe_pack(catalog: Catalog, pack: Pack, permissions: AbilitySets) -> dict[str, object]:
    return {
        "name": pack.name,
        "title": pack.title,
        "description": pack.description,
        "tags": [*pack.tags],
        "page": make_address(locate_pack_page(pack), ""),
        "default": catalog.find_default_variant(pack).name,
        "variants": [
            _describe_variant(catalog, variant, permissions)
            for variant in catalog.variants[pack.name]
        ],
    }


def _describe_variant(
    catalog: Catalog, variant: Variant, permissions: AbilitySets
) -> dict[str, object]:
    files = catalog.list_files(variant)
    return {
        "name": variant.name,
        "model": variant.model.name,
        "policy": variant.policy.name,
        **({"language": variant.language} if variant.language else {}),
        "permissions": permissions.find_number(catalog.list_abilities(variant)),
        "tokens": estimate_tokens(len(files[0].agent.prompt)),
        "page": make_address(locate_variant_page(variant), ""),
        "files": {artifact.target: locate_raw_file(artifact) for artifact in files},
    }


def _render_llms_text(catalog: Catalog) -> bytes:
    """Return the list of packs with the raw file of each default variant's first client."""
    parts = [
        "# Agents\n\n> Each agent is written once and built for every model, policy and client.\n"
    ]
    for pack in catalog.project.packs.values():
        files = catalog.list_files(catalog.find_default_variant(pack))
        links = (
            f"[{CLIENTS[artifact.target].title}]({locate_raw_file(artifact)})" for artifact in files
        )
        variant_count = format_count(len(catalog.variants[pack.name]), "variant")
        title, description = (" ".join(value.split()) for value in (pack.title, pack.description))
        parts.append(
            f"\n## {title}\n\n{description}\n\n- {variant_count}; default: {', '.join(links)}\n"
        )
    parts.append(
        f"\n## Data\n\n- [{CATALOG_FILE}]({CATALOG_FILE}): all packs and variants, without text\n"
    )
    return "".join(parts).encode()


def _encode_pack_data(catalog: Catalog, pack: Pack) -> bytes:
    """Return a script that tells the files of a pack's variants; what they share is written once.

    A file is a list of pieces, a piece a list of lines. It is a script, and not data: pages that
    lie on a disk may load nothing else. What `compare.js` knows besides is in `comparison_data`.
    """
    lines: dict[str, int] = {}
    pieces: dict[str, int] = {}

    def number_piece(piece: str) -> int:
        return pieces.setdefault(piece, len(pieces))

    files = {
        variant.name: {
            artifact.target: [number_piece(piece) for piece in iter_pieces(artifact)]
            for artifact in catalog.list_files(variant)
        }
        for variant in catalog.variants[pack.name]
    }
    comparison_data = make_comparison_data(catalog, pack, number_piece)
    line_numbers = [
        [lines.setdefault(line, len(lines)) for line in piece.split("\n")] for piece in pieces
    ]
    payload = {
        "lines": [*lines],
        "pieces": line_numbers,
        "files": files,
        **comparison_data,
    }
    data = json.dumps(payload, separators=(",", ":"))
    return f"(window.promptpack=window.promptpack||{{}})[{json.dumps(pack.name)}]={data}\n".encode()
