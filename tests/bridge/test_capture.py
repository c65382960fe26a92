"""The library as its users meet it: a file, a stream, a loop, tables, threads, asyncio, a notebook."""

from __future__ import annotations

import asyncio
import gzip
import io
import json
import os
import re
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest

import labdissect
from tests.bridge.program import ROOT, environment
from tests.bridge.program import labdissect as program
from tests.bridge.test_tshark import program as fake_program
from tests.conftest import CAPTURES, ek, tshark

FOUR = CAPTURES / "tcp-four-way-close.pcapng"


def jsonl(name: str, *arguments: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in program(CAPTURES / f"{name}.pcapng", "-o", "jsonl", *arguments).lines]


# packets and verdicts


def test_a_loop_over_a_file() -> None:
    with labdissect.open(FOUR) as capture:
        packets = list(capture)
    assert [packet.number for packet in packets] == list(range(1, 14))
    fin = packets[9]
    assert (fin.state_client, fin.state_server, fin.severity) == ("FIN-WAIT-1", "ESTABLISHED", "chat")
    assert fin.headline == fin.verdicts[0].text == str(fin.verdicts[0])
    assert (fin.tcp.seq, fin.ip.src, fin.dns, fin.length) == (21, "10.0.0.1", None, 66)
    assert (fin["tcp.analysis.acks_frame"], fin["tcp.flags.fin"], fin["number"]) == ("9", True, 10)
    assert fin.seconds == pytest.approx(0.02228, abs=0.01)
    assert [name for name, _ in fin.stack] == ["frame", "eth", "ip", "tcp"]
    assert capture.problems == []


@pytest.mark.parametrize("name", ["tcp-four-way-close", "tcp-cut-off-end", "dns-basic", "seed-stack-lan"])
def test_verdicts_are_those_of_the_command_line(name: str) -> None:
    found = [verdict.as_dict() for verdict in labdissect.open(CAPTURES / f"{name}.pcapng").verdicts()]
    assert json.loads(json.dumps(found, default=str)) == jsonl(name)


def test_what_the_end_told() -> None:
    capture = labdissect.open(CAPTURES / "tcp-cut-off-end.pcapng")
    packets = list(capture)
    assert [verdict.code for verdict in capture.later] == ["tcp.close.unseen"]
    assert capture.later[0].frame is None and capture.later[0].about == 12
    assert capture.verdicts()[-1].code == "tcp.close.unseen"
    assert not any(verdict.frame is None for packet in packets for verdict in packet.verdicts)


def test_conversations_are_those_of_the_command_line() -> None:
    capture = labdissect.open(CAPTURES / "tcp-two-connections.pcapng")
    expected = [json.loads(line) for line in program(capture.name, "-o", "conversations").lines]
    assert capture.conversations() == expected
    assert capture.conversations() is capture.conversations()


def test_options_are_the_command_lines() -> None:
    capture = labdissect.open(FOUR, lang="zh", only=["tcp.fin"], display_filter="tcp.flags.fin == 1")
    assert [(packet.number, {one.code[:7] for one in packet.verdicts}) for packet in capture] == [
        (10, {"tcp.fin"}),
        (12, {"tcp.fin"}),
    ]
    assert next(iter(capture)).headline == "第一次挥手" + str(next(iter(capture)).headline)[5:]
    assert not labdissect.open(FOUR, min_severity="error").verdicts()
    plugin = ROOT / "examples" / "low_ttl.py"
    told = labdissect.open(CAPTURES / "icmp-traceroute-udp.pcapng", plugins=[plugin], only=["lab"]).verdicts()
    assert told[0].text == "Router 1 will drop it."


# streams


@pytest.mark.parametrize("kind", ["ek", "pdml"])
def test_a_stream(kind: str, tmp_path: Path) -> None:
    data = tshark("tcp-four-way-close", "-T", kind)
    of_memory = [packet.headline for packet in labdissect.open(io.BytesIO(data))]
    file = tmp_path / "a.gz"
    file.write_bytes(gzip.compress(data))
    with gzip.open(file) as unpacked:
        assert [packet.headline for packet in labdissect.open(unpacked)] == of_memory
        assert not unpacked.closed
    assert of_memory == [packet.headline for packet in labdissect.open(FOUR)]


def test_a_stream_is_read_once() -> None:
    capture = labdissect.open(io.BytesIO(ek("tcp-four-way-close")))
    next(iter(capture))
    assert len(capture.conversations()) == 1  # reads on
    with pytest.raises(labdissect.UsageFailure, match="can be read once"):
        list(capture)


