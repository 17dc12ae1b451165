"""Every command's words: its options, its help and which module does it.

Modules that do the work are imported when their command runs, so that ``--help`` stays quick.
Every command returns its exit code; :func:`main` is the only place where a failure is presented.
"""

from __future__ import annotations

import signal
import sys
from collections.abc import Generator, Sequence
from contextlib import contextmanager
from types import FrameType
from typing import Annotated, Any, Literal

import typer
from typer.core import TyperGroup

from agentforge.cli import groups
from agentforge.cli.options import (
    AsJson,
    Company,
    Continue,
    Fork,
    FormatOption,
    MaxUsd,
    Org,
    Quiet,
    Resume,
    Set,
    Timeout,
    User,
)


class _Commands(TyperGroup):
    """All commands; one that is interrupted says so, where the library would end it without a word."""

    def make_context(self, *given: Any, **named: Any) -> Any:
        """Reads the command line (raises typer.Abort where Ctrl-C ended it)."""
        with _saying_so():
            return super().make_context(*given, **named)

    def invoke(self, ctx: Any) -> object:
        """Runs the command that was asked for (raises typer.Abort where Ctrl-C ended it)."""
        with _saying_so():
            return super().invoke(ctx)


@contextmanager
def _saying_so() -> Generator[None]:
    try:
        yield
    except KeyboardInterrupt as stop:
        _hear_no_more()
        raise typer.Abort from stop


def _hear_no_more() -> None:
    """A further Ctrl-C would only cut off what is said of the first; :func:`main` hears again."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)


app = typer.Typer(
    name="agentforge",
    cls=_Commands,
    help="An agent that turns what it had to work out once into tested tools in a git registry of your own.",
    no_args_is_help=True,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
    epilog="Exit codes: 0 done, 1 task failed, 2 usage, 3 configuration, 4 model, 5 limit, 6 approval, 7 sandbox, "
    "124 time-out, 130 interrupted. Every setting is also an environment variable: see 'agentforge config show'.",
)
app.add_typer(groups.tools, name="tools")
app.add_typer(groups.memory, name="memory")
app.add_typer(groups.persona, name="persona")
app.add_typer(groups.docs, name="docs")
app.add_typer(groups.sessions, name="sessions")
app.add_typer(groups.context, name="context")
app.add_typer(groups.sleep, name="sleep")
app.add_typer(groups.jobs, name="jobs")
app.add_typer(groups.model, name="model")
app.add_typer(groups.sandbox, name="sandbox")
app.add_typer(groups.packages, name="packages")
app.add_typer(groups.registry, name="registry")
app.add_typer(groups.config, name="config")
app.add_typer(groups.revoke)


def _show_version(wanted: bool) -> None:
    if wanted:
        from importlib.metadata import version

        typer.echo(f"agentforge {version('agentforge-toolsmith')}")
        raise typer.Exit


@app.callback()
def _options(
    version: Annotated[
        bool, typer.Option("--version", help="Show the version and leave.", callback=_show_version, is_eager=True)
    ] = False,
) -> None:
    del version


@app.command()
def run(
    prompt: Annotated[str, typer.Option("--prompt", "-p", help="The task; '-' reads it from stdin.", metavar="TEXT|-")],
    latest: Continue = False,
    resume: Resume = None,
    fork: Fork = False,
    org: Org = None,
    user: User = None,
    settings: Set = None,
    form: FormatOption = "text",
    max_usd: MaxUsd = None,
    max_turns: Annotated[
        int | None,
        typer.Option(
            "--max-turns",
            help="Model calls at the most (setting agent.max_steps); then exit code 5.",
            min=1,
            envvar="AGENTFORGE_MAX_TURNS",
        ),
    ] = None,
    timeout: Timeout = None,
    usage_file: Annotated[
        str | None,
        typer.Option(
            "--usage-file",
            help="Write what it took to this file, as JSON, also where it fails.",
            metavar="FILE",
            envvar="AGENTFORGE_USAGE_FILE",
        ),
    ] = None,
    quiet: Quiet = False,
) -> int:
    """Run one task: the answer goes to stdout, progress to stderr."""
    from agentforge.cli import running
    from agentforge.cli.options import Who

    request = running.Request(
        prompt,
        latest,
        resume,
        Who(org, user, settings),
        form,
        timeout,
        quiet,
        fork=fork,
        max_usd=max_usd,
        max_turns=max_turns,
        usage_file=usage_file,
    )
    return running.run(request)


@app.command()
def chat(
    latest: Continue = False,
    resume: Resume = None,
    fork: Fork = False,
    max_usd: MaxUsd = None,
    org: Org = None,
    user: User = None,
    settings: Set = None,
) -> int:
    """Talk with the agent. Ctrl-C stops a turn, Ctrl-D leaves, /help shows what else there is.

    -r alone lets you choose a session. You are asked before a tool reaches out, and for each tool that waits; lines
    from a pipe are answered in their order, and nobody is asked.
    """
    from agentforge.cli.chat import conversation
    from agentforge.cli.options import Who

    return conversation.chat(Who(org, user, settings), latest=latest, resume=resume, fork=fork, max_usd=max_usd)


@app.command()
def feedback(
    word: groups.Word,
    call: groups.CallId = None,
    expected: groups.Expected = None,
    raises: groups.Raises = None,
    form: FormatOption = "text",
    org: Org = None,
    user: User = None,
    settings: Set = None,
    quiet: Quiet = False,
) -> int:
    """Say whether a tool's answer was right; a correction becomes a test for good, and the tool is repaired."""
    from agentforge.cli import feedback as command
    from agentforge.cli.options import Who

    said = command.Said(word, call, expected, raises)
    return command.feedback(Who(org, user, settings), said, form, quiet=quiet)


