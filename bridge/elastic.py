"""How Elasticsearch shall read our layers in EK: their keys' types, in the form of ``tshark -G elastic-mapping``."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from labdissect.dissectors.layer import Ipv4Address, Ipv6Address

from .failures import TsharkFailure

if TYPE_CHECKING:
    from labdissect.dissectors.layer import Field
    from labdissect.plugins.registry import Registry

SECONDS_AT_MOST = 60
OWN_KEYS: Mapping[str, str] = {
    "headline": "text",
    "verdict": "text",
    "code": "keyword",
    "about": "long",
    "severity": "keyword",
    "state_client": "keyword",
    "state_server": "keyword",
    "conn_state": "keyword",
    "history": "keyword",
}
"""Types of the layer ``labdissect``: sentences are searched by words, codes and states as they are."""
_TYPES = {"int": "long", "hex": "long", "float": "float", "bool": "boolean", "time": "date"}
"""By the kind of a declared field; any other is a keyword."""

Properties = dict[str, dict[str, Any]]


def own_layers(registry: Registry) -> Properties:
    """Of ``labdissect`` and of each plugin's layer: what ``mappings.properties.layers.properties`` has under its name.

    A plugin's member of several parts (flags, options) has keys that its definition does not list: Elasticsearch maps
    those as they come.
    """
    keys = {f"labdissect_labdissect_{name}": {"type": kind} for name, kind in OWN_KEYS.items()}
    for column in registry.columns.values():
        if column.everywhere:
            keys[f"labdissect_labdissect_{column.name}"] = {"type": "keyword"}
    made: Properties = {"labdissect": {"properties": keys}}
    for name, layer in registry.layers.items():
        if registry.is_built_in("layer", name):
            continue
        listed = {
            f"{name}_{field.tshark}".replace(".", "_"): {"type": type_of(field)}
            for field in layer.fields
            if field.kind != "parsed"
        }
        made[name] = {"properties": listed}
        if len(listed) < len(layer.fields):
            made[name]["dynamic"] = True
    return made


def type_of(field: Field) -> str:
    """Elasticsearch's type of a declared field as EK prints it."""
    if field.subcon is Ipv4Address or field.subcon is Ipv6Address:
        return "ip"
    return _TYPES.get(field.kind, "keyword")


def own_mapping(registry: Registry) -> dict[str, Any]:
    """Of our layers alone."""
    layers = {"properties": own_layers(registry)}
    return {"mappings": {"dynamic": False, "properties": {"timestamp": {"type": "date"}, "layers": layers}}}


def whole_mapping(registry: Registry, path: Path, protocols: str | None = None) -> dict[str, Any]:
    """tshark's mapping with our layers in it.

    :param protocols: as ``tshark --elastic-mapping-filter``: ``tcp,ip,http``; None for all
    :raises TsharkFailure: when tshark does not print it
    """
    chosen = ["--elastic-mapping-filter", protocols] if protocols else []
    try:
        ran = subprocess.run(
            [path, "-G", "elastic-mapping", *chosen],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=SECONDS_AT_MOST,
            check=False,
        )
        mapping: dict[str, Any] = json.loads(ran.stdout)
        body = mapping["mappings"]
        within = body if "properties" in body else next(iter(body.values()))  # once under a document type
        within["properties"]["layers"]["properties"].update(own_layers(registry))
    except (OSError, subprocess.TimeoutExpired, ValueError, LookupError, TypeError, StopIteration) as error:
        raise TsharkFailure(f"{path} -G elastic-mapping gives no mapping: {error}; --own needs no tshark") from error
    return mapping
