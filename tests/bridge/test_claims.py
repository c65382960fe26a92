"""Two layers on one port: it is said once who reads the payload, and what is said is true."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.bridge.program import Ran, labdissect, quiet
from tests.conftest import CAPTURES, ek

NAME = "rdt-stop-and-wait"
"""To UDP port 9000."""
PLUGIN = """
from construct import GreedyBytes, Int8ub, Struct
from labdissect import Layer, Text, hookimpl
@hookimpl
def labdissect_layers():
    return [Layer("{name}", Text("Lab", "实验"), Struct("kind" / Int8ub, "rest" / GreedyBytes), over=({over},){more})]
"""
BLIND, LOOKING = "", ", matches=lambda data: True"
UDP = '("udp.port", 9000)'


def plugin(folder: Path, name: str, over: str = UDP, more: str = BLIND) -> Path:
    path = folder / f"of_{name}.py"
    path.write_text(PLUGIN.format(name=name, over=over, more=more), encoding="utf-8")
    return path


def run_with(*plugins: Path, capture: str = NAME, more: tuple[str | Path, ...] = ()) -> Ran:
    given = [word for path in plugins for word in ("--plugin", path)]
    return labdissect(*given, *more, stdin=b"" if more and more[-1] == "plugins" else ek(capture))


def test_two_plugins_on_one_port(tmp_path: Path) -> None:
    ran = run_with(plugin(tmp_path, "labone"), plugin(tmp_path, "labtwo"))
    said = (
        "labdissect: udp.port 9000 is claimed by layer labone (plugin of_labone) and by layer labtwo (plugin of_labtwo)"
        ": labtwo reads it, as it was loaded last; --decode-as udp.port==9000,labone chooses labone\n"
    )
    assert (ran.code, ran.err) == (0, said)
    assert b'"labtwo":{' in ran.out and b'"labone":{' not in ran.out


@pytest.mark.parametrize("name", ["labone", "labtwo"])
def test_a_layers_page_says_who_else_claims_its_place(name: str, tmp_path: Path) -> None:
    both = ("--plugin", plugin(tmp_path, "labone"), "--plugin", plugin(tmp_path, "labtwo"))
    page = quiet(labdissect("layers", name, *both)).text
    assert "udp.port 9000 is claimed by layer labone" in page
    assert "labtwo reads it" in " ".join(page.split())
    other = plugin(tmp_path, "labthree", '("udp.port", 9001)')
    assert "claimed" not in quiet(labdissect("layers", "labthree", *both, "--plugin", other)).text


def test_a_built_in_layers_page_says_it_too(tmp_path: Path) -> None:
    path = plugin(tmp_path, "labone", '("udp.port", 53)')
    page = " ".join(quiet(labdissect("layers", "dns", "--plugin", path)).text.split())
    assert "udp.port 53 is claimed by layer labone (plugin of_labone), and tshark dissects dns there" in page
    assert "claimed" not in quiet(labdissect("layers", "tcp", "--plugin", path)).text


def test_the_choice_that_it_offers_is_one(tmp_path: Path) -> None:
    both = plugin(tmp_path, "labone"), plugin(tmp_path, "labtwo")
    ran = quiet(run_with(*both, more=("--decode-as", "udp.port==9000,labone")))
    assert b'"labone":{' in ran.out and b'"labtwo":{' not in ran.out


@pytest.mark.parametrize(
    ("first", "second", "said"), [(LOOKING, LOOKING, 0), (BLIND, LOOKING, 0), (LOOKING, BLIND, 1), (BLIND, BLIND, 1)]
)
def test_layers_that_recognize_their_packets_share_a_port(first: str, second: str, said: int, tmp_path: Path) -> None:
    ran = run_with(plugin(tmp_path, "labone", more=first), plugin(tmp_path, "labtwo", more=second))
    assert (ran.code, ran.err.count("is claimed by")) == (0, said)
    assert b'"labtwo":{' in ran.out  # asked first, and it takes everything


@pytest.mark.parametrize("over", ['("udp.port", "*")', '("udp.port", 9001), ("tcp.port", 9000)'])
def test_other_places_are_no_matter(over: str, tmp_path: Path) -> None:
    looks = LOOKING if "*" in over else BLIND
    quiet(run_with(plugin(tmp_path, "labone", over, looks), plugin(tmp_path, "labtwo", '("udp.port", 9003)', looks)))


def test_a_port_that_tshark_dissects(tmp_path: Path) -> None:
    path = plugin(tmp_path, "labone", '("udp.port", 53)')
    ran = run_with(path, capture="dns-basic")
    assert (ran.code, ran.err.count("\n")) == (0, 1)
    said = "labdissect: udp.port 53 is claimed by layer labone (plugin of_labone), and tshark dissects dns there: both "
    assert ran.err.startswith(said)
    assert b'"dns":{' in ran.out and b'"labone":{' in ran.out and b'"dns.response"' in ran.out
    assert "-d udp.port==53,data " in ran.err
    alone = quiet(labdissect(CAPTURES / "dns-basic.pcapng", "--plugin", path, "-d", "udp.port==53,data"))
    assert b'"dns":{' not in alone.out and b'"labone":{' in alone.out


def test_a_protocol_number_that_tshark_dissects(tmp_path: Path) -> None:
    ran = run_with(plugin(tmp_path, "labone", '("ip.proto", 1)'), capture="icmp-echo")
    assert "tshark dissects icmp there: labone gets nothing" in ran.err
    assert b'"labone":{' not in ran.out


def test_plugins_lists_it_and_batch_says_it_once(tmp_path: Path) -> None:
    both = plugin(tmp_path, "labone"), plugin(tmp_path, "labtwo")
    page = quiet(run_with(*both, more=("plugins",))).text
    assert "is claimed by layer labone" in " ".join(page.split())
    captures = [CAPTURES / f"{name}.pcapng" for name in ("rdt-stop-and-wait", "rdt-go-back-n")]
    given = [word for path in both for word in ("--plugin", path)]
    ran = labdissect("batch", *captures, *given, "-w", tmp_path / "out")
    assert (ran.code, ran.err.count("is claimed by")) == (0, 1)
