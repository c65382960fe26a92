"""Everything there is, the bridge's own readers and writers included."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from .failures import UsageFailure

if TYPE_CHECKING:
    from labdissect.plugins.registry import Registry

PACKAGES = ("labdissect.bridge.readers", "labdissect.bridge.writers")
"""Where the bridge has hooks of its own, for :func:`labdissect.plugins.registry.load`."""


def loaded(plugins: Iterable[str] = (), *, look: bool = True) -> Registry:
    """The built-ins, what is installed, and ``plugins``.

    :param look: False where it is known already that nothing is installed
    :raises UsageFailure: when a plugin cannot be loaded
    """
    from labdissect.plugins.registry import PluginError, load  # all of the rules: --help does without

    try:
        return load(plugins, entry_points=look, extra_packages=PACKAGES)
    except PluginError as error:
        raise UsageFailure(str(error)) from error
