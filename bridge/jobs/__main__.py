"""The process between the tsharks and the analyzer: it feeds the former and merges what they print.

A process, as the analyzer is what all wait for: in one process it would share Python's one lock with these threads.
:mod:`.shards` starts it, as ``python -m labdissect.bridge.jobs FEED,PRINTED …``, two descriptors for each tshark; on
standard input are the plan and the fields that name other frames. On standard output are the lines, on standard error,
when all is over, :class:`Outcome`.
"""

from __future__ import annotations

import json
import os
import pickle
import sys
from collections.abc import Sequence
from contextlib import suppress

from .ahead import Ahead
from .feeding import Feeder
from .merging import Merger
from .outcome import Outcome
from .plan import Plan


def main(arguments: Sequence[str]) -> None:
    """Until all lines are written, or nobody reads them any more."""
    plan: Plan
    plan, references = pickle.loads(sys.stdin.buffer.read())
    feeders, ahead = [], []
    for shard, pair in enumerate(arguments):
        feed, printed = map(int, pair.split(","))
        feeders.append(Feeder(plan, shard, os.fdopen(feed, "wb", 0)))
        ahead.append(Ahead(os.fdopen(printed, "rb", 0)))
    for thread in (*feeders, *ahead):
        thread.start()
    merger = Merger(plan, [one.chunks() for one in ahead], references)
    with suppress(BrokenPipeError), open(sys.stdout.fileno(), "wb", closefd=False) as out:
        for lines in merger.chunks():
            out.write(lines)
            out.flush()
    problem = next((feeder.problem for feeder in feeders if feeder.problem is not None), None)
    outcome = Outcome(merger.done, merger.ended, merger.disordered, problem)
    print(json.dumps(outcome._asdict()), file=sys.stderr)


if __name__ == "__main__":
    main(sys.argv[1:])
