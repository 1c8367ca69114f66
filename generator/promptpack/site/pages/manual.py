"""The pages of promptpack itself: its commands and its rules in, pages out."""

from collections.abc import Iterator, Mapping
from typing import NamedTuple

import click

from promptpack.lint.rule import Rule
from promptpack.site.address import Link, link_page
from promptpack.site.catalogue import COMMAND_INDEX, RULE_INDEX, locate_reference_page
from promptpack.site.page import View

_SUMMARY_LENGTH = 90


class ListedRule(NamedTuple):
    """A rule in a list; its summary is Markdown."""

    page: Link
    name: str
    severity: str
    badge: str
    family: str
    summary: str


class RuleIndex(NamedTuple):
    """All rules."""

    rules: list[ListedRule]


class RulePage(NamedTuple):
    """A rule; its text is Markdown."""

    path: list[Link]
    code: str
    name: str
    severity: str
    badge: str
    family: str
    stops_build: bool
    text: str


class OptionRow(NamedTuple):
    """How an option is spelled, and what it does."""

    names: str
    help: str


class ShownCommand(NamedTuple):
    """A command as its `--help` tells it."""

    name: str
    anchor: str
    usage: str
    paragraphs: list[str]
    options: list[OptionRow]


class CommandPage(NamedTuple):
    """A command, followed by its own commands."""

    path: list[Link]
    commands: list[ShownCommand]


class ListedCommand(NamedTuple):
    """A command in a list."""

    page: Link
    summary: str


class CommandIndex(NamedTuple):
    """All commands, and the options that each of them has."""

    commands: list[ListedCommand]
    options: list[OptionRow]


def iter_rule_pages(rules: Mapping[str, Rule]) -> Iterator[tuple[str, View]]:
    """Yield the list of rules and the page of each, by path."""
    rows = [
        ListedRule(
            page=link_page(rule.code, locate_rule_page(rule), RULE_INDEX),
            name=rule.name,
            severity=rule.severity,
            badge=_choose_badge(rule),
            family=rule.family,
            summary=rule.summary,
        )
        for rule in rules.values()
    ]
    yield RULE_INDEX, View("rules.html.j2", "Rules", RuleIndex(rows))
    for rule in rules.values():
        yield locate_rule_page(rule), _make_rule_page(rule)


def iter_command_pages(program: click.Group) -> Iterator[tuple[str, View]]:
    """Yield the list of a program's commands and the page of each, by path."""
    context = click.Context(program, info_name="promptpack", **program.context_settings)
    commands = _list_commands(program, context)
    rows = [
        ListedCommand(
            link_page(name, locate_reference_page(COMMAND_INDEX, name), COMMAND_INDEX),
            command.get_short_help_str(_SUMMARY_LENGTH),
        )
        for name, command in commands.items()
    ]
    index = CommandIndex(rows, _list_options(program, context))
    yield COMMAND_INDEX, View("commands.html.j2", "Commands", index)
    for name, command in commands.items():
        yield locate_reference_page(COMMAND_INDEX, name), _make_command_page(name, command, context)


def locate_rule_page(rule: Rule) -> str:
    """Return the path of a rule's page, by its code in small letters as in most addresses."""
    return locate_reference_page(RULE_INDEX, rule.code.lower())


def _make_rule_page(rule: Rule) -> View:
    page = RulePage(
        path=[link_page("Rules", RULE_INDEX, locate_rule_page(rule))],
        code=rule.code,
        name=rule.name,
        severity=rule.severity,
        badge=_choose_badge(rule),
        family=rule.family,
        stops_build=rule.stops_build,
        text=rule.page,
    )
    return View("rule.html.j2", f"{rule.code} {rule.name}", page)


def _choose_badge(rule: Rule) -> str:
    return "widened" if rule.severity == "error" else "advisory"


def _make_command_page(name: str, command: click.Command, parent: click.Context) -> View:
    """Return the page of a command; its own commands stand on it."""
    context = click.Context(command, info_name=name, parent=parent)
    commands = [_describe_command(name, name, command, context)]
    if isinstance(command, click.Group):
        for inner_name, inner in _list_commands(command, context).items():
            inner_context = click.Context(inner, info_name=inner_name, parent=context)
            title = f"{name} {inner_name}"
            commands.append(_describe_command(title, inner_name, inner, inner_context))
    here = locate_reference_page(COMMAND_INDEX, name)
    page = CommandPage([link_page("Commands", COMMAND_INDEX, here)], commands)
    return View("command.html.j2", f"promptpack {name}", page)


def _list_commands(group: click.Group, context: click.Context) -> dict[str, click.Command]:
    commands = {name: group.get_command(context, name) for name in group.list_commands(context)}
    return {name: command for name, command in commands.items() if command is not None}


def _describe_command(
    title: str, anchor: str, command: click.Command, context: click.Context
) -> ShownCommand:
    usage = " ".join((context.command_path, *command.collect_usage_pieces(context)))
    paragraphs = (" ".join(block.split()) for block in (command.help or "").split("\n\n"))
    return ShownCommand(
        name=title,
        anchor=anchor,
        usage=usage,
        paragraphs=[paragraph for paragraph in paragraphs if paragraph],
        options=_list_options(command, context),
    )


def _list_options(command: click.Command, context: click.Context) -> list[OptionRow]:
    records = (parameter.get_help_record(context) for parameter in command.get_params(context))
    return [OptionRow(*record) for record in records if record is not None]
