"""Rules and verdicts: what can be said about a packet, and that it was said.

A :class:`Rule` is written once: its code, severity, sources, its text in both languages. A :class:`Verdict` is a rule
that fired: the frame, the parameters, the evidence. Text is made from the two at the very end, by :func:`render`.
"""

from __future__ import annotations

import string
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import Any, NamedTuple

import msgspec

from labdissect.dissectors.layer import Text

SEVERITIES = ("chat", "note", "warn", "error")
"""Wireshark's expert levels, lowest first: normal and worth knowing; unusual; wrong or lost; broken."""


Filler = Callable[[Mapping[str, Any]], str]
"""Makes a sentence of parameters."""


class Explanation(NamedTuple):
    """What ``labdissect explain CODE`` says beyond the verdict's own sentence."""

    means: Text
    decided: Text
    otherwise: Text


@dataclass(frozen=True, eq=False)
class Rule:
    """One thing that a verdict can say.

    :param code: stable name, ``tcp.fin.first``; scripts depend on it
    :param layer: the protocol whose packets it is about
    :param severity: one of :data:`SEVERITIES`
    :param rank: among a packet's verdicts the highest rank is the headline: rare outranks routine
    :param text: what it says, or several wordings by name when the evidence asks for different sentences
    :param sources: ``RFC 9293 §3.6``
    :param corrects: the misconception that it corrects
    :param explanation: the longer text
    :param since: the version that brought it
    """

    code: str
    layer: str
    severity: str
    rank: int
    text: Text | Mapping[str, Text]
    sources: tuple[str, ...] = ()
    corrects: Text | None = None
    explanation: Explanation | None = None
    since: str = "0.1"
    wordings: Mapping[str, Text] = field(init=False, repr=False)
    fillers: dict[tuple[str, str], Filler] = field(init=False, repr=False, default_factory=dict)
    """Prepared texts by wording and language."""
    level: int = field(init=False, repr=False)
    """Place of the severity in :data:`SEVERITIES`."""

    def __post_init__(self) -> None:
        wordings = {"": self.text} if isinstance(self.text, Text) else self.text
        object.__setattr__(self, "wordings", wordings)
        if not isinstance(self.code, str):
            raise TypeError(f"a rule's code is text, not {self.code!r}")
        if not isinstance(wordings, Mapping) or not all(isinstance(text, Text) for text in wordings.values()):
            raise TypeError(f"rule {self.code}: its text is {type(self.text).__name__}; write Text(English, Chinese)")
        if not isinstance(self.rank, int | float):
            raise TypeError(f"rule {self.code}: its rank is a number, not {self.rank!r}")
        if self.severity not in SEVERITIES:
            raise ValueError(f"rule {self.code}: severity {self.severity!r} is none of {', '.join(SEVERITIES)}")
        object.__setattr__(self, "level", SEVERITIES.index(self.severity))


def highest_severity(verdicts: Iterable[Verdict]) -> str:
    """The highest level among verdicts, of which there must be one."""
    return SEVERITIES[max([verdict.rule.level for verdict in verdicts])]


class Evidence(msgspec.Struct, frozen=True, gc=False):
    """One fact that a verdict rests on: this field of that frame had this value. It can be taken apart like a tuple."""

    frame: int
    field: str
    value: Any

    def __iter__(self) -> Iterator[Any]:
        return iter((self.frame, self.field, self.value))


class Verdict(msgspec.Struct, gc=False):
    """A rule that fired.

    ``about`` is the frame that it speaks of; ``wording`` picks one of the rule's texts.
    """

    rule: Rule
    about: int
    params: dict[str, Any]
    evidence: tuple[Evidence, ...] = ()
    wording: str = ""
    decided: tuple[int | None, str, int | None] = (None, "", None)
    """The frame that decided it (None when the end of the capture did), and its conversation's protocol and number;
    the engine fills them in."""

    @property
    def frame(self) -> int | None:
        """The frame that decided it; None when the end of the capture did."""
        return self.decided[0]

    @property
    def proto(self) -> str:
        """``tcp`` or ``udp``, when it belongs to a conversation."""
        return self.decided[1]

    @property
    def stream(self) -> int | None:
        """tshark's number of the conversation."""
        return self.decided[2]


