"""Tables with types: the schema of Parquet files and of data frames, and the Arrow tables that hold them.

A packet's row has, in this order (``--columns`` chooses others; a declared field has its own type there, any other
field is a string):

================ =========================== ======================================================================
column           type                        meaning
================ =========================== ======================================================================
number           int64                       as tshark counts frames
epoch            timestamp[ns, UTC]          when it was captured
time             double                      seconds since the capture's first packet
source           string                      Wireshark's column, else the innermost IP address, else the MAC address
destination      string                      likewise
protocol         string                      Wireshark's column, else what the packet is about
length           int64                       bytes on the wire
info             string                      Wireshark's column, where the input has it
stream           int64                       tshark's number of the connection or exchange
conn_state       string                      Zeek's conn_state so far
state_client     string                      the TCP client's state
state_server     string                      the TCP server's state
severity         string                      the highest among the verdicts: chat, note, warn, error
headline         string                      the one verdict to read
about            list<int64>                 of each verdict the frame that it is about
code             list<string>                of each verdict its code, in the same order
verdict          list<string>                of each verdict its text, in the same order
================ =========================== ======================================================================

What a packet has not is null. Columns are never renamed, removed or given another type within one
:data:`SCHEMA_VERSION`; new ones come at the end. pyarrow is needed (``pip install labdissect[parquet]``) and imported
when a table is made, not before.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from labdissect.plugins.rule import SEVERITIES

from .escape import json_text
from .failures import UsageFailure

if TYPE_CHECKING:
    import pyarrow

    from labdissect.plugins.writer import Said

    from .writers.cells import Shown, ShownColumn

SCHEMA_VERSION = "1"
PACKETS = (
    *("number", "epoch", "time", "source", "destination", "protocol", "length", "info", "stream", "conn_state"),
    *("state_client", "state_server", "severity", "headline", "about", "code", "verdict"),
)
"""The columns of a packet's row when none are chosen."""

_CONVERSATIONS = (
    ("proto", "str"),
    ("stream", "int"),
    ("client", "str"),
    ("client_port", "int"),
    ("server", "str"),
    ("server_port", "int"),
    ("conn_state", "str"),
    ("history", "str"),
    ("opened", "str"),
    ("closed", "str"),
    ("packets_client", "int"),
    ("packets_server", "int"),
    ("bytes_client", "int"),
    ("bytes_server", "int"),
    ("retransmissions_client", "int"),
    ("retransmissions_server", "int"),
    ("bytes_per_second_client", "float"),
    ("bytes_per_second_server", "float"),
    ("window_min_client", "int"),
    ("window_max_client", "int"),
    ("window_min_server", "int"),
    ("window_max_server", "int"),
    ("handshake_seconds", "float"),
    ("duration_seconds", "float"),
    ("first_frame", "int"),
    ("last_frame", "int"),
)
"""The keys of ``-o conversations`` and their kinds."""
_VERDICTS = (
    ("frame", "int"),
    ("about", "int"),
    ("code", "str"),
    ("severity", "str"),
    ("text", "str"),
    ("evidence", "facts"),
    ("params", "str"),
    ("refs", "strs"),
    ("proto", "str"),
    ("stream", "int"),
)
"""The keys of ``-o jsonl`` and their kinds; ``params`` is JSON, as each rule has its own."""

_LARGEST = 2**63
BATCH_ROWS = 16_384
"""Rows of a batch, and of a Parquet file's group: what memory holds of a file that is being written."""


def arrow() -> Any:
    """pyarrow.

    :raises UsageFailure: when it is not installed
    """
    try:
        import pyarrow
    except ImportError as error:
        raise UsageFailure("pyarrow is needed and not installed: pip install labdissect[parquet]") from error
    return pyarrow


