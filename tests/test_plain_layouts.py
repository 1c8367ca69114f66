"""Layouts that are filled without Jinja: Jinja is the oracle for what they write and read."""

import random
import re
from collections.abc import Mapping
from pathlib import Path
from types import SimpleNamespace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from jinja2 import Environment, StrictUndefined, TemplateError, nodes

from promptpack.rendering.plain_layouts import PlainLayout, read_layout
from promptpack.rendering.tree_placing import find_placing
from promptpack.rendering.tree_questions import find_questions
from support import count_cases

ROOT = Path(__file__).parents[1]
LAYOUTS = {
    path.name.partition(".")[0]: path.read_text(encoding="utf-8")
    for path in sorted((ROOT / "templates/layouts").iterdir())
}
JINJA = Environment(  # noqa: S701 - prompts are no HTML
    trim_blocks=True, lstrip_blocks=True, keep_trailing_newline=True, undefined=StrictUndefined
)


def make_values(*sections: tuple[str, str, tuple[tuple[str, str, str], ...]]) -> dict[str, object]:
    """Return what a layout sees of some sections: names, titles, and parts with their texts."""
    views = [
        SimpleNamespace(
            name=name,
            title=title,
            parts=tuple(
                SimpleNamespace(name=one, title=two, body=text) for one, two, text in parts
            ),
            text=f"text of {name}",
            body=f"body of {name}",
        )
        for name, title, parts in sections
    ]
    pack = SimpleNamespace(name="demo", title="The Demo", description="Shows {{ it }}.")
    return {"pack": pack, "sections": tuple(views)}


VALUES = (
    make_values(),
    make_values(("role", "", ()), ("scope", "Scope", (("in", "In", "a\n\n b"), ("out", "", "")))),
    make_values(("done-when", "Done When, so", (("", "", "{% if %}{{ x }}\n"),)), ("a", "A", ())),
)


def require_same(text: str, values: Mapping[str, object]) -> None:
    """Require that a layout is left to Jinja, or writes and reads what Jinja says it does."""
    plain = read_layout(text)
    if plain is None:
        return
    assert plain.fill(values) == JINJA.from_string(text).render(values), text
    tree = JINJA.parse(text)
    assert plain.reads == find_names(tree), text
    assert (find_placing(tree), find_questions(tree)) == (PlainLayout.placing, frozenset()), text


def find_names(tree: nodes.Template) -> set[str]:
    """Return the names that a template loads, each with the field that is taken of it."""
    fields = {id(one.node): f".{one.attr}" for one in tree.find_all(nodes.Getattr)}
    names = [one for one in tree.find_all(nodes.Name) if one.ctx == "load"]
    return {f"{one.name}{fields.get(id(one), '')}" for one in names}


def test_layouts_of_the_library_need_no_jinja() -> None:
    plain = [name for name, text in LAYOUTS.items() if read_layout(text)]
    assert plain == ["as-written", "compact", "markdown", "xml"]
    for text in LAYOUTS.values():
        for values in VALUES:
            require_same(text, values)


PLAIN = (
    (
        "{% for s in sections %}{{ loop.index }}{% for p in s.parts %}.{{ loop.index0 }}"
        "{% endfor %}{{ loop.index }}{% endfor %}"
    ),
    "{% for s in sections %}{{ s.title | upper | lower | upper }}{{ s.name|lower }}{% endfor %}",
    (
        "{% for s in sections %}{% set t = s.name %}{% for p in s.parts %}{% set u = p.name %}"
        "{{ t }}{{ u | upper }}{% if u %}{{ t }}{% else %}-{% endif %}{% endfor %}{% endfor %}"
    ),
    (
        "{% for s in sections %}{% if s.title %}{% set t = s.title %}{{ t }}{% else %}"
        "{% set t = s.name %}{{ t }}{% endif %}{% endfor %}"
    ),
    "{% for s in sections %}\n  {% if s.name %}  \n x {% endif %} \n {% endfor %}\n\n ",
    " {% for s in sections %} {{ s.text }} {% endfor %}\n{{ pack.description }}\n",
    (
        "{% for s in sections %}{% for p in s.parts %}{% for q in s.parts %}{{ p.body }}"
        "{{ q.body }}{% endfor %}{% endfor %}{% endfor %}"
    ),
)


