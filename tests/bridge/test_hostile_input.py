"""Values that no tshark prints: whatever a field of EK or PDML claims to be, no rule, layer or writer gives up."""

from __future__ import annotations

import io
import re
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from labdissect.bridge.loading import loaded
from labdissect.bridge.run import annotate
from labdissect.dissectors.layer import Header
from labdissect.plugins.registry import Registry
from labdissect.plugins.writer import Problem, Summary, WriterSettings
from tests.conftest import ek, tshark

CAPTURES = (
    "tcp-four-way-close",
    "dns-basic",
    "icmp-port-unreachable",
    "dhcp-dora",
    "ipv6-ndp-ping",
    "vlan-qinq",
    "tls13",
)
WRITERS = ("ek", "jsonl", "csv", "conversations")
SCALARS = (
    *("", " ", "x", "-1", "0", "256", "4294967296", "99999999999999999999999", "9" * 4400, "0xffffffffffffffffff"),
    *("1e999", "nan", "-inf", "²", "٣", "1_000", "::", ":::", "1.2.3.4", "999.1.1.1", "zz:zz:zz:zz:zz:zz"),
    *("true", "1970-01-01T00:00:00Z", "{x}", "%s", "a" * 300),
)
STRANGE = (
    *("null", "true", "5", "-3", "1e400", "1.5", "[]", "{}", "[null]", "[[1]]", '[{"a":1}]', '["a","b"]'),
    *(r'"\u0000"', r'"\ud800"', r'"\u202e"', r'"\u001b[31m"', "9" * 4400),
)
MEMBER = re.compile(r'("[a-z_0-9.]+":)("(?:[^"\\]|\\.)*"|true|false|null)')
ATTRIBUTE = re.compile(r' (show|value|name|size|pos)="[^"]*"')


REGISTRY: Registry = loaded()


def hostile_ek(text: str, random: Random) -> str:
    """Some members of some packets with another value, or twice."""

    def changed(member: re.Match[str]) -> str:
        if random.random() > share:
            return member[0]
        value = f'"{random.choice(SCALARS)}"' if random.random() < 0.6 else random.choice(STRANGE)
        return f"{member[0]},{member[1]}{value}" if random.random() < 0.1 else member[1] + value

    share = random.choice((0.002, 0.02, 0.3))
    lines = text.splitlines(keepends=True)
    return "".join(MEMBER.sub(changed, line) if line.startswith('{"timestamp') else line for line in lines)


def hostile_pdml(text: str, random: Random) -> str:
    """Some attributes with another value."""

    def changed(attribute: re.Match[str]) -> str:
        if random.random() > share:
            return attribute[0]
        return f' {attribute[1]}="{random.choice((*SCALARS, "f", "ff" * 5000))}"'

    share = random.choice((0.001, 0.02))
    return ATTRIBUTE.sub(changed, text)


def survives(kind: str, data: bytes, name: str) -> Summary:
    """Reads it to the end into one output; nothing raises, no plugin is switched off."""
    problems: list[Problem] = []
    settings = WriterSettings(known_columns=REGISTRY.columns, layers=REGISTRY.layers, source_kind=kind)
    writer = REGISTRY.writers[name].make(io.BytesIO(), settings)
    summary = annotate([data], REGISTRY.readers[kind], writer, REGISTRY, problems.append)
    assert [one for one in problems if one.kind == "plugin"] == []
    return summary


@settings(max_examples=40, deadline=None, database=None)
@given(seed=st.integers(0, 2**64), name=st.sampled_from(CAPTURES), writer=st.sampled_from(WRITERS))
def test_hostile_values_of_ek(seed: int, name: str, writer: str) -> None:
    data = hostile_ek(ek(name).decode(), Random(seed)).encode()
    summary = survives("ek", data, writer)
    assert summary.packets + summary.bad_lines == data.count(b'\n{"timestamp')  # a number may have too many digits


@settings(max_examples=15, deadline=None, database=None)
@given(seed=st.integers(0, 2**64), name=st.sampled_from(CAPTURES[:4]), writer=st.sampled_from(("pdml", "jsonl")))
def test_hostile_values_of_pdml(seed: int, name: str, writer: str) -> None:
    data = hostile_pdml(tshark(name, "-T", "pdml").decode(), Random(seed)).encode()
    survives("pdml", data, writer)


@pytest.mark.parametrize("value", ['["1","2"]', "{}", "[[]]", '"x"', '"99999999999999999999999"'])
@pytest.mark.parametrize(
    "member", ["tcp_tcp_flags", "tcp_tcp_options", "tcp_tcp_checksum", "tcp_tcp_len", "tcp_tcp_seq"]
)
def test_a_value_of_the_wrong_kind_is_absent_or_the_first_of_several(member: str, value: str) -> None:
    line = ek("tcp-four-way-close").splitlines(keepends=True)[1]
    changed = re.sub(rf'("{member}":)"[^"]*"'.encode(), rf"\g<1>{value}".encode(), line)
    assert changed != line
    [record] = REGISTRY.readers["ek"].make(REGISTRY.layers, print, ("frame", "tcp"), ()).records(changed)
    assert record.packet is not None
    header = record.packet.tcp
    assert isinstance(header, Header)
    field = header.layer.field(member.removeprefix("tcp_tcp_"))
    found = getattr(header, field.attribute)
    assert found is None or (value.startswith('["') and type(found) is not list)


def test_numbers_of_segments_may_come_as_they_are_on_the_wire_only() -> None:
    names = "ip.src ip.dst tcp.srcport tcp.dstport tcp.seq_raw tcp.ack_raw tcp.flags tcp.len tcp.window_size"
    fields = [argument for field in (*names.split(), "frame.protocols") for argument in ("-e", field)]
    data = tshark("seed-stack-web", "-T", "ek", "-e", "frame.number", *fields)
    assert survives("ek", data, "jsonl").packets > 100


def judged_from(line: str, output: str) -> tuple[Summary, list[str]]:
    """The capture's packets with one more member in the first one's layers."""
    text = ek("tcp-four-way-close").decode().replace('"layers":{', '"layers":{' + line + ",", 1)
    problems: list[Problem] = []
    writer = REGISTRY.writers[output].make(io.BytesIO(), WriterSettings(layers=REGISTRY.layers, source_kind="ek"))
    summary = annotate([text.encode()], REGISTRY.readers["ek"], writer, REGISTRY, problems.append)
    return summary, [problem.message for problem in problems]


@pytest.mark.parametrize("output", WRITERS)
@pytest.mark.parametrize("depth", [50, 400, 700, 900, 2000])
@pytest.mark.parametrize("name", ["icmp", "ip", "x"])
def test_layers_in_layers_are_a_packet_or_a_bad_line(name: str, depth: int, output: str) -> None:
    """With a raw control character the line takes the way that looks into every layer."""
    nested = f'"{name}":' + '{"ip":' * depth + "1" + "}" * depth
    summary, said = judged_from(f'"y":"\x1b",{nested}', output)
    assert summary.packets == 13 - summary.bad_lines
    becomes = "passed on as it is" if output == "ek" else "left out"
    assert said in ([], [f"line 2: not JSON (nested too deep); {becomes}"])


@pytest.mark.parametrize("output", WRITERS)
def test_a_raw_control_character_is_text(output: str) -> None:
    assert judged_from('"y":"\x1b[31m\x9b\x07"', output)[0].packets == 13
