"""The server's clock against the capture's: HTTP's Date and the time of the frame (RFC 9110 §6.6.1)."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from labdissect.dissectors.layer import Text

from .hookspecs import hookimpl
from .packet import time_epoch
from .rule import Evidence, Explanation, Rule, Verdict

if TYPE_CHECKING:
    from .packet import Packet

AGREES_WITHIN = 2.0
"""Seconds: Date has whole seconds only, and is written before the response is sent."""
QUARTER = 900
"""Seconds: offsets of time zones are whole quarters of an hour."""
FARTHEST_ZONE = 14 * 3600

CLOCK = Rule(
    "x.clock",
    "http",
    "chat",
    10,
    {
        "agrees": Text(
            "Date says {date}, and this frame was captured at {captured} GMT: the clocks agree. Wireshark shows times in "
            "your own time zone, so its hours may differ.",
            "Date 为 {date}，该帧捕获于 GMT {captured}：两端时钟一致。Wireshark 按本地时区显示时间，小时数可能不同。",
        ),
        "zone-ahead": Text(
            "Date says {date}, {offset:duration} ahead of the frame's time, {captured} GMT. Whole quarters of an hour: it "
            "looks as if one of the clocks took its local time for GMT.",
            "Date 为 {date}，比该帧时间（GMT {captured}）快 {offset:duration}。恰为一刻钟的整数倍："
            "像是其中一个时钟把本地时间当成了 GMT。",
        ),
        "zone-behind": Text(
            "Date says {date}, {offset:duration} behind the frame's time, {captured} GMT. Whole quarters of an hour: it "
            "looks as if one of the clocks took its local time for GMT.",
            "Date 为 {date}，比该帧时间（GMT {captured}）慢 {offset:duration}。恰为一刻钟的整数倍："
            "像是其中一个时钟把本地时间当成了 GMT。",
        ),
        "cached": Text(
            "Date says {date}, {offset:duration} before this frame, and Age {age} s: a cache answers with what it got then. "
            "No clock is wrong.",
            "Date 为 {date}，比该帧早 {offset:duration}，而 Age 为 {age} 秒：这是缓存用当时得到的内容作答，时钟并没有错。",
        ),
        "ahead": Text(
            "Date says {date}, {offset:duration} ahead of the frame's time, {captured} GMT: the clocks of server and capture "
            "differ. Which one is wrong the capture cannot tell.",
            "Date 为 {date}，比该帧时间（GMT {captured}）快 {offset:duration}：服务器与捕获主机的时钟不一致，"
            "仅凭捕获无法判断哪一个不准。",
        ),
        "behind": Text(
            "Date says {date}, {offset:duration} behind the frame's time, {captured} GMT: the clocks of server and capture "
            "differ, or a cache answers without telling the Age. The capture cannot tell which.",
            "Date 为 {date}，比该帧时间（GMT {captured}）慢 {offset:duration}：服务器与捕获主机的时钟不一致，"
            "或者缓存作答而没有给出 Age。仅凭捕获无法区分。",
        ),
    },
    ("RFC 9110 §6.6.1", "RFC 9111 §4", "RFC 9111 §5.1"),
    Text("The time in Date or in the capture is wrong.", "Date 或捕获中的时间是错的。"),
    Explanation(
        Text(
            "Date is when the origin server made the response, always in GMT and in whole seconds. The capture has its own "
            "clock, which Wireshark shows in the time zone of whoever reads it.",
            "Date 是源服务器产生响应的时间，一律为 GMT，精确到秒。捕获有自己的时钟，Wireshark 按阅读者所在时区显示。",
        ),
        Text(
            "http.date minus frame.time_epoch of the response's first segment. They agree when Date lies between the request "
            "and that segment, two seconds aside.",
            "http.date 减去响应首个报文段的 frame.time_epoch。若 Date 落在请求与该报文段之间（相差不超过 2 秒），视为一致。",
        ),
        Text(
            "A cached response has an old Date rightly; it must carry Age. A server or a capture file that was edited may "
            "have any time. Other servers' dates in the same capture tell whether it is the capture's clock.",
            "缓存的响应带有旧的 Date 是正当的，它必须带 Age。被改动过的服务器或捕获文件可能有任意时间。"
            "同一捕获中其他服务器的 Date 可以说明是否是捕获时钟的问题。",
        ),
    ),
)


def clock_verdict(
    packet: Packet, date: str | None, age: str | None, since: int | None, until: int | None, first: int | None = None
) -> Verdict | None:
    """What Date tells of the clocks; None when there is nothing to compare.

    :param since: ns since 1970 of the request, if it is known
    :param until: of the response's first segment
    :param first: frame of that segment, where it is not the packet itself
    """
    said = None if date is None else _seconds(date)
    if date is None or said is None or until is None:
        return None
    number = packet.number
    captured = until / 1e9
    try:
        moment = datetime.fromtimestamp(captured, UTC).strftime("%Y-%m-%d %H:%M:%S")
    except (ValueError, OverflowError, OSError):  # a capture may claim any year
        return None
    earliest = captured if since is None else min(since / 1e9, captured)
    shown = date if len(date) <= 40 else date[:39] + "…"
    params = {"date": shown, "captured": moment}
    evidence: tuple[Evidence, ...] = (
        Evidence(number, "http.date", shown),
        Evidence(number if first is None else first, "frame.time_epoch", time_epoch(until)),
    )
    if earliest - AGREES_WITHIN <= said <= captured + AGREES_WITHIN:
        return Verdict(CLOCK, number, params, evidence, "agrees")
    ahead = said > captured
    offset = said - captured if ahead else earliest - said
    kept = int(age) if age is not None and age.isascii() and age.isdigit() and len(age) < 12 else None
    if kept is not None and not ahead and abs(offset - kept) <= AGREES_WITHIN:
        evidence += (Evidence(number, "http.response.line", f"Age: {kept}"),)
        return Verdict(CLOCK, number, {**params, "offset": offset, "age": kept}, evidence, "cached")
    quarters = round(offset / QUARTER)
    zone = quarters and offset <= FARTHEST_ZONE + AGREES_WITHIN and abs(offset - quarters * QUARTER) <= AGREES_WITHIN
    wording = f"{'zone-' if zone else ''}{'ahead' if ahead else 'behind'}"
    return Verdict(CLOCK, number, {**params, "offset": quarters * QUARTER if zone else offset}, evidence, wording)


def _seconds(date: str) -> float | None:
    """Seconds since 1970 of a date of HTTP; None for what is none."""
    from email.utils import parsedate_to_datetime  # takes 4 ms to import, and few captures have a Date

    try:
        when = parsedate_to_datetime(date[:64])
        return (when if when.tzinfo is not None else when.replace(tzinfo=UTC)).timestamp()
    except (ValueError, TypeError, OverflowError, IndexError, AttributeError):
        return None


@hookimpl
def labdissect_rules() -> Sequence[Rule]:
    return [CLOCK]
