"""Origins of lines: marking a template changes nothing of its text, and each line finds its home.

Templates are put together at random from all that Jinja has; every word in them is written in one
place only, so that a word tells where a rendered line was written.
"""

import re
from collections.abc import Iterator
from itertools import count

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from promptpack.model import Effect, Fragment, Line, Origin, Policy, Project
from promptpack.rendering.context import Params, PolicyView, Vars
from promptpack.rendering.line_markers import LineMarkers, strip_markers
from promptpack.rendering.sandbox import Templates
from support import count_cases

START = Origin("nowhere", 0)
WORD = re.compile(r"w\d+")

opens = st.sampled_from(["{%", "{%", "{%", "{%-", "{%+"])
closes = st.sampled_from(["%}", "%}", "%}", "-%}", "+%}"])
indents = st.sampled_from(["", "", "  ", "- ", "    - ", "\t", "> "])


class Author:
    """Writes random templates; `words` never gives one word twice."""

    def __init__(self, draw: st.DrawFn) -> None:
        self.draw, self.words = draw, (f"w{number}" for number in count())

    def tag(self, words: str) -> str:
        return f"{self.draw(opens)} {words} {self.draw(closes)}"

    def text(self, depth: int) -> str:
        return "".join(self.piece(depth) for _ in range(self.draw(st.integers(1, 4))))

    def piece(self, depth: int) -> str:
        simple = [self.line, self.line, self.blank, self.expression, self.comment, self.raw]
        inline = [self.inline_if, self.several_lines, self.statement]
        blocks = [self.choice, self.loop, self.captured, self.included, self.macro, self.scope]
        return self.draw(st.sampled_from(simple + inline + (blocks if depth else [])))(depth)

    def line(self, _: int) -> str:
        end = self.draw(st.sampled_from(["\n", "\n", "\n", " ", "  \n", "\n\n"]))
        return f"{self.draw(indents)}{next(self.words)} {next(self.words)}{end}"

    def blank(self, _: int) -> str:
        return self.draw(st.sampled_from(["\n", "  \n", "\n\n\n"]))

    def expression(self, _: int) -> str:
        before, after = self.draw(indents), self.draw(st.sampled_from(["\n", " ", "\n\n"]))
        form = self.draw(
            st.sampled_from(["{{{{ '{}' }}}}", "{{{{- '{}' -}}}}", "{{{{ '{}'\n }}}}"])
        )
        return before + form.format(next(self.words)) + after

    def several_lines(self, _: int) -> str:
        words = "\\n".join(next(self.words) for _ in range(3))
        return f"{{{{ '{words}' }}}} {next(self.words)}\n"

    def comment(self, _: int) -> str:
        inside = self.draw(st.sampled_from([" x ", "\n x\n\n", "- x -", " {{ x }} "]))
        return f"{{#{inside}#}}" + self.draw(st.sampled_from(["\n", ""]))

    def raw(self, _: int) -> str:
        words = f"{{{{ {next(self.words)} }}}}\n{next(self.words)} {{% {next(self.words)} %}}"
        end = self.draw(st.sampled_from(["%}", "-%}"]))
        return f"{self.draw(opens)} raw {end}{words}{{% endraw {end}\n"

    def statement(self, _: int) -> str:
        return f"{self.draw(st.sampled_from(['', '  ']))}{self.tag('set x = 1')}\n"

    def inline_if(self, _: int) -> str:
        yes = self.draw(st.sampled_from(["true", "false"]))
        start, then, otherwise, end = (next(self.words) for _ in range(4))
        return (
            f"{start} {self.tag(f'if {yes}')} {then} {self.tag('else')} {otherwise}"
            f"{self.tag('endif')} {end}\n"
        )

    def choice(self, depth: int) -> str:
        yes = self.draw(st.sampled_from(["true", "false"]))
        return (
            f"{self.tag(f'if {yes}')}\n{self.text(depth - 1)}{self.tag('else')}\n"
            f"{self.text(depth - 1)}{self.tag('endif')}\n"
        )

    def loop(self, depth: int) -> str:
        times = self.draw(st.integers(0, 2))
        inner = self.text(depth - 1)
        return f"{self.tag(f'for i in range({times})')}\n{inner}{self.tag('endfor')}\n"

    def captured(self, depth: int) -> str:
        name = f"c{self.draw(st.integers(0, 3))}"
        inner = self.text(depth - 1)
        return f"{self.tag(f'set {name}')}{inner}{self.tag('endset')}\n{{{{ {name} }}}}\n"

    def included(self, _: int) -> str:
        name = self.draw(st.sampled_from(["a", "b"]))
        return f"{self.tag(f'include {name!r}')}\n"

    def macro(self, depth: int) -> str:
        inner = self.text(depth - 1)
        return f"{self.tag('macro m()')}\n{inner}{self.tag('endmacro')}\n{{{{ m() }}}}\n"

    def scope(self, depth: int) -> str:
        return f"{self.tag('with y = 2')}\n{self.text(depth - 1)}{self.tag('endwith')}\n"


