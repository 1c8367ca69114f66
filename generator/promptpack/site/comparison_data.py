"""What the comparing script knows of a pack: a catalogue in, plain data out.

Each file is described by numbers: of a table of permissions, of losses, and of the pieces that are
its prompt and what stands around it. What several files share is written once.
"""

from collections.abc import Callable, Hashable, Iterator
from functools import cache
from typing import TypeVar

from promptpack.model import Artifact, Grant, Loss, Pack
from promptpack.policy.lattice import find_single_effect
from promptpack.reporting.loss_words import choose_loss_word
from promptpack.site.catalogue import Catalog
from promptpack.site.client_merge import cut_prompt
from promptpack.site.comparison import HeldGrants, rank_grants
from promptpack.site.losses import describe_losses

_MAX_RANKED_GRANTS = 40
"""Up to how many different grants of a pack are compared with each other beforehand."""

Item = TypeVar("Item", bound=Hashable)

Row = tuple[str, str, int, int]
"""A capability, the word for its loss, the number of the grant shown and of the one held."""


def make_comparison_data(
    catalog: Catalog, pack: Pack, number_piece: Callable[[str], int]
) -> dict[str, object]:
    """Return what each file of a pack allows and lost, by the names that the script uses.

    `number_piece` keeps a text and returns its number. `orders` has a number for each pair of
    grants (0 wider, 1 not proven, 2 narrower, 3 same); it is empty where there are too many.
    """
    grants: dict[Grant, int] = {}
    tables: dict[tuple[Row, ...], int] = {}
    losses: dict[tuple[str, ...], int] = {}
    facts: dict[str, dict[str, list[object]]] = {}
    table_numbers: dict[int, int] = {}  # by the identity of grants, which the catalogue keeps
    describe_loss = cache(_describe_loss)
    for variant in catalog.variants[pack.name]:
        facts[variant.name] = {}
        for artifact in catalog.list_files(variant):
            held_grants = catalog.pieces.list_held_grants(artifact)
            if id(held_grants) not in table_numbers:
                table = _make_rows(held_grants, grants)
                table_numbers[id(held_grants)] = _number(tables, table)
            facts[variant.name][artifact.target] = [
                table_numbers[id(held_grants)],
                [_number(losses, describe_loss(loss)) for loss in artifact.losses],
                _find_prompt(artifact, number_piece),
            ]
    return {
        "facts": facts,
        "tables": [*tables],
        "losses": [*losses],
        "grants": [_describe_grant(grant) for grant in grants],
        "orders": rank_grants([*grants]) if len(grants) <= _MAX_RANKED_GRANTS else [],
    }


def iter_pieces(artifact: Artifact) -> Iterator[str]:
    """Yield the texts that make up a file: the prompt, and what stands around it."""
    content, prompt = artifact.text, artifact.agent.prompt
    prompt_index = content.rfind(prompt)
    pieces = (
        (content,)
        if prompt_index < 0
        else (content[:prompt_index], prompt, content[prompt_index + len(prompt) :])
    )
    return (piece for piece in pieces if piece)


def _find_prompt(artifact: Artifact, number_piece: Callable[[str], int]) -> int | list[int]:
    """Return which of a file's pieces is its prompt.

    Where the file spells the prompt in its own way, return the numbers of two pieces: the file with
    dots in the prompt's place, and the prompt.
    """
    prompt = artifact.agent.prompt
    prompt_index = artifact.text.rfind(prompt)
    if prompt_index < 0:
        return [number_piece(cut_prompt(artifact)), number_piece(prompt)]
    return min(prompt_index, 1)


def _number(numbers: dict[Item, int], item: Item) -> int:
    return numbers.setdefault(item, len(numbers))


def _make_rows(held_grants: HeldGrants, grants: dict[Grant, int]) -> tuple[Row, ...]:
    return tuple(
        (str(name), held.statement.loss, _number(grants, held.shown), _number(grants, held.held))
        for name, held in held_grants.items()
    )


def _describe_grant(grant: Grant) -> list[str]:
    """Return the effect of a grant, or its first, and then each pattern with its own."""
    effect = find_single_effect(grant)
    if effect is not None:
        return [str(effect)]
    return [str(grant[0].effect), *(f"{rule.effect} {rule.pattern}" for rule in grant[1:])]


def _describe_loss(loss: Loss) -> tuple[str, ...]:
    """Return the word for a loss, what is lost, what became of it, where, and why."""
    (sentence,) = describe_losses([loss])
    return choose_loss_word(loss), loss.subject, sentence.change, sentence.where, sentence.reason
