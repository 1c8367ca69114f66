"""What a source may reach: a variant and a line of a source in, out whether its file could change.

It is told from what is written alone. So it also holds for text that no output shows now, such as
that of a condition that is false, and it is never too little; what does change is traced.
"""

from collections.abc import Iterator

from promptpack.model import Project, Section, Variant
from promptpack.model.fields import find_client_settings, list_authored_fields
from promptpack.reading.roots import Kind, parse_source_path
from promptpack.rendering.includes import depends_on
from promptpack.rendering.prompt_keys import get_layout_name
from promptpack.rendering.sandbox import Templates
from promptpack.rendering.variants import choose_sections, iter_uses
from promptpack.source.frontmatter import Documents, split_front_matter
from promptpack.source.strict_yaml import DataPath
from promptpack.targets import TARGETS

_WITHOUT_EFFECT: dict[Kind, frozenset[str]] = {
    "packs": frozenset({"ignore", "expect"}),
    "shared": frozenset({"name", "out", "permissions", "installations"}),
    "fragments": frozenset({"title", "summary"}),
}
"""The keys of sources by kind that no output holds anything of."""

_TRACED = frozenset({one.name for one in list_authored_fields()} - {"name", "mode"})
"""The keys of packs that go into front matter as they are: whether they do is traced exactly."""

_READ_ONLY: dict[Kind, tuple[str, frozenset[str]]] = {
    "packs": ("pack", _TRACED | {"title", "tags"}),
    "models": ("model", frozenset({"title", "family", "context_window", "prompt_budget"})),
    "policies": ("policy", frozenset({"title", "summary"})),
}
"""The variable of templates by kind, and the keys that matter only where a template reads them."""


class SourceClosures:
    """The sources of the outputs of one project; what variants share is worked out once."""

    def __init__(self, project: Project, templates: Templates, documents: Documents) -> None:
        self.project, self.templates, self.documents = project, templates, documents
        self._shared = frozenset(shared.path for shared in project.shared.values())
        self._last: tuple[tuple[Section, ...], str, frozenset[str]] = ((), "", frozenset())

    def list_paths(self, variant: Variant, target: str) -> frozenset[str]:
        """Return the sources that decide about a variant's file for a target.

        Raises UserError where a template includes what there is not.
        """
        pack = variant.pack
        settings = find_client_settings(pack, target)
        paths = {pack.path, variant.model.path, variant.find_policy(target).path, settings.head}
        paths |= self._shared
        paths |= {file.source for file in pack.files if TARGETS[target].takes_files}
        if settings.prompt:
            return frozenset(paths | {settings.prompt} - {""})
        return frozenset(paths | self._list_template_paths(variant, target) | {pack.text} - {""})

    def _list_template_paths(self, variant: Variant, target: str) -> frozenset[str]:
        """Return the templates that a prompt is made of; its files for several clients ask once."""
        sections, layout = choose_sections(variant, target), get_layout_name(variant)
        last_sections, last_layout, paths = self._last
        if sections is not last_sections or layout != last_layout:
            names = {layout, *(use.fragment for use in iter_uses(sections))}
            paths = frozenset().union(*map(self.templates.dependencies.list_paths, names))
            self._last = sections, layout, paths
        return paths

    def may_reach(self, variant: Variant, target: str, path: str, line: int) -> bool:
        """Tell whether a change of a source, or of one line of it if not 0, may change a file.

        What goes into front matter as it is written counts only where templates read it too.
        """
        if path not in self.list_paths(variant, target):
            return False
        source = parse_source_path(path)
        if not line or source is None or path not in self.project.sources:
            return True
        kind = source.kind
        if kind in ("layouts", "heads") or self.project.is_text(path):
            return True
        if kind == "fragments" and not self._is_data(path, line):
            return True
        return any(
            self._matters(kind, data_path, variant, target)
            for data_path in self._find_data_paths(path, line)
        )

    def _is_data(self, path: str, line: int) -> bool:
        """Tell whether a line of a fragment is in its front matter, between the hyphens."""
        return 1 < line < split_front_matter(self.project.sources[path]).lines

    def _matters(self, kind: Kind, place: DataPath, variant: Variant, target: str) -> bool:
        """Tell whether what a source says at a place may change a variant's file for a target."""
        if not place:
            return True
        key, inner = str(place[0]), str(place[1]) if len(place) > 1 else ""
        if key in _WITHOUT_EFFECT.get(kind, ()) or place[:2] == ("variants", "default"):
            return False
        if variable := _find_variable(kind, key, inner):
            is_told = kind == "policies" and TARGETS[target].tells_policy
            return is_told or self._is_read(variant, target, variable)
        is_of_one_client = (kind, key) in (("packs", "clients"), ("models", "ids"))
        command = TARGETS[target].command
        clients = {target, command.client} if command else {target}
        return not (is_of_one_client and inner) or inner in clients

    def _is_read(self, variant: Variant, target: str, name: str) -> bool:
        """Tell whether a template of a variant reads a variable."""
        if find_client_settings(variant.pack, target).prompt:
            return False
        dependencies = self.templates.dependencies
        names = _list_template_names(variant, target)
        return any(depends_on(dependencies.reads(one), name) for one in names)

    def _find_data_paths(self, path: str, line: int) -> Iterator[DataPath]:
        """Yield what a line of YAML says; of one that others are indented under, what is around.

        A line on which nothing begins goes on with what began last.
        """
        document = self.documents.read(path)
        lines = {
            data_path: span.line for data_path, span in {**document.values, **document.keys}.items()
        }
        before = [number for number in lines.values() if number <= line]
        start = max(before, default=0)
        if not start:
            yield ()
        for data_path in (one for one, number in lines.items() if number == start):
            inner = [
                other
                for other, number in lines.items()
                if number > start and other[: len(data_path)] == data_path
            ]
            if inner and len(data_path) == 1:
                yield from inner
            else:
                yield data_path[:-1] if inner else data_path


def _list_template_names(variant: Variant, target: str) -> set[str]:
    """Return the names of the templates that a variant's prompt for a target is made of."""
    uses = iter_uses(choose_sections(variant, target))
    return {get_layout_name(variant), *(use.fragment for use in uses)}


def _find_variable(kind: Kind, key: str, inner: str) -> str:
    """Return the variable of templates that a key is, where it matters only if one reads it."""
    variable, keys = _READ_ONLY.get(kind, ("", frozenset()))
    if kind == "packs" and key == "vars":
        return f"vars.{inner}" if inner else ""
    return f"{variable}.{key}" if key in keys else ""
