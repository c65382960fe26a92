"""Many captures, one after another or at once: each becomes one output, and none stops the others.

What is done is written down as soon as it is done (:class:`Journal`), so that a run that was interrupted goes on where
it was. Outputs appear under their names when they are complete, never before.
"""

from __future__ import annotations

import hashlib
import importlib
import io
import json
import os
import shutil
import tempfile
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, redirect_stdout, suppress
from dataclasses import asdict, dataclass, field
from functools import lru_cache
from pathlib import Path
from stat import S_ISREG
from typing import TYPE_CHECKING, Any

from .escape import visible
from .failures import DONE, INCOMPLETE, Failure, UsageFailure
from .opening import STANDARD
from .problems import Problems

if TYPE_CHECKING:
    from concurrent.futures import Future

    from labdissect.plugins.rule import Rule
    from labdissect.plugins.writer import Summary

SUFFIXES = (".pcap", ".pcapng", ".cap", ".ntar")
"""What a folder is searched for, each also with .gz."""
JOURNAL = "results.jsonl"
"""In the folder of outputs: what became of each capture, a line each."""


@dataclass(frozen=True)
class Capture:
    """One input of a batch."""

    name: str
    """A path, or a URL that fsspec reads."""
    output: str
    """Its output's path within the folder of outputs, always with ``/``."""

    @property
    def remote(self) -> bool:
        """Whether it must be fetched."""
        return "://" in self.name


@dataclass(frozen=True, eq=False)
class Task:
    """One capture to annotate, with all that a worker needs to know; it can be pickled."""

    capture: Capture
    given: Mapping[str, Any]
    """The command line's options, by their names in ``labdissect --help``."""
    language: str
    plugins: tuple[str, ...]
    labelled: bool = False
    """The capture's name stands in the output, as the outputs will be joined."""


@dataclass
class Outcome:
    """What became of one capture."""

    capture: str
    output: str
    exit_code: int
    packets: int = 0
    conversations: int = 0
    verdicts: int = 0
    severities: dict[str, int] = field(default_factory=dict)
    """How many verdicts of each severity."""
    codes: dict[str, int] = field(default_factory=dict)
    """How many verdicts of each rule."""
    left_out: int = 0
    """How many of them are not in the output, as ``--only`` and its like ask."""
    problems: list[str] = field(default_factory=list)
    """What a single run would have said on stderr."""
    printed: str = ""
    """What plugins printed at the end."""
    fingerprint: str = ""
    """Of the capture and the options: a result is used again only while neither has changed."""


Done = tuple[Task, Outcome, Path | bytes | None]
"""A task that ended, and its output: a file that may be moved, or bytes from elsewhere; None when there is none."""
Executor = Callable[[Sequence[Task]], Iterator[Done]]
"""Where tasks are done: gives them back in the order in which they end."""


# What is to be done


def captures(names: Iterable[str]) -> list[Capture]:
    """The captures that files, folders (searched to the bottom), patterns and URLs name, each once, in order.

    :raises UsageFailure: when a name finds nothing
    """
    found: dict[str, Capture] = {}
    taken = {Path(JOURNAL).stem}
    counts: dict[str, int] = {}
    for name in names:
        for path, output in _found(name):
            if path in found:
                continue
            free = output
            while free.casefold() in taken:  # macOS and Windows keep A.pcap and a.pcap in one file
                count = counts[output] = counts.get(output, 1) + 1
                free = f"{output}~{count}"
            taken.add(free.casefold())
            found[path] = Capture(path, free)
    return list(found.values())


def _found(name: str) -> list[tuple[str, str]]:
    """Paths or URLs, each with what its output shall be called."""
    if name == STANDARD:
        raise UsageFailure("batch does not read standard input; without batch: tshark -r FILE -T ek | labdissect")
    if "://" in name:
        return [(url, _safe(url.rpartition("/")[2])) for url in _remote(name)]
    path = Path(name)
    if os.path.isdir(name):  # noqa: PTH112 (Path's raises where a folder on the way is locked)
        inside = sorted(_inside(path))
        if not inside:
            raise UsageFailure(f"{name}: no capture in this folder ({', '.join(SUFFIXES)}, also with .gz)")
        return [(str(one), "/".join(map(_safe, one.relative_to(path).parts)) or _safe(path.name)) for one in inside]
    if os.path.exists(name) or not any(mark in name for mark in "*?["):  # noqa: PTH110
        return [(name, _safe(path.name))]
    import glob

    # Path.glob takes no pattern that begins at the root
    matching = sorted(one for one in glob.glob(name, recursive=True) if _may_be_read(Path(one)))  # noqa: PTH207
    if not matching:
        raise UsageFailure(f"{name}: no file matches")
    return [(one, _safe(Path(one).name)) for one in matching]


