"""pyshark reads our EK, once it was taught, and our PDML; the working directory is not trusted on the way."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from tests.bridge.program import environment, labdissect, quiet
from tests.conftest import CAPTURES, tshark

FOUR = CAPTURES / "tcp-four-way-close.pcapng"

READ_EK = """
import sys, labdissect
from pyshark.tshark.output_parser.tshark_ek import packet_from_ek_packet
labdissect.teach_pyshark(sys.argv[2:])
packets = [packet_from_ek_packet(line) for line in open(sys.argv[1], "rb") if not line.startswith(b'{"index"')]
"""
READ_PDML = """
import re, sys
from pyshark.tshark.output_parser.tshark_xml import packet_from_xml_packet
text = open(sys.argv[1], "rb").read()
packets = [packet_from_xml_packet(found) for found in re.findall(rb"<packet>.*?</packet>", text, re.DOTALL)]
"""


def python(script: str, *arguments: str | Path, folder: Path) -> str:
    command = [sys.executable, "-c", script, *map(str, arguments)]
    ran = subprocess.run(command, capture_output=True, env=environment(), cwd=folder, text=True, check=False)
    assert ran.returncode == 0, ran.stderr
    return ran.stdout


def test_ek(tmp_path: Path) -> None:
    annotated = tmp_path / "annotated.ek"
    annotated.write_bytes(quiet(labdissect(FOUR)).out)
    script = READ_EK + (
        "fin = packets[9]\n"
        "assert fin.labdissect.code[0] == 'tcp.fin.first', fin.labdissect.code\n"
        "assert fin.labdissect.headline == fin.labdissect.verdict[0]\n"
        "assert fin.labdissect.about[0] == 10\n"
        "assert fin.labdissect.state.client == 'FIN-WAIT-1'\n"
        "assert fin.tcp.srcport == 40000\n"
        "print(len(packets))"
    )
    assert python(script, annotated, folder=tmp_path) == "13\n"


def test_layers_of_a_plugin(tmp_path: Path) -> None:
    (tmp_path / "note.py").write_text(
        "from construct import Int8ub, Struct\n"
        "from labdissect import Layer, Text, hookimpl\n"
        "@hookimpl\n"
        "def labdissect_layers():\n"
        "    return [Layer('labnote', Text('Note', '便条'), Struct('kind' / Int8ub))]\n"
    )
    line = '{"layers":{"frame":{"frame_frame_protocols":"","frame_frame_len":"1","frame_frame_time_epoch":"1"},'
    (tmp_path / "a.ek").write_text(line + '"labnote":{"labnote_labnote_kind":"7"}}}\n')
    script = READ_EK + "print(packets[0].labnote.kind + 1)"
    assert python(script, "a.ek", "note.py", folder=tmp_path) == "8\n"


def test_a_configuration_in_the_working_directory_is_neither_read_nor_run(tmp_path: Path) -> None:
    trap = tmp_path / "tshark"
    trap.write_text(f"#!/bin/sh\ntouch {tmp_path}/sprung\n")
    trap.chmod(0o755)
    (tmp_path / "config.ini").write_text(f"[tshark]\ntshark_path = {trap}\n")
    script = "import labdissect; labdissect.teach_pyshark(); import pyshark.tshark.tshark as t; print(t.get_config())"
    assert "ConfigParser" in python(script, folder=tmp_path)  # pyshark itself works as before
    (tmp_path / "config.ini").write_text("no configuration at all")
    python("import labdissect; labdissect.teach_pyshark()", folder=tmp_path)
    assert not (tmp_path / "sprung").exists()


def test_pdml(tmp_path: Path) -> None:
    annotated = tmp_path / "annotated.pdml"
    annotated.write_bytes(quiet(labdissect(stdin=tshark("tcp-four-way-close", "-T", "pdml"))).out)
    script = READ_PDML + "print(packets[9].labdissect.verdict); print(packets[9].labdissect.state_client)"
    assert python(script, annotated, folder=tmp_path).splitlines()[1] == "FIN-WAIT-1"
