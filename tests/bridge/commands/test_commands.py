"""The commands that look things up: explain, rules, layers, plugins, doctor."""

from __future__ import annotations

from pathlib import Path

import click
import pytest

from labdissect.bridge.cli import cli
from labdissect.plugins.registry import Registry
from labdissect.plugins.rule import with_names
from tests.bridge.program import labdissect, quiet


def test_no_command_has_an_option_twice() -> None:
    names = ["batch", "live", "why", "explain", "rules", "layers", "plugins", "doctor"]
    context = click.Context(cli)
    for command in (cli, *(cli.get_command(context, name) for name in names)):
        assert command is not None
        options = [option for one in command.params for option in one.opts if option.startswith("-")]
        assert len(set(options)) == len(options), command.name


def test_explain_says_what_why_and_where() -> None:
    text = quiet(labdissect("explain", "tcp.fin.ack-routine")).text
    assert text.startswith("tcp.fin.ack-routine\n")
    assert "Every segment after the handshake" in text and "RFC 9293 §3.10.7.4" in text
    assert "Misconception" in text and "{" not in text


def test_explain_in_chinese() -> None:
    text = quiet(labdissect("explain", "tcp.fin.ack-routine", "--lang", "zh")).text
    assert "出处" in text and "内容" in text
    assert quiet(labdissect("--lang", "zh", "explain", "tcp.fin.ack-routine")).text == text


def test_explain_a_beginning_lists_what_is_below() -> None:
    text = quiet(labdissect("explain", "tcp.fin")).text
    assert "tcp.fin.first" in text and "tcp.fin.second" in text and "tcp.open.syn" not in text


def test_explain_what_is_not_there_suggests() -> None:
    ran = labdissect("explain", "tcp.fin.ack-rutine")
    assert (ran.code, ran.out) == (2, b"")
    assert "near: tcp.fin.ack-routine" in ran.err


def test_explain_every_rule_in_both_languages(registry: Registry) -> None:
    for language in ("en", "zh"):
        listed = quiet(labdissect("rules", "--lang", language)).text
        assert all(code in listed for code in registry.rules)


def test_explain_what_a_failed_plugin_says() -> None:
    assert "switched off" in quiet(labdissect("explain", "plugin.failed")).text


def test_rules_by_words_layer_and_severity(registry: Registry) -> None:
    assert "tcp.keepalive" in quiet(labdissect("rules", "keep-alive", "silence")).text
    errors = {code for code, rule in registry.rules.items() if rule.severity == "error"}
    listed = labdissect("rules", "--severity", "error")
    assert listed.code == (0 if errors else 2)
    assert labdissect("rules", "--layer", "nothing").code == 2
    of_arp_or_none = [code for code, rule in registry.rules.items() if rule.layer == "arp"]
    assert labdissect("rules", "--layer", "arp").code == (0 if of_arp_or_none else 2)
    listed = quiet(labdissect("rules", "--layer", "tcp")).text
    assert all((code in listed) == (rule.layer == "tcp") for code, rule in registry.rules.items() if "." in code)


def test_placeholders_are_names_for_people() -> None:
    assert with_names("after {delay:duration} of {who:role}, {{x}}") == "after ‹delay› of ‹who›, {x}"


def test_layers_lists_all(registry: Registry) -> None:
    text = quiet(labdissect("layers")).text
    assert all(name in text for name in registry.layers)


def test_a_layers_header() -> None:
    rows = [line.split() for line in quiet(labdissect("layers", "tcp")).text.splitlines()]
    by_name = {row[2]: row for row in rows if len(row) > 2}
    assert by_name["tcp.srcport"][:2] == ["0", "16"]
    assert by_name["tcp.seq_raw"][:2] == ["4", "32"]
    assert by_name["tcp.hdr_len"][:2] == ["12.0", "4"]
    assert by_name["tcp.flags.fin"][:2] == ["13.7", "1"]
    assert by_name["tcp.checksum"][:2] == ["16", "16"]
    assert by_name["tcp.options"][:2] == ["20", "…"]
    worked_out = [
        line.split()[:3] for line in quiet(labdissect("layers", "tls")).text.splitlines() if "tls.record.v" in line
    ]
    assert worked_out == [["—", "—", "tls.record.version"]]


def test_a_layers_header_in_chinese() -> None:
    text = quiet(labdissect("layers", "tcp", "--lang", "zh")).text
    assert "传输控制协议" in text and "源端口" in text


def test_every_layer_can_be_shown(registry: Registry) -> None:
    for name in ("frame", "dns", "ipv6.hopopts"):
        assert quiet(labdissect("layers", name)).text.startswith(f"{name} · ")


def test_a_layer_that_is_not_there() -> None:
    ran = labdissect("layers", "tpc")
    assert ran.code == 2
    assert "near: tcp" in ran.err


def test_plugins_with_their_source_and_hooks(tmp_path: Path) -> None:
    mine = tmp_path / "mine.py"
    mine.write_text("from labdissect import hookimpl\n@hookimpl\ndef labdissect_rules():\n    return []\n")
    text = quiet(labdissect("plugins", "--plugin", mine)).text
    assert text.startswith(f"mine  {mine}  rules")
    assert "labdissect.dissectors" not in text
    assert "labdissect.dissectors" in quiet(labdissect("plugins", "--all")).text


def test_doctor_finds_everything_well() -> None:
    text = quiet(labdissect("doctor")).text
    for word in ("labdissect", "Python", "pyshark", "tshark", "as it should"):
        assert word in text


@pytest.mark.parametrize("script", ["exit 1", "echo 'TShark (Wireshark) 4.0.0'"])
def test_doctor_says_what_is_ill(tmp_path: Path, script: str) -> None:
    assert labdissect("doctor", changes={"PATH": ""}).code == 3
    broken = tmp_path / "tshark"
    broken.write_text(f"#!/bin/sh\n{script}\n")
    broken.chmod(0o755)
    ran = labdissect("doctor", changes={"LABDISSECT_TSHARK": str(broken)})
    assert ran.code == 3
    assert "tshark" in ran.text
