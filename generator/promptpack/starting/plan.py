"""A new project: what is around a folder in, the files to write and what to say of them out."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from promptpack.importing.places import FoundFile
from promptpack.model import Project
from promptpack.model.sections import make_slug
from promptpack.output.gitattributes import make_gitattributes
from promptpack.output.manifest import MANIFEST
from promptpack.reading.project import load_project_or_none, replace_sources
from promptpack.reading.roots import OUTPUT_FOLDER, PACK_FILE, PROJECT_FILE
from promptpack.starting.packs import (
    DEFAULT_TARGETS,
    PackWish,
    add_acceptances,
    draft_pack,
    list_own_agents,
)
from promptpack.starting.project_files import (
    SITE_PAGES,
    make_hooks,
    make_prettierignore,
    make_project_file,
    make_schemas,
    make_site_page,
    make_site_settings,
    make_workflow,
)
from promptpack.starting.surroundings import Surroundings
from promptpack.targets import TARGETS

_OUTPUT_FOLDERS = (OUTPUT_FOLDER, "promptpack-dist")
"""The output folders to choose from: the first that is free, and that git does not ignore."""

_PACK_NAMES = ("reviewer", "change-reviewer", "promptpack-reviewer")


@dataclass(frozen=True)
class StartWish:
    """What was asked for: a name, the clients, and whether there should be hooks of pre-commit."""

    name: str = ""
    targets: tuple[str, ...] = ()
    with_hooks: bool = False


@dataclass
class StartPlan:
    """Texts by their paths from the top of the repository, what each is for, and what is kept.

    `kept` says for a path what to do, or nothing. `skipped` lie behind a link. `hand_kept` are the
    agent files that no pack of the project is named after. In the files of `to_replace` is a
    placeholder. `accepted` are capabilities by client.
    """

    surroundings: Surroundings
    contents: dict[str, str] = field(default_factory=dict)
    purposes: dict[str, str] = field(default_factory=dict)
    kept: dict[str, str] = field(default_factory=dict)
    skipped: list[str] = field(default_factory=list)
    hand_kept: tuple[FoundFile, ...] = ()
    to_replace: list[str] = field(default_factory=list)
    accepted: Mapping[str, list[str]] = field(default_factory=dict)
    out: str = OUTPUT_FOLDER

    def add(self, path: str, text: str, purpose: str, advice: str = "") -> bool:
        """Plan a file, or keep what is there, with some advice; tell whether it is new."""
        if self.surroundings.is_behind_link(path):
            self.skipped.append(path)
            return False
        if self.surroundings.has(path):
            self.kept[path] = "" if self.surroundings.holds(path, text) else advice
            return False
        self.contents[path], self.purposes[path] = text, purpose
        return True

    @property
    def ignored(self) -> list[str]:
        """The paths of which git leaves out what promptpack writes there."""
        ours = (*self.contents, f"{self.surroundings.prefix}{self.out}/{MANIFEST}")
        return [path for path in ours if self.surroundings.ignores(path)]


def plan_start(surroundings: Surroundings, wish: StartWish) -> StartPlan:
    """Return what it takes to have a project in a folder; nothing that is there is replaced.

    Raises UserError where what is there already is no project that builds.
    """
    project = load_project_or_none(surroundings.folder)
    plan = StartPlan(surroundings)
    files = surroundings.agent_files
    plan.hand_kept = tuple(file for file in files if file.stem not in project.packs)
    plan.out = project.out or _choose_output_folder(surroundings)
    name = wish.name or make_slug(surroundings.folder.name) or "agents"
    targets = wish.targets or surroundings.targets or DEFAULT_TARGETS
    agents = [*project.packs] or [_choose_pack_name(surroundings)]
    _plan_sources(plan, project, (name, agents[0]), targets)
    _plan_editor_files(plan)
    _plan_repository_files(plan, agents, with_hooks=wish.with_hooks)
    _plan_site(plan, name)
    return plan


def _plan_sources(
    plan: StartPlan, project: Project, names: tuple[str, str], targets: tuple[str, ...]
) -> None:
    """Plan the project file and, where there is no pack, one that builds with it."""
    around, prefix, (name, pack) = plan.surroundings, plan.surroundings.prefix, names
    path = f"{prefix}{PROJECT_FILE}"
    text = "".join(make_project_file(name, targets, plan.out, around.way_up))
    if PROJECT_FILE not in project.sources:
        project = replace_sources(project, {PROJECT_FILE: text})
    purpose = "what all packs share, and where agents are installed"
    if project.packs:
        plan.add(path, text, purpose)
        plan.kept[f"{prefix}packs"] = ""
        return
    draft = draft_pack(project, pack, PackWish("reviewer", has_schema=True))
    plan.accepted = {client: [*names] for client, names in draft.acceptances.items()}
    plan.add(path, text, purpose)
    _add_pack(plan, add_acceptances(draft, pack, {*around.targets, *targets}))


def _add_pack(plan: StartPlan, contents: Mapping[str, str]) -> None:
    for path, text in contents.items():
        is_pack = path.endswith(PACK_FILE)
        purpose = "an agent: sections, models, policy" if is_pack else "a text of that agent"
        plan.add(f"{plan.surroundings.prefix}{path}", text, purpose)


def _plan_editor_files(plan: StartPlan) -> None:
    for path, text in make_schemas():
        advice = f"if promptpack is newer: promptpack schema {path.split('/')[-1][:-5]} > {path}"
        plan.add(f"{plan.surroundings.prefix}{path}", text, "completion in editors", advice)


def _plan_repository_files(plan: StartPlan, agents: list[str], *, with_hooks: bool) -> None:
    """Plan what git, a forge and other tools of the repository read."""
    around = plan.surroundings
    built, installed = make_gitattributes(out=plan.out), make_gitattributes(agents)
    by_path = {f"{around.prefix}.gitattributes": built}
    by_path[".gitattributes"] = by_path.get(".gitattributes", "") + installed
    for path, text in by_path.items():
        advice = "add the lines of: promptpack targets --format gitattributes"
        plan.add(path, text, "which files are generated, for git and forges", advice)
    if around.uses_prettier:
        text = make_prettierignore(around.prefix, plan.out, agents)
        advice = f"add these lines: {' '.join(text.split())}"
        plan.add(".prettierignore", text, "files that prettier leaves alone", advice)
    if around.is_on_github:
        path = ".github/workflows/promptpack.yml"
        purpose = "checks outputs and shows changes in pull requests"
        if plan.add(path, make_workflow(around.prefix), purpose):
            plan.to_replace.append(path)
    if with_hooks:
        path = ".pre-commit-config.yaml"
        advice = "add the hooks promptpack-check and promptpack-lint"
        if plan.add(path, make_hooks(around.prefix), "checks before each commit", advice):
            plan.to_replace.append(path)


def _plan_site(plan: StartPlan, name: str) -> None:
    around, prefix = plan.surroundings, plan.surroundings.prefix
    advice = "add promptpack to its plugins for a site of the agents"
    purpose = "the site of the agents: promptpack docs serve"
    page = f"{prefix}{SITE_PAGES}/index.md"
    if around.is_behind_link(page):
        plan.skipped.append(page)
    elif plan.add(f"{prefix}mkdocs.yml", make_site_settings(name), purpose, advice):
        plan.add(page, make_site_page(name), "the first page of the site")


def _choose_output_folder(around: Surroundings) -> str:
    """Return a folder that holds nothing of others, and that git does not ignore."""
    for name in _OUTPUT_FOLDERS:
        path = f"{around.prefix}{name}"
        is_free = not around.has(path) or around.has(f"{path}/{MANIFEST}")
        if is_free and not around.ignores(f"{path}/{MANIFEST}"):
            return name
    return _OUTPUT_FOLDERS[-1]


def _choose_pack_name(around: Surroundings) -> str:
    """Return a name for a pack that no agent here has, and no client itself."""
    names = (*_PACK_NAMES, *(f"{_PACK_NAMES[-1]}-{number}" for number in range(2, 1000)))
    return next(name for name in names if not _is_taken(around, name))


def _is_taken(around: Surroundings, name: str) -> bool:
    is_agent = any(file.stem == name for file in around.agent_files)
    paths = (one.make_path(name) for one in TARGETS.values() if not one.block)
    is_pack = around.has(f"{around.prefix}packs/{name}")
    return is_agent or is_pack or any(map(around.has, paths)) or bool(list_own_agents(name))
