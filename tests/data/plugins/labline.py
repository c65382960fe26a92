"""Two ways to tell messages apart on TCP: a length that comes first (9101), and the definition itself (9102)."""

from construct import Bytes, Const, Int8ub, Int16ub, Struct, this

from labdissect import Layer, Text, hookimpl

BODY = Struct("length" / Int16ub, "number" / Int8ub, "mark" / Const(b"#"), "text" / Bytes(this.length - 4))


HUGE = b"\0\0\x7f!"
"""How a message of 2 MiB and more would begin."""


def message_length(data):
    if data.startswith(HUGE):
        return 2**21
    return int.from_bytes(data[:2], "big") if len(data) >= 2 else None


LABLINE = Layer(
    "labline", Text("LabLine", "实验行协议"), BODY, over=(("tcp.port", 9101),), message_length=message_length
)
LABPLAIN = Layer("labplain", Text("LabPlain", "实验行协议(无长度函数)"), BODY, over=(("tcp.port", 9102),))


@hookimpl
def labdissect_layers():
    return [LABLINE, LABPLAIN]
