"""labbeacon: devices of a lab that announce themselves by UDP, on whatever port. A protocol that is found by its bytes.

    labdissect --plugin examples/labbeacon.py capture.pcapng

``over`` names no port, only the table; ``matches`` looks at each payload that nothing else is bound to. It should be
strict: what it takes for its own by mistake, it takes from others.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterator

from construct import Bytes, Const, FixedSized, GreedyString, Int8ub, Int16ub, Int32ub, Struct, this

from labdissect import BaseAnalyzer, Evidence, Explanation, Layer, Packet, Rule, Settings, Text, Verdict, hookimpl, note

MAGIC, VERSION, FIXED = b"LABB", 1, 20
"""How a beacon begins, and the bytes before the name."""
DEVICES = 1000
"""Devices that are kept in mind."""


def matches(data: bytes) -> bool:
    """Whether bytes are a beacon: the magic, the version, and a length that is right to the byte."""
    return len(data) >= FIXED and data.startswith(MAGIC) and data[4] == VERSION and len(data) == FIXED + data[19]


LABBEACON = Layer(
    name="labbeacon",
    title=Text("Beacon of a lab device", "实验设备信标"),
    source="labbeacon",
    over=(("udp.port", "*"),),
    matches=matches,
    struct=Struct(
        "magic" / Const(MAGIC, Bytes(4)) * note("LABB", "LABB"),
        "version" / Int8ub * note("1", "1"),
        "reserved" / Int8ub * note("zero", "为 0"),
        "interval" / Int16ub * note("milliseconds between two beacons", "两个信标之间的毫秒数"),
        "count" / Int32ub * note("beacons since the device started", "设备启动以来的信标数"),
        "uptime" / Int32ub * note("seconds since the device started", "设备启动以来的秒数"),
        "device" / Bytes(3) * note("number of the device", "设备编号"),
        "name_length" / Int8ub * note("bytes of the name", "名字的字节数"),
        "name" / FixedSized(this.name_length, GreedyString("utf8")) * note("name of the device", "设备名"),
    ),
)

ALIVE = Rule(
    "labbeacon.alive",
    "labbeacon",
    "chat",
    50,
    {
        "": Text(
            "{name} is up, for {uptime:duration}: beacon {count}.", "{name} 已运行 {uptime:duration}：信标 {count}。"
        ),
        "new": Text(
            "{name} announces itself: up for {uptime:duration}, a beacon every {interval:duration}.",
            "{name} 宣告自己：已运行 {uptime:duration}，每 {interval:duration} 发送一个信标。",
        ),
    },
    ("labbeacon",),
    explanation=Explanation(
        Text("The device says that it is there and how long it has been.", "设备说明自己在线以及已运行多久。"),
        Text("From the beacon's own fields.", "由信标自身的字段得出。"),
        Text("Anyone on the network can send a beacon in its name.", "网络中任何人都可以冒用它的名义发送信标。"),
    ),
)
MISSED = Rule(
    "labbeacon.missed",
    "labbeacon",
    "warn",
    70,
    Text(
        "Beacons of {name} are missing between frame {before} and this one: {missed}.",
        "在第 {before} 帧与本帧之间缺少 {name} 的信标：{missed} 个。",
    ),
    ("labbeacon",),
    explanation=Explanation(
        Text("A device counts its beacons, so that a lost one can be noticed.", "设备给信标编号，因此可以发现丢失。"),
        Text("The count has grown by more than one.", "计数增加超过一。"),
        Text("They were lost on the network, or missed by the capture.", "可能在网络中丢失，也可能是捕获遗漏。"),
    ),
)
RESTARTED = Rule(
    "labbeacon.restarted",
    "labbeacon",
    "note",
    75,
    Text(
        "{name} has started anew: it counts from {count} again (frame {before}: {last}).",
        "{name} 已重新启动：计数重新从 {count} 开始（第 {before} 帧为 {last}）。",
    ),
    ("labbeacon",),
    explanation=Explanation(
        Text("A device begins to count when it starts.", "设备启动时重新开始计数。"),
        Text("The count is smaller than in the beacon before.", "计数小于前一个信标。"),
        Text("A beacon that was overtaken on the way looks alike.", "途中失序的信标看起来也是如此。"),
    ),
)


class Labbeacon(BaseAnalyzer):
    """Watches each device's count."""

    layers = ("labbeacon",)

    def __init__(self) -> None:
        self._last: OrderedDict[bytes, tuple[int, int]] = OrderedDict()
        """Device → count and frame of its newest beacon."""

    def analyze(self, packet: Packet) -> Iterator[Verdict]:
        """The verdicts of one beacon."""
        beacon, number = packet.labbeacon, packet.number
        params = {
            "name": beacon.name,
            "count": beacon.count,
            "uptime": beacon.uptime,
            "interval": beacon.interval / 1000,
        }
        last, before = self._last.pop(beacon.device, (None, 0))
        self._last[beacon.device] = (beacon.count, number)
        if len(self._last) > DEVICES:
            self._last.popitem(last=False)
        if last is None:
            yield Verdict(ALIVE, number, params, (), "new")
            return
        evidence = (Evidence(before, "labbeacon.count", last), Evidence(number, "labbeacon.count", beacon.count))
        params |= {"before": before, "last": last, "missed": beacon.count - last - 1}
        if beacon.count < last:
            yield Verdict(RESTARTED, number, params, evidence)
        elif beacon.count > last + 1:
            yield Verdict(MISSED, number, params, evidence)
        yield Verdict(ALIVE, number, params)


@hookimpl
def labdissect_layers() -> list[Layer]:
    return [LABBEACON]


@hookimpl
def labdissect_rules() -> list[Rule]:
    return [ALIVE, MISSED, RESTARTED]


@hookimpl
def labdissect_analyzers(settings: Settings) -> list[BaseAnalyzer]:
    return [Labbeacon()]
