"""Verdicts about the protocols of plugins: what could not be read."""

from __future__ import annotations

from collections.abc import Sequence

from construct import ConstructError

from labdissect.dissectors.layer import Layer, Text
from labdissect.dissectors.reading import why_not

from .hookspecs import hookimpl
from .rule import Evidence, Explanation, Rule, Verdict

SHOWN = 16
"""Bytes from where reading failed that are the evidence."""

UNPARSED = Rule(
    "layer.unparsed",
    "data",
    "warn",
    70,
    {
        "": Text(
            "No message of {layer}: the {size:byte} do not fit its definition ({reason}).",
            "不是 {layer} 报文:{size} 字节的载荷不符合其定义({reason})。",
        ),
        "field": Text(
            "No message of {layer}: in its {size:byte}, byte {offset}, field {field}, does not fit the definition ({reason}).",
            "不是 {layer} 报文:{size} 字节的载荷在第 {offset} 字节、字段 {field} 处不符合定义({reason})。",
        ),
    },
    ("Construct, “Exceptions”",),
    Text(
        "The program that sent it is broken, since its bytes do not parse.",
        "字节不能按定义解析,说明发送程序有错误。",
    ),
    Explanation(
        Text(
            "A plugin's layer is bound to where these bytes were found (a port, a number), and its Construct definition "
            "could not read them. The field named is the one that was read last, and the offset is where that reading began.",
            "插件的协议层绑定到这些字节所在之处(端口或编号),但其 Construct 定义无法读取它们。"
            "所列字段是最后读取的字段,偏移是该次读取开始的位置。",
        ),
        Text(
            "From the payload that tshark prints (udp.payload, tcp.payload, data.data), read by the layer's Struct: it ended "
            "too early, or a constant, a checksum or a condition was not met. The reason is Construct's own message.",
            "由 tshark 给出的载荷(udp.payload、tcp.payload、data.data)按该层的 Struct 读取:数据过早结束,"
            "或常量、检验和、条件不满足。括号中是 Construct 自己的说明。",
        ),
        Text(
            "The definition may be wrong, another protocol may use the same port, the capture may have cut the packet "
            "(frame.cap_len below frame.len), or the sender did send something else.",
            "也可能是定义有误、另一协议使用了相同的端口、捕获截断了分组(frame.cap_len 小于 frame.len),"
            "或发送方确实发送了别的内容。",
        ),
    ),
)


def unparsed(layer: Layer, data: bytes, error: ConstructError, frame: int, source: str) -> Verdict:
    """That ``data`` holds no message of the layer, and where reading it failed.

    :param source: tshark's field that the bytes are from
    """
    failure = why_not(layer.struct, data, error)
    params = {
        "layer": layer.name,
        "size": len(data),
        "offset": failure.offset,
        "field": f"{layer.name}.{failure.path}" if failure.path else layer.name,
        "reason": failure.reason,
    }
    there = data[failure.offset : failure.offset + SHOWN]
    evidence = (Evidence(frame, f"{source}[{failure.offset}:{len(there)}]", there.hex(":")),)
    return Verdict(UNPARSED, frame, params, evidence, "field" if failure.path else "")


@hookimpl
def labdissect_rules() -> Sequence[Rule]:
    return [UNPARSED]
