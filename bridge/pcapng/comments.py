"""What the comments of a packet are: the one place that profile, writer and capture interface agree on."""

from __future__ import annotations

from collections.abc import Sequence

from labdissect.bridge.escape import visible
from labdissect.dissectors.layer import Text
from labdissect.dissectors.printed import printed
from labdissect.plugins.packet import Message
from labdissect.plugins.rule import Verdict, highest_severity, render

from .blocks import fitted


def layout(severity: str, codes: Sequence[str], texts: Sequence[str]) -> list[str]:
    """The headline; the highest severity and all codes in the order of the texts; the other texts."""
    return [texts[0], " ".join([severity, *codes]), *texts[1:]] if texts else []


VALUE_LIMIT = 120
"""Characters of a field's value; the packet's bytes are beside the comment."""


def fields_of(message: Message, language: str) -> str:
    """``LabRDT: kind 1 (data), seq 5, …``: the fields of a message of a plugin's layer."""
    layer = message.header.layer
    values = []
    for one in printed(message.header):
        value = one.text if len(one.text) <= VALUE_LIMIT else f"{one.text[:VALUE_LIMIT]}…"
        label = f" ({one.label})" if one.label else ""
        values.append(f"{one.name.removeprefix(f'{layer.name}.')} {value}{label}")
    return f"{layer.title.zh if language == 'zh' else layer.title.en}: {', '.join(values)}"


_OF_ANOTHER = Text("Frame {number}: {text}", "第 {number} 帧：{text}")


def comments_of(
    number: int, verdicts: Sequence[Verdict], language: str, messages: Sequence[Message] = ()
) -> list[bytes]:
    """The comments of the packet of this number, of which these verdicts are known when it comes by; ready for
    :func:`.blocks.commented`. What they say of an earlier packet names it."""
    another = _OF_ANOTHER.zh if language == "zh" else _OF_ANOTHER.en
    texts = [render(verdict, language) for verdict in verdicts]
    for at, verdict in enumerate(verdicts):
        if verdict.about != number:
            texts[at] = another.format(number=verdict.about, text=texts[at])
    codes = [verdict.rule.code for verdict in verdicts]
    said = layout(highest_severity(verdicts), codes, texts) if verdicts else []
    fields = [fields_of(message, language) for message in messages]
    return [fitted(visible(text))[0] for text in (*said, *fields)]