@pytest.mark.parametrize("text", PLAIN)
def test_a_plain_layout_needs_no_jinja(text: str) -> None:
    assert read_layout(text)
    for values in VALUES:
        require_same(text, values)


FOR_JINJA = (
    "{{ sections | length }}",
    "{{ target }}",
    "{{ loop.index }}",
    "{{ section.title }}",
    "{{ pack.title | upper }}",
    "{{ pack.mode }}",
    "{% if pack.title %}x{% endif %}",
    "{# a comment #}",
    "{{{ pack.title }}",
    "{{% if x %}",
    "{{ pack.title",
    "a\r\nb",
    "{% for s in sections %}{{ s.body | upper }}{% endfor %}",
    "{% for s in sections %}{% if s.text %}x{% endif %}{% endfor %}",
    "{% for s in sections %}{% set b = s.body %}{{ b }}{% endfor %}",
    "{% for s in sections -%}\n{{ s.text }}{% endfor %}",
    "{% for s in sections %}{{ s.text }}{% else %}none{% endfor %}",
    "{% for s in sections %}{% for s in sections %}x{% endfor %}{% endfor %}",
    "{% for s in sections %}{% for t in sections %}x{% endfor %}{% endfor %}",
    "{% for s in sections %}{{ s.text }}",
    "{% for s in sections %}{% if s.name %}{% endfor %}{% endif %}",
    "{% for s in sections %}{% if s.name %}{% set t = s.name %}{% endif %}{{ t }}{% endfor %}",
    "{% for s in sections %}{% set t = s.name %}{% endfor %}{{ t }}",
    "{% for s in sections %}{% set s = s.name %}{{ s }}{% endfor %}",
    "{% for pack in sections %}{{ pack.title }}{% endfor %}",
    "{% for s in sections %}{% set t = s.name %}{% set t = s.title %}{{ t }}{% endfor %}",
    "{% set sections = pack.title %}",
    "{% endfor %}",
    "{% raw %}{{ x }}{% endraw %}",
)


@pytest.mark.parametrize("text", FOR_JINJA)
def test_other_layouts_are_left_to_jinja(text: str) -> None:
    assert read_layout(text) is None


def test_a_layout_that_takes_much_is_left_to_jinja() -> None:
    """There is a budget for that, which counts more than this does."""
    parts = tuple(("", "", "x") for _ in range(3_000))
    loops = "{% for s in sections %}{% for p in s.parts %}{{ p.body }}{% endfor %}{% endfor %}"
    plain = read_layout(loops)
    assert plain
    assert plain.fill(make_values(("a", "A", parts[:100]))) == "x" * 100
    assert plain.fill(make_values(("a", "A", parts))) is None
    assert plain.fill(make_values(("a", "A", (("", "", "x" * (1 << 20)),)))) is None
    titles = read_layout('{% for s in sections %}{{ s.title | replace("a", "bbbb") }}{% endfor %}')
    assert titles
    assert titles.fill(make_values(("a", "a" * 900, ()))) == "b" * 3_600
    assert titles.fill(make_values(("a", "a" * 1_100, ()))) is None
    assert read_layout("x" * 100_000) is None


BLANKS = st.sampled_from(["", "", " ", "\n", "  \n", "\n\n", "\t", "x", "x ", "\n x", "{", "} "])
PRINTED = {
    "": ("pack.title", "pack.name"),
    "s": ("s.text", "s.body", "loop.index", "loop.index0"),
    "p": ("p.body", "loop.index"),
    "v": (),
}
TESTED = {
    "": ("pack.title", "v", "s.name"),
    "s": ("s.title", "s.name | upper", 's.name | replace("-", "_")', "s.title|lower"),
    "p": ("p.title | lower", "p.name", "p.title | replace('', ' . ') | upper"),
    "v": ("v", "v | upper"),
}
"""What is printed, and what is also tested and set, by the names that have to be known for it."""