@app.command()
def doctor(
    form: FormatOption = "text", json: AsJson = False, org: Org = None, user: User = None, settings: Set = None
) -> int:
    """Check everything AgentForge needs here, and say how to mend what is missing."""
    from agentforge.cli import doctor as command
    from agentforge.cli.options import Who

    return command.doctor(Who(org, user, settings), "json" if json else form)


@app.command()
def web(
    host: Annotated[str | None, typer.Option(help="Address to listen on.")] = None,
    port: Annotated[int | None, typer.Option(help="Port; 0 takes a free one.", min=0, max=65535)] = None,
    org: Org = None,
    user: User = None,
    settings: Set = None,
) -> int:
    """Show the tools in a browser, and decide there what waits (loopback, with a token)."""
    from agentforge.cli import serving
    from agentforge.cli.options import Who

    return serving.web(Who(org, user, settings), host=host, port=port)


@app.command()
def sync(
    remote: Annotated[
        str, typer.Argument(help="A git address (default: the setting sync.remote).", metavar="[REMOTE]")
    ] = "",
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only say what would come and go.")] = False,
    quiet: Quiet = False,
    form: FormatOption = "text",
    json: AsJson = False,
    org: Org = None,
    user: User = None,
    company: Company = False,
    settings: Set = None,
) -> int:
    """Carry your registry to a git remote and bring back what others, or your other machines, put there.

    What somebody signed whose key you named (sync.allowed_signers) is taken with its decisions. Everything else is a
    claim: its tools meet all gates here and wait for you. Nothing is ever dropped on either side.
    """
    from agentforge.cli import sync as command
    from agentforge.cli.options import Who

    who = Who(org, user, settings, company)
    return command.sync(who, remote, "json" if json else form, dry_run=dry_run, quiet=quiet)


@app.command()
def worker(
    once: Annotated[bool, typer.Option("--once", help="End when no job waits.")] = False,
    concurrency: Annotated[
        int | None, typer.Option("--concurrency", help="Jobs at once (setting worker.concurrency).", min=1, max=64)
    ] = None,
    settings: Set = None,
) -> int:
    """Run queued jobs of all users of this home, until Ctrl-C. Needs the extra 'worker'."""
    from agentforge.cli import worker as command
    from agentforge.cli.options import Who

    return command.worker(Who(sets=settings), once=once, concurrency=concurrency)


@app.command()
def mcp(
    http: Annotated[
        bool, typer.Option("--http", help="Over HTTP on loopback, with a token, instead of stdin and stdout.")
    ] = False,
    port: Annotated[
        int | None, typer.Option(help="Port of --http; 0 takes a free one (setting mcp.port).", min=0, max=65535)
    ] = None,
    org: Org = None,
    user: User = None,
    settings: Set = None,
) -> int:
    """Give your tools to any other agent (MCP). Needs the extra 'mcp'."""
    from agentforge.cli import mcp as command
    from agentforge.cli.options import Who

    return command.mcp(Who(org, user, settings), http=http, port=port)


@app.command()
def completion(
    shell: Annotated[Literal["bash", "zsh", "fish"], typer.Argument(help="Which shell.", metavar="bash|zsh|fish")],
) -> int:
    """Print what makes a shell complete commands, options, tools and sessions; put it into its start file."""
    from agentforge.cli.completing import script

    typer.echo(script(shell))
    return 0


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs one command line; returns the exit code.

    Raises:
        KeyboardInterrupt: it came while what would tell of it was being loaded. No other exception gets out.
    """
    given = _choosing(list(sys.argv[1:] if arguments is None else arguments))
    before = {signal.SIGTERM: signal.signal(signal.SIGTERM, _interrupt), signal.SIGINT: signal.getsignal(signal.SIGINT)}
    try:
        code = app(args=given, prog_name="agentforge", standalone_mode=False)
        if sys.stdout is not None:
            sys.stdout.flush()
    except SystemExit as ended:  # how the library ends where it only told a shell what completes a line
        if not isinstance(ended.code, int) or isinstance(ended.__context__, BrokenPipeError):
            return _presented(ended, given)
        return ended.code
    except BaseException as error:  # noqa: BLE001 - the outermost boundary: every failure becomes a sentence
        _hear_no_more()
        return _presented(error, given)
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
    return code if isinstance(code, int) else 0


def _choosing(given: list[str]) -> list[str]:
    """``chat -r`` without an id asks which one; the library has no options that may go without their value."""
    if given[:1] != ["chat"]:
        return given
    at = next((at for at, word in enumerate(given) if word in ("-r", "--resume")), len(given))
    alone = at < len(given) and (at + 1 == len(given) or given[at + 1].startswith("-"))
    return [*given[: at + 1], "?", *given[at + 1 :]] if alone else given


def _presented(error: BaseException, given: Sequence[str]) -> int:
    try:
        from agentforge.cli.failure import flush, present
    except Exception:
        if isinstance(error, KeyboardInterrupt | typer.Abort):  # which left half of a library loaded
            raise KeyboardInterrupt from None
        raise
    code = present(error, _form_asked_for(given))
    flush()
    return code


def _interrupt(number: int, frame: FrameType | None) -> None:
    """Being asked to end is the same as Ctrl-C: what runs is stopped and everything is closed."""
    del number, frame
    signal.raise_signal(signal.SIGINT)


def _form_asked_for(arguments: Sequence[str]) -> str:
    """The output format, also where the command line is too wrong to be parsed."""
    if "--json" in arguments:
        return "json"
    for at, word in enumerate(arguments):
        option, _, value = word.partition("=")
        if option in ("--output-format", "--output"):
            return value or next(iter(arguments[at + 1 :]), "text")
    from agentforge.settings import switch

    return switch("OUTPUT_FORMAT")