def _inside(folder: Path) -> Iterator[Path]:
    """The captures in a folder, and the folders that cannot be searched: those fail by their names, as captures do."""
    locked: list[Path] = []
    for place, _, names in os.walk(folder, onerror=lambda error: locked.append(Path(error.filename))):
        for name in names:
            if _is_capture(name) and _may_be_read(one := Path(place, name)):
                yield one
    yield from locked


def _may_be_read(path: Path) -> bool:
    """Whether it is a plain file, or one of which nobody can tell before it is opened."""
    try:
        return S_ISREG(path.stat().st_mode)
    except PermissionError:
        return True
    except OSError:  # a link to nothing
        return False


def _is_capture(name: str) -> bool:
    return name.lower().removesuffix(".gz").endswith(SUFFIXES)


def _safe(name: str) -> str:
    """A file's name that stays in its folder on every system."""
    kept = "".join("_" if character in '<>:"/\\|?*' or not character.isprintable() else character for character in name)
    short = kept.strip(". ").encode()[:LONGEST_NAME].decode(errors="ignore")
    return short.rstrip(". ") or "_"


LONGEST_NAME = 200
"""Bytes of a name, of the 255 that file systems allow: suffixes need some."""


def _remote(url: str) -> list[str]:
    fsspec = _fsspec()
    try:
        filesystem, path = fsspec.core.url_to_fs(url)
        if filesystem.isdir(path):
            inside = [one for one in filesystem.find(path) if _is_capture(one)]
        else:
            inside = filesystem.glob(path) if any(mark in path for mark in "*?[") else [path]
    except Exception as error:  # each file system has its own errors
        raise UsageFailure(f"{url}: {error}") from error
    if not inside:
        raise UsageFailure(f"{url}: no capture there")
    return [filesystem.unstrip_protocol(one) for one in sorted(inside)]


def _fsspec() -> Any:
    try:
        return importlib.import_module("fsspec")
    except ImportError as error:
        raise UsageFailure("captures from a URL need fsspec: pip install labdissect[cluster]") from error


def fingerprint(task: Task, plugins: Sequence[Any]) -> str:
    """Of a capture, the options and the plugins: while it stays the same, so does the output.

    :param plugins: the states of the files that they are made of
    """
    from labdissect import __version__

    told: list[Any] = [__version__, sorted(task.given.items()), task.language, task.labelled]
    told += [task.capture.name, task.capture.output]
    told += [_state(task.capture.name), *plugins]
    return hashlib.sha256(json.dumps(told, default=str).encode()).hexdigest()[:32]


def _state(name: str) -> Any:
    """What changes when a file does; None for what is no file."""
    if "://" in name:
        filesystem, path = _fsspec().core.url_to_fs(name)
        with suppress(Exception):  # not every file system can tell; then it counts as unchanged
            return filesystem.ukey(path)
        return None
    with suppress(OSError):
        found = Path(name).stat()
        return found.st_size, found.st_mtime_ns
    return None


# One capture


def annotate(task: Task, folder: Path) -> tuple[Outcome, Path | None]:
    """Annotates one capture into a file in ``folder``; what goes wrong is in the outcome, nothing is raised."""
    from .commands.annotate import Job
    from .request import request

    printed, problems = io.StringIO(), _KeptProblems()
    outcome, read = Outcome(task.capture.name, task.capture.output, DONE), False
    descriptor, made = tempfile.mkstemp(dir=folder)
    os.close(descriptor)
    try:
        invocation = _invocation(task.language, task.plugins)
        asked = request({**task.given, "destination": made}, invocation.registry)
        with _at_hand(task.capture) as path, redirect_stdout(printed):
            if task.capture.remote:
                problems.fetched = path, task.capture.name
            job = Job(invocation, asked, (path,), label=task.capture.name if task.labelled else None, problems=problems)
            outcome.exit_code = job.one(path)
            _count(outcome, job.summary, invocation.registry.rules)
            read = True  # if only to find no packet in it: a rubric has something to say of that, too
    except Failure as failure:
        outcome.exit_code = failure.exit_code
        problems.say(str(failure))
    except Exception as error:  # one capture never stops the others
        outcome.exit_code = INCOMPLETE
        problems.say(f"{task.capture.name}: {type(error).__name__}: {error}")
    outcome.problems = problems.messages
    outcome.printed = printed.getvalue()
    if read:
        return outcome, Path(made)
    Path(made).unlink(missing_ok=True)
    return outcome, None


