"""How captures, packets and verdicts look in a notebook. Every text that comes from a packet is escaped."""

from __future__ import annotations

import html
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from .escape import visible
from .readable import readable
from .writers.cells import endpoints_with_ports, short_info

if TYPE_CHECKING:
    from .capture import Capture
    from .captured import CapturedPacket, SaidVerdict
    from .failures import Failure

PREVIEW = 20
"""Packets that are shown of a capture."""
VALUE_LIMIT = 120
"""Characters of a field's value."""
_COLORS = {"note": "#8a6d00", "warn": "#c0392b", "error": "#8e0000"}
"""Severities on light and dark notebooks alike; chat has the notebook's own color."""
_CELL = "text-align:left;vertical-align:top"


def capture_html(capture: Capture, packets: Sequence[CapturedPacket]) -> str:
    """The capture's first packets."""
    title = f"<p><code>{_text(repr(capture))}</code></p>"
    if not packets:
        return f"<div>{title}</div>"
    heads = ("No", "Time", "Source → Destination", "Info", "Client / Server", "Verdict")
    if capture.lang == "zh":
        heads = ("编号", "时间", "源 → 目的", "信息", "客户端 / 服务器", "解读")
    rows = [
        (
            str(packet.number),
            "" if packet.seconds is None else f"{packet.seconds:.6f}",
            endpoints_with_ports(packet.packet),
            short_info(packet._shown),
            _states(packet),
            packet.headline or "",
        )
        for packet in packets[:PREVIEW]
    ]
    colors = [_COLORS.get(packet.severity or "", "") for packet in packets[:PREVIEW]]
    more = "<p>…</p>" if len(packets) > PREVIEW else ""
    return f"<div>{title}{_table(heads, rows, colors)}{more}</div>"


def packet_html(packet: CapturedPacket) -> str:
    """Its verdicts, and its headers folded away."""
    parts = [f"<b>{packet.number}</b>", _text(endpoints_with_ports(packet.packet)), _text(short_info(packet._shown))]
    states = _states(packet)
    title = " · ".join([*(part for part in parts if part), *([_text(states)] if states else [])])
    verdicts = "".join(f"<li>{_verdict_line(verdict)}</li>" for verdict in packet.verdicts)
    headers = "".join(_header(packet, name, position) for position, (name, _) in enumerate(packet.stack))
    return f"<div><p>{title}</p><ul>{verdicts}</ul>{headers}</div>"


def verdict_html(verdict: SaidVerdict) -> str:
    """Its sentence, what it rests on, and where the rule stands."""
    evidence = "".join(
        f"<li>frame {fact.frame}: <code>{_text(fact.field)}</code> = {_text(_short(readable(fact.value)))}</li>"
        for fact in verdict.evidence
    )
    refs = _text(" · ".join(verdict.refs))
    return f"<div><p>{_verdict_line(verdict)}</p><ul>{evidence}</ul><p><small>{refs}</small></p></div>"


def failure_html(capture: Capture, failure: Failure) -> str:
    """Why there is nothing to show."""
    return f"<div><p><code>{_text(repr(capture))}</code></p><p>{_text(str(failure))}</p></div>"


def _verdict_line(verdict: SaidVerdict) -> str:
    color = _COLORS.get(verdict.severity, "")
    style = f' style="color:{color}"' if color else ""
    return f"<span{style}>{_text(verdict.text)}</span> <small><code>{_text(verdict.code)}</code></small>"


def _header(packet: CapturedPacket, name: str, position: int) -> str:
    header = packet.stack[position][1]
    title = header.layer.title.zh if packet._capture.lang == "zh" else header.layer.title.en
    rows = [
        (field.tshark, _short(readable(value, field)))
        for field in header.layer.fields
        if (value := getattr(header, field.attribute)) is not None and value is not False
    ]
    return f"<details><summary>{_text(title)} ({_text(name)})</summary>{_table((), rows, ())}</details>"


def _states(packet: CapturedPacket) -> str:
    return f"{packet.state_client} / {packet.state_server}" if packet.state_client else ""


def _table(heads: Iterable[str], rows: Iterable[Sequence[str]], colors: Sequence[str]) -> str:
    head = "".join(f'<th style="{_CELL}">{_text(one)}</th>' for one in heads)
    body = []
    for position, row in enumerate(rows):
        color = f' style="color:{colors[position]}"' if colors and colors[position] else ""
        cells = "".join(f'<td style="{_CELL}">{_text(cell)}</td>' for cell in row)
        body.append(f"<tr{color}>{cells}</tr>")
    return f"<table><thead><tr>{head}</tr></thead><tbody>{''.join(body)}</tbody></table>"


def _short(text: str) -> str:
    return text if len(text) <= VALUE_LIMIT else text[: VALUE_LIMIT - 1] + "…"


def _text(text: str) -> str:
    return html.escape(visible(text))