def write_tag(draw: st.DrawFn, words: str) -> str:
    return f"{draw(BLANKS)}{{%{draw(st.sampled_from(['', ' ', '  ']))}{words} %}}{draw(BLANKS)}"


@st.composite
def write_block(draw: st.DrawFn, known: str = "", depth: int = 0) -> str:
    """Return a text with tags; seldom one that looks at a name that is not known there."""
    pieces = [draw(BLANKS)]
    for kind in draw(st.lists(st.sampled_from(["print", "set", "loop", "if"]), max_size=3)):
        if kind == "print" or depth > 3:
            words = draw(st.sampled_from(list_words(known, PRINTED) + list_words(known, TESTED)))
            pieces.append(f"{{{{ {words} }}}}{draw(BLANKS)}")
        elif kind == "set":
            words = draw(st.sampled_from(list_words(known, TESTED)))
            pieces.append(write_tag(draw, f"set v = {words}"))
            known += "" if "v" in known else "v"
        elif kind == "loop":
            words = "p in s.parts" if "s" in known else "s in sections"
            body = draw(write_block(f"{known}{words[0]}", depth + 1))
            pieces += (write_tag(draw, f"for {words}"), body, write_tag(draw, "endfor"))
        else:
            words = draw(st.sampled_from(list_words(known, TESTED)))
            pieces += (write_tag(draw, f"if {words}"), draw(write_block(known, depth + 1)))
            if draw(st.booleans()):
                pieces += (write_tag(draw, "else"), draw(write_block(known, depth + 1)))
            pieces.append(write_tag(draw, "endif"))
    return "".join(pieces)


def list_words(known: str, table: Mapping[str, tuple[str, ...]]) -> list[str]:
    found = [word for name in known for word in table[name]]
    return found or [*table[""]]


@pytest.mark.properties
@settings(max_examples=count_cases(400), deadline=None)
@given(text=write_block(), number=st.integers(0, len(VALUES) - 1))
def test_a_plain_layout_writes_what_jinja_writes(text: str, number: int) -> None:
    require_same(text, VALUES[number])


ODD = (
    *("{%", "%}", "{{", "}}", "{#", "#}", "{%-", "-%}", "{%+", "{{-", "-}}", "{", "}", "#", "##"),
    *("\t", "\x0b", "\x85", "\u2028", "\xa0", "\x1c", "\ufeff", "\u0130", "raw", "endraw", "elif"),
    *(
        "loop",
        "loop.first",
        "s.title",
        "s.text",
        "p.title",
        "v",
        "pack.mode",
        "|",
        "upper",
        "length",
    ),
    *('replace("", "-")', "replace('|upper', 'x')", "replace('a', 'b', 1)", "'a'", "None", "self"),
    *(
        "{% set v = s.title %}",
        "{{ v }}",
        "{% if v %}",
        "{% else %}",
        "{% endif %}",
        "{% endfor %}",
    ),
    *("{% for s in sections %}", "{% for p in s.parts %}", "{% for v in sections %}", "s . title"),
)
"""Pieces of a layout that mean something to Jinja, or look as if they did."""


@pytest.mark.properties
@settings(max_examples=count_cases(400), deadline=None)
@given(text=st.sampled_from((*LAYOUTS.values(), *PLAIN)), seed=st.integers(0, 1 << 32))
def test_a_layout_with_any_edit_means_what_jinja_says(text: str, seed: int) -> None:
    """Where Jinja refuses a layout, or it fails, no plain one is read that would write a text."""
    source, pieces = random.Random(seed), re.findall(r"\w+|\s|.", text)  # noqa: S311
    for _ in range(source.randint(1, 3)):
        place = source.randrange(len(pieces))
        pieces[place : place + source.randint(0, 3)] = source.choices(
            source.choice((pieces, ODD)), k=source.randint(0, 2)
        )
    text = "".join(pieces)
    for values in VALUES:
        try:
            require_same(text, values)
        except TemplateError as error:
            raise AssertionError(text) from error
