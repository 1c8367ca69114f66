"""Pages of what is said of outputs: of what they grant, hold and would overwrite."""

from promptpack.lint.rule import said

RULES = (
    said(
        "PP101",
        "widened",
        "policy",
        """Say that a client would grant more than the policy says.

        Why: an agent that was reviewed as read-only must not have a shell because a client knows no
        other way. The message names each capability and what would become of it.

        Mend: leave the client out with `targets`, or accept the widening with a written reason.

        Bad:

        ```yaml
        targets: [opencode, cursor]     # the policy denies skills; Cursor can't
        ```

        Good:

        ```yaml
        targets: [opencode, cursor]
        accept:
          - {target: cursor, capability: skill, reason: "nobody has skills there"}
        ```
        """,
    ),
    said(
        "PP102",
        "needs-denied",
        "policy",
        """Say that a variant uses a fragment that needs what its policy denies.

        Why: a sentence about running tests makes no sense to an agent that may run nothing.

        Mend: mark the use `optional`, which leaves it out there, or take it out of the pack.

        Bad:

        ```yaml
        workflow: [workflow/run-the-tests]
        policy: [read-only]
        ```

        Good:

        ```yaml
        workflow: [{use: workflow/run-the-tests, optional: true}]
        policy: [read-only]
        ```
        """,
    ),
    said(
        "PP201",
        "refused-by-client",
        "client",
        """Say that a client would refuse the file, or read something else from it than was meant.

        Why: most clients drop such a file without a word, and one invalid file can stop all of
        OpenCode. Each file is held against the client's own strictness before it is written.

        Mend: the message says what is wrong: a prompt that is too long, a `${word}` that Gemini CLI
        fills in, a description that does not survive.

        Bad, for Gemini CLI:

        ```markdown
        - Read `${HOME}/.config`.
        ```

        Good:

        ```markdown
        - Read `$HOME/.config`.
        ```
        """,
    ),
    said(
        "PP301",
        "hidden-character",
        "text",
        """Say that a file holds a control character, a direction mark or another that deceives.

        Why: a right-to-left override makes a line read otherwise than it is, and tag characters are
        read by a model and by nobody else. In thousands of public agent files there is none.

        Mend: delete it. Its place and its code point are in the message.

        Bad, where `<U+202E>` stands for the character:

        ```markdown
        - Never print <U+202E>secrets.
        ```

        Good:

        ```markdown
        - Never print secrets.
        ```
        """,
    ),
    said(
        "PP402",
        "link-in-the-way",
        "paths",
        """Say that an output, or a folder above it, is a link.

        Why: writing through it would change a file somewhere else.

        Mend: remove the link, then build again.

        Bad:

        ```console
        $ ln -s ~/agents dist/opencode
        ```

        Good:

        ```console
        $ rm dist/opencode
        ```
        """,
    ),
    said(
        "PP403",
        "not-ours",
        "paths",
        """Say that a file is in the way which promptpack did not write, or which was edited since.

        Why: what somebody wrote there by hand would be lost.

        Mend: move an edit into the sources and a foreign file out of the way, or use `--force`,
        which keeps what is there as `.orig`.

        Bad:

        ```console
        $ echo "Be brief." >> dist/opencode/claude.review/.opencode/agents/guide.md
        ```

        Good:

        ```console
        $ echo "- Be brief." >> packs/guide/interaction.md
        ```
        """,
    ),
    said(
        "PP404",
        "manifest",
        "paths",
        """Say that the manifest of an output folder can't be trusted.

        Why: it comes from a newer promptpack, or lists a path outside its folder. Files are removed
        by what it says, so it is not followed.

        Mend: use the newer promptpack, or delete the manifest: files that are as built are
        recognised again, and any other is left alone.

        Bad: a `.promptpack.json` that lists `../../notes.md`.

        Good:

        ```console
        $ rm dist/.promptpack.json
        ```
        """,
    ),
    said(
        "PP405",
        "not-absorbed",
        "paths",
        """Say that an edit of an output can't be taken over into the sources.

        Why: the sources have changed since the file was built, the edit could belong to more than
        one of them, or no source alone makes that line. Guessing would change other outputs.

        Mend: name the source with `--to`, build first, or edit the fragment that the message names.

        Bad:

        ```console
        $ promptpack absorb guide.md
        ```

        Good:

        ```console
        $ promptpack absorb guide.md --to packs/guide/role.md
        ```
        """,
    ),
    said(
        "PP051",
        "revision",
        "input",
        """Say that a revision to compare can't be read.

        Why: the name is none, the clone is shallow, or the project is in no git repository.

        Mend: name a commit, branch or tag; in CI fetch the whole history. Two built folders can be
        compared without git.

        Bad:

        ```console
        $ promptpack diff no-such-branch
        ```

        Good:

        ```console
        $ promptpack diff origin/main
        ```
        """,
    ),
    said(
        "PP052",
        "accepted-report",
        "input",
        """Say that a file of accepted changes is not a saved report.

        Why: changes are accepted by their fingerprints, and a file without them would accept
        nothing while it looks as if it did.

        Mend: save the report as it is printed.

        Bad:

        ```console
        $ promptpack diff --format text > accepted.json
        ```

        Good:

        ```console
        $ promptpack diff --format json > accepted.json
        ```
        """,
    ),
)