def test_a_stream_that_was_left_early_has_no_conversations() -> None:
    with labdissect.open(io.BytesIO(ek("tcp-four-way-close"))) as capture:
        next(iter(capture))
    with pytest.raises(labdissect.UsageFailure, match="can be read once"):
        capture.conversations()


def test_a_live_stream_is_not_waited_for() -> None:
    """A packet is there before the next one comes."""
    lines = ek("tcp-four-way-close").splitlines(keepends=True)
    read, write = os.pipe()
    with open(read, "rb") as stream, open(write, "wb", buffering=0) as feed:  # noqa: PTH123
        packets = iter(labdissect.open(stream))
        for number in (1, 2, 3):
            feed.write(lines[2 * number - 2] + lines[2 * number - 1])
            assert next(packets).number == number


def test_text_and_captures_are_no_streams() -> None:
    with pytest.raises(labdissect.UsageFailure, match="open it in binary mode"):
        list(labdissect.open(io.StringIO("{}")))  # type: ignore[arg-type]
    with FOUR.open("rb") as capture, pytest.raises(labdissect.UsageFailure, match="a capture"):
        list(labdissect.open(capture))
    with pytest.raises(labdissect.UsageFailure, match="name the capture"):
        list(labdissect.open(io.BytesIO(ek("tcp-four-way-close")), display_filter="tcp"))


# what goes wrong


