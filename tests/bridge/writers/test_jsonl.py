from __future__ import annotations

import io
import json
from typing import Any

import pytest
from hypothesis import given

from labdissect.bridge.escape import json_text
from labdissect.bridge.writers.jsonl import JsonlWriter, as_object
from labdissect.dissectors.layer import Text
from labdissect.plugins.rule import Evidence, Rule, Verdict
from labdissect.plugins.writer import WriterSettings
from tests.bridge.test_escape import HOSTILE
from tests.bridge.written import unsafe_characters, written
from tests.conftest import ek, judged

KEYS = ["frame", "about", "code", "severity", "text", "evidence", "params", "refs", "proto", "stream"]


def verdicts(name: str, **settings: Any) -> list[dict[str, Any]]:
    return [json.loads(line) for line in written(ek(name), "jsonl", **settings).splitlines()]


def test_keys_are_the_contracts_in_its_order() -> None:
    for one in verdicts("tcp-four-way-close"):
        assert list(one) == KEYS


def test_a_verdict_with_its_evidence() -> None:
    found = [one for one in verdicts("seed-web") if one["about"] == 2122 and one["code"] == "tcp.fin.ack-routine"]
    (routine,) = found
    assert (routine["frame"], routine["proto"], routine["stream"], routine["severity"]) == (2122, "tcp", 0, "chat")
    assert routine["evidence"] == [{"frame": 2117, "field": "tcp.ack", "value": 2601806}]
    assert routine["refs"] == ["RFC 9293 §3.1", "RFC 9293 §3.10.7.4"]
    assert "2601806" in routine["text"]


def test_every_verdict_is_there() -> None:
    found = sorted((one["about"], one["code"]) for one in verdicts("tcp-two-connections"))
    judgement = judged("tcp-two-connections").verdicts
    assert found == sorted((about, one.rule.code) for about, some in judgement.items() for one in some)


def test_what_the_end_told_has_no_frame() -> None:
    last = verdicts("tcp-cut-off-end")[-1]
    assert (last["code"], last["frame"], last["about"]) == ("tcp.close.unseen", None, 12)


def test_several_files_and_chinese() -> None:
    first = verdicts("tcp-four-way-close", file="甲.pcapng", language="zh")[0]
    assert list(first) == ["file", *KEYS]
    assert first["file"] == "甲.pcapng"
    assert first["text"].startswith("第一次握手")


RULE = Rule("test.jsonl", "dns", "note", 50, Text("It said {said}.", "它说 {said}。"))


def test_bytes_become_hex_and_a_packet_without_conversation_names_its_layer() -> None:
    verdict = Verdict(RULE, 1, {"said": b"\x00\xff"}, (Evidence(1, "dns.id", b"\x01"),))
    made = as_object(verdict, "en")
    assert made["params"] == {"said": "00:ff"}
    assert made["evidence"][0]["value"] == "01"
    assert (made["proto"], made["stream"]) == ("dns", None)


@pytest.mark.parametrize("name", ["seed-stack-web", "dns-basic", "built/icmp-errors", "dhcp-dora", "tls13"])
@pytest.mark.parametrize("language", ["en", "zh"])
def test_lines_are_put_together_as_if_encoded_whole(name: str, language: str) -> None:
    said = judged(name).verdicts.values()
    out = io.BytesIO()
    writer = JsonlWriter(out, WriterSettings(language=language, file="a\u202eb"))
    for some in said:
        writer.conversation(None, some)  # type: ignore[arg-type]  # it looks at the verdicts only
    writer.flush()
    whole = [json_text({"file": "a\u202eb", **as_object(one, language)}) for some in said for one in some]
    assert out.getvalue().splitlines() == whole


@given(HOSTILE)
def test_hostile_text_is_kept_but_never_raw(said: str) -> None:
    line = json_text(as_object(Verdict(RULE, 1, {"said": said}), "en"))
    assert not list(unsafe_characters(line.decode(), allowed=""))
    assert json.loads(line)["params"]["said"] == said
    assert json.loads(line)["text"] == f"It said {said}."
