"""What a user asked for -> suites, projects and a plan. Reads files and compose's configuration; starts nothing, changes nothing."""

import random
from dataclasses import dataclass, field
from pathlib import Path

from chaoslab.lab.session import Project, read_project
from chaoslab.model.plan import Plan, Profile
from chaoslab.model.suite import Suite
from chaoslab.parse import Given, parse_suites
from chaoslab.parse.overlays import overlay_files
from chaoslab.plan import Overlaid, Selection, make_plan
from chaoslab.vocabulary import vocabulary


@dataclass(frozen=True)
class RunRequest:
    """What the user asked for. `files`: suites or folders of them; `compose_files`: the project's, in order.

    `defaults_only`: of the suites only those that say `"default": true`. `pause_on_fail`: end the run after the first FAIL.
    """

    files: tuple[Path, ...]
    compose_files: tuple[Path, ...]
    results: Path
    project: str | None = None
    profile: Profile = "quick"
    seed: int | None = None
    selection: Selection = field(default_factory=Selection)
    given: Given = field(default_factory=Given)
    strict: bool = False
    defaults_only: bool = False
    pause_on_fail: bool = False


@dataclass(frozen=True)
class Prepared:
    """A run before it starts. `overlaid`: the project with each set of overlays that a suite asks for."""

    suites: tuple[Suite, ...]
    project: Project
    overlaid: dict[tuple[str, ...], Project]
    plan: Plan

    def project_for(self, overlays: tuple[str, ...]) -> Project:
        """Return the project as these overlays make it."""
        return self.overlaid[overlays] if overlays else self.project

    @property
    def labs(self) -> Overlaid:
        """Return the lab as each set of overlays makes it."""
        return {overlays: project.spec for overlays, project in self.overlaid.items()}


def prepare(request: RunRequest) -> Prepared:
    """Read every file and make the plan. Raises InputError with every problem; starts nothing."""
    suites = parse_suites(request.files, vocabulary(), request.given)
    if request.defaults_only:
        suites = tuple(suite for suite in suites if suite.default)
    overlays = overlay_files(suites)
    project = read_project(request.compose_files, request.project)
    overlaid = {
        names: read_project((*request.compose_files, *files), request.project) for names, files in overlays.items()
    }
    seed = random.SystemRandom().randrange(2**31) if request.seed is None else request.seed
    labs = {names: with_overlays.spec for names, with_overlays in overlaid.items()}
    plan = make_plan(suites, project.spec, request.profile, seed, request.selection, labs)
    return Prepared(suites, project, overlaid, plan)
