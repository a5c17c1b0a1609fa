"""The program: argv in, exit code out. The only place that ends the process."""

import os
import sys
from collections.abc import Sequence

import click

from chaoslab.cli import chaoslab
from chaoslab.errors import ChaoslabError, Exit

DEBUG = "CHAOSLAB_DEBUG"


def main(argv: Sequence[str] | None = None) -> None:
    """Run one command and exit with its code."""
    sys.exit(outcome(argv))


def outcome(argv: Sequence[str] | None = None) -> int:  # noqa: PLR0911 - one return per kind of error, side by side
    """Run one command and return its exit code; every error becomes a message, none a traceback."""
    try:
        code = chaoslab.main(args=argv, prog_name="chaoslab", standalone_mode=False)
    except click.exceptions.Abort:
        return _say("interrupted", Exit.INTERRUPTED)
    except click.UsageError as error:
        where = f"\n  next: {error.ctx.command_path} --help" if error.ctx else ""
        return _say(error.format_message() + where, Exit.BAD_INPUT)
    except click.ClickException as error:
        return _say(error.format_message(), Exit.BAD_INPUT)
    except ChaoslabError as error:
        return _say(str(error), error.exit_code)
    except KeyboardInterrupt:
        return _say("interrupted", Exit.INTERRUPTED)
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # `chaoslab list | head`: nobody reads on
        return Exit.PASSED
    except Exception as error:  # a defect of ours: the user gets one sentence, the developer asks for the rest
        if os.environ.get(DEBUG):
            raise
        what = f"this is a defect in chaoslab: {type(error).__name__}: {error}"
        return _say(
            f"{what}\n  next: `chaoslab recover` puts the lab right; {DEBUG}=1 shows details for a report",
            Exit.TOOL_ERROR,
        )
    return int(code or 0)


def _say(message: str, code: Exit) -> int:
    click.echo(f"chaoslab: {message}", err=True)
    return int(code)


if __name__ == "__main__":
    main()
