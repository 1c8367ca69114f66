"""Pages of what is said of templates: their syntax, their names, their includes and parameters."""

from promptpack.lint.rule import said

RULES = (
    said(
        "PP030",
        "template-syntax",
        "input",
        """Say that a fragment or a layout is not a valid template.

        Why: a fragment is Markdown first and Jinja second, so `{{`, `{%` and `{#` begin something.

        Mend: close what was opened. Braces that are meant as text stand in a raw block.

        Bad:

        ```markdown
        - Use `{{ secrets.TOKEN }` in the workflow.
        ```

        Good:

        ```markdown
        - Use {% raw %}`{{ secrets.TOKEN }}`{% endraw %} in the workflow.
        ```
        """,
    ),
    said(
        "PP031",
        "undefined-name",
        "input",
        """Say that a template reads a name that is not defined.

        Why: printed as nothing, it would leave half a sentence in a prompt.

        Mend: correct the name, or give it: `vars` in the pack, `params` in the fragment's head and
        at its use.

        Bad:

        ```markdown
        - You know {{ vars.langauge }}.
        ```

        Good:

        ```markdown
        - You know {{ vars.language }}.
        ```
        """,
    ),
    said(
        "PP032",
        "include-cycle",
        "input",
        """Say that a template includes itself, or is included too deep.

        Why: it would never end. Twenty levels are the most; the message shows the way round.

        Mend: take one of the includes out, or move what both need into a fragment of its own.

        Bad: `a.md` holds `{% include "./b" %}`, and `b.md` holds

        ```markdown
        {% include "./a" %}
        ```

        Good: both hold

        ```markdown
        {% include "./common" %}
        ```
        """,
    ),
    said(
        "PP033",
        "computed-include",
        "input",
        """Say that an include does not name its fragment in plain words.

        Why: what a template depends on is known without rendering it. So cycles are found before
        anything runs, and `impact` can tell what a change reaches.

        Mend: choose between plain includes with `{% if %}`.

        Bad:

        ```markdown
        {% include "standards/" ~ vars.language %}
        ```

        Good:

        ```markdown
        {% if vars.language == "Python" %}
        {% include "standards/type-safety" %}
        {% endif %}
        ```
        """,
    ),
    said(
        "PP034",
        "template-failure",
        "input",
        """Say that a template failed while it was rendered.

        Why: it did what can't be done or may not be done: call what is no function, print what is
        no text, change what it was given, or reach for what is hidden.

        Mend: the line and the message say where and what. A template may read, test and print.

        Bad:

        ```markdown
        - You know {{ vars }}.
        ```

        Good:

        ```markdown
        - You know {{ vars.language }}.
        ```
        """,
    ),
    said(
        "PP035",
        "parameters",
        "input",
        """Say that a use of a fragment gives a parameter it has not, or lacks one it wants.

        Why: a value that nobody reads is a misspelt one, and a parameter without a value would
        leave a hole in the sentence.

        Mend: the fragment's head lists its parameters; those that are `null` have to be given.

        Bad:

        ```yaml
        - {use: scope/other-languages, with: {langauge: Python}}
        ```

        Good:

        ```yaml
        - {use: scope/other-languages, with: {language: Python}}
        ```
        """,
    ),
    said(
        "PP036",
        "one-origin",
        "input",
        """Warn about a template whose lines can't be traced to where they were written.

        Why: `explain`, `impact` and the causes in `diff` then name its first line for all of them.
        The prompt itself is right. A filter or a test of captured text sees the marks by which
        lines are traced.

        Mend: take the filter from around the text, and write the text as it should be.

        Bad:

        ```markdown
        {% filter capitalize %}
        ask first, then act.
        {% endfilter %}
        ```

        Good:

        ```markdown
        Ask first, then act.
        ```
        """,
        "warning",
    ),
    said(
        "PP044",
        "idle-ignore",
        "input",
        """Warn about an `ignore` that ignores nothing.

        Why: what it was written for is gone, its code is misspelt, its reason is missing, or the
        rule can't be ignored. Left in place it would silence the next finding, which nobody decided
        on.

        Mend: take it out, or correct it.

        Bad:

        ```yaml
        ignore: [{rule: PP999, reason: "no such rule exists"}]
        ```

        Good:

        ```yaml
        ignore: [{rule: PP103, reason: "commands are for looking; the prompt says so"}]
        ```
        """,
        "warning",
    ),
)
