"""Packets that wait, in order, for what is said of them later: on disk, so that memory does not grow with them.

SQLite keeps them: a database of no name, which it holds in its cache of :data:`CACHE` and, beyond that, in a temporary
file that is nobody else's and gone with the process.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import msgspec

from labdissect.plugins.writer import Said

from .failures import Failure

CACHE = 8192
"""KiB that SQLite may keep in memory."""
LAST_NUMBER = 2**63 - 1
"""The highest that SQLite can look up."""
BATCH = 500
"""Rows that are put in and taken out at once."""

_TABLES = """
PRAGMA cache_size = -%d;
PRAGMA journal_mode = OFF;
PRAGMA synchronous = OFF;
CREATE TABLE packet (number INTEGER PRIMARY KEY, draft BLOB NOT NULL, silent INTEGER NOT NULL);
CREATE TABLE later (about INTEGER NOT NULL, rank INTEGER NOT NULL, said BLOB NOT NULL);
CREATE INDEX later_about ON later (about);
BEGIN;
"""

Held = tuple[int, bytes, bool, Sequence[Said]]
"""A packet's number, what its writer drafted, whether nothing had been said of it by then, and what was said of it
later, the highest rank first."""


class HeldPackets:
    """Packets in the order of their numbers, which rise.

    :raises Failure: in any method, when the disk is full
    """

    def __init__(self) -> None:
        self._database = sqlite3.connect("", isolation_level=None)
        self._database.executescript(_TABLES % CACHE)
        self._coming: list[tuple[int, bytes, bool]] = []
        self.count = 0
        """Packets that wait."""

    def add(self, number: int, draft: bytes, *, silent: bool = False) -> None:
        """A packet begins to wait.

        :param silent: whether nothing is said of it so far
        """
        self._coming.append((number, draft, silent))
        self.count += 1
        if len(self._coming) >= BATCH:
            self._store()

    def knows(self, number: int) -> bool:
        """Whether that packet waits."""
        if not 0 < number <= LAST_NUMBER:
            return False
        self._store()
        with _disk():
            return self._database.execute("SELECT 1 FROM packet WHERE number = ?", (number,)).fetchone() is not None

    def add_later(self, said: Said) -> None:
        """Keeps a verdict for the packet that it is about, which waits."""
        with _disk():
            row = (said.about, said.rank, msgspec.msgpack.encode(said))
            self._database.execute("INSERT INTO later VALUES (?, ?, ?)", row)

    def taken(self, count: int) -> Iterator[Held]:
        """The first ``count`` packets, which wait no longer."""
        self._store()
        while count > 0:
            size = min(count, BATCH)
            with _disk():
                packets = self._database.execute(
                    "SELECT number, draft, silent FROM packet ORDER BY number LIMIT ?", (size,)
                ).fetchall()
            if not packets:
                return
            last = packets[-1][0]
            later = self._later(last)
            with _disk():
                self._database.execute("DELETE FROM packet WHERE number <= ?", (last,))
            self.count -= len(packets)
            count -= size
            for number, draft, silent in packets:
                yield number, draft, bool(silent), later.get(number, ())

    def _later(self, last: int) -> dict[int, list[Said]]:
        """What is said of packets up to that one, which is then forgotten here."""
        found: dict[int, list[Said]] = {}
        with _disk():
            rows = self._database.execute(
                "SELECT said FROM later WHERE about <= ? ORDER BY about, rank DESC, rowid", (last,)
            )
            for (encoded,) in rows:
                said = msgspec.msgpack.decode(encoded, type=Said)
                found.setdefault(said.about, []).append(said)
            if found:
                self._database.execute("DELETE FROM later WHERE about <= ?", (last,))
        return found

    def _store(self) -> None:
        coming, self._coming = self._coming, []
        if coming:
            with _disk():
                self._database.executemany("INSERT INTO packet VALUES (?, ?, ?)", coming)

    def close(self) -> None:
        """Forgets all."""
        self._database.close()


@contextmanager
def _disk() -> Iterator[None]:
    try:
        yield
    except sqlite3.OperationalError as error:
        raise Failure(
            f"the packets that wait for later verdicts do not fit on the disk (see TMPDIR): {error}"
        ) from error
