"""What every command shares: the language, the plugins, and the registry, which is loaded when somebody asks."""

from __future__ import annotations

import gc
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from labdissect.plugins.discovery import installed, named_in_environment

from .loading import loaded

if TYPE_CHECKING:
    from labdissect.plugins.registry import Registry

LANGUAGES = ("en", "zh")
OBJECTS = 20_000
"""New objects after which Python looks for cycles among them. Its own 700 are those of 30 packets, most of which are
still at work then; next to nothing of ours is in a cycle."""


@contextmanager
def definitions() -> Iterator[None]:
    """Where thousands of objects are made that live as long as the program: looking through them for cycles, again and
    again meanwhile, takes more than 10 ms of the start."""
    gc.disable()
    try:
        yield
    finally:
        gc.freeze()
        gc.set_threshold(OBJECTS)
        gc.enable()


@dataclass
class Invocation:
    """One run of the program."""

    chosen_language: str | None = None
    """``--lang``"""
    plugins: tuple[str, ...] = ()
    """``--plugin``"""
    commands_added: bool = False

    @cached_property
    def has_plugins(self) -> bool:
        """Whether there are any besides the built-in ones, found out without loading them."""
        return bool(self.plugins or named_in_environment() or installed())

    @cached_property
    def registry(self) -> Registry:
        """All that there is, built in and of plugins.

        :raises UsageFailure: when a plugin cannot be loaded
        """
        with definitions():
            return loaded(self.plugins, look=self.has_plugins)

    def said(self, language: str | None, plugins: tuple[str, ...]) -> Invocation:
        """The one with exactly these options: this one, and its registry, as long as the plugins are the same."""
        if plugins != self.plugins:
            return Invocation(language, plugins)
        self.chosen_language = language
        return self

    def with_more(self, language: str | None, plugins: tuple[str, ...]) -> Invocation:
        """The same with what a command's own options say."""
        if language is None and not plugins:
            return self
        return Invocation(language or self.chosen_language, (*self.plugins, *plugins))

    def language(self, *, terminal: bool | None = None) -> str:
        """``en`` or ``zh``: as asked for, else the locale's where a person reads, else English.

        :param terminal: whether the output goes to one; None: look at stdout
        """
        if self.chosen_language is not None:
            return self.chosen_language
        if terminal is None:
            terminal = sys.stdout is not None and sys.stdout.isatty()
        return locale_language() if terminal else "en"


def locale_language() -> str:
    """The language of the environment, as POSIX looks it up; what there is no text in is English."""
    for name in ("LC_ALL", "LC_MESSAGES", "LANG"):
        value = os.environ.get(name)
        if value:
            return "zh" if value.lower().startswith("zh") else "en"
    return "en"
