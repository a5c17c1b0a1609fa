"""The command line: one file per command, imported when it is called, so that `--help` stays quick."""

import importlib

import click

from chaoslab import __version__

COMMANDS = {
    "run": "Run suites against the lab and judge them.",
    "load": "Put load on the lab: its knee, where it breaks and how it bends.",
    "all": "Run chaos, load and stress one after the other, with one summary.",
    "plan": "Print what a run would do; starts nothing, needs no engine.",
    "validate": "Check scenario files and list every problem.",
    "list": "List suites and their scenarios.",
    "up": "Bring the lab up and wait until it is healthy.",
    "down": "Take the lab down.",
    "status": "Show every difference from the clean state.",
    "recover": "Put right everything that differs from the clean state.",
    "abort": "Stop a running run from another terminal.",
    "selftest": "Show that every known bug of the lab is caught, and that nothing else fails.",
    "judge": "Judge a stored run again, offline.",
    "doctor": "Say what this host can and cannot do, and what each lack costs.",
    "schema": "Print the JSON Schema of scenario files, of pattern files or of result.json.",
}
HIDDEN = ("guard",)
EXIT_CODES = """\b
Exit codes:
  0 all passed      1 a FAIL               2 bad input or usage
  3 INCONCLUSIVE    4 tool or lab error    5 lab left dirty
  130 interrupted, lab clean"""


class LazyGroup(click.Group):
    """A group that knows its commands' names and summaries without importing them."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 - click's signature
        """Name the commands in the order of the table."""
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002 - the same
        """Import the one command that is called."""
        if cmd_name not in COMMANDS and cmd_name not in HIDDEN:
            return None
        command = importlib.import_module(f"chaoslab.cli.{cmd_name}_command").command
        assert isinstance(command, click.Command)
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Add a suggestion to click's complaint about an unknown command."""
        try:
            return super().resolve_command(ctx, args)
        except click.UsageError as error:
            import difflib  # noqa: PLC0415 - only for the complaint

            close = difflib.get_close_matches(args[0], COMMANDS, n=1)
            hint = f" Did you mean {close[0]!r}?" if close else ""
            raise click.UsageError(error.message + hint, ctx) from error

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002 - the same
        """List the commands from the table."""
        with formatter.section("Commands"):
            formatter.write_dl(list(COMMANDS.items()))


@click.group(cls=LazyGroup, context_settings={"help_option_names": ["-h", "--help"]}, epilog=EXIT_CODES)
@click.version_option(__version__, prog_name="chaoslab")
def chaoslab() -> None:
    """Break a Docker Compose lab on purpose, prove it, measure recovery, put it right and judge."""
