"""``--decode-as udp.port==9000,labrdt``: where a plugin's layer is found, said by the user."""

from __future__ import annotations

import re
from collections.abc import Sequence

from labdissect.dissectors.stack import Place
from labdissect.plugins.registry import Registry

from .failures import UsageFailure

TABLES = {"udp.port": 0xFFFF, "tcp.port": 0xFFFF, "ip.proto": 0xFF, "ethertype": 0xFFFF}
"""Those in which a plugin's layer may stand, each with its greatest value; those that plugins' layers open come to
them."""
_RULE = r"\s*([\w.]+)\s*==\s*([^,\s]+)\s*,\s*(\S+)\s*"


def places(rules: Sequence[str], registry: Registry) -> dict[Place, str]:
    """The layer of each place.

    :raises UsageFailure: for a rule that is none, and names that are none
    """
    return dict(_place(rule, registry) for rule in rules)


def _place(rule: str, registry: Registry) -> tuple[Place, str]:
    from .request import unknown

    read = re.fullmatch(_RULE, rule)
    if read is None:
        raise UsageFailure(f"--decode-as {rule}: write TABLE==VALUE,LAYER, as udp.port==9000,labrdt")
    table, value, name = read.groups()
    tables = [*TABLES, *sorted({layer.selects[0] for layer in registry.carried.values() if layer.selects})]
    if table not in tables:
        raise UsageFailure(f"--decode-as {rule}: {unknown('table', table, tables)}")
    if name not in registry.carried:
        if name in registry.layers:
            raise UsageFailure(f"--decode-as {rule}: {name} is tshark's to dissect; give that to tshark with -d")
        if not registry.carried:
            raise UsageFailure(f"--decode-as {rule}: there is no layer {name}, as no plugin is loaded that has one")
        raise UsageFailure(f"--decode-as {rule}: {unknown('layer of a plugin', name, registry.carried)}")
    number = _number(value)
    if table in TABLES and not (isinstance(number, int) and 0 <= number <= TABLES[table]):
        raise UsageFailure(f"--decode-as {rule}: {value} is no {table}, which is a number from 0 to {TABLES[table]}")
    return (table, number), name


def _number(text: str) -> int | str:
    """A number, decimal or hex; what is none may be a name, as some tables have."""
    try:
        return int(text, 0)
    except ValueError:
        return text
