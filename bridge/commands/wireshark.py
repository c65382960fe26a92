"""`labdissect wireshark`: a profile that shows verdicts in Wireshark, and a capture interface that makes them."""

from __future__ import annotations

import threading
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from labdissect.bridge.failures import DONE, UsageFailure
from labdissect.bridge.invocation import LANGUAGES, Invocation
from labdissect.bridge.options import shared

if TYPE_CHECKING:
    from labdissect.bridge.installation import Installation


@click.group("wireshark")
def command() -> None:
    """Verdicts in Wireshark: a profile, and a capture interface."""


@command.command("install")
@click.option("--extcap", is_flag=True, help="Also the interface labdissect in Wireshark's list of interfaces.")
@click.option("--force", is_flag=True, help="Overwrite what was there or was changed; a copy is kept.")
@shared
def install(invocation: Invocation, extcap: bool, force: bool) -> int:
    """Writes the configuration profile "labdissect".

    Columns for the verdict and its severity, colors by severity and phase, buttons for display filters.
    """
    from labdissect.bridge import wireshark_profile as profile
    from labdissect.bridge.page import Page

    folders = _folders()
    installed = _installed(folders)
    texts = profile.files(invocation.language())
    files = {installed.folder / name: text.encode() for name, text in texts.items()}
    programs: frozenset[Path] = frozenset()
    if extcap:
        from labdissect.bridge.extcap import launcher

        path, content = launcher(extcap_folder(folders))
        files[path] = content
        programs = frozenset({path})
    report = installed.install(files, force=force, executable=programs)
    page = Page()
    _list("written", report.written)
    _list("kept a copy", report.kept)
    _list("left, changed", report.left)
    page.blank()
    page.labelled("annotate", "labdissect capture.pcapng -o pcapng -w annotated.pcapng")
    page.labelled("open", f"wireshark -C {profile.NAME} annotated.pcapng")
    page.labelled("", f"or, in Wireshark: Edit, Configuration Profiles, {profile.NAME}")
    if extcap:
        page.labelled("capture", "choose the interface labdissect in Wireshark's list (after a new start, or F5)")
    page.labelled("undo", "labdissect wireshark uninstall")
    return DONE


@command.command("uninstall")
@click.option("--force", is_flag=True, help="Also what was changed after it was installed.")
@shared
def uninstall(invocation: Invocation, force: bool) -> int:
    """Removes what `install` wrote, and nothing else."""
    from labdissect.bridge.page import Page

    installed = _installed(_folders())
    if not installed.exists:
        raise UsageFailure(f"nothing is installed in {installed.folder}")
    report = installed.uninstall(force=force)
    page = Page()
    _list("removed", report.removed)
    _list("left", report.left)
    if report.left:
        page.labelled("", "these are yours, or you changed them (--force removes those that install wrote)")
    return DONE


def _list(label: str, paths: Iterable[Path]) -> None:
    """A path a line, not wrapped, so that it can be copied."""
    from labdissect.bridge.escape import visible
    from labdissect.bridge.page import padded

    for path in paths:
        click.echo(padded(label, 16) + visible(str(path)))
        label = ""


def _folders() -> dict[str, Path]:
    from labdissect.bridge import tshark

    return tshark.folders(tshark.find())


def _installed(folders: dict[str, Path]) -> Installation:
    from labdissect.bridge import wireshark_profile as profile
    from labdissect.bridge.installation import Installation

    folder = folders["Personal configuration"] / "profiles" / profile.NAME
    return Installation(folder, frozenset({profile.REMEMBERED}))


def extcap_folder(folders: dict[str, Path]) -> Path:
    """Where this user's own extcap programs go: tshark says so since 4.2; before, beside the configuration."""
    return folders.get("Personal Extcap path") or folders["Personal configuration"] / "extcap"


# what Wireshark starts; see extcap(4)


