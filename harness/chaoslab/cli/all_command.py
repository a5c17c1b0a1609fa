"""`chaoslab all`: chaos, load and stress, and one summary."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from chaoslab.cli.options import compose_files as chosen
from chaoslab.cli.options import (
    compose_options,
    given_variables,
    json_option,
    judging_options,
    results_option,
    suite_files,
)

if TYPE_CHECKING:
    from chaoslab.clock import Clock
    from chaoslab.everything import Part
    from chaoslab.model.result import RunResult
    from chaoslab.store import StopFlag

PARTS = ("chaos", "load", "stress")


@click.command("all")
@compose_options
@click.option("--skip", multiple=True, type=click.Choice(PARTS), help="Leave this part out, repeatable.")
@click.option("--profile", type=click.Choice(["quick", "full"]), default="quick", show_default=True)
@click.option("--seed", type=int, default=None, help="Decides every random choice.")
@results_option("Where its folder goes.")
@judging_options
@json_option
def command(compose_files: tuple[Path, ...], project: str | None, **options: Any) -> int:
    """Run the default suites, then all patterns of load, then the stress suites, and print one summary.

    A part that fails does not keep the next from running. Every file is read before the first part starts.
    """
    from chaoslab.cli.signals import stop_on_signals  # noqa: PLC0415 - `--help` stays quick
    from chaoslab.clock import SystemClock  # noqa: PLC0415 - the same
    from chaoslab.everything import run_all  # noqa: PLC0415 - the same
    from chaoslab.report.everything import lines  # noqa: PLC0415 - the same

    running = Running(SystemClock(), stop_on_signals(), chosen(compose_files), project, options)
    makers = {"chaos": running.chaos, "load": running.load, "stress": running.stress}
    parts = {name: make() for name, make in makers.items() if name not in options["skip"]}
    result = run_all(parts, options["results"], running.clock, running.stop)
    if options["as_json"]:
        click.echo(json.dumps(result.model_dump(mode="json"), indent=2, ensure_ascii=False))
    else:
        click.echo("\n".join(["", *lines(result, options["results"])]))
    return result.exit_code


@dataclass(frozen=True)
class Running:
    """What the parts share. Each of its methods reads a part's files (raises InputError) and returns how to run it."""

    clock: "Clock"
    stop: "StopFlag"
    compose_files: tuple[Path, ...]
    project: str | None
    options: Mapping[str, Any]

    def chaos(self) -> "Part":
        """Prepare the default suites."""
        return self._suites((), defaults_only=True)

    def stress(self) -> "Part":
        """Prepare the stress suites."""
        return self._suites((Path("stress"),), defaults_only=False)

    def load(self) -> "Part":
        """Prepare all patterns of load."""
        from chaoslab.cli.load_command import load_request  # noqa: PLC0415 - `--help` stays quick
        from chaoslab.load import prepare_load, run_load  # noqa: PLC0415 - the same
        from chaoslab.report.load_console import load_progress, print_load  # noqa: PLC0415 - the same

        options = {**self.options, "settings": {}, "users": None, "project": self.project}
        request = load_request((), compose_files=self.compose_files, **options)
        prepare_load(request)

        def part(results: Path) -> "RunResult":
            with load_progress(quiet=self.options["as_json"], plain=self.options["noninteractive"]) as progress:
                result = run_load(replace(request, results=results), self.clock, self.stop, progress)
            if not self.options["as_json"]:
                print_load(result, results)
            return result

        return part

    def _suites(self, names: tuple[Path, ...], *, defaults_only: bool) -> "Part":
        from chaoslab.prepare import RunRequest, prepare  # noqa: PLC0415 - `--help` stays quick
        from chaoslab.report.console import console_progress, print_result  # noqa: PLC0415 - the same
        from chaoslab.run import run  # noqa: PLC0415 - the same

        request = RunRequest(
            files=suite_files(names),
            compose_files=self.compose_files,
            results=self.options["results"],
            project=self.project,
            profile=self.options["profile"],
            seed=self.options["seed"],
            given=given_variables({}),
            strict=self.options["strict"],
            defaults_only=defaults_only,
        )
        prepare(request)

        def part(results: Path) -> "RunResult":
            with console_progress(quiet=self.options["as_json"], plain=self.options["noninteractive"]) as progress:
                result = run(replace(request, results=results), self.clock, self.stop, progress)
            if not self.options["as_json"]:
                print_result(result, results)
            return result

        return part
