"""`labdissect elastic-mapping`: what Elasticsearch must know before `-o ek` is loaded into it by _bulk."""

from __future__ import annotations

import click

from labdissect.bridge.invocation import Invocation
from labdissect.bridge.options import shared


@click.command("elastic-mapping")
@click.option("--elastic-mapping-filter", "protocols", metavar="PROTO,…", help="Of tshark's own only these protocols.")
@click.option("--own", is_flag=True, help="Only our layers, for a mapping that is there already; needs no tshark.")
@shared
def command(invocation: Invocation, protocols: str | None, own: bool) -> None:
    """The mapping of `tshark -G elastic-mapping` with the layer labdissect and those of plugins.

    \b
      labdissect elastic-mapping --elastic-mapping-filter frame,eth,ip,tcp,http > mapping.json
      curl -X PUT  localhost:9200/packets-2026-11-22 -H 'Content-Type: application/json' -d @mapping.json
      curl -X POST localhost:9200/_bulk -H 'Content-Type: application/x-ndjson' --data-binary @annotated.ek
    """
    import json

    from labdissect.bridge import elastic

    registry = invocation.registry
    if own:
        mapping = elastic.own_mapping(registry)
    else:
        from labdissect.bridge.tshark import find

        mapping = elastic.whole_mapping(registry, find(), protocols)
    click.echo(json.dumps(mapping, indent=2))
