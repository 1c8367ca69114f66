"""The pages of promptpack itself: its commands and its rules in, pages out."""

import re
from collections.abc import Iterable, Iterator, Mapping
from functools import cache

import click
from markdown_it import MarkdownIt

from promptpack.lint.rule import Entry
from promptpack.site.catalogue import COMMANDS, RULES, reference_page
from promptpack.site.escape import code, text
from promptpack.site.html import badge, facts, link, paragraph, path_to, table
from promptpack.site.page import Heading, Page

_PART = re.compile("<p>(Why|Fix|Bad|Good):")
_STRONG = r"<p><strong>\1:</strong>"


def rule_documents(rules: Mapping[str, Entry]) -> Iterator[tuple[str, Page]]:
    """Yield the list of rules and the page of each, by path."""
    rows = (
        [
            link(code(rule.code), rule_page(rule), RULES),
            text(rule.name),
            _severity(rule),
            text(rule.family),
            _on_one_line(_reader().renderInline(rule.summary)),
        ]
        for rule in rules.values()
    )
    lead = "Everything promptpack can say, with what to do about it."
    head = ["Code", "Name", "Severity", "Family", "In short"]
    parts = Heading("Rules", "about", 1), paragraph(lead, "pp-lead"), table(head, rows, "Rules")
    yield RULES, Page("Rules", parts)
    for rule in rules.values():
        yield rule_page(rule), _rule(rule)


def command_documents(program: click.Group) -> Iterator[tuple[str, Page]]:
    """Yield the list of a program's commands and the page of each, by path."""
    context = click.Context(program, info_name="promptpack", **program.context_settings)
    found = {name: program.get_command(context, name) for name in program.list_commands(context)}
    commands = {name: command for name, command in found.items() if command is not None}
    rows = (
        [
            link(code(name), reference_page(COMMANDS, name), COMMANDS),
            text(command.get_short_help_str(90)),
        ]
        for name, command in commands.items()
    )
    yield (
        COMMANDS,
        Page(
            "Commands",
            (
                Heading("Commands", "about", 1),
                paragraph("What can be called, as <code>--help</code> tells it.", "pp-lead"),
                table(["Command", "What it does"], rows, "Commands"),
                Heading("Options of all commands", "options"),
                _options(program, context),
            ),
        ),
    )
    for name, command in commands.items():
        yield from _command(name, command, context)


def said(markdown: str) -> str:
    """Return our own Markdown as HTML on one line; newlines in code are references."""
    return _on_one_line(_reader().render(markdown))


def rule_page(rule: Entry) -> str:
    """Return the path of a rule's page, by its code in small letters as in most addresses."""
    return reference_page(RULES, rule.code.lower())


def _rule(rule: Entry) -> Page:
    kind = "It stops the build." if rule.stops else ""
    return Page(
        text(f"{rule.code} {rule.name}"),
        (
            path_to(("Rules", RULES), here=rule_page(rule)),
            Heading(f"{code(rule.code)} {text(rule.name)}", "about", 1),
            facts((("Severity", _severity(rule)), ("Family", text(rule.family)))),
            paragraph(kind),
            f'<div class="pp-said">{_PART.sub(_STRONG, said(rule.page))}</div>',
        ),
    )


def _severity(rule: Entry) -> str:
    return badge(rule.severity, "widened" if rule.severity == "error" else "advisory")


def _command(
    name: str, command: click.Command, parent: click.Context
) -> Iterator[tuple[str, Page]]:
    """Yield the page of a command; those of its own commands stand on it."""
    context = click.Context(command, info_name=name, parent=parent)
    parts: list[Heading | str] = [
        path_to(("Commands", COMMANDS), here=reference_page(COMMANDS, name)),
        Heading(code(f"promptpack {name}"), "about", 1),
        *_help(command, context),
    ]
    if isinstance(command, click.Group):
        for inner_name in command.list_commands(context):
            inner = command.get_command(context, inner_name)
            if inner is not None:
                inside = click.Context(inner, info_name=inner_name, parent=context)
                parts.append(Heading(code(f"{name} {inner_name}"), f"command-{inner_name}"))
                parts += _help(inner, inside)
    yield reference_page(COMMANDS, name), Page(text(f"promptpack {name}"), tuple(parts))


def _help(command: click.Command, context: click.Context) -> Iterator[str]:
    usage = " ".join((context.command_path, *command.collect_usage_pieces(context)))
    yield f'<pre class="pp-usage"><code>{text(usage)}</code></pre>'
    paragraphs = (command.help or "").split("\n\n")
    yield from (paragraph(text(" ".join(one.split()))) for one in paragraphs if one.strip())
    yield _options(command, context)


def _options(command: click.Command, context: click.Context) -> str:
    records = (parameter.get_help_record(context) for parameter in command.get_params(context))
    rows = [[code(record[0]), text(record[1])] for record in records if record is not None]
    return table(["Option", "What it does"], rows, "Options") if rows else ""


@cache
def _reader() -> MarkdownIt:
    return MarkdownIt("commonmark", {"html": False}).enable("table")


def _on_one_line(html: str) -> str:
    """Return HTML without newlines: in code they are references, elsewhere spaces."""
    return "".join(_flat(html.split("<pre>")))


def _flat(parts: Iterable[str]) -> Iterator[str]:
    first, *rest = parts
    yield first.replace("\n", " ")
    for part in rest:
        inside, _, after = part.partition("</pre>")
        yield f'<pre tabindex="0">{_inert(inside)}</pre>{after.replace(chr(10), " ")}'


def _inert(inside: str) -> str:
    """Return the inside of a code block with nothing that another Markdown reader would act on."""
    return inside.replace("\n", "&#10;").replace("{", "&#123;").replace("}", "&#125;")
