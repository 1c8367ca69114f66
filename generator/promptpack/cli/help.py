"""`promptpack help`: the pages of the guide, on the terminal."""

from collections.abc import Iterator

import click

from promptpack.cli.choices import format_suggestion
from promptpack.cli.report import wrap_text
from promptpack.reporting.console import print_lines, print_text, style
from promptpack.starting.guide import format_topic, list_topics


@click.command("help")
@click.argument("topic", metavar="[TOPIC]", required=False)
@click.pass_context
def command(context: click.Context, topic: str | None) -> None:
    """Print a page of the guide, or the help of a command; without TOPIC, list the pages.

    The pages come with promptpack, so they are about this version.
    """
    topics = list_topics()
    if topic is None:
        print_lines(_format_topics(topics))
        return
    name = topic.removesuffix(".md").lower()
    if name in topics:
        print_lines(_format_page(name))
        return
    group = context.find_root().command
    known = group.list_commands(context) if isinstance(group, click.Group) else []
    if not isinstance(group, click.Group) or name not in known:
        message = f"No topic or command '{topic}'.{format_suggestion(name, [*topics, *known])}"
        raise click.UsageError(f"{message} See 'promptpack help'.")
    found = group.get_command(context, name)
    if found is not None:
        with click.Context(found, parent=context.find_root(), info_name=name) as inner:
            print_text(found.get_help(inner))


def _format_topics(topics: dict[str, str]) -> Iterator[str]:
    width = max(map(len, topics), default=0)
    for name, title in topics.items():
        yield f"  {name.ljust(width)}  {title}"
    yield ""
    yield "promptpack help TOPIC prints a page, promptpack help COMMAND how a command is called."


def _format_page(topic: str) -> Iterator[str]:
    for line in format_topic(topic):
        if line.is_heading:
            yield style(line.text, bold=True)
        elif line.is_prose:
            yield from wrap_text("", line.text, 2 if line.text.startswith("- ") else 0)
        else:
            yield line.text
