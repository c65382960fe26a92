"""Teaches pyshark the types of our layers, so that it reads our EK: ``packet.labdissect.verdict``.

pyshark casts EK's text by a mapping that it gets from ``tshark -G elastic-mapping``, and refuses layers that are not
in it. Our PDML it reads as it is.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from labdissect.plugins.registry import Registry, load

from . import tshark
from .elastic import own_layers
from .failures import Failure

_TYPES = {"int": "long", "hex": "long", "float": "float", "bool": "boolean", "bytes": "byte"}
"""Kinds of our fields in the words of Elasticsearch, which pyshark knows; any other is text."""


def teach_pyshark(plugins: Iterable[str] = (), *, tshark_path: str | os.PathLike[str] | None = None) -> None:
    """Adds the layer ``labdissect`` and those of plugins to pyshark's type mapping. Call it once, before reading::

        import labdissect, pyshark
        from pyshark.tshark.output_parser.tshark_ek import packet_from_ek_packet

        labdissect.teach_pyshark()
        for line in open("annotated.ek", "rb"):
            if not line.startswith(b'{"index"'):
                print(packet_from_ek_packet(line).labdissect.verdict)

    Nothing in the working directory is read or run for it, as pyshark would do (``./config.ini``).

    :param plugins: as ``--plugin``: files or modules whose layers are in the EK
    :param tshark_path: the tshark that knows the other layers; else the one that labdissect finds
    :raises TsharkFailure: when there is none
    """
    path = tshark.find() if tshark_path is None else Path(tshark_path)
    registry = load(plugins)
    with _without_working_directory():
        from pyshark.ek_field_mapping import MAPPING

        version = ".".join(map(str, tshark.version(path)))
        MAPPING.load_mapping(version, tshark_path=str(path))
    for name, properties in _properties(registry).items():
        MAPPING._protocol_to_mapping.setdefault(name, {"properties": properties})


_teaching = threading.Lock()
_taught: set[tuple[str, ...]] = set()


def pyshark_packet(raw: bytes, plugins: tuple[str, ...] = ()) -> Any:
    """pyshark's packet of what tshark printed of one: a line of EK with whole layers, or a ``<packet>`` of PDML.

    :raises Failure: when the input has not the whole packet
    """
    if raw.lstrip().startswith(b"<"):
        if b"<proto" not in raw:
            raise Failure(_NOT_WHOLE)
        from pyshark.tshark.output_parser.tshark_xml import packet_from_xml_packet

        return packet_from_xml_packet(raw)
    if b'"frame":{' not in raw:
        raise Failure(_NOT_WHOLE)
    with _teaching:
        if plugins not in _taught:
            teach_pyshark(plugins)
            _taught.add(plugins)
    from pyshark.tshark.output_parser.tshark_ek import packet_from_ek_packet

    return packet_from_ek_packet(raw)


_NOT_WHOLE = "pyshark needs whole packets: name the capture, or use `tshark -T ek` without -e, -j or -J"


def _properties(registry: Registry) -> dict[str, dict[str, dict[str, str]]]:
    """Type by EK key, for each layer that may be of ours; pyshark takes a key without a type as text."""
    made: dict[str, dict[str, dict[str, str]]] = {}
    for name, layer in registry.layers.items():
        keys = {field: f"{name}_{field.tshark}".replace(".", "_") for field in layer.fields}
        made[name] = {key: {"type": _TYPES.get(field.kind, "text")} for field, key in keys.items()}
    made["labdissect"] = own_layers(registry)["labdissect"]["properties"]
    return made


@contextmanager
def _without_working_directory() -> Iterator[None]:
    """pyshark looks for tshark in the ``config.ini`` of the directory in which it was imported, and runs what that
    names; meanwhile it sees no configuration at all."""
    import pyshark.tshark.tshark as finder

    configured: Any = finder.get_config
    finder.get_config = lambda: None
    try:
        yield
    finally:
        finder.get_config = configured
