"""Layouts that only place what they are given: each rendered once, its texts put in afterwards.

Most layouts print the texts of sections and look at nothing of them but their names and titles.
What such a layout writes around them is the same in all prompts with equal names and titles, and
with equal answers to what else it reads.
"""

from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple, TypeVar

from promptpack.model import Line, Origin, UserError
from promptpack.patterns import compile_late
from promptpack.rendering.blocks import RenderedPart, RenderedSection, make_outline
from promptpack.rendering.budget import ITEM, LIMITS
from promptpack.rendering.context import PackView, PartView, SectionView, make_values_key
from promptpack.rendering.lines import Lines, clean_lines
from promptpack.rendering.needs import NeedsDenied
from promptpack.rendering.placing import PACK_TEXTS, Placing
from promptpack.rendering.sandbox import Templates
from promptpack.source.text import FORBIDDEN

_OPEN, _CLOSE = "\U0010fffe", "\U0010ffff"
_PLACE = compile_late(f"{_OPEN}([0-9]+){_CLOSE}")
"""What stands in for a text; neither of its ends is in a source, nor in a mark."""

FRAMES_KEPT = 1_024
"""How many frames are kept; prompts of one layout mostly have the same one."""

Wrap = Callable[[SectionView], SectionView]
B = TypeVar("B")


class _PlacedText(NamedTuple):
    """What a layout writes: its own texts, and between them the numbers of the texts it places."""

    texts: tuple[str, ...]
    places: tuple[int, ...]


class Frames:
    """What the layouts of a project write around the texts that they are given."""

    def __init__(self, templates: Templates) -> None:
        self._templates = templates
        self._placings: dict[str, Placing] = {}
        self._frames: dict[Hashable, _PlacedText | None] = {}
        self._lines: dict[Hashable, Lines | None] = {}

    def render(
        self, name: str, context: Mapping[str, Any], views: Sequence[SectionView]
    ) -> str | None:
        """Return what a layout makes of sections, or None where that has to be rendered.

        `context` is what it sees beside the sections.
        """
        key = self._make_key(name, context, views)
        if key is None:
            return None
        if key not in self._frames:
            _make_room(self._frames)
            self._frames[key] = self._render_anew(name, context, views)
        frame = self._frames[key]
        if frame is None:
            return None
        values = [*_list_pack_texts(context), *_iter_texts(views)]
        pieces = [frame.texts[0]]
        for place, text in zip(frame.places, frame.texts[1:], strict=True):
            pieces += (values[place], text)
        text = "".join(pieces)
        return text if len(text) + ITEM * text.count("\n") <= LIMITS.output else None

    def trace(
        self,
        name: str,
        context: Mapping[str, Any],
        sections: Sequence[RenderedSection[Lines]],
        wrap: Wrap,
    ) -> Lines | None:
        """Return the lines that a layout makes of sections, or None where that has to be rendered.

        `wrap` makes of the view of a section one that tells when it is read.
        """
        pieces = self.place(name, context, sections, wrap)
        if pieces is None:
            return None
        placed: list[Line] = []
        for line, part in pieces:
            if part is None:
                placed.append(line)
            else:
                placed += [Line(text, own, line.section, more) for text, own, _, more in part.block]
        return tuple(placed)

    def place(
        self,
        name: str,
        context: Mapping[str, Any],
        sections: Sequence[RenderedSection[B]],
        wrap: Wrap,
    ) -> list[tuple[Line, RenderedPart[B] | None]] | None:
        """Return the lines that a layout writes, each with the part whose text stands there alone.

        None where the layout has to be rendered.
        """
        views = tuple(map(make_outline, sections))
        key = self._make_key(name, context, views)
        if key is None:
            return None
        if key not in self._lines:
            _make_room(self._lines)
            self._lines[key] = self._trace_anew(name, context, views, wrap)
        lines = self._lines[key]
        return None if lines is None else _put_in(lines, _list_pack_texts(context), sections)

    def _make_key(
        self, name: str, context: Mapping[str, Any], views: Sequence[SectionView]
    ) -> Hashable:
        """Return all that a layout's own text depends on, or None where it may be anything."""
        placing = self._find_placing(name)
        if placing is Placing.ALL:
            return None
        dependencies = self._templates.dependencies
        names = dependencies.list_variables(name)
        variables = [one for one in names if one != "pack" or placing is Placing.PACK]
        values = make_values_key(variables, dependencies.list_questions(name), context)
        forms = (
            (view.name, view.title, *((part.name, part.title) for part in view.parts))
            for view in views
        )
        return name, values, tuple(forms)

    def _find_placing(self, name: str) -> Placing:
        if name not in self._placings:
            self._placings[name] = self._templates.dependencies.find_placing(name)
        return self._placings[name]

    def _render_anew(
        self, name: str, context: Mapping[str, Any], views: Sequence[SectionView]
    ) -> _PlacedText | None:
        text = self._render_places(name, context, views, lambda view: view, marked=False)
        if text is None:
            return None
        texts = _PLACE.split(text)
        frame = _PlacedText(tuple(texts[::2]), tuple(map(int, texts[1::2])))
        return None if any(map(FORBIDDEN.search, frame.texts)) else frame

    def _trace_anew(
        self, name: str, context: Mapping[str, Any], views: Sequence[SectionView], wrap: Wrap
    ) -> Lines | None:
        text = self._render_places(name, context, views, wrap, marked=True)
        if text is None:
            return None
        start = Origin(self._templates.find(name).path, 1)
        return clean_lines(self._templates.markers.read(text, start))

    def _render_places(
        self,
        name: str,
        context: Mapping[str, Any],
        views: Sequence[SectionView],
        wrap: Wrap,
        *,
        marked: bool,
    ) -> str | None:
        """Return what a layout writes with a place for each text, or None where it fails."""
        values: dict[str, Any] = {**context, "sections": tuple(map(wrap, _make_places(views)))}
        if self._find_placing(name) is Placing.NOTHING:
            values["pack"] = _make_pack_place(context["pack"])
        try:
            return self._templates.render_frame(name, values, marked=marked)
        except (UserError, NeedsDenied):
            return None  # it fails of the texts themselves too, and that is what is reported


