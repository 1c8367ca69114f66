"""The pages of promptpack itself: its commands and its rules in, pages out."""

import re
from collections.abc import Iterable, Iterator, Mapping
from functools import cache

import click
from markdown_it import MarkdownIt

from promptpack.lint.rule import Rule
from promptpack.site.catalogue import COMMAND_INDEX, RULE_INDEX, locate_reference_page
from promptpack.site.escape import escape_code, escape_text
from promptpack.site.html import (
    render_badge,
    render_breadcrumb,
    render_facts,
    render_link,
    render_paragraph,
    render_table,
)
from promptpack.site.page import Heading, Page

_LABEL = re.compile("<p>(Why|Fix|Bad|Good):")
_STRONG_LABEL = r"<p><strong>\1:</strong>"


def iter_rule_pages(rules: Mapping[str, Rule]) -> Iterator[tuple[str, Page]]:
    """Yield the list of rules and the page of each, by path."""
    rows = (
        [
            render_link(escape_code(rule.code), locate_rule_page(rule), RULE_INDEX),
            escape_text(rule.name),
            _render_severity(rule),
            escape_text(rule.family),
            _join_lines(_get_parser().renderInline(rule.summary)),
        ]
        for rule in rules.values()
    )
    lead = "Everything promptpack can say, with what to do about it."
    header = ["Code", "Name", "Severity", "Family", "In short"]
    parts = (
        Heading("Rules", "about", 1),
        render_paragraph(lead, "pp-lead"),
        render_table(header, rows, "Rules"),
    )
    yield RULE_INDEX, Page("Rules", parts)
    for rule in rules.values():
        yield locate_rule_page(rule), _make_rule_page(rule)


def iter_command_pages(program: click.Group) -> Iterator[tuple[str, Page]]:
    """Yield the list of a program's commands and the page of each, by path."""
    context = click.Context(program, info_name="promptpack", **program.context_settings)
    commands_by_name = {
        name: program.get_command(context, name) for name in program.list_commands(context)
    }
    commands = {name: command for name, command in commands_by_name.items() if command is not None}
    rows = (
        [
            render_link(
                escape_code(name), locate_reference_page(COMMAND_INDEX, name), COMMAND_INDEX
            ),
            escape_text(command.get_short_help_str(90)),
        ]
        for name, command in commands.items()
    )
    yield (
        COMMAND_INDEX,
        Page(
            "Commands",
            (
                Heading("Commands", "about", 1),
                render_paragraph("What can be called, as <code>--help</code> tells it.", "pp-lead"),
                render_table(["Command", "What it does"], rows, "Commands"),
                Heading("Options of all commands", "options"),
                _render_options(program, context),
            ),
        ),
    )
    for name, command in commands.items():
        yield from _make_command_page(name, command, context)


def render_markdown(markdown: str) -> str:
    """Return our own Markdown as HTML on one line; newlines in code are references."""
    return _join_lines(_get_parser().render(markdown))


def locate_rule_page(rule: Rule) -> str:
    """Return the path of a rule's page, by its code in small letters as in most addresses."""
    return locate_reference_page(RULE_INDEX, rule.code.lower())


def _make_rule_page(rule: Rule) -> Page:
    stop_note = "It stops the build." if rule.stops_build else ""
    return Page(
        escape_text(f"{rule.code} {rule.name}"),
        (
            render_breadcrumb(("Rules", RULE_INDEX), here=locate_rule_page(rule)),
            Heading(f"{escape_code(rule.code)} {escape_text(rule.name)}", "about", 1),
            render_facts(
                (("Severity", _render_severity(rule)), ("Family", escape_text(rule.family)))
            ),
            render_paragraph(stop_note),
            f'<div class="pp-said">{_LABEL.sub(_STRONG_LABEL, render_markdown(rule.page))}</div>',
        ),
    )


def _render_severity(rule: Rule) -> str:
    return render_badge(rule.severity, "widened" if rule.severity == "error" else "advisory")


def _make_command_page(
    name: str, command: click.Command, parent: click.Context
) -> Iterator[tuple[str, Page]]:
    """Yield the page of a command; those of its own commands stand on it."""
    context = click.Context(command, info_name=name, parent=parent)
    parts: list[Heading | str] = [
        render_breadcrumb(
            ("Commands", COMMAND_INDEX), here=locate_reference_page(COMMAND_INDEX, name)
        ),
        Heading(escape_code(f"promptpack {name}"), "about", 1),
        *_render_help(command, context),
    ]
    if isinstance(command, click.Group):
        for inner_name in command.list_commands(context):
            inner = command.get_command(context, inner_name)
            if inner is not None:
                inner_context = click.Context(inner, info_name=inner_name, parent=context)
                parts.append(Heading(escape_code(f"{name} {inner_name}"), f"command-{inner_name}"))
                parts += _render_help(inner, inner_context)
    yield (
        locate_reference_page(COMMAND_INDEX, name),
        Page(escape_text(f"promptpack {name}"), tuple(parts)),
    )


def _render_help(command: click.Command, context: click.Context) -> Iterator[str]:
    usage = " ".join((context.command_path, *command.collect_usage_pieces(context)))
    yield f'<pre class="pp-usage"><code>{escape_text(usage)}</code></pre>'
    paragraphs = (command.help or "").split("\n\n")
    yield from (
        render_paragraph(escape_text(" ".join(block.split())))
        for block in paragraphs
        if block.strip()
    )
    yield _render_options(command, context)


def _render_options(command: click.Command, context: click.Context) -> str:
    records = (parameter.get_help_record(context) for parameter in command.get_params(context))
    rows = [
        [escape_code(record[0]), escape_text(record[1])] for record in records if record is not None
    ]
    return render_table(["Option", "What it does"], rows, "Options") if rows else ""


@cache
def _get_parser() -> MarkdownIt:
    return MarkdownIt("commonmark", {"html": False}).enable("table")


def _join_lines(html: str) -> str:
    """Return HTML without newlines: in code they are references, elsewhere spaces."""
    return "".join(_flatten_parts(html.split("<pre>")))


def _flatten_parts(parts: Iterable[str]) -> Iterator[str]:
    first, *rest = parts
    yield first.replace("\n", " ")
    for part in rest:
        code_block, _, remainder = part.partition("</pre>")
        yield (
            f'<pre tabindex="0">{_escape_code_block(code_block)}</pre>'
            f"{remainder.replace(chr(10), ' ')}"
        )


def _escape_code_block(content: str) -> str:
    """Return the inside of a code block with nothing that another Markdown reader would act on."""
    return content.replace("\n", "&#10;").replace("{", "&#123;").replace("}", "&#125;")
