"""Pages of what is said while files are read: their text, their YAML, their keys and values."""

from promptpack.lint.rule import said

RULES = (
    said(
        "PP001",
        "unreadable-file",
        "input",
        """Say that a file cannot be read as text.

        Why: it is missing, larger than 1 MiB, not UTF-8, not a regular file, or a link that leads
        out of the project. Reading on would build something that nobody wrote.

        Mend: save it as UTF-8, put the file itself in place of the link, or take the reference out.

        Bad: `packs/guide/role.md` saved as Latin-1, or a link to `../../notes/role.md`.

        Good:

        ```console
        $ iconv -f latin1 -t utf-8 role.md -o role.md
        ```
        """,
    ),
    said(
        "PP002",
        "yaml-syntax",
        "input",
        """Say that a file is not valid YAML.

        Why: clients guess what such a file means, each in its own way. promptpack does not guess.

        Mend: the place is the first thing that can't be read; the cause may stand just before it.
        Mostly a value wants quotes.

        Bad:

        ```yaml
        description: Reviews code: reads, never writes
        ```

        Good:

        ```yaml
        description: "Reviews code: reads, never writes"
        ```
        """,
    ),
    said(
        "PP003",
        "duplicate-key",
        "input",
        """Say that a key is given twice in one mapping.

        Why: YAML readers keep the last one without a word. A second `edit: allow` at the end of a
        policy would undo the `edit: deny` that a reviewer read at its start.

        Mend: keep one of the two.

        Bad:

        ```yaml
        capabilities:
          edit: deny
          read: allow
          edit: allow
        ```

        Good:

        ```yaml
        capabilities:
          edit: deny
          read: allow
        ```
        """,
    ),
    said(
        "PP004",
        "surprising-scalar",
        "input",
        """Say that a plain word is not text to every YAML reader.

        Why: `no` is false for some readers, `010` is eight, `1:30` is ninety, `3.10` is `3.1`, and
        a date is no text. Characters that end a line for some readers only are refused here too.

        Mend: quote the text, or write `true`, `false` or a plain decimal number.

        Bad:

        ```yaml
        vars: {python: 3.10, strict: yes}
        ```

        Good:

        ```yaml
        vars: {python: "3.10", strict: true}
        ```
        """,
    ),
    said(
        "PP005",
        "yaml-feature",
        "input",
        """Say that a YAML feature is used which is not read here.

        Why: anchors, aliases and merges hide what a key really holds and can grow without bound;
        tags make some readers create objects; of several documents in a file readers take different
        ones.

        Mend: write the value out where it is needed.

        Bad:

        ```yaml
        read: &all allow
        grep: *all
        ```

        Good:

        ```yaml
        read: allow
        grep: allow
        ```
        """,
    ),
    said(
        "PP006",
        "deep-nesting",
        "input",
        """Say that YAML is nested deeper than 32 levels.

        Why: no input file needs a tenth of it. Deeper nesting is a mistake, or meant to exhaust
        what reads it.

        Mend: flatten it. Look for a bracket that is not closed.

        Bad:

        ```yaml
        tags: [[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[python]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]
        ```

        Good:

        ```yaml
        tags: [python]
        ```
        """,
    ),
    said(
        "PP007",
        "unclosed-head",
        "input",
        """Say that the head of a fragment has no end.

        Why: without the second line of hyphens the head is part of the prompt, and what it says of
        `needs` is not in force.

        Mend: end the head with a line of three hyphens. A text that starts with a horizontal rule
        starts with `***` instead.

        Bad:

        ```markdown
        ---
        needs: [execute]
        - Run the tests.
        ```

        Good:

        ```markdown
        ---
        needs: [execute]
        ---
        - Run the tests.
        ```
        """,
    ),
    said(
        "PP010",
        "wrong-value",
        "input",
        """Say that a value is of the wrong kind or out of bounds.

        Why: nothing is converted: a number in place of text, one name in place of a list or an
        effect that does not exist would mean something else to the next reader.

        Mend: write what the message asks for. `promptpack schema pack` prints what each key takes.

        Bad:

        ```yaml
        temperature: "0.5"
        default: denied
        ```

        Good:

        ```yaml
        temperature: 0.5
        default: deny
        ```
        """,
    ),
    said(
        "PP011",
        "missing-key",
        "input",
        """Say that a file lacks a key that it has to have.

        Why: there is no value that could be taken in its place without deciding for its author.

        Mend: write the key. Where the line above has a misspelt one, that is the cause.

        Bad:

        ```yaml
        name: guide
        description: Explains a code base.
        ```

        Good:

        ```yaml
        name: guide
        title: Guide
        description: Explains a code base.
        ```
        """,
    ),
    said(
        "PP012",
        "unknown-key",
        "input",
        """Say that a file has a key that means nothing.

        Why: a misspelt key is as good as none. `capabilites: {edit: deny}` would deny nothing, and
        read as if it did.

        Mend: correct its spelling or take it out.

        Bad:

        ```yaml
        sectoins: {role: ./role.md}
        ```

        Good:

        ```yaml
        sections: {role: ./role.md}
        ```
        """,
    ),
    said(
        "PP013",
        "wrong-name",
        "input",
        """Say that a name is not spelled as such names are, or a pack's name is not its folder's.

        Why: names become file names in every client, on every system. Capitals, spaces, dots and
        slashes are the same file on one and another on the next, or leave the folder.

        Mend: lower-case letters, digits and single hyphens; for a variable, underscores.

        Bad:

        ```yaml
        name: Code Guide
        ```

        Good:

        ```yaml
        name: code-guide
        ```
        """,
    ),
)