@st.composite
def libraries(draw: st.DrawFn) -> dict[str, str]:
    """Return the texts of a template and of two that it may include."""
    author = Author(draw)
    return {"a": author.text(0), "b": author.text(0), "main": author.text(3)}


def templates_of(texts: dict[str, str]) -> Templates:
    fragments = {
        name: Fragment(name, f"{name}.md", text, body=text) for name, text in texts.items()
    }
    return Templates(
        Project(packs={}, models={}, policies={}, fragments=fragments, layouts={}, sources={})
    )


def lines_of(texts: dict[str, str]) -> tuple[str, list[Line]]:
    """Return the plain text of the main template, and its marked lines without their marks."""
    templates = templates_of(texts)
    policy = PolicyView(Policy(Effect.DENY))
    context = {"policy": policy, "vars": Vars({"word": "said"}), "params": Params({})}
    marked = templates.render("main", context, marked=True)
    return templates.render("main", context), templates.markers.read(marked, START)


def misplaced(texts: dict[str, str], lines: list[Line]) -> Iterator[Line]:
    """Yield the lines whose first word is not written where their origin says."""
    for line in lines:
        words = WORD.findall(line.text)
        if words:
            path, number = line.origin
            home = texts[path.removesuffix(".md")].split("\n")[number - 1]
            if words[0] not in WORD.findall(home):
                yield line


@settings(deadline=None, max_examples=count_cases(200))
@given(libraries())
def test_marking_changes_nothing_and_every_line_finds_its_home(texts: dict[str, str]) -> None:
    plain, lines = lines_of(texts)
    assert "\n".join(line.text for line in lines) == plain
    assert list(misplaced(texts, lines)) == []


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a\nb\n", {"a": 1, "b": 2}),
        ("{# x #}a b\n", {"a b": 1}),
        ("{# x #}\na\n{# y #}\nb", {"a": 2, "b": 4}),
        ("{# x\n\n#}\na", {"a": 4}),
        ("{% if true %}\na\n{% endif %}\nb", {"a": 2, "b": 4}),
        ("{%- if true -%}\n\na\n{%- endif %}\nb", {"ab": 3}),
        ("x {%- if true %} y\n{% endif %}z", {"x y": 1, "z": 2}),
        ("{% for i in 'xy' %}\na{{ i }}\nb\n{% endfor %}c", {"ax": 2, "ay": 2, "b": 3, "c": 4}),
        ("\n{{ vars.word }}\n", {"said": 2}),
        ("{{\n vars.word }} b", {"said b": 1}),
        ("{% set c %}\n\na\n{% endset %}\n- {{ c }}", {"- ": 5, "a": 3}),
        ("{% raw %}\n{{ a }}\n{% endraw %}", {"{{ a }}": 2}),
        ("{{ 'a\\nb' }}\nc", {"a": 1, "b": 1, "c": 2}),
        ("{% filter upper %}\na\nb\n{% endfilter %}", {"A": 2, "B": 3}),
    ],
)
def test_origins_by_line(text: str, expected: dict[str, int]) -> None:
    plain, lines = lines_of({"main": text})
    assert "\n".join(line.text for line in lines) == plain
    assert {line.text: line.origin.line for line in lines if line.text.strip()} == expected


def test_included_lines_come_from_the_included() -> None:
    texts = {"main": "one\n{% include 'a' %}\ntwo\n", "a": "\nthree\n"}
    _, lines = lines_of(texts)
    found = {line.text: line.origin for line in lines if line.text}
    assert found == {"one": ("main.md", 1), "three": ("a.md", 2), "two": ("main.md", 3)}


def test_written_lines_are_read_back() -> None:
    templates = templates_of({"main": "x"})
    lines = [Line("  a", Origin("b", 7)), Line("", Origin("c", 1)), Line("d", Origin("b", 65_000))]
    written = templates.markers.write(lines)
    assert strip_markers(written) == "  a\n\nd"
    assert templates.markers.read(written, START) == lines


def test_a_line_too_far_down_makes_no_mark_that_says_something_else() -> None:
    text = "{% if true %}\n" + "\n" * 70_000 + "end\n{% endif %}"
    plain, lines = lines_of({"main": text})
    assert plain.strip() == "end"
    wrong = [line for line in lines if line.text == "end" and line.origin.line != 70_002]
    assert wrong == [] or "\n".join(line.text for line in lines) != plain


def test_text_without_marks_comes_from_where_it_began() -> None:
    marks: LineMarkers = templates_of({"main": "x"}).markers
    assert marks.read("a\nb", START) == [Line("a", START), Line("b", START)]