def _make_room(frames: dict[Hashable, Any]) -> None:
    if len(frames) >= FRAMES_KEPT:
        frames.clear()


def _make_place(number: int) -> str:
    return f"{_OPEN}{number}{_CLOSE}"


def _list_pack_texts(context: Mapping[str, Any]) -> list[str]:
    return [getattr(context["pack"], field) for field in PACK_TEXTS]


def _make_pack_place(view: PackView) -> PackView:
    name, title, description = (_make_place(number) for number in range(len(PACK_TEXTS)))
    return PackView(name, title, description, view.mode, view.tags)


def _iter_texts(views: Iterable[SectionView]) -> Iterator[str]:
    """Yield what can be placed, section by section: its text, then the bodies of its parts."""
    for view in views:
        yield view.text
        yield from (part.body for part in view.parts)


def _make_places(views: Iterable[SectionView]) -> Iterator[SectionView]:
    """Yield sections with a place for each text, numbered as `_iter_texts` yields the texts."""
    number = len(PACK_TEXTS)
    for view in views:
        parts = tuple(
            PartView(part.name, part.title, _make_place(number + n))
            for n, part in enumerate(view.parts, 1)
        )
        yield SectionView(view.name, view.title, parts, _make_place(number))
        number += 1 + len(parts)


def _put_in(
    lines: Lines, pack_texts: Sequence[str], sections: Iterable[RenderedSection[B]]
) -> list[tuple[Line, RenderedPart[B] | None]] | None:
    """Return lines with the parts that stand at their places, or None where there are others."""
    parts: list[RenderedPart[B] | None] = []
    for section in sections:
        parts += (None, *section.parts)
    pieces: list[tuple[Line, RenderedPart[B] | None]] = []
    for line in lines:
        if _OPEN not in line.text:
            pieces.append((line, None))
            continue
        whole = _PLACE.fullmatch(line.text)
        number = int(whole[1]) - len(pack_texts) if whole else -1
        part = parts[number] if number >= 0 else None
        if part is not None:
            pieces.append((line, part))
            continue
        numbers = [int(one) for one in _PLACE.findall(line.text)]
        if any(one >= len(pack_texts) or not pack_texts[one].strip() for one in numbers):
            return None
        text = _PLACE.sub(lambda match: pack_texts[int(match[1])], line.text)
        pieces.append((line._replace(text=text), None))
    return pieces