def duration(seconds: float, language: str = "en") -> str:
    """A time span for people, three significant digits: ``0.423 ms``, ``42.1 ms``, ``10.0 s``, ``2 min 5 s``."""
    size = -seconds if seconds < 0 else seconds
    # % takes less time than an f-string with a width, and this runs for every acknowledgment
    if size < 0.0995:
        if size < 1e-6:
            return f"{seconds * 1e9:.3g} ns" if size >= 5e-10 else "0 ms"  # no capture tells less than 1 ns
        value, size = seconds * 1000, size * 1000
        if size < 0.9995:
            return "%.3f ms" % value  # noqa: UP031
        return "%.2f ms" % value if size < 9.995 else "%.1f ms" % value  # noqa: UP031
    if size < 99.5:
        if size < 0.9995:
            return "%.3f s" % seconds  # noqa: UP031
        return "%.2f s" % seconds if size < 9.995 else "%.1f s" % seconds  # noqa: UP031
    return _long_duration(seconds, language)


def _long_duration(seconds: float, language: str) -> str:
    minutes, rest = divmod(round(abs(seconds)), 60)
    hours, minutes = divmod(minutes, 60)
    units = ("小时", "分钟", "秒") if language == "zh" else ("h", "min", "s")
    parts = [f"{count} {unit}" for count, unit in zip((hours, minutes, rest), units, strict=True) if count]
    return ("-" if seconds < 0 else "") + " ".join(parts)


def frame_list(numbers: Iterable[int], separator: str = ", ") -> str:
    """Frame numbers as a reader lists them, runs drawn together: ``5, 6, 8–12``."""
    runs: list[list[int]] = []
    for number in sorted(set(numbers)):
        if runs and number == runs[-1][1] + 1:
            runs[-1][1] = number
        else:
            runs.append([number, number])
    return separator.join(f"{a}" if a == b else f"{a}{separator}{b}" if b == a + 1 else f"{a}–{b}" for a, b in runs)


SPANS: Mapping[str, tuple[str, str]] = {
    "bytes": ("byte {0}", "bytes {0}–{1}"),
    "Bytes": ("Byte {0}", "Bytes {0}–{1}"),
    "字节": ("第 {0} 字节", "第 {0}–{1} 字节"),
}
"""What ``{first:bytes last}`` says of two parameters, when they are equal and when not."""

_ROLES = {"client": "客户端", "server": "服务器"}
_NUMERALS = "零一二三四五六七八九"


def _formats(language: str) -> dict[str, Callable[..., str] | None]:
    """What may follow the colon in a placeholder: ``{delay:duration}``; every other format is Python's own."""
    chinese = language == "zh"

    def counted(unit: str) -> Callable[[Any], str]:
        return lambda count: f"{count} {unit}" if count == 1 else f"{count} {unit}s"

    return {
        "duration": partial(duration, language=language) if chinese else duration,
        "frames": partial(frame_list, separator="、") if chinese else frame_list,
        "hex": lambda value: f"0x{value:04x}",
        "role": (lambda role: str(_ROLES.get(role, role))) if chinese else None,
        "numeral": (lambda digit: _NUMERALS[digit]) if chinese else None,
        "byte": counted("byte"),
        "duplicate": counted("duplicate ACK"),
        "segment": counted("segment"),
        "time": counted("time"),
        "record": counted("record"),
        "certificate": counted("certificate"),
        "router": counted("router"),
        "probe": counted("probe"),
        **{kind: partial(_span, *texts) for kind, texts in SPANS.items()},
    }


def _span(one: str, several: str, first: int, last: int) -> str:
    return one.format(first) if first == last else several.format(first, last)


_template_parser = string.Formatter()


def placeholders(template: str) -> set[str]:
    """The parameters that a text names in its braces."""
    return {
        parameter
        for _, name, spec, _ in _template_parser.parse(template)
        if name
        for parameter in _parameters(name, spec or "")
    }


