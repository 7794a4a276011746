"""Calls the daemon sglorad: a task in plain words becomes a LoRA adapter on this machine.

    >>> import sglorad
    >>> adapter = sglorad.Client().request("route requests about travel bookings", seed=7)
    >>> adapter.export("travel")

Pure Python on the standard library. See :class:`Client` for everything it does.
"""

from ._client import Client, default_socket
from ._errors import (
    Busy,
    Cancelled,
    ExportFailed,
    Failed,
    Interrupted,
    Invalid,
    NotFound,
    NotPermitted,
    Refused,
    SgloradError,
    TimedOut,
    Unreachable,
    UnusableReply,
)
from ._values import (
    Adapter,
    Condition,
    Embedding,
    Erasure,
    Event,
    Example,
    Explanation,
    File,
    GuidingExpert,
    Health,
    Neighbour,
    PromptForm,
    Provenance,
    Request,
    RoutedExpert,
    RoutedLayer,
    Status,
    UsedExamples,
)

__all__ = [
    "Adapter",
    "Busy",
    "Cancelled",
    "Client",
    "Condition",
    "Embedding",
    "Erasure",
    "Event",
    "Example",
    "ExportFailed",
    "Explanation",
    "Failed",
    "File",
    "GuidingExpert",
    "Health",
    "Interrupted",
    "Invalid",
    "Neighbour",
    "NotFound",
    "NotPermitted",
    "PromptForm",
    "Provenance",
    "Refused",
    "Request",
    "RoutedExpert",
    "RoutedLayer",
    "SgloradError",
    "Status",
    "TimedOut",
    "Unreachable",
    "UnusableReply",
    "UsedExamples",
    "default_socket",
]
__version__ = "0.2.0"
