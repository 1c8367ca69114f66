"""Rules of tools that a prompt names and its client does not have, or has itself as an agent."""

from collections.abc import Iterator

from promptpack.lint.context import LintContext
from promptpack.lint.rule import Diagnostic, make_rule
from promptpack.lint.tool_mentions import find_mentions, find_own_name, list_owners
from promptpack.model import Origin
from promptpack.targets import TARGETS, list_readers


def check_foreign_tool(context: LintContext) -> Iterator[Diagnostic]:
    """Reports the name of another client's tool in a prompt.

    Why: The model looks for a tool that is not there. It gives up, or calls something else. A name
    counts if it can be nothing else, such as `TodoWrite`, or if it is called a tool, as in "the
    Read tool". Case and underscores don't matter: `WebFetch` is also `web_fetch`. Only clients
    whose names are known are looked at.

    Fix: Say what to do, not with which tool. A model knows its tools. Or write the name only for
    the client that has it, with `{% if target == "claude-code" %}`.

    Measured: 6 findings in 1 of 297 public agent files, 0 false alarms (2026-11).

    Bad, in a pack for Gemini CLI:

    ```markdown
    - Keep a list of open tasks with TodoWrite.
    ```

    Good:

    ```markdown
    - Keep a list of open tasks.
    ```
    """
    places: dict[tuple[Origin, str], dict[str, None]] = {}
    names_by_text: dict[str, tuple[str, ...]] = {}
    for prompt in context.prompts:
        targets = [TARGETS[name] for name in prompt.targets if TARGETS[name].tool_names]
        for line in prompt.prose if targets else ():
            names = names_by_text.get(line.text)
            if names is None:
                names = names_by_text[line.text] = tuple(find_mentions(line.text))
            for name in names:
                owners = list_owners(name)
                strangers = (target.name for target in targets if target.name not in owners)
                places.setdefault((line.origin, name), {}).update(dict.fromkeys(strangers))
    for (origin, name), strangers_by_name in places.items():
        if strangers_by_name:
            yield Diagnostic(*origin, *_describe(name, [*strangers_by_name]))


def check_own_agent(context: LintContext) -> Iterator[Diagnostic]:
    """Reports an agent that is called like one that its client, or another that reads it, has.

    Why: A name that the file's own client has for an agent of its own is a build error (PP201).
    This is about names that differ from it only in case, and about clients that load the file too:
    Copilot loads the agents of Claude Code, and starts its own `code-review` whatever they say.

    Fix: Rename the pack, or give the agent another name in that client.

    Measured: 0 findings in 0 of 253 public agent files with a name, 0 false alarms (2026-11).

    Bad: a pack for Claude Code that is called

    ```yaml
    name: code-review
    ```

    Good:

    ```yaml
    name: change-reviewer
    ```
    """
    for artifact in context.artifacts:
        target, pack = TARGETS[artifact.target], artifact.variant.pack
        for client in (target, *list_readers(target)):
            names = {own.casefold(): own for own in client.own_agents}
            if own := names.get(artifact.agent.name.casefold()):
                reads = "" if client is target else f" reads the file of {target.title} too and"
                message = f"{client.title}{reads} has an agent '{own}' of its own"
                yield Diagnostic(pack.path, 1, message, "give the agent another name")


def _describe(name: str, strangers: list[str]) -> tuple[str, str]:
    """Return the message and the hint for a name that the clients of some targets don't have."""
    owners = ", ".join(TARGETS[owner].title for owner in list_owners(name))
    titles = {TARGETS[target].title: find_own_name(TARGETS[target], name) for target in strangers}
    own_names = ", ".join(f"{own} in {title}" for title, own in titles.items() if own)
    hint = f"say what to do in words; it is {own_names}" if own_names else "say it in words"
    return f"'{name}' is a tool of {owners}, not of {', '.join(titles)}", hint


RULES = (
    make_rule("PP205", "foreign-tool", "client", check_foreign_tool),
    make_rule("PP206", "own-agent-name", "client", check_own_agent),
)
