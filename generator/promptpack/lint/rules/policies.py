"""Rules of policies: what one allows that a reader of it would not expect."""

from collections.abc import Iterator

from promptpack.lint.context import LintContext
from promptpack.lint.rule import Diagnostic, make_rule
from promptpack.model import FILE_CHANGES, Capability, Effect, Policy
from promptpack.policy.lattice import (
    describe_inherited_writers,
    describe_open_shell,
    list_effects,
    list_inherited_writers,
)

_PRIVATE: tuple[Capability, ...] = ("read", "grep")
_UNTRUSTED: tuple[Capability, ...] = ("web_fetch", "web_search")
_OUTWARD: tuple[Capability, ...] = ("execute", *FILE_CHANGES)


def check_shell_can_write(context: LintContext) -> Iterator[Diagnostic]:
    """Reports a policy that denies edits but allows commands without asking.

    Why: A shell writes files as well as the edit tools do. Whoever reads `edit: deny` believes that
    the agent changes nothing, but it can.

    Fix: Deny `execute`, or set it to `ask`. If the agent needs commands to look around, say in the
    prompt that they are only for looking, and ignore this rule with that as the reason.

    Measured: 24 findings in 24 of 169 public agent files that list tools, 0 false alarms (2026-11).

    Bad:

    ```yaml
    capabilities: {edit: deny, write: deny, patch: deny, execute: allow}
    ```

    Good:

    ```yaml
    capabilities: {edit: deny, write: deny, patch: deny, execute: ask}
    ```
    """
    for policy in context.policies:
        if message := describe_open_shell(policy):
            hint = "set execute to deny or ask, or ignore this rule with a reason"
            yield _make_diagnostic(context, policy, "execute", message, hint)


def check_inherited_can_write(context: LintContext) -> Iterator[Diagnostic]:
    """Reports a policy that denies edits but leaves to the client what can change files.

    Why: What is inherited can be anything. A command, another agent or the tool of an MCP server
    can write the files that the agent itself may not, and which of them there are depends on each
    user's settings.

    Fix: Make `default` deny, and name what the agent needs, with its MCP servers. If the rest is to
    be as the client has it, ignore this rule with that as the reason.

    Measured: 0 findings in 0 of 169 public agent files that list tools, 0 false alarms (2026-11).

    Bad:

    ```yaml
    default: inherit
    capabilities: {edit: deny}
    ```

    Good:

    ```yaml
    default: deny
    capabilities: {read: allow, grep: allow, execute: ask, "mcp:issues": allow}
    ```
    """
    for policy in context.policies:
        if names := list_inherited_writers(policy):
            document = context.document(policy.path)
            name = next((n for n in names if n in policy.grants), "")
            span = document.at(("capabilities", name) if name else ("default",))
            hint = "set default to deny and name what is needed, or ignore this rule with a reason"
            message = describe_inherited_writers(policy)
            yield Diagnostic(policy.path, span.line, message, hint, span.column, span.width)


def check_private_and_untrusted(context: LintContext) -> Iterator[Diagnostic]:
    """Reports a policy that allows reading files, reading the web and acting, without asking.

    Why: A web page can contain text that the model takes for an order. With private files to read
    and a way to act, the agent can send the files away or change them, and nobody is asked.

    Fix: Deny one of the three or set it to `ask`: reading the project, reading what strangers
    wrote, or running commands and editing.

    Measured: 70 findings in 70 of 169 public agent files that list tools, 0 false alarms (2026-11).

    Bad:

    ```yaml
    capabilities: {read: allow, web_fetch: allow, execute: allow}
    ```

    Good:

    ```yaml
    capabilities: {read: allow, web_fetch: ask, execute: allow}
    ```
    """
    for policy in context.policies:
        allowed_groups = [
            _list_allowed(policy, names) for names in (_PRIVATE, _UNTRUSTED, _OUTWARD)
        ]
        if all(allowed_groups):
            *first_names, last_name = (names[0] for names in allowed_groups)
            names = f"{', '.join(first_names)} and {last_name}"
            message = f"{policy.name} allows {names} together without asking"
            hint = (
                "text on a web page can then reach files and commands: set one of the three to ask"
            )
            yield _make_diagnostic(context, policy, allowed_groups[1][0], message, hint)


def check_open_ended_command(context: LintContext) -> Iterator[Diagnostic]:
    """Reports an allowed command pattern that accepts anything after the command.

    Why: What follows is often enough to write a file or to run another program:
    `git diff --output=x`, `git difftool` for `git diff*`, `pytest -p module`,
    `find . -exec rm {} +`. Such a list looks as if it contained only harmless commands.

    Fix: Write each command in full, one pattern for each form you need, and let the rest ask. The
    rule looks at allowed patterns in `execute`, unless everything is allowed anyway.

    Measured: 0 findings in 0 of 169 public agent files that list tools, 0 false alarms (2026-11).

    Bad:

    ```yaml
    execute: {"*": ask, "git diff*": allow}
    ```

    Good:

    ```yaml
    execute: {"*": ask, "git diff": allow, "git diff --stat": allow}
    ```
    """
    for policy in context.policies:
        first, *rest = policy.grant("execute")
        if first.effect is Effect.ALLOW:
            continue
        for pattern, effect in rest:
            if effect is Effect.ALLOW and pattern.endswith("*"):
                message = f"'{pattern}' allows anything after it without asking"
                hint = "write each command in full"
                yield _make_diagnostic(context, policy, "execute", message, hint, pattern)


def check_command_deny_list(context: LintContext) -> Iterator[Diagnostic]:
    """Reports a policy that allows every command except some.

    Why: There are more ways to write a command than a list can name: `rm` is also `/bin/rm`,
    `find -delete`, `python -c` or a script. Such a list stops mistakes, not intent.

    Fix: Reverse the list. Ask for or deny everything, and allow what is needed.

    Measured: 0 findings in 0 of 169 public agent files that list tools, 0 false alarms (2026-11).

    Bad:

    ```yaml
    execute: {"*": allow, "rm *": deny}
    ```

    Good:

    ```yaml
    execute: {"*": ask, "pytest -q": allow, "rm *": deny}
    ```
    """
    for policy in context.policies:
        first, *rest = policy.grant("execute")
        restricted_patterns = [pattern for pattern, effect in rest if effect is not Effect.ALLOW]
        if first.effect is Effect.ALLOW and restricted_patterns:
            message = f"{policy.name} allows every command except {', '.join(restricted_patterns)}"
            hint = 'start with "*": ask, and allow what is needed'
            yield _make_diagnostic(context, policy, "execute", message, hint)


def _list_allowed(policy: Policy, names: tuple[str, ...]) -> list[str]:
    return [name for name in names if Effect.ALLOW in list_effects(policy.grant(name))]


def _make_diagnostic(  # noqa: PLR0913, PLR0917 - a place in a policy and what is wrong there
    context: LintContext,
    policy: Policy,
    capability: str,
    message: str,
    hint: str,
    pattern: str = "",
) -> Diagnostic:
    document = context.document(policy.path)
    key_path = ("capabilities", capability, *((pattern,) if pattern else ()))
    span = document.at(key_path)
    return Diagnostic(policy.path, span.line, message, hint, span.column, span.width)


RULES = (
    make_rule("PP103", "shell-can-write", "policy", check_shell_can_write),
    make_rule("PP104", "private-and-untrusted", "policy", check_private_and_untrusted),
    make_rule("PP105", "open-ended-command", "policy", check_open_ended_command),
    make_rule("PP106", "command-deny-list", "policy", check_command_deny_list),
    make_rule("PP111", "inherited-can-write", "policy", check_inherited_can_write),
)
