"""Writes to each tshark the packets that are its."""

from __future__ import annotations

import threading
from contextlib import suppress
from io import BufferedWriter, RawIOBase

from .packets import NotSplit
from .plan import Plan


class Feeder(threading.Thread):
    """Goes through the capture once more and writes one shard's packets, as they stand in the file, to a pipe; then
    closes it. It ends early when nobody reads any more.

    Each shard has a feeder of its own, as each tshark goes at its own pace: whoever reads their outputs in the order of
    packets may wait for any of them, and nothing else ever waits for two.
    """

    def __init__(self, plan: Plan, shard: int, pipe: RawIOBase) -> None:
        super().__init__(daemon=True, name=f"feeder {shard}")
        self._plan, self._shard, self._pipe = plan, shard, BufferedWriter(pipe)
        self.problem: str | None = None
        """What kept it from going through the capture."""

    def run(self) -> None:
        """Until the end of the capture."""
        try:
            self._feed()
        except BrokenPipeError:
            pass
        except (OSError, NotSplit, ValueError) as error:
            self.problem = str(error)
        finally:
            with suppress(OSError):
                self._pipe.close()

    def _feed(self) -> None:
        order, mine, done = self._plan.order, self._shard, 0
        for batch in self._plan.file.batches():
            ends, count = batch.ends, len(batch.ends)
            marks = order[done : done + count]
            done += count
            parts: list[bytes | memoryview] = [batch.before]
            view = memoryview(batch.buffer)
            at = marks.find(mine)
            while at >= 0:
                begin = ends[at - 1] if at else batch.begin
                while at + 1 < count and marks[at + 1] == mine:
                    at += 1
                parts.append(view[begin : ends[at]])
                at = marks.find(mine, at + 1)
            self._pipe.write(b"".join(parts))