class _KeptProblems(Problems):
    """Keeps for the outcome what a single run would say on stderr."""

    def __init__(self) -> None:
        super().__init__()
        self.messages: list[str] = []
        self.fetched: tuple[str, str] | None = None
        """Where a capture from elsewhere is meanwhile, which changes with every run, and what it is called."""

    def say(self, message: str) -> None:
        """Keeps it, safe for a terminal."""
        if self.fetched is not None:
            message = message.replace(*self.fetched)
        self.messages.append(visible(message))

    def left_out(self, name: str, count: int) -> None:
        """Nothing: said of each of a hundred captures, it would hide what went wrong (:attr:`Outcome.left_out`)."""


@lru_cache(maxsize=1)
def _invocation(language: str, plugins: tuple[str, ...]) -> Any:
    """Definitions are loaded once in a process."""
    from .invocation import Invocation

    return Invocation(language, plugins)


@contextmanager
def _at_hand(capture: Capture) -> Iterator[str]:
    """The capture as a local file; what comes from a URL is there meanwhile."""
    if not capture.remote:
        if os.path.isdir(capture.name):  # noqa: PTH112 (as in _found, which names the folders that it could not search)
            try:
                os.scandir(capture.name).close()
            except OSError as error:
                raise UsageFailure(f"cannot search {capture.name}: {error.strerror}") from error
        yield capture.name
        return
    filesystem, path = _fsspec().core.url_to_fs(capture.name)
    with tempfile.TemporaryDirectory(prefix="labdissect-") as folder:
        local = Path(folder) / _safe(path.rpartition("/")[2])
        try:
            filesystem.get_file(path, str(local))
        except Exception as error:  # each file system has its own errors
            raise Failure(f"{capture.name} cannot be fetched: {type(error).__name__}: {error}") from error
        yield str(local)


def _count(outcome: Outcome, summary: Summary, rules: Mapping[str, Rule]) -> None:
    outcome.packets, outcome.conversations = summary.packets, summary.conversations
    outcome.verdicts, outcome.left_out = summary.verdicts, summary.left_out
    outcome.codes = dict(sorted(summary.codes.items()))
    for code, count in outcome.codes.items():
        severity = rules[code].severity if code in rules else "error"
        outcome.severities[severity] = outcome.severities.get(severity, 0) + count


# Here, in several processes


def in_processes(jobs: int, folder: Path) -> Executor:
    """An executor that runs so many captures at once; outputs are made in ``folder``."""

    def outcomes(tasks: Sequence[Task]) -> Iterator[Done]:
        from concurrent.futures import FIRST_COMPLETED, ProcessPoolExecutor, wait
        from concurrent.futures.process import BrokenProcessPool
        from multiprocessing import active_children, get_context

        waiting, tries = list(reversed(tasks)), dict.fromkeys(tasks, 0)
        while waiting:
            # spawn: a process that forked while threads ran may hang
            pool = ProcessPoolExecutor(jobs, get_context("spawn"), initializer=_worker_begins)
            running: dict[Future[tuple[Outcome, Path | None]], Task] = {}
            try:
                while waiting or running:
                    while waiting and len(running) < 2 * jobs:
                        task = waiting.pop()
                        running[pool.submit(annotate, task, folder)] = task
                    ended, _ = wait(running, return_when=FIRST_COMPLETED)
                    for future in ended:
                        outcome, made = future.result()
                        yield running.pop(future), outcome, made
            except BrokenProcessPool:  # a process was killed, perhaps for want of memory: each capture gets another try
                for task in running.values():
                    tries[task] += 1
                    if tries[task] < TRIES:
                        waiting.append(task)
                    else:
                        yield task, _killed(task), None
            finally:
                if running:  # given up: what the processes are at is not waited for
                    for process in active_children():
                        process.terminate()
                pool.shutdown(wait=True, cancel_futures=True)

    return outcomes


TRIES = 3
"""How often a capture is begun when the process that reads it is killed."""


def _worker_begins() -> None:
    """Ctrl-C goes to every process of a terminal; the first one decides what becomes of the others. When that is
    killed, they end with it: nobody would take what they make."""
    import signal
    from multiprocessing import parent_process
    from threading import Thread

    signal.signal(signal.SIGINT, signal.SIG_IGN)
    first = parent_process()
    if first is not None:

        def end_with_it() -> None:
            first.join()
            os._exit(INCOMPLETE)

        Thread(target=end_with_it, daemon=True).start()


def _killed(task: Task) -> Outcome:
    why = f"{task.capture.name}: the process that read it was killed {TRIES} times (too little memory?)"
    return Outcome(task.capture.name, task.capture.output, INCOMPLETE, problems=[why])


# What is done


