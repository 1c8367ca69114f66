"""Words on the command line: a wrong one is told with the word that was meant."""

from collections.abc import Iterable

import click


class Choices(click.Choice):  # type: ignore[type-arg]  # generic only in newer versions of click
    """A choice whose error names the closest word."""

    def convert(
        self, value: object, param: click.Parameter | None, ctx: click.Context | None
    ) -> object:
        """Return the word; raises BadParameter for any other."""
        try:
            return super().convert(value, param, ctx)
        except click.BadParameter as error:
            message = f"{error.message}{format_suggestion(str(value), map(str, self.choices))}"
            raise click.BadParameter(message, ctx, param) from None


def format_suggestion(word: str, candidates: Iterable[str]) -> str:
    """Return ` Did you mean 'x'?` for the closest known word, or nothing."""
    from promptpack.source.closest import find_closest  # noqa: PLC0415 - only for a mistake

    closest = find_closest(word, candidates)
    return f" Did you mean '{closest}'?" if closest else ""


def check_target(name: str) -> None:
    """Raise UsageError for what is no target, with the one that is meant."""
    from promptpack.targets import TARGETS  # noqa: PLC0415 - loads each client
    from promptpack.targets.other_clients import suggest_target  # noqa: PLC0415 - the same

    if name not in TARGETS:
        hint = suggest_target(name)
        sentence = f" {hint[0].upper()}{hint[1:]}" if hint else ""
        raise click.UsageError(f"No target '{name}'.{sentence}")