def _parameters(name: str, spec: str) -> list[str]:
    """The parameters of one placeholder: a span has two, all others one."""
    kind, _, last = spec.partition(" ")
    return [name, last] if kind in SPANS else [name]


def with_names(template: str) -> str:
    """A text as a person reads it: ``{delay:duration}`` → ``‹delay›``, ``{first:bytes last}`` → ``bytes ‹first›–‹last›``."""
    shown: list[str] = []
    try:
        parsed = list(_template_parser.parse(template))
    except ValueError:  # a brace that a plugin's author forgot
        return template
    for literal, name, spec, _ in parsed:
        shown.append(literal)
        if name:
            kind, _, last = (spec or "").partition(" ")
            shown.append(SPANS[kind][1].format(f"‹{name}›", f"‹{last}›") if kind in SPANS else f"‹{name}›")
    return "".join(shown)


def _filler(template: str, language: str) -> Filler:
    """Fills a text. It is made into a Python function once, as this runs for every verdict that is written: an f-string
    takes two thirds of the time that ``%`` or ``str.format`` do."""
    formats = _formats(language)
    parsed = [(literal, name, spec or "") for literal, name, spec, _ in _template_parser.parse(template)]
    if language == "zh":
        parsed = [(_tight(literal), name, spec) for literal, name, spec in parsed]
    pieces: list[str] = []
    functions: dict[str, Any] = {}
    for place, (literal, name, spec) in enumerate(parsed):
        if literal:
            pieces.append("f" + repr(literal.replace("{", "{{").replace("}", "}}")))
        if name is None:
            continue
        if not name.isidentifier():
            raise ValueError(f"{{{name}}} in a text is no parameter's name")
        kind = spec.partition(" ")[0]
        convert = partial(_python_format, spec=spec) if spec and kind not in formats else formats.get(kind)
        if language == "zh":
            after = parsed[place + 1][0] if place + 1 < len(parsed) else ""
            convert = _spaced(convert, _is_chinese(literal[-1:]), _is_chinese(after[:1]))
        value = ", ".join(f"params['{parameter}']" for parameter in _parameters(name, spec))
        if convert is not None:
            function = f"convert_{len(functions)}"
            functions[function] = convert
            value = f"{function}({value})"
        pieces.append(f'f"{{{value}}}"')
    made: Filler = eval(f"lambda params: {' '.join(pieces) or repr('')}", functions)
    return made


def _is_chinese(character: str) -> bool:
    return "\u4e00" <= character <= "\u9fff"


def _tight(literal: str) -> str:
    """A piece of a Chinese text without the blanks that part its characters from a placeholder: whether one belongs
    there, the value tells."""
    if literal[:1] == " " and _is_chinese(literal[1:2]):
        literal = literal[1:]
    return literal[:-1] if literal[-1:] == " " and _is_chinese(literal[-2:-1]) else literal


def _spaced(convert: Callable[..., str] | None, before: bool, after: bool) -> Callable[..., str] | None:
    """Sets a blank between Chinese characters and a value's letters or digits, none between them and Chinese words.

    :param before: whether a Chinese character is before the value
    :param after: whether one follows
    """
    if not before and not after:
        return convert

    def spaced(*values: Any) -> str:
        text = convert(*values) if convert else str(values[0])
        begins, ends = before and text[:1].isascii(), after and text[-1:].isascii()
        return f"{' ' if begins and text else ''}{text}{' ' if ends and text else ''}"

    return spaced


def _python_format(value: Any, spec: str) -> str:
    return format(value, spec)


def render(verdict: Verdict, language: str = "en") -> str:
    """The verdict's sentence in ``en`` or ``zh``. It may hold captured text: escape it for where it goes."""
    rule = verdict.rule
    fill = rule.fillers.get((verdict.wording, language))
    if fill is None:
        text = rule.wordings[verdict.wording]
        fill = rule.fillers[verdict.wording, language] = _filler(text.zh if language == "zh" else text.en, language)
    return fill(verdict.params)


def filled(text: Text, params: Mapping[str, Any], language: str = "en") -> str:
    """Any text of a rule, such as its explanation's, with a verdict's parameters."""
    return _filler(text.zh if language == "zh" else text.en, language)(params)