def test_failures_are_the_command_lines(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(labdissect.UsageFailure, match=r"cannot read no-such\.pcap: there is no such file"):
        labdissect.open("no-such.pcap")
    with pytest.raises(labdissect.UsageFailure, match=r"there is no code tcp\.fim; near: tcp\.fin"):
        labdissect.open(FOUR, only=["tcp.fim"])
    with pytest.raises(labdissect.UsageFailure, match=r"'tcp\.sek'.*tcp\.seq"):
        labdissect.open(FOUR, columns=["tcp.sek"])
    with pytest.raises(labdissect.UsageFailure, match="tshark does not take the filter foo bar"):
        list(labdissect.open(FOUR, display_filter="foo bar"))
    with pytest.raises(labdissect.UsageFailure, match=r"plugin none\.py: no such file"):
        labdissect.open(FOUR, plugins=["none.py"])
    with pytest.raises(labdissect.UsageFailure, match="are lists"):
        labdissect.open(FOUR, only="tcp.fin")
    with pytest.raises(labdissect.UsageFailure, match="'en' or 'zh'"):
        labdissect.open(FOUR, lang="fr")  # type: ignore[arg-type]
    monkeypatch.setenv("PATH", "")
    with pytest.raises(labdissect.TsharkFailure, match="tshark is not there"):
        list(labdissect.open(FOUR))


def test_problems_are_collected_and_nothing_is_printed(capfd: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    cut = tmp_path / "cut.pcapng"
    cut.write_bytes(FOUR.read_bytes()[:-150])
    capture = labdissect.open(cut)
    assert len(list(capture)) == 11
    assert len(capture.problems) == 1 and "tshark stopped after 11 packets" in capture.problems[0]
    bad = labdissect.open(io.BytesIO(b'{"layers":\n' + ek("tcp-four-way-close")))
    assert len(list(bad)) == 13 and "not JSON" in bad.problems[0]
    assert capfd.readouterr() == ("", "")


def test_a_column_of_a_plugin_that_raises_is_a_problem_not_an_end(tmp_path: Path) -> None:
    pytest.importorskip("pyarrow")
    plugin = tmp_path / "broken_column.py"
    plugin.write_text(
        "from labdissect import Column, Text, hookimpl\n"
        "@hookimpl\n"
        "def labdissect_columns():\n"
        "    return [Column('broken', Text('Broken', '坏'), lambda packet: 1 / 0)]\n"
    )
    capture = labdissect.open(FOUR, plugins=[plugin], columns=["number", "broken"])
    assert capture.to_arrow()["broken"].to_pylist() == [None] * 13
    assert capture.plugins == (str(plugin),)
    assert len(capture.problems) == 1 and "column broken failed at frame 1: ZeroDivisionError" in capture.problems[0]


def test_leaving_early_leaves_no_tshark_behind(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    marker = tmp_path / "ended"
    printed = tmp_path / "printed.ek"
    printed.write_bytes(ek("tcp-four-way-close"))
    endless = fake_program(
        tmp_path / "tshark", f"trap 'touch {marker}; exit' TERM PIPE\nwhile cat {printed}; do :; done\ntouch {marker}"
    )
    monkeypatch.setenv("LABDISSECT_TSHARK", str(endless))
    with labdissect.open(FOUR) as capture:
        for packet in capture:
            assert packet.number == 1
            break
    deadline = threading.Event()
    for _ in range(100):
        if marker.exists():
            return
        deadline.wait(0.05)
    raise AssertionError("tshark runs on")


# tables


def test_data_frames() -> None:
    pandas, polars = pytest.importorskip("pandas"), pytest.importorskip("polars")
    capture = labdissect.open(FOUR)
    packets = capture.to_polars()
    assert packets["number"].to_list() == list(range(1, 14))
    assert packets.schema["epoch"] == polars.Datetime("ns", "UTC")
    verdicts = capture.to_polars("verdicts")
    assert verdicts["code"].to_list() == [one["code"] for one in jsonl("tcp-four-way-close")]
    assert json.loads(verdicts["params"][0])["isn"] == 3239331683
    frame = capture.to_pandas("conversations")
    assert isinstance(frame, pandas.DataFrame) and frame.closed.tolist() == ["four"]
    assert packets["conn_state"].to_list()[0] == "S0"  # as it was with that packet
    chosen = labdissect.open(FOUR, columns=["number", "tcp.seq_raw", "tcp.flags.syn"]).to_arrow()
    assert chosen.column_names == ["number", "tcp.seq_raw", "tcp.flags.syn"]
    udp = labdissect.open(CAPTURES / "dns-basic.pcapng").to_pandas()
    assert str(udp.stream.dtype) == "Int64"
    with pytest.raises(labdissect.UsageFailure, match="there is no table"):
        capture.to_arrow("frames")  # type: ignore[arg-type]


def test_the_table_is_the_parquet_file(tmp_path: Path) -> None:
    parquet = pytest.importorskip("pyarrow.parquet")
    assert program(FOUR, "-o", "parquet", "-w", tmp_path / "a.parquet").code == 0
    assert parquet.read_table(tmp_path / "a.parquet").equals(labdissect.open(FOUR).to_arrow())


# pyshark


@pytest.mark.parametrize("kind", ["ek", "pdml"])
def test_pyshark_sees_the_same_packet(kind: str) -> None:
    packet = next(iter(labdissect.open(io.BytesIO(tshark("tcp-four-way-close", "-T", kind)))))
    assert int(packet.pyshark.tcp.srcport) == packet.tcp.srcport == 40000
    assert "tcp" in packet.pyshark and "dns" not in packet.pyshark


def test_pyshark_needs_whole_packets() -> None:
    fields = ek("tcp-four-way-close", "-e", "frame.number", "-e", "tcp.seq")
    packet = next(iter(labdissect.open(io.BytesIO(fields))))
    with pytest.raises(labdissect.Failure, match="pyshark needs whole packets"):
        _ = packet.pyshark


# threads, asyncio


def test_threads_and_asyncio() -> None:
    names = ["tcp-four-way-close", "dns-basic", "icmp-echo", "http-get"]
    expected = [len(jsonl(name)) for name in names]

    def count(name: str) -> int:
        return len(labdissect.open(CAPTURES / f"{name}.pcapng").verdicts())

    with ThreadPoolExecutor(4) as pool:
        assert list(pool.map(count, names)) == expected

    async def together() -> list[int]:
        return await asyncio.gather(*(asyncio.to_thread(count, name) for name in names))

    assert asyncio.run(together()) == expected


# how it looks


def test_repr() -> None:
    capture = labdissect.open(FOUR)
    assert repr(capture) == f"<Capture {FOUR}: not read yet>"
    packet = next(iter(capture))
    assert re.match(r"<Packet 1 10\.0\.0\.1:40000 → 10\.0\.0\.2:8000 \[SYN\] .* — Handshake 1 of 3", repr(packet))
    assert re.match(r"<tcp\.open\.syn \(chat\) about frame 1: Handshake", repr(packet.verdicts[0]))
    capture.conversations()
    assert repr(capture) == f"<Capture {FOUR}: 13 packets, 1 conversation>"


class Tags(HTMLParser):
    """Tags that are open, all that were, and the text."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.seen: set[str] = set()
        self.text = ""

    def handle_starttag(self, tag: str, attrs: Any) -> None:
        self.open.append(tag)
        self.seen.add(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.text += data


def tags(page: str) -> Tags:
    found = Tags()
    found.feed(page)
    assert not found.open
    return found


def test_notebook_html() -> None:
    capture = labdissect.open(CAPTURES / "seed-stack-web.pcapng", lang="zh")
    page = tags(capture._repr_html_())
    assert "编号" in page.text and "第一次握手" in page.text and "…" in page.text
    packet = next(packet for packet in capture if packet.dns)
    assert "Domain Name System" in packet._repr_html_() or "域名系统" in packet._repr_html_()
    assert tags(packet._repr_html_()).text and tags(packet.verdicts[0]._repr_html_()).text


def test_notebook_html_is_safe() -> None:
    line = (
        b'{"timestamp":"1","layers":{"frame":{"frame_frame_number":"1","frame_frame_protocols":"eth:ip:udp:http"},'
        b'"http":{"http_http_host":"<script>alert(1)</script>","http_http_request_method":"<img src=x>\\u001b[31m"}}}\n'
    )
    capture = labdissect.open(io.BytesIO(line))
    (packet,) = capture
    page = packet._repr_html_()
    headers = {"details", "summary", "table", "thead", "tbody", "tr", "td"}
    verdicts = {"ul", "li", "span", "small", "code"}
    assert tags(page).seen <= {"div", "p", "b"} | verdicts | headers
    assert "<script" not in page and "\x1b" not in page and "&lt;script&gt;" in page


def test_a_notebook_says_why_there_is_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "")
    assert "tshark is not there" in labdissect.open(FOUR)._repr_html_()


def test_in_jupyter(tmp_path: Path) -> None:
    """A kernel, its event loop running, shows captures; top-level await works beside it."""
    nbclient, nbformat = pytest.importorskip("nbclient"), pytest.importorskip("nbformat")
    pytest.importorskip("ipykernel")
    cells = [
        f"import sys; sys.path.insert(0, {str(ROOT)!r})",
        f"import labdissect, asyncio\ncapture = labdissect.open({str(FOUR)!r})\ncapture",
        "await asyncio.to_thread(lambda: len(capture.verdicts()))",
        "next(iter(capture)).verdicts[0]",
    ]
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(cell) for cell in cells])
    client = nbclient.NotebookClient(
        notebook, timeout=120, kernel_name="python3", resources={"metadata": {"path": str(tmp_path)}}
    )
    try:
        client.execute()
    except nbclient.exceptions.CellExecutionError:
        raise
    except Exception as error:  # no kernel of that name on this machine
        pytest.skip(f"no Jupyter kernel: {error}")
    outputs = [cell["outputs"] for cell in notebook.cells]
    assert "Handshake 1 of 3" in outputs[1][0]["data"]["text/html"]
    assert outputs[2][0]["data"]["text/plain"] == str(len(jsonl("tcp-four-way-close")))
    assert "<code>tcp.open.syn</code>" in outputs[3][0]["data"]["text/html"]
    assert not any(output["output_type"] == "stream" for cell in outputs for output in cell)


# the front door


def test_every_public_name_is_there_and_imported_when_asked_for() -> None:
    for name in labdissect.__all__:
        assert getattr(labdissect, name) is not None
    assert set(labdissect.__all__) <= set(dir(labdissect))
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        _ = labdissect.nothing
    listed = {name for names in labdissect._HOMES.values() for name in names}
    assert listed | {"open", "teach_pyshark"} == set(labdissect.__all__)
    text = (ROOT / "labdissect" / "__init__.py").read_text(encoding="utf-8")
    typed = re.findall(r"^    from labdissect\.(\S+) import (.*)$", text, re.M)[:20]
    told = {(home, name) for home, names in typed for name in names.split(", ") if " as " not in name}
    assert {(home, name) for home, names in labdissect._HOMES.items() for name in names} <= told


def test_importing_it_imports_little() -> None:
    script = (
        "import sys, labdissect\n"
        "heavy = {'construct', 'msgspec', 'pluggy', 'click', 'rich', 'pyarrow', 'polars', 'pandas', 'pyshark'}\n"
        "assert not heavy & set(sys.modules), heavy & set(sys.modules)\n"
        "labdissect.open\n"
        "assert not {'click', 'rich', 'pyarrow', 'polars', 'pandas', 'pyshark'} & set(sys.modules)\n"
    )
    subprocess.run([sys.executable, "-c", script], check=True, env=environment(), cwd=ROOT)


def test_the_documents_code_runs(tmp_path: Path) -> None:
    for module in ("pandas", "polars", "pyarrow"):
        pytest.importorskip(module)
    blocks = re.findall(r"```python\n(.*?)```", (ROOT / "docs" / "python.md").read_text(encoding="utf-8"), re.DOTALL)
    assert len(blocks) >= 9
    ran = subprocess.run(
        [sys.executable, "-c", "\n".join(blocks)],
        capture_output=True,
        env=environment(),
        cwd=CAPTURES,
        text=True,
        check=True,
    )
    assert "2122 FIN-WAIT-1 / ESTABLISHED Close, step 1" in ran.stdout
    assert "cannot read no-such.pcapng: there is no such file" in ran.stdout
    errors = [line for line in ran.stderr.splitlines() if "Running as user" not in line]
    assert not errors, errors
