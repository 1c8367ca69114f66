"""Pages of what is said of names that lead nowhere, and of what does not fit together."""

from promptpack.lint.rule import said

RULES = (
    said(
        "PP020",
        "unknown-fragment",
        "input",
        """Say that a pack or a template names a fragment that does not exist.

        Why: a section would be missing from the prompt. Nothing outside the project and the
        standard library can be named, so an absolute path or `..` is unknown too.

        Mend: correct the name. `section/name` is a template, `./name.md` lies beside the file;
        `promptpack list fragments` prints all there are.

        Bad:

        ```yaml
        ethics: ethics/zero-thrust
        ```

        Good:

        ```yaml
        ethics: ethics/zero-trust
        ```
        """,
    ),
    said(
        "PP021",
        "unknown-model",
        "input",
        """Say that a model is named which does not exist, or which the pack does not list.

        Why: there would be no such variant, or a condition that never holds.

        Mend: correct the name, or add `templates/models/<name>.yaml`. `promptpack list models`
        prints all there are.

        Bad:

        ```yaml
        model: [claud]
        ```

        Good:

        ```yaml
        model: [claude]
        ```
        """,
    ),
    said(
        "PP022",
        "unknown-policy",
        "input",
        """Say that a policy is named which does not exist, or which the pack does not list.

        Why: an agent without its policy would have whatever the client gives by default.

        Mend: correct the name, or add `templates/policies/<name>.yaml`. `promptpack list policies`
        prints all there are.

        Bad:

        ```yaml
        policy: [readonly]
        ```

        Good:

        ```yaml
        policy: [read-only]
        ```
        """,
    ),
    said(
        "PP023",
        "unknown-target",
        "input",
        """Say that a target is named which promptpack does not compile for.

        Why: a misspelt target renders nothing, and an `accept` for it accepts nothing.

        Mend: correct the name. `promptpack targets` prints all there are.

        Bad:

        ```yaml
        targets: [claude]
        ```

        Good:

        ```yaml
        targets: [claude-code]
        ```
        """,
    ),
    said(
        "PP025",
        "unknown-layout",
        "input",
        """Say that a model names a layout that does not exist.

        Why: without a layout, sections do not become a prompt.

        Mend: correct the name, or add `templates/layouts/<name>.md.j2`. `promptpack list layouts`
        prints all there are.

        Bad:

        ```yaml
        layout: markdwon
        ```

        Good:

        ```yaml
        layout: markdown
        ```
        """,
    ),
    said(
        "PP026",
        "no-default-variant",
        "input",
        """Say that a pack's default variant is none of its variants.

        Why: it is what `install`, `show` and the site begin with.

        Mend: name a model and a policy that the pack lists and does not exclude.

        Bad:

        ```yaml
        default: {model: claude, policy: review}
        model: [claude]
        policy: [read-only]
        ```

        Good:

        ```yaml
        default: {model: claude, policy: read-only}
        model: [claude]
        policy: [read-only]
        ```
        """,
    ),
    said(
        "PP027",
        "unknown-section",
        "input",
        """Say that an override drops a section that the pack does not have.

        Why: the section that was meant stays in the prompt.

        Mend: correct the name.

        Bad:

        ```yaml
        sections: {examples: ./examples.md}
        overrides: [{when: {model: small}, drop: [example]}]
        ```

        Good:

        ```yaml
        sections: {examples: ./examples.md}
        overrides: [{when: {model: small}, drop: [examples]}]
        ```
        """,
    ),
    said(
        "PP028",
        "patterns-not-taken",
        "input",
        """Say that a policy gives patterns for a capability that takes one value only.

        Why: no client looks at what such a tool is called with, so a pattern would promise what
        nobody holds.

        Mend: choose one value. Patterns go with `edit`, `execute`, `read`, `task` and `web_fetch`.

        Bad:

        ```yaml
        grep: {"*": deny, "src/*": allow}
        ```

        Good:

        ```yaml
        grep: allow
        ```
        """,
    ),
    said(
        "PP029",
        "unknown-pack",
        "input",
        """Say that a pack was asked for which the project does not have.

        Why: building nothing would look like success.

        Mend: correct the name. `promptpack list packs` prints all there are.

        Bad:

        ```console
        $ promptpack build --pack archtect
        ```

        Good:

        ```console
        $ promptpack build --pack architect
        ```
        """,
    ),
)