@command.command("extcap", hidden=True, context_settings={"ignore_unknown_options": True, "allow_extra_args": True})
@click.option("--extcap-interfaces", "asks_interfaces", is_flag=True)
@click.option("--extcap-dlts", "asks_link_types", is_flag=True)
@click.option("--extcap-config", "asks_config", is_flag=True)
@click.option("--extcap-capture-filter", "capture_filter")
@click.option("--capture", is_flag=True)
@click.option("--fifo", type=click.Path(path_type=Path))
@click.option("--interface")
@click.option("--file")
@click.option("--language", type=click.Choice(LANGUAGES), default="en")
@click.option("--patience", type=click.FloatRange(0, 3600))
def extcap_command(
    asks_interfaces: bool,
    asks_link_types: bool,
    asks_config: bool,
    capture_filter: str | None,
    capture: bool,
    fifo: Path | None,
    interface: str | None,
    file: str | None,
    language: str,
    patience: float | None,
) -> int:
    """The capture interface: answers Wireshark's questions, or captures."""
    from labdissect import __version__
    from labdissect.bridge import dumpcap, extcap, tshark

    if asks_interfaces:
        click.echo(f"extcap {{version={__version__}}}{{display=labdissect}}")
        click.echo(f"interface {{value={extcap.NAME}}}{{display=packets with verdicts}}")
    elif asks_link_types:  # of every interface: the packets themselves tell theirs, as it is pcapng
        click.echo("dlt {number=1}{name=EN10MB}{display=Ethernet}")
    elif asks_config:
        for line in extcap.sentences(dumpcap.interfaces(dumpcap.find(tshark.find()))):
            click.echo(line)
    elif capture:
        if fifo is None:
            raise UsageFailure("--capture needs --fifo: this command is for Wireshark to start")
        return _capture(fifo, interface, capture_filter, file, language, patience)
    return DONE


def _capture(
    fifo: Path,
    interface: str | None,
    capture_filter: str | None,
    file: str | None,
    language: str,
    patience: float | None,
) -> int:
    """From the capture to Wireshark's pipe, until either ends."""
    from labdissect.bridge import dumpcap, tshark
    from labdissect.bridge.extcap import PATIENCE, Commenter, Passage, Replay
    from labdissect.bridge.live import CaptureInterruption, LiveTshark
    from labdissect.bridge.problems import Problems
    from labdissect.bridge.run import annotate
    from labdissect.bridge.source import Source
    from labdissect.bridge.tshark_options import Options
    from labdissect.plugins.analyzer import Settings
    from labdissect.plugins.writer import Summary

    registry, problems, interruption = Invocation().registry, Problems(), CaptureInterruption()
    path = tshark.find()
    passage = Passage(language, None if file else PATIENCE if patience is None else patience)
    out = fifo.open("wb")  # waits for Wireshark, and may be ended by a signal meanwhile
    with interruption.installed():
        if file:
            capture: Any = Replay(Path(file))
        else:
            capture = dumpcap.Dumpcap(dumpcap.find(path), interface, capture_filter)
        running = LiveTshark(path, capture, "ek", Options(), tap=passage)

        def stop() -> None:
            running.stop_capture()
            passage.hurry()

        def pass_on() -> None:
            with suppress(OSError), out:  # Wireshark has closed the pipe, which out.close() finds, too
                for piece in passage.come_out():
                    out.write(piece)
                    out.flush()
            stop()
            running.ask_to_stop()  # what it has not dissected yet would come too late

        interruption.stops(stop)
        passing = threading.Thread(target=pass_on)
        passing.start()
        name = file or interface or "the first interface"
        source = Source(name, registry.readers["ek"], running.stream, tshark=running, interruption=interruption)
        summary = Summary()
        try:
            writer = Commenter(passage, language)
            annotate(source.chunks(), source.reader, writer, registry, problems, Settings(language), summary)
            passage.hurry()  # whatever tshark has not printed by now will not be judged
            passing.join()
            problem = capture.outcome(name, summary.packets)
            if problem is not None:
                problems(problem)
            if running.damage is not None and file:
                problems.say(f"{file}: {running.damage}")
        finally:
            source.close()
    if passage.unannotated:
        problems.say(f"packets passed on without verdicts: {passage.unannotated}; they came too fast to be judged")
    return DONE