def arrow_type(kind: str) -> Any:
    """The Arrow type of a kind of column."""
    pa = arrow()
    if kind == "facts":
        return pa.list_(pa.struct([("frame", pa.int64()), ("field", pa.string()), ("value", pa.string())]))
    types: Mapping[str, Any] = {
        "int": pa.int64(),
        "float": pa.float64(),
        "bool": pa.bool_(),
        "time": pa.timestamp("ns", "UTC"),
        "str": pa.string(),
        "ints": pa.list_(pa.int64()),
        "strs": pa.list_(pa.string()),
    }
    return types[kind]


def schema(columns: Sequence[tuple[str, str]]) -> pyarrow.Schema:
    """Of columns by name and kind."""
    pa = arrow()
    fields = [pa.field(name, arrow_type(kind)) for name, kind in columns]
    return pa.schema(fields, metadata={"labdissect.schema": SCHEMA_VERSION})


def conversations_schema() -> pyarrow.Schema:
    """Of the conversations."""
    return schema(_CONVERSATIONS)


def verdicts_schema() -> pyarrow.Schema:
    """Of the verdicts."""
    return schema(_VERDICTS)


class Rows:
    """Rows of packets, kept by column until there are enough for a batch."""

    def __init__(self, columns: Sequence[ShownColumn]) -> None:
        self._columns = columns
        self.schema = schema([(column.name, column.kind) for column in columns])
        self._values: list[list[Any]] = [[] for _ in columns]
        self.count = 0

    def add(self, shown: Shown) -> None:
        """One row."""
        self.put(self.values(shown))

    def values(self, shown: Shown) -> list[Any]:
        """A row's values, in the order of the columns: numbers, text and lists of them."""
        return [cell_value(column, shown) for column in self._columns]

    def put(self, row: Sequence[Any], later: Sequence[Said] = ()) -> None:
        """A row of values.

        :param later: what was said of the packet later: it comes behind what the row says
        """
        for values, column, value in zip(self._values, self._columns, row, strict=True):
            values.append(_with_later(column.name, value, later) if later else value)
        self.count += 1

    def taken(self) -> pyarrow.RecordBatch:
        """The rows so far; then there are none."""
        pa = arrow()
        arrays = [pa.array(values, field.type) for values, field in zip(self._values, self.schema, strict=True)]
        self._values = [[] for _ in self._columns]
        self.count = 0
        return pa.RecordBatch.from_arrays(arrays, schema=self.schema)


def verdict_row(verdict: Mapping[str, Any]) -> dict[str, Any]:
    """A verdict of ``-o jsonl`` as a row: values of evidence as text, parameters as JSON."""
    facts = [{**one, "value": _plain(one["value"])} for one in verdict["evidence"]]
    return {**verdict, "text": well_formed(verdict["text"]), "evidence": facts, "params": _plain(verdict["params"])}


def _plain(value: Any) -> str:
    return well_formed(value) if isinstance(value, str) else json_text(value).decode()


def _with_later(column: str, value: Any, later: Sequence[Said]) -> Any:
    match column:
        case "about":
            return [*value, *(one.about for one in later)]
        case "code":
            return [*value, *(one.code for one in later)]
        case "verdict":
            return [*value, *(well_formed(one.text) for one in later)]
        case "headline":
            return value or well_formed(later[0].text)
        case "severity":
            return max([*filter(None, (value,)), *(one.severity for one in later)], key=SEVERITIES.index)
    return value


def cell_value(column: ShownColumn, shown: Shown) -> Any:
    """A column's value as its Arrow type takes it: text without lone surrogates, integers of 64 bits."""
    value = column.value(shown)
    if column.kind == "str":
        return None if value is None else well_formed(value)
    if column.kind == "strs":
        return [well_formed(one) for one in value]
    if column.kind == "int" and value is not None and not -_LARGEST <= value < _LARGEST:
        return None
    return value


def well_formed(text: str) -> str:
    """Text that UTF-8 can hold."""
    return text if text.isascii() else text.encode("utf-8", "replace").decode()
