"""What the bytes mean: one protocol a file, each with its ``LAYER`` (``LAYERS`` where a file holds a family).

Adding a file here is all that it takes to add a protocol: :func:`builtin_layers` finds it.
"""

from __future__ import annotations

import importlib
import pkgutil
from functools import lru_cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .layer import Layer

if __name__ == "dissectors":
    raise ImportError(
        "import labdissect.dissectors, not dissectors: under the bare name every layer would exist a second time"
    )


@lru_cache(maxsize=1)
def _found() -> tuple[Layer, ...]:
    layers: list[Layer] = []
    for module in pkgutil.iter_modules(__path__):
        contents = importlib.import_module(f"{__name__}.{module.name}")
        layers += getattr(contents, "LAYERS", ())
        if hasattr(contents, "LAYER"):
            layers.append(contents.LAYER)
    return tuple(layers)


def builtin_layers() -> list[Layer]:
    """Every layer that a file of this folder defines, in the order of the files' names."""
    return list(_found())
