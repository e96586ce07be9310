"""Reading and writing a model's file as an object, by the tools that LiteRT brings."""

from __future__ import annotations

from typing import Any

from edgefmnist.errors import MissingDependency
from edgefmnist.runtime.interpreter import provider


def tools(why: str) -> Any:
    """LiteRT's module of functions that read and write models.

    why: what they are needed for, as a sentence begins.
    Raises: MissingDependency where the installed runtime brings none.
    """
    _, runtime = provider()
    try:
        from ai_edge_litert.tools import flatbuffer_utils
    except ImportError as error:
        raise MissingDependency(
            f"{why}, and {runtime} brings no tool for that: pip install ai-edge-litert "
            "(64-bit systems)"
        ) from error
    return flatbuffer_utils
