from __future__ import annotations

import csv
import io
from typing import Any

import pytest
from hypothesis import given

from labdissect.bridge.failures import UsageFailure
from labdissect.dissectors.layer import Text
from labdissect.plugins.column import Column
from labdissect.plugins.rule import Rule, Verdict
from labdissect.plugins.writer import Record, Summary, WriterSettings
from tests.bridge.test_escape import HOSTILE
from tests.bridge.written import fake_packet, unsafe_characters, written
from tests.conftest import built_in, ek, tshark

COLUMNS = [
    *("number", "time", "source", "destination", "protocol", "length", "info", "state_client", "state_server"),
    *("about", "code", "headline", "verdict"),
]


def rows(name: str, output: str = "csv", **settings: Any) -> list[dict[str, str]]:
    text = written(ek(name), output, **settings).decode()
    if output == "csv":
        return list(csv.DictReader(io.StringIO(text)))
    header, *lines = [line.split("\t") for line in text.removesuffix("\n").split("\n")]
    return [dict(zip(header, line, strict=True)) for line in lines]


@pytest.mark.parametrize("output", ["csv", "tsv"])
def test_columns_are_the_contracts(output: str) -> None:
    found = rows("seed-stack-web", output)
    assert list(found[0]) == COLUMNS
    assert [row["number"] for row in found] == [str(number) for number in range(1, 321)]


def test_tsv_and_csv_say_the_same() -> None:
    assert rows("http-get", "tsv") == rows("http-get", "csv")


def test_a_row() -> None:
    row = rows("seed-web")[2121]
    assert (row["number"], row["time"], row["length"]) == ("2122", "20.896879", "66")
    assert (row["source"], row["destination"]) == ("192.168.148.131", "192.168.148.1")
    assert (row["state_client"], row["state_server"]) == ("FIN-WAIT-1", "ESTABLISHED")
    assert row["code"].split("; ")[0] == "tcp.fin.first"
    assert len(row["about"].split("; ")) == len(row["code"].split("; "))
    assert row["verdict"].startswith(row["headline"])


@pytest.mark.parametrize(
    "name", ["seed-stack-web", "ipv6-tcp-http", "icmp-echo", "tunnel-gre", "vlan-qinq", "http-get"]
)
def test_time_source_and_destination_are_wiresharks(name: str) -> None:
    given = tshark(name, "-T", "fields", "-e", "_ws.col.Time", "-e", "_ws.col.Source", "-e", "_ws.col.Destination")
    expected = [tuple(line.split("\t")) for line in given.decode().splitlines()]
    assert [(row["time"], row["source"], row["destination"]) for row in rows(name)] == expected


def test_protocol_without_wiresharks_column_is_nearly_wiresharks() -> None:
    given = tshark("seed-stack-web", "-T", "fields", "-e", "_ws.col.Protocol").decode().split()
    found = [row["protocol"] for row in rows("seed-stack-web")]
    same = sum(one == other or other.startswith(one) for one, other in zip(found, given, strict=True))
    assert same > 0.8 * len(given)


def test_wiresharks_columns_are_taken_where_the_input_has_them() -> None:
    text = written(ek("http-get", "-P", "-V"), "csv").decode()
    expected = tshark("http-get", "-T", "fields", "-e", "_ws.col.Protocol", "-e", "_ws.col.Info").decode().splitlines()
    found = [f"{row['protocol']}\t{row['info']}" for row in csv.DictReader(io.StringIO(text))]
    assert found == [line.replace("\\r\\n", "") for line in expected]


def test_chosen_columns_and_fields_in_their_order() -> None:
    names = ("tcp.seq_raw", "number", "tcp.flags", "tcp.flags.syn", "frame.time_epoch", "tcp.options", "severity")
    found = rows("tcp-four-way-close", chosen=names)
    fields = [part for name in names[:1] + names[2:3] + names[4:6] for part in ("-e", name)]
    expected = [
        line.split("\t") for line in tshark("tcp-four-way-close", "-T", "fields", *fields).decode().splitlines()
    ]
    assert list(found[0]) == list(names)
    keys = ("tcp.seq_raw", "tcp.flags", "frame.time_epoch")
    assert [[row[key] for key in keys] for row in found] == [line[:3] for line in expected]
    assert [row["tcp.flags.syn"] for row in found][:3] == ["True", "True", "False"]
    assert found[0]["severity"] == "chat"


def test_a_name_that_is_no_column_is_a_mistake_with_a_hint() -> None:
    with pytest.raises(UsageFailure, match=r"tcp\.sek.*tcp\.seq"):
        rows("tcp-four-way-close", chosen=("tcp.sek",))


def test_a_plugins_columns() -> None:
    twice = Column("twice", Text("Twice", "两倍"), lambda packet: packet.number * 2, everywhere=True)
    assert rows("arp-request-reply", columns=(twice,))[2]["twice"] == "6"
    settings = WriterSettings(chosen=("twice",), known_columns={"twice": twice})
    assert built_in().writers["tsv"].make(io.BytesIO(), settings)


def test_several_files_share_one_heading() -> None:
    first = written(ek("arp-gratuitous"), "tsv", file="=1.pcapng").decode().splitlines()
    second = written(ek("arp-gratuitous"), "tsv", file="b.pcapng", continues=True).decode().splitlines()
    assert first[0].startswith("file\tnumber\t")
    assert first[1].startswith("'=1.pcapng\t1\t")
    assert second[0].startswith("b.pcapng\t1\t")


def test_a_row_is_out_when_its_batch_is() -> None:
    out = io.BytesIO()
    writer = built_in().writers["tsv"].make(out, WriterSettings())
    writer.packet(Record(b""), fake_packet(), ())
    writer.flush()
    assert out.getvalue().count(b"\n") == 2


RULE = Rule("test.sheet", "tcp", "note", 50, Text("{said}", "{said}"))


@given(HOSTILE, HOSTILE)
@pytest.mark.parametrize("output", ["csv", "tsv"])
def test_hostile_text_neither_acts_nor_calculates(output: str, said: str, info: str) -> None:
    out = io.BytesIO()
    writer = built_in().writers[output].make(out, WriterSettings(file=said))
    writer.packet(Record(b""), fake_packet(info=info, source=said), [Verdict(RULE, 1, {"said": said})])
    writer.end(Summary(), ())
    text = out.getvalue().decode()
    assert not list(unsafe_characters(text, allowed="\n\t" if output == "tsv" else "\n"))
    table = (
        list(csv.reader(io.StringIO(text))) if output == "csv" else [line.split("\t") for line in text.split("\n")[:2]]
    )
    assert len(table) == 2 and len(table[1]) == len(COLUMNS) + 1
    for cell in table[1]:
        assert not cell.startswith(("=", "@", "\t", "\r", "＝")), cell
        if cell.startswith(("+", "-")):
            float(cell)


def test_only_packets_that_were_asked_for_have_rows() -> None:
    """``--only`` and ``--min-severity`` pick; ``--ignore`` takes away from what is said, not packets."""
    picked = written(ek("tcp-four-way-close"), "tsv", only=("tcp.fin",), chosen=("number",)).decode().split()
    assert picked == ["number", "10", "11", "12", "13"]
