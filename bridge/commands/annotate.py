"""The main job: every input through the loop to one output."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO, cast

from labdissect.bridge.failures import DONE, INCOMPLETE, Failure, TsharkFailure, UsageFailure
from labdissect.bridge.guarded import GuardedWriter, called, guarded_columns, place
from labdissect.bridge.interruption import Interruption
from labdissect.bridge.invocation import Invocation
from labdissect.bridge.opening import STANDARD, opened
from labdissect.bridge.page import terminal_width
from labdissect.bridge.problems import Problems
from labdissect.bridge.request import Request, request
from labdissect.bridge.run import annotate as run
from labdissect.bridge.run import chunks_with_end
from labdissect.bridge.selection import SelectedWriter
from labdissect.bridge.source import Source
from labdissect.plugins.analyzer import Analyzer, Settings
from labdissect.plugins.registry import PluginError, Registry
from labdissect.plugins.writer import DraftingWriter, Problem, Summary, Writer, WriterFormat, WriterSettings

if TYPE_CHECKING:
    from labdissect.bridge.asking import Asked
    from labdissect.bridge.tshark import ChosenFrames


def annotate(invocation: Invocation, files: Sequence[str], given: Mapping[str, Any]) -> int:
    """Reads the files, or standard input when there are none, and writes them annotated; the exit code."""
    asked = request(given, invocation.registry)
    job = Job(invocation, asked, tuple(files) or (STANDARD,), terminal=is_terminal(asked))
    say_contested(invocation.registry, asked, job.problems)
    with job.interruption.installed():
        if len(job.files) == 1:
            return job.one(job.files[0])
        return joined([job.one_of_several(name) for name in job.files])


def say_contested(registry: Registry, asked: Request, problems: Problems) -> None:
    """Once for all inputs: which layers of plugins claim what is claimed already."""
    if registry.carried:
        from labdissect.bridge.claims import contested

        for claim in contested(registry, asked.decode_as, asked.options.decode_as):
            problems(Problem(claim))


def check_columns(asked: Request, format: WriterFormat, registry: Registry) -> None:
    """A mistake in ``--columns`` is found before an output is opened: it must not cost the file that is there.

    :raises UsageFailure: when there is one
    """
    if not asked.columns:
        return
    from labdissect.bridge.writers.cells import chosen_columns

    if not format.rows:
        rows = [name for name, writer in registry.writers.items() if writer.rows]
        raise UsageFailure(f"--columns is for {', '.join(rows)}; -o {format.name} has no columns to choose")
    chosen_columns(WriterSettings(chosen=asked.columns, known_columns=registry.columns, layers=registry.layers))


def joined(codes: Sequence[int]) -> int:
    """One exit code for several files: the worst, but where one file failed and others did not, the work is done."""
    worst = max(codes)
    return INCOMPLETE if worst != DONE and min(codes) != worst else worst


def is_terminal(asked: Request) -> bool:
    """Whether a person reads the output as it comes."""
    return asked.destination is None and sys.stdout is not None and sys.stdout.isatty()


def is_file(name: str) -> bool:
    """Whether the input is a file whose end is known to come, not a pipe."""
    return name != STANDARD and Path(name).is_file()


def _capture(source: Source, name: str) -> str | None:
    """The path of the capture file that tshark reads, if it reads one."""
    return name if source.tshark is not None and is_file(name) else None


@dataclass
class Job:
    """Files on their way to one output."""

    invocation: Invocation
    asked: Request
    files: Sequence[str]
    terminal: bool = False
    """Whether a person reads the output as it comes."""
    problems: Problems = field(default_factory=Problems)
    interruption: Interruption = field(default_factory=Interruption)
    label: str | None = None
    """What the capture is called in outputs that tell (the key ``file``); else its name, where there are several."""
    summary: Summary = field(default_factory=Summary)
    """Of the newest input."""
    begun: bool = False
    """Whether something is on the output."""

    def __post_init__(self) -> None:
        if len(self.files) > 1 and ((format := self.format_for("ek")).accepts or not format.joins):
            raise UsageFailure(
                f"-o {format.name} takes one file; for several: table, markdown, tsv, csv, jsonl or conversations"
            )

    @property
    def registry(self) -> Registry:
        """All there is."""
        return self.invocation.registry

    def format_for(self, reader: str) -> WriterFormat:
        """The output format: as asked for, else a table on a terminal, else what came in."""
        writers = self.registry.writers
        if self.asked.format is not None:
            return writers[self.asked.format]
        return writers["table"] if self.terminal and "table" in writers else writers.get(reader, writers["ek"])

    def one_of_several(self, name: str) -> int:
        """One file; its failure does not keep the others from being read."""
        try:
            return self.one(name)
        except TsharkFailure as failure:
            self.problems.say(str(failure))
            return failure.exit_code

    def one(self, name: str) -> int:
        """One input from beginning to end; its exit code."""
        expected = self.format_for("ek")
        reader = "ek" if not expected.accepts or "ek" in expected.accepts else expected.accepts[0]
        analyzers: list[Analyzer] = []
        # plugins' layers read whatever tshark has no dissector for
        whole = bool(expected.accepts or self.registry.carried)
        source = opened(
            name,
            self.registry,
            self.interruption,
            self.asked.options,
            self.problems,
            output=reader,
            columns=not expected.accepts,
            asking=None if whole else lambda tshark, own: self._fields(expected, analyzers, tshark, bytes_at_hand=own),
            jobs=self.asked.jobs,
        )
        if source.one_job and (self.asked.jobs or 1) > 1:
            self.problems(Problem(f"{source.name} is read by one tshark: {source.one_job}"))
        return self.annotated(source, name, analyzers or None)

    def annotated(self, source: Source, name: str, analyzers: Sequence[Analyzer] | None = None) -> int:
        """An open input to its end, which closes it; the exit code.

        :param name: of the FILE, for ``-Y``
        :param analyzers: those of this input, where they were made already
        """
        if source.lacking:
            lacking = ", ".join(source.lacking)
            self.problems(Problem(f"this tshark has no field {lacking}; what is read from it is left out"))
        format = self.format_for(source.reader.name)
        if format.accepts and source.reader.name not in format.accepts:
            source.close()
            needs = " or ".join(format.accepts)
            raise UsageFailure(f"-o {format.name} needs {needs} as input, and {source.name} is {source.reader.name}")
        self._check_columns(format, source)
        self._check_kind(format, source, name)
        numbers = self._chosen_frames(name)
        summary = self.summary = Summary()
        try:
            with self._output() as out:
                writer = self._writer(format, out, source, name, numbers)
                settings = self._settings(whole_capture=source.tshark is not None)
                chunks = chunks_with_end(source, summary, self.problems)
                run(chunks, source.reader, writer, self.registry, self.problems, settings, summary, analyzers)
                if numbers is not None and not summary.packets:
                    numbers.check()
        except KeyboardInterrupt:
            self.problems.close(source.name, summary, interrupted=True)
            raise
        except BrokenPipeError:
            raise
        except OSError as error:
            if error.filename is not None and not self.registry.is_built_in("writer", format.name):
                raise self._writer_failed(format, error) from error  # at a file of its own, not at the output
            raise Failure(f"{error.filename or self.asked.destination or 'the output'}: {error.strerror}") from error
        except Exception as error:
            if self.registry.is_built_in("writer", format.name) or isinstance(error, Failure):
                raise
            raise self._writer_failed(format, error) from error
        finally:
            source.close()
            if numbers is not None:
                numbers.close()
        self._finished(source, summary)
        return INCOMPLETE if self.problems.fatal else DONE

    @staticmethod
    def _writer_failed(format: WriterFormat, error: Exception) -> Failure:
        return Failure(f"the plugin that writes {format.name} failed: {place(error, format.make)}")

    def _check_columns(self, format: WriterFormat, source: Source) -> None:
        try:
            check_columns(self.asked, format, self.registry)
        except UsageFailure:
            source.close()
            raise

    def _check_kind(self, format: WriterFormat, source: Source, name: str) -> None:
        """Likewise what the format asks of input and output."""
        why = ""
        if format.of_capture and _capture(source, name) is None:
            why = f"-o {format.name} needs the capture in a file: labdissect FILE -o {format.name} -w OUTPUT"
        elif format.binary and self.terminal:
            why = f"-o {format.name} is nothing that a terminal could show; name a file with -w"
        if why:
            source.close()
            raise UsageFailure(why)

    @property
    def language(self) -> str:
        """Of verdicts."""
        return self.invocation.language(terminal=self.terminal)

    def _settings(self, *, whole_capture: bool) -> Settings:
        return self.asked.for_analyzers(self.language, whole_capture=whole_capture)

    def _fields(self, format: WriterFormat, analyzers: list[Analyzer], tshark: Path, *, bytes_at_hand: bool) -> Asked:
        """What to ask tshark for: what the rules read, what the output does.

        :param analyzers: is filled with those of this input
        """
        from labdissect.bridge.asking import asked_for
        from labdissect.plugins.conversations import FIELDS

        registry = self.registry
        try:
            analyzers += registry.analyzers(self._settings(whole_capture=True))
        except PluginError as error:
            raise UsageFailure(str(error)) from error
        columns = [one for name, one in registry.columns.items() if one.everywhere or name in self.asked.columns]
        named = [name for name in self.asked.columns if name not in registry.columns and "." in name]
        wanted = [getattr(one, "fields", None) for one in (*analyzers, *columns, format)]
        return asked_for((FIELDS, named, *wanted), registry.layers, tshark, bytes_at_hand=bytes_at_hand)

    def _chosen_frames(self, name: str) -> ChosenFrames | None:
        if self.asked.options.display_filter is None:
            return None
        from labdissect.bridge.tshark import ChosenFrames, find

        return ChosenFrames(find(), name, self.asked.options)

    @contextmanager
    def _output(self) -> Iterator[BinaryIO]:
        destination = self.asked.destination
        if destination is None:
            if sys.stdout is None:
                raise UsageFailure("standard output is closed; name a file with -w")
            yield sys.stdout.buffer
            return
        path = Path(destination)
        if path.exists() and any(Path(name).exists() and path.samefile(name) for name in self.files):
            raise UsageFailure(f"-w {destination} is the input itself; choose another name")
        try:
            out = path.open("ab" if self.begun else "wb")
        except OSError as error:
            raise UsageFailure(f"cannot write {destination}: {error.strerror}") from error
        with out:
            yield out

    def _writer_settings(self, source: Source, capture: str | None) -> WriterSettings:
        columns = guarded_columns(self.registry.columns, self.problems)
        return WriterSettings(
            language=self.language,
            columns=tuple(column for column in columns.values() if column.everywhere),
            chosen=self.asked.columns,
            known_columns=columns,
            layers=self.registry.layers,
            color=self._color(),
            width=terminal_width(),
            file=self.label or (source.name if len(self.files) > 1 else None),
            continues=self.begun,
            source_kind=source.reader.name,
            capture=capture,
            report=self.problems,
        )

    def _writer(
        self, format: WriterFormat, out: BinaryIO, source: Source, name: str, numbers: ChosenFrames | None
    ) -> Writer:
        settings = self._writer_settings(source, _capture(source, name))
        self.begun = True
        built_in = self.registry.is_built_in("writer", format.name)
        writer = format.make(out, settings) if built_in else GuardedWriter(format, out, settings)
        selection = self.asked.selection
        sparse = format.rows and selection.picks
        waits = format.waits != 0 and is_file(name)
        if waits:
            from labdissect.bridge.placing import SECONDS_ON_A_TERMINAL, PlacingWriter

            seconds = SECONDS_ON_A_TERMINAL if self.terminal else None
            drafting = cast(DraftingWriter, writer)
            writer = PlacingWriter(drafting, self.language, format.waits, seconds, sparse=sparse)
        if selection.everything() and numbers is None:
            return writer
        return SelectedWriter(writer, selection, numbers, sparse=sparse and not waits)

    def _color(self) -> bool:
        if self.asked.color != "auto":
            return self.asked.color == "always"
        return self.terminal and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"

    def _finished(self, source: Source, summary: Summary) -> None:
        """The closing lines; plugins hear of the end."""
        for name, plugin in self.registry.manager.list_name_plugin():
            hook = getattr(plugin, "labdissect_finish", None)
            if hook is None:
                continue
            try:
                called(hook, summary)
            except Exception as error:
                self.problems(Problem(f"plugin {name} failed: {place(error, hook)}", fatal=True, kind="plugin"))
        self.problems.close(source.name, summary)