class Journal:
    """What became of the captures, in a file that grows a line with each; read again when a batch is taken up."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self.known: dict[str, Outcome] = {}
        """By fingerprint."""
        newest: dict[str, Outcome] = {}  # an output holds what was written into it last
        with suppress(FileNotFoundError), path.open("rb") as lines:
            for line in lines:
                with suppress(ValueError, TypeError):  # the last line may be half a line
                    outcome = Outcome(**json.loads(line))
                    newest[outcome.output] = outcome
        self.known.update((outcome.fingerprint, outcome) for outcome in newest.values())

    def add(self, outcome: Outcome) -> None:
        """Writes one down."""
        with self._path.open("a", encoding="utf-8") as out:
            out.write(record(outcome))

    def finish(self, outcomes: Iterable[Outcome]) -> None:
        """Leaves exactly these, in this order."""
        rewritten = self._path.with_name(f".{self._path.name}")
        rewritten.write_text("".join(map(record, outcomes)), encoding="utf-8")
        rewritten.replace(self._path)


def record(outcome: Outcome) -> str:
    """An outcome as a line of JSON, the same for the same capture wherever and whenever it was read."""
    return json.dumps(asdict(outcome), ensure_ascii=True, separators=(",", ":")) + "\n"


def kept(output: Path | bytes, destination: Path) -> None:
    """Gives an output its name, at once and as a whole."""
    destination.parent.mkdir(parents=True, exist_ok=True)
    if isinstance(output, bytes):
        beside = destination.with_name(f".{destination.name}.part")
        beside.write_bytes(output)
        output = beside
    output.chmod(0o666 & ~_umask())  # temporary files are for their owner only
    output.replace(destination)


@lru_cache(maxsize=1)
def _umask() -> int:
    """The process's; it can only be read by setting it."""
    mask = os.umask(0)
    os.umask(mask)
    return mask


def joined(parts: Sequence[Path], destination: Path, *, headed: bool) -> None:
    """One file of many, in their order.

    :param headed: each begins with a line of headings, of which only the first is kept
    """
    beside = destination.with_name(f".{destination.name}.part")
    with beside.open("wb") as out:
        for part in parts:
            with part.open("rb") as lines:
                if headed and out.tell():
                    lines.readline()
                shutil.copyfileobj(lines, out, 1 << 20)
    beside.replace(destination)


class Batch:
    """Captures on their way to a folder of outputs.

    :param suffix: of outputs, without its dot
    :param plugins: the files that plugins are made of
    :param again: whether to read what an earlier run has finished already
    """

    def __init__(
        self, tasks: Sequence[Task], folder: Path, suffix: str, plugins: Sequence[Path] = (), *, again: bool = False
    ) -> None:
        self.tasks = tasks
        self._folder, self._suffix = folder, suffix
        self._journal = Journal(folder / JOURNAL)
        states = [_state(str(path)) for path in plugins]
        self._fingerprints = {task: fingerprint(task, states) for task in tasks}
        self._outcomes: dict[Task, Outcome] = {}
        for task in () if again else tasks:
            known = self._journal.known.get(self._fingerprints[task])
            if known is not None and self.output(task).exists():
                self._outcomes[task] = known

    def output(self, task: Task) -> Path:
        """Where a task's output is, once it is done."""
        return self._folder / f"{task.capture.output}.{self._suffix}"

    @property
    def done(self) -> list[Outcome]:
        """What became of the tasks that have ended, in this run or an earlier one."""
        return list(self._outcomes.values())

    def run(self, executor: Executor, shown: Callable[[Outcome], None]) -> None:
        """Does what is left; ``shown`` hears of each as it ends."""
        for task, outcome, output in executor([task for task in self.tasks if task not in self._outcomes]):
            outcome.fingerprint = self._fingerprints[task]
            if output is not None:
                try:
                    kept(output, self.output(task))
                except OSError as error:
                    if isinstance(output, Path):
                        output.unlink(missing_ok=True)
                    outcome.exit_code = INCOMPLETE
                    outcome.problems.append(f"{visible(str(self.output(task)))}: {error.strerror}; nothing was kept")
            self._journal.add(outcome)
            self._outcomes[task] = outcome
            shown(outcome)

    def finish(self) -> list[Outcome]:
        """What became of all, in the captures' order, as the journal has it from now on."""
        outcomes = [self._outcomes[task] for task in self.tasks]
        self._journal.finish(outcomes)
        return outcomes

    def join(self, destination: Path, *, headed: bool) -> None:
        """One file of all outputs, if there are any: else what an earlier run left there stays. Their folder goes."""
        outputs = [self.output(task) for task in self.tasks if self.output(task).exists()]
        if outputs:
            joined(outputs, destination, headed=headed)
        shutil.rmtree(self._folder, ignore_errors=True)
