"""The EK output loads through _bulk: pairs of lines, and every key of ours has a type that its value has."""

from __future__ import annotations

import ipaddress
import json
from pathlib import Path
from typing import Any

import pytest

from labdissect.bridge.elastic import own_mapping
from labdissect.bridge.loading import PACKAGES
from labdissect.dissectors.layer import Text
from labdissect.plugins.column import Column
from labdissect.plugins.registry import load
from tests.bridge.program import labdissect, quiet
from tests.bridge.written import written
from tests.conftest import CAPTURES, DATA, built_in, ek

NAMES = ["seed-web", "seed-stack-web", "tcp-rst-closed-port", "dns-basic", "icmp-echo", "ipv6-tcp-http"]


def documents(output: bytes) -> list[dict[str, Any]]:
    """The documents of a _bulk body, which ends with a line feed and whose lines go in pairs."""
    assert output.endswith(b"\n")
    lines = output.split(b"\n")[:-1]
    assert len(lines) % 2 == 0
    for action in lines[::2]:
        ((name, target),) = json.loads(action).items()
        assert name == "index" and target["_index"].startswith("packets-")
    found = [json.loads(line) for line in lines[1::2]]
    assert all(isinstance(one["layers"], dict) for one in found)
    return found


def fits(value: Any, kind: str) -> bool:
    """Whether Elasticsearch takes the value for a field of this type; a list is as good as its members."""
    if isinstance(value, list):
        return all(fits(one, kind) for one in value)
    match kind:
        case "long":
            return -(2**63) <= int(value) < 2**63
        case "float":
            return bool(float(value) == float(value))
        case "boolean":
            return value in (True, False, "true", "false")
        case "ip":
            return ipaddress.ip_address(value) is not None
        case "text" | "keyword":
            return isinstance(value, str)
    raise AssertionError(f"no such type: {kind}")


@pytest.mark.parametrize("name", NAMES)
def test_every_key_of_our_layer_is_in_the_mapping_with_its_type(name: str) -> None:
    mapping = own_mapping(built_in())["mappings"]["properties"]["layers"]["properties"]["labdissect"]["properties"]
    for one in documents(written(ek(name), "ek")):
        for key, value in one["layers"]["labdissect"].items():
            assert fits(value, mapping[key]["type"]), (key, value)


def test_a_plugins_layer_and_column_are_mapped() -> None:
    registry = load([str(DATA / "plugins" / "labnote.py")], extra_packages=PACKAGES, entry_points=False)
    registry.columns["lab"] = Column("lab", Text("Lab", "实验"), lambda packet: "5", everywhere=True)
    layers = own_mapping(registry)["mappings"]["properties"]["layers"]["properties"]
    assert sorted(layers) == ["labdissect", "labnote"]
    assert layers["labnote"]["properties"]["labnote_labnote_number"] == {"type": "long"}
    assert layers["labdissect"]["properties"]["labdissect_labdissect_lab"] == {"type": "keyword"}


def test_merged_with_tsharks_own() -> None:
    """Every key of ours beside tshark's, in the same form."""
    mapping = json.loads(quiet(labdissect("elastic-mapping", "--elastic-mapping-filter", "ip,tcp")).out)
    assert mapping["settings"] and mapping["mappings"]["dynamic"] is False
    layers = mapping["mappings"]["properties"]["layers"]["properties"]
    assert sorted(layers) == ["ip", "labdissect", "tcp"]
    assert layers["tcp"]["properties"]["tcp_tcp_seq"] == {"type": "long"}
    own = json.loads(quiet(labdissect("elastic-mapping", "--own", changes={"PATH": ""})).out)
    assert own["mappings"]["properties"]["layers"]["properties"]["labdissect"] == layers["labdissect"]


def test_without_tshark_it_says_so(tmp_path: Path) -> None:
    ran = labdissect("elastic-mapping", changes={"PATH": ""})
    assert (ran.code, ran.out) == (3, b"")
    assert "tshark is not there" in ran.err


def test_a_filtered_output_is_still_pairs() -> None:
    ran = quiet(labdissect(CAPTURES / "tcp-four-way-close.pcapng", "-Y", "tcp.flags.fin == 1", "-o", "ek"))
    assert len(documents(ran.out)) == 2
