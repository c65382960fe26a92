"""The work of `labdissect batch`: what it needs is imported when there are captures to annotate, not for ``--help``."""

from __future__ import annotations

import importlib
import importlib.util
import os
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import asdict
from pathlib import Path
from time import monotonic
from typing import TYPE_CHECKING, Any

import click

from labdissect.bridge import batch
from labdissect.bridge.batch import Outcome, record
from labdissect.bridge.escape import indented, visible, width
from labdissect.bridge.failures import INTERRUPTED, Failure, UsageFailure
from labdissect.bridge.invocation import Invocation
from labdissect.bridge.jobs.choosing import cores
from labdissect.bridge.opening import STANDARD
from labdissect.bridge.options import SEVERITIES
from labdissect.bridge.plugin_files import plugin_files
from labdissect.bridge.problems import Problems
from labdissect.bridge.request import request

from .annotate import check_columns, joined, say_contested

if TYPE_CHECKING:
    from labdissect.bridge.batch import Executor

JOINABLE = {"jsonl": False, "conversations": False, "csv": True, "tsv": True}
"""Formats of which one file can hold many captures, and whether each begins with a line of headings."""
SUFFIX = {"conversations": "conversations.jsonl", "table": "txt", "markdown": "md"}
"""Of outputs, where it is not the format's name."""


def annotate_many(
    invocation: Invocation,
    names: tuple[str, ...],
    destination: str,
    *,
    jobs: int | None,
    cluster: str | None,
    results: str | None,
    again: bool,
    given: dict[str, Any],
) -> int:
    """Annotates the captures that ``names`` stand for; the exit code."""
    asked = request({**given, "color": "never", "destination": None}, invocation.registry)
    format = asked.format or _usual_format(destination)
    given |= {"color": "never", "output": tuple(dict.fromkeys((*given["output"], format)))}
    if destination == STANDARD or "://" in destination:
        raise UsageFailure(f"-w {destination}: outputs go to a folder or FILE on this machine")
    single = _is_one_file(destination)
    if single and format not in JOINABLE:
        raise UsageFailure(f"-o {format} cannot hold several captures: name a folder with -w, or ask for {_JOINABLE}")
    check_columns(asked, invocation.registry.writers[format], invocation.registry)
    if results is not None:
        _check_results(Path(results))
    # os.path: Path's raises where a folder on the way is locked; the registry has loaded them and would have said so
    plugins = tuple(str(Path(name).resolve()) if os.path.isfile(name) else name for name in invocation.plugins)  # noqa: PTH113
    spoken = invocation.language(terminal=False)
    tasks = [batch.Task(capture, given, spoken, plugins, single) for capture in batch.captures(names)]
    if single and any(_is_same(task.capture.name, destination) for task in tasks):
        raise UsageFailure(f"-w {destination} is one of the captures; choose another name")
    say_contested(invocation.registry, asked, Problems())
    folder = _folder(Path(f"{destination}.parts" if single else destination))
    with _named_errors():
        made_of = plugin_files(invocation.registry)
        work = batch.Batch(tasks, folder, SUFFIX.get(format, format), made_of, again=again)
        for outcome in work.done:
            _say(outcome)
        try:
            with _executor(cluster, jobs or cores(), folder) as execute, _progress(len(tasks), len(work.done)) as shown:
                work.run(execute, shown)
        except KeyboardInterrupt:
            said = f"labdissect: stopped after {len(work.done)} of {len(tasks)}; the same command goes on"
            click.echo(said, err=True)
            return INTERRUPTED
        outcomes = work.finish()
        if single:
            work.join(Path(destination), headed=JOINABLE[format])
        if results is not None:
            _write_results(Path(results), outcomes)
    _print_summary(outcomes)
    return joined([outcome.exit_code for outcome in outcomes])


_JOINABLE = ", ".join(JOINABLE)


def _usual_format(destination: str) -> str:
    """Where ``-o`` says nothing: FILE.csv is csv."""
    suffix = Path(destination).suffix.removeprefix(".")
    return suffix if suffix in JOINABLE and _is_one_file(destination) else "jsonl"


def _is_one_file(destination: str) -> bool:
    """Whether ``-w`` names a file for all: by its suffix, unless a folder is there or a slash says that it is one."""
    is_folder = destination.endswith(("/", os.sep)) or os.path.isdir(destination)  # noqa: PTH112 (Path's raises)
    return not is_folder and Path(destination).suffix != ""


def _is_same(capture: str, destination: str) -> bool:
    try:
        return os.path.samefile(capture, destination)  # noqa: PTH121 (a URL is none)
    except OSError:  # one of them is not there, or locked
        return False


@contextmanager
def _named_errors() -> Iterator[None]:
    """Whatever else cannot be read or written ends the batch with its name; what is done stays done."""
    try:
        yield
    except OSError as error:
        if error.filename is None:  # a broken pipe, a full disk: the command line's own business
            raise
        raise Failure(
            f"{error.filename2 or error.filename}: {error.strerror}; when that is mended, the same command goes on"
        ) from error


def _folder(path: Path) -> Path:
    try:
        path.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise UsageFailure(f"-w {path}: {error.strerror}") from error
    return path


