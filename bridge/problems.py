"""What went wrong, a line each on stderr; a thousand bad lines do not make a thousand lines of complaint."""

from __future__ import annotations

import sys
from collections import Counter
from typing import TextIO

from labdissect.plugins.writer import Problem, Summary

MOST_OF_A_KIND = 10
"""Problems of one kind that are said; the others are counted."""


class Problems:
    """Says problems as they come and remembers what the exit code and the closing lines need.

    :param stream: stderr
    """

    def __init__(self, stream: TextIO | None = None) -> None:
        self._stream = stream
        self._kinds: Counter[str] = Counter()
        self.fatal = False

    def __call__(self, problem: Problem) -> None:
        """Says one, unless there were many of its kind."""
        self.fatal = self.fatal or problem.fatal
        kind = problem.kind
        self._kinds[kind] += 1
        if not kind or self._kinds[kind] <= MOST_OF_A_KIND:
            self.say(problem.message)

    def count(self, kind: str) -> int:
        """How many of a kind there were."""
        return self._kinds[kind]

    def say(self, message: str) -> None:
        """One line on stderr, safe for a terminal whatever the message quotes."""
        from .escape import visible

        stream = self._stream or sys.stderr
        if stream is None:  # pythonw, 2>&-
            return
        try:
            print("labdissect:", visible(message), file=stream, flush=True)
        except (OSError, ValueError):
            self._stream = None

    def left_out(self, name: str, count: int) -> None:
        """How many verdicts were found and not asked for."""
        noun = "verdict" if count == 1 else "verdicts"
        self.say(f"{count} {noun} left out of {name}, as --only, --ignore or --min-severity asks")

    def close(self, name: str, summary: Summary, *, interrupted: bool = False) -> None:
        """The closing lines about one input: what was suppressed or could not be judged; nothing when all is well.

        :param interrupted: the input was not read to its end, so that nothing read does not mean nothing there
        """
        for kind, count in self._kinds.items():
            if kind and count > MOST_OF_A_KIND:
                self.say(f"{count - MOST_OF_A_KIND} more of the kind “{kind}” not shown")
        self._kinds.clear()
        if not summary.packets and not interrupted and not summary.plugin_failures:
            if summary.other_lines:
                self.say(f"{name} holds no packets")
            elif not summary.cut:  # nobody knows what it held
                self.say(f"{name} is empty: no packets")
        if summary.left_out:
            self.left_out(name, summary.left_out)
        if summary.incomplete:
            noun = "TCP packet lacks" if summary.incomplete == 1 else "TCP packets lack"
            self.say(
                f"{summary.incomplete} {noun} ports, sequence number or flags (left out by -e or -j, or cut by the "
                "snapshot length) and could not be judged"
            )
        if summary.evicted:
            noun = "conversation was" if summary.evicted == 1 else "conversations were"
            self.say(f"{summary.evicted} {noun} closed early for want of room; a later packet of one begins it anew")
