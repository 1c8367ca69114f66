"""What one project shares: a stream of artifacts, origins where somebody asks, known sections."""

import tracemalloc
from collections import Counter
from pathlib import Path

import pytest

import support
from promptpack.build import build_project, render
from promptpack.model import Line, UserError
from promptpack.reading.project import load_project
from promptpack.rendering.sandbox import Templates
from promptpack.rendering.variants import Selection, choose_sections
from promptpack.session import Session

ROOT = Path(__file__).resolve().parents[1]

PROLOGUE = """\
# {{ pack.title }}

{% for section in sections %}
{% if section.name == "role" %}
# Who you are
{% else %}
## {{ loop.index }} {{ section.title }}
{% endif %}
{% for part in section.parts %}
{{ part.body }}
{% endfor %}
End of it.
{% endfor %}

Thank you.
"""


def sections_of(session: Session) -> list[tuple[str, str]]:
    artifact = next(render(session))
    return [(line.section, line.text) for line in session.tracer.trace_prompt(artifact)]


def renders(monkeypatch: pytest.MonkeyPatch) -> Counter[bool]:
    """Count plain (False) and marked (True) renders from here on."""
    counted: Counter[bool] = Counter()
    original = Templates.render

    def render_and_count(self: Templates, *arguments: object, marked: bool = False) -> str:
        counted[marked] += 1
        return original(self, *arguments, marked=marked)  # type: ignore[arg-type]  # passed on

    monkeypatch.setattr(Templates, "render", render_and_count)
    return counted


def test_the_stream_gives_what_the_build_gives() -> None:
    project = load_project(ROOT)
    streamed = [(one.path, one.content) for one in render(Session(project))]
    assert streamed == [(one.path, one.content) for one in build_project(project)]
    assert len(streamed) > 200


def test_a_stream_ends_with_every_error(tmp_path: Path) -> None:
    files = {
        "packs/demo/role.md": "{{ nothing }}\n",
        "templates/fragments/standards/small-steps.md": "{{ nobody }}\n",
    }
    stream = render(Session(load_project(support.make_project(tmp_path, files))))
    with pytest.raises(UserError) as raised:
        list(stream)
    assert [one.path for one in raised.value.findings] == [*files]


def test_nothing_is_marked_before_somebody_asks_for_origins(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    counted = renders(monkeypatch)
    session = Session(load_project(ROOT))
    artifacts = tuple(render(session))
    assert counted[True] == 0
    first = session.tracer.trace_prompt(artifacts[0])
    marked = counted[True]
    assert marked > 0
    assert session.tracer.trace_prompt(artifacts[0]) is first
    assert counted[True] == marked


def test_traced_lines_are_the_lines_that_are_shipped() -> None:
    session = Session(load_project(ROOT))
    for artifact in tuple(render(session)):
        lines = session.tracer.trace_prompt(artifact)
        assert "".join(f"{line.text}\n" for line in lines) == artifact.agent.prompt
    assert not session.untraced


def test_a_stream_needs_no_more_memory_for_more_variants(tmp_path: Path) -> None:
    def peak(count: int) -> int:
        pack = support.DEMO["packs/demo/pack.yaml"]
        long = "- A line that takes some room in the prompt.\n" * 2000
        files = {"packs/demo/role.md": f"You help.\n\n{long}"}
        for number in range(count):
            name = f"demo-{number}"
            files[f"packs/{name}/pack.yaml"] = pack.replace("name: demo", f"name: {name}")
            files[f"packs/{name}/role.md"] = f"You are number {number}.\n\n{long}"
        session = Session(load_project(support.make_project(tmp_path / str(count), files)))
        list(render(session, Selection(packs=("demo",))))  # imports and templates
        tracemalloc.start()
        for _ in render(session):
            pass
        size = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        return size

    assert peak(60) < 2 * peak(10)


def test_every_line_knows_its_section(tmp_path: Path) -> None:
    files = {"templates/layouts/plain.md.j2": PROLOGUE}
    session = Session(load_project(support.make_project(tmp_path, files)))
    found = [(section, text) for section, text in sections_of(session) if text]
    assert not session.untraced
    assert found[0] == ("title", "# Demo")
    assert found[1:3] == [("role", "# Who you are"), ("role", found[2][1])]
    headings = [(section, text) for section, text in found if text.startswith("## ")]
    assert [section for section, _ in headings] == [
        one.name for one in session.project.packs["demo"].sections if one.name != "role"
    ]
    assert [section for section, text in found if text == "End of it."] == [
        one.name for one in session.project.packs["demo"].sections
    ]
    assert found[-1] == ("", "Thank you.")


@pytest.mark.parametrize("model", ["claude", "gpt", "small"])
def test_every_line_of_the_reference_packs_belongs_to_a_section(model: str) -> None:
    session = Session(load_project(ROOT))
    for artifact in render(session, Selection(models=(model,))):
        sections = choose_sections(artifact.variant, artifact.target)
        names = {section.name for section in sections}
        lines: tuple[Line, ...] = session.tracer.trace_prompt(artifact)
        assert {line.section for line in lines} <= names | {"title", "permissions"}
        assert names <= {line.section for line in lines}