@contextmanager
def _executor(cluster: str | None, jobs: int, folder: Path) -> Iterator[Executor]:
    if cluster is None:
        from labdissect.bridge.batch import in_processes
        from labdissect.bridge.workplace import workplace

        with ExitStack() as stack:
            try:
                place = stack.enter_context(workplace(folder))
            except OSError as error:
                raise UsageFailure(f"-w {folder}: {error.strerror}") from error
            yield in_processes(jobs, place)
        return
    from labdissect.bridge.cluster import on_cluster

    with on_cluster(cluster, jobs) as execute:
        yield execute


@contextmanager
def _progress(total: int, done: int) -> Iterator[Callable[[Outcome], None]]:
    """A bar with rate and remaining time where a person looks on; failures as they come in any case."""

    if sys.stderr is None or not sys.stderr.isatty():
        yield _say
        return
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    columns = (BarColumn(), MofNCompleteColumn(), TextColumn("{task.fields[rate]}"), TimeRemainingColumn())
    with Progress(*columns, console=Console(stderr=True)) as bar:
        task = bar.add_task("captures", total=total, completed=done, rate="")
        packets, began = 0, monotonic()

        def shown(outcome: Outcome) -> None:
            nonlocal packets
            packets += outcome.packets
            _say(outcome)
            bar.update(task, advance=1, rate=f"{packets / max(monotonic() - began, 1e-9):,.0f} packets/s")

        yield shown


def _say(outcome: Outcome) -> None:
    """What went wrong with a capture, under its name."""
    name = visible(outcome.capture)
    for problem in outcome.problems:
        Problems().say(problem if name in problem else f"{name}: {problem}")


def _check_results(path: Path) -> None:
    """That they can be written is found out before an hour's work, not behind it."""
    if path.suffix not in (".jsonl", ".parquet"):
        raise UsageFailure(f"--results {path}: write FILE.jsonl or FILE.parquet")
    if path.suffix == ".parquet" and importlib.util.find_spec("pyarrow") is None:
        raise UsageFailure("--results FILE.parquet needs pyarrow: pip install labdissect[parquet]")
    try:
        with tempfile.TemporaryFile(dir=path.parent):
            pass
        if path.exists():
            path.open("ab").close()
    except OSError as error:
        raise UsageFailure(f"--results {path}: {error.strerror}") from error


def _write_results(path: Path, outcomes: Sequence[Outcome]) -> None:
    if path.suffix == ".jsonl":
        path.write_text("".join(map(record, outcomes)), encoding="utf-8")
        return
    pyarrow: Any = importlib.import_module("pyarrow")
    parquet: Any = importlib.import_module("pyarrow.parquet")
    counts = pyarrow.map_(pyarrow.string(), pyarrow.int64())
    schema = pyarrow.schema(
        [
            *((name, pyarrow.string()) for name in ("capture", "output")),
            *((name, pyarrow.int64()) for name in ("exit_code", "packets", "conversations", "verdicts", "left_out")),
            *((name, counts) for name in ("severities", "codes")),
            ("problems", pyarrow.list_(pyarrow.string())),
            ("printed", pyarrow.string()),
        ]
    )
    rows = [{**asdict(one), "severities": [*one.severities.items()], "codes": [*one.codes.items()]} for one in outcomes]
    parquet.write_table(pyarrow.Table.from_pylist(rows, schema), path)


def _print_summary(outcomes: Sequence[Outcome]) -> None:
    """A line for each capture, and one for all."""
    all_of_them = "1 capture" if len(outcomes) == 1 else f"{len(outcomes)} captures"
    total = Outcome(all_of_them, "", joined([outcome.exit_code for outcome in outcomes]))
    for outcome in outcomes:
        total.packets += outcome.packets
        total.conversations += outcome.conversations
        total.verdicts += outcome.verdicts
        for severity, count in outcome.severities.items():
            total.severities[severity] = total.severities.get(severity, 0) + count
    columns = ("capture", "packets", "conversations", "verdicts", *reversed(SEVERITIES), "exit")
    rows = [columns, *(_row(outcome) for outcome in outcomes), _row(total)]
    widths = [max(width(row[column]) for row in rows) for column in range(len(columns))]
    for row in rows:
        first = row[0] + " " * (widths[0] - width(row[0]))
        rest = (indented(cell, size) for cell, size in zip(row[1:], widths[1:], strict=True))
        click.echo("  ".join((first, *rest)))
    if left_out := sum(outcome.left_out for outcome in outcomes):
        Problems().left_out(all_of_them, left_out)
    for outcome in outcomes:
        if outcome.printed:
            click.echo(f"\n{visible(outcome.capture)}\n" + "\n".join(map(visible, outcome.printed.splitlines())))


def _row(outcome: Outcome) -> tuple[str, ...]:
    counts = (outcome.packets, outcome.conversations, outcome.verdicts)
    severities = (outcome.severities.get(severity, 0) for severity in reversed(SEVERITIES))
    return (visible(outcome.capture), *(f"{count:,}" for count in (*counts, *severities)), str(outcome.exit_code))
