"""The rule on secrets: a project's own texts in, remarks out that never show what they found."""

from collections.abc import Iterator
from itertools import islice

from promptpack.lint.context import LintContext
from promptpack.lint.rule import Diagnostic, make_rule
from promptpack.redaction import find_secrets
from promptpack.source.text import PROBLEM_LIMIT


def check_secret(context: LintContext) -> Iterator[Diagnostic]:
    """Reports a file that contains what looks like a secret.

    Why: The file goes into a repository, and the prompt goes into every client and to every model
    provider. A key that was pushed once is known.

    Fix: Revoke the secret first. Then remove it, and let the agent read it from the environment.
    promptpack never shows the secret, here or in any report. Values that say that they are
    examples, such as `sk-your-key-here`, are accepted.

    Measured: 0 findings in 0 of 297 public agent files, 0 false alarms (2026-11).

    Bad: a fragment with the key itself in place of the dots

    ```markdown
    - Call the API with the key sk-ant-••••••••••••.
    ```

    Good:

    ```markdown
    - Call the API with the key in `ANTHROPIC_API_KEY`; never print it.
    ```
    """
    for path, text in (context.checked_texts | context.attached_texts).items():
        for kind, start, end in islice(find_secrets(text), PROBLEM_LIMIT):
            line = text.count("\n", 0, start) + 1
            column = start - text.rfind("\n", 0, start)
            width = len(text[start:end].partition("\n")[0])
            message = f"this looks like a secret ({kind})"
            hint = "revoke it, then read it from the environment"
            yield Diagnostic(path, line, message, hint, column, width)


RULES = (make_rule("PP306", "secret", "text", check_secret, "error"),)
