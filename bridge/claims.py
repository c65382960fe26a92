"""Places that more than one layer claims: two plugins' layers on one port, or a plugin's on one of tshark's."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from labdissect.dissectors.layer import Layer
from labdissect.dissectors.stack import ANY, Place
from labdissect.plugins.registry import Registry

PORTS = ("udp.port", "tcp.port")
"""Tables whose payloads tshark prints whether or not it dissects them, so that both are read."""


def contested(
    registry: Registry, rebound: Mapping[Place, str], told: Sequence[str] = (), *, of: Layer | None = None
) -> Iterator[str]:
    """What there is to say of them, a sentence each: who reads the payload, and how to choose.

    Layers that recognize their packets (``matches``) share a place: the last one loaded is asked first.

    :param rebound: ``--decode-as``: places that somebody has chosen for already
    :param told: what tshark is told of places (``-d``)
    :param of: only places that this layer claims
    """
    claims: dict[Place, list[Layer]] = {}
    for layer in registry.carried.values():
        for place in dict.fromkeys(layer.over):
            claims.setdefault(place, []).append(layer)
    chosen = {rule.partition(",")[0].replace(" ", "") for rule in told}
    for place, layers in claims.items():
        if place in rebound or place[1] == ANY or (of is not None and place not in of.over):
            continue
        certain = [position for position, layer in enumerate(layers) if layer.matches is None]
        if certain and certain[-1]:
            yield _between(registry, place, layers[: certain[-1]], layers[certain[-1]])
        for other in () if f"{place[0]}=={place[1]}" in chosen else registry.layers.values():
            if other.name not in registry.carried and place in other.over:
                yield _with_tshark(registry, place, layers[-1], other)


def _between(registry: Registry, place: Place, others: list[Layer], winner: Layer) -> str:
    table, value = place
    losers = " and ".join(_named(registry, layer) for layer in others)
    return (
        f"{table} {value} is claimed by {losers} and by {_named(registry, winner)}: {winner.name} reads it, as it was "
        f"loaded last; --decode-as {table}=={value},{others[-1].name} chooses {others[-1].name}"
    )


def _with_tshark(registry: Registry, place: Place, layer: Layer, other: Layer) -> str:
    table, value = place
    claimed = f"{table} {value} is claimed by {_named(registry, layer)}, and tshark dissects {other.name} there: "
    if table not in PORTS:
        return f"{claimed}{layer.name} gets nothing; choose a number that tshark leaves alone"
    return f"{claimed}both are read; -d {table}=={value},data (tshark's option) leaves it to {layer.name} alone"


def _named(registry: Registry, layer: Layer) -> str:
    return f"layer {layer.name} (plugin {registry.givers['layer', layer.name]})"
