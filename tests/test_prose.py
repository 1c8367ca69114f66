"""What prompts share is looked at once, and gives what each of them gives alone."""

from hypothesis import given
from hypothesis import strategies as st

from promptpack.lint.prose import SentenceSplitter, skip_code_fences, split_sentences
from promptpack.model import Line, Origin

TEXTS = (
    *("", "  ", "# Role", "## Never do this", "<scope>", "</scope>", "#no heading"),
    *("- Run the tests. Then stop.", "1. Read it all:", "  - [ ] Ask (once).", "* *Wait.* Go."),
    *("Say why.", "You may not:", "**You may not:**", "it goes on", "Two. Three! Four? five"),
    *("| a | b |", "> Run it.", "```sh", "```", "~~~", "  ~~~~", "`code` Here."),
)
LINES = st.lists(
    st.builds(Line, st.sampled_from(TEXTS), st.builds(Origin, st.just("a.md"), st.integers(1, 3))),
    max_size=12,
)


@given(st.lists(LINES, max_size=4))
def test_prompts_together_have_the_sentences_that_each_has_alone(prompts: list[list[Line]]) -> None:
    splitter = SentenceSplitter()
    for lines in prompts:
        assert [*splitter.split(skip_code_fences(lines))] == [*split_sentences(lines)]


def test_a_sentence_has_the_heading_and_the_colon_that_stand_over_it() -> None:
    texts = (
        "# Role",
        "",
        "You may not:",
        "- Run it. Stop.",
        "- Read",
        "  it.",
        "",
        "## Next",
        "Go.",
    )
    lines = [Line(text, Origin("a.md", number)) for number, text in enumerate(texts, 1)]
    told = [(one.text, one.line.origin.line, one.lead) for one in split_sentences(lines)]
    assert told == [
        ("You may not:", 3, "# Role "),
        ("Run it.", 4, "# Role You may not:"),
        ("Stop.", 4, "# Role You may not:"),
        ("Read it.", 5, "# Role You may not:"),
        ("Go.", 9, "## Next "),
    ]
