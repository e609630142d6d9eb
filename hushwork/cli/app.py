"""The command line: every command, and how errors look to people."""

from __future__ import annotations

import sys
from typing import NoReturn

import typer
from rich.console import Console

import hushwork
from hushwork.cli.adapt import adapt_model
from hushwork.cli.advice import ANYWHERE, advised
from hushwork.cli.compile import compile_model
from hushwork.cli.customer import infer, models
from hushwork.cli.enclaves import policy
from hushwork.cli.proofs import prove, publish_model
from hushwork.cli.roles import gateway, hotkey, ledger, miner, serve, validator
from hushwork.cli.samples import sample
from hushwork.cli.share import share
from hushwork.cli.up import up
from hushwork.cli.verifying import verify
from hushwork.errors import HushworkError

app = typer.Typer(
    help="A network whose machines need not be trusted.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    add_completion=False,
)
for command in (
    up,
    infer,
    models,
    prove,
    verify,
    policy,
    share,
    sample,
    serve,
    ledger,
    miner,
    validator,
    gateway,
    hotkey,
):
    app.command()(command)
app.command("adapt")(adapt_model)
app.command("compile")(compile_model)
app.command("publish")(publish_model)


@app.command()
def version() -> None:
    """Print the version."""
    typer.echo(hushwork.__version__)


def main() -> None:
    """Run the command line. A stranger's error is one sentence and exit code 1."""
    try:
        with advised(ANYWHERE):
            app()
    except HushworkError as error:
        fail(sentence(error))
    except OSError as error:  # this machine's: no room, no permission, no such folder
        fail(f"{error.strerror or error}: {error.filename or 'on this machine'}")


def fail(text: str) -> NoReturn:
    """Say why, and end."""
    console = Console(stderr=True, soft_wrap=True, highlight=False)
    console.print(text, style="red", markup=False)
    sys.exit(1)


def sentence(error: HushworkError) -> str:
    """What went wrong, and what to do next where we know it."""
    text = str(error)
    return " ".join([f"{text[:1].upper()}{text[1:]}.", *getattr(error, "__notes__", [])])
