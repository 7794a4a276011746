"""The exceptions: every one has a message that says what was wrong and what to do, and none quotes an intent."""

from __future__ import annotations

from typing import Any, Mapping, Optional

_NOT_ALLOWED = (
    "Permission denied. Members of the group sglorad-users may make requests and see their own; members of "
    "sglorad-admin may do everything. Ask an administrator to add this user to the group, then log in again."
)


class SgloradError(Exception):
    """Any failure of a call."""

    def __init__(self, message: str, *, error: Optional[str] = None, request_id: Optional[str] = None) -> None:
        super().__init__(message)
        #: What was wrong and what to do.
        self.message = message
        #: The qualified name of the daemon's error, such as ``io.sglorad.StorageFailure``, if it sent one.
        self.error = error
        #: The request that the call waited for, if it was queued.
        self.request_id = request_id

    @property
    def is_transient(self) -> bool:
        """Whether the same call may succeed later without any change."""
        return isinstance(self, (Busy, Unreachable, Interrupted, TimedOut))


class Refused(SgloradError):
    """No expert is near enough to the intent: an adapter would be a guess. ``Client.explain`` lists the nearest."""

    def __init__(
        self,
        message: str,
        *,
        nearest: str,
        proximity: float,
        threshold: float,
        truncated: bool,
        script: Optional[str],
        error: Optional[str] = None,
    ) -> None:
        super().__init__(message, error=error)
        #: The name of the nearest expert.
        self.nearest = nearest
        #: The plain cosine of the nearest expert, -1 to 1.
        self.proximity = proximity
        #: The plain cosine that is required.
        self.threshold = threshold
        #: Whether the text was longer than the text encoder reads, and was cut.
        self.truncated = truncated
        #: The script of the text, such as ``Cyrillic``, if the text encoder knows hardly a word in it.
        self.script = script


class Busy(SgloradError):
    """A limit of the daemon has been reached."""

    def __init__(self, message: str, *, retry_after: float, error: Optional[str] = None) -> None:
        super().__init__(message, error=error)
        #: When to ask again, in seconds from now.
        self.retry_after = retry_after


class Invalid(SgloradError):
    """A value in the call is invalid, such as a text that is too long."""

    def __init__(self, message: str, *, field: Optional[str] = None, error: Optional[str] = None) -> None:
        super().__init__(message, error=error)
        #: The value that is invalid, where the daemon names it.
        self.field = field


class NotPermitted(SgloradError):
    """This user may not use the socket, or not call this method."""


class Unreachable(SgloradError):
    """No daemon serves the socket."""


class Interrupted(SgloradError):
    """The daemon ended, or closed the connection, before it had replied. A request that is named goes on."""


class TimedOut(SgloradError):
    """The call took longer than it was allowed. A request that is named goes on."""


class Cancelled(SgloradError):
    """The request was cancelled, or the client was closed during the call."""


class NotFound(SgloradError):
    """There is no such request or adapter, or it belongs to another user."""


class UnusableReply(SgloradError):
    """The daemon sent something that this version does not understand, or files that do not match their digests."""


class ExportFailed(SgloradError):
    """The files of an adapter could not be written."""


class Failed(SgloradError):
    """Anything else that the daemon reports; ``error`` names it."""


def not_allowed(socket: Optional[str] = None, error: Optional[str] = None) -> NotPermitted:
    """The failure of a user who may not use the socket, or not call the method."""
    start = f"The socket {socket} may not be used. " if socket else ""
    return NotPermitted(start + _NOT_ALLOWED, error=error)


def unexpected() -> UnusableReply:
    """The failure for a reply that lacks something or holds something of another type."""
    return UnusableReply(
        "The daemon's reply does not match this version of the package. Use the daemon and the package of the same release."
    )


def from_wire(name: str, parameters: Mapping[str, Any]) -> SgloradError:
    """The exception for an error of the daemon."""
    text = parameters.get("message")
    message = text if isinstance(text, str) else f"The daemon replied with the error {name}."
    field = parameters.get("field")
    if name == "org.varlink.service.PermissionDenied":
        return not_allowed(error=name)
    if name == "org.varlink.service.InvalidParameter":
        field = parameters.get("parameter")
        return Invalid(f"The daemon does not accept the parameter '{field}'.", field=str(field), error=name)
    short = name[len("io.sglorad.") :] if name.startswith("io.sglorad.") else ""
    if short == "NoRelevantExpert":
        try:
            script = parameters.get("script")
            return Refused(
                message,
                nearest=str(parameters["nearest"]),
                proximity=float(parameters["proximity"]),
                threshold=float(parameters["threshold"]),
                truncated=parameters.get("truncated") is True,
                script=script if isinstance(script, str) else None,
                error=name,
            )
        except (KeyError, TypeError, ValueError):
            return unexpected()
    if short == "Busy":
        after = parameters.get("retryAfter")
        seconds = float(after) if isinstance(after, (int, float)) else 1.0
        return Busy(message, retry_after=min(max(seconds, 0.0), 3600.0), error=name)
    if short in ("InvalidIntent", "InvalidRequest"):
        return Invalid(message, field=field if isinstance(field, str) else None, error=name)
    if short == "UnknownBase":
        return Invalid(message, field="base", error=name)
    if short == "Cancelled":
        return Cancelled(message, error=name)
    if short == "NotFound":
        return NotFound(message, error=name)
    return Failed(message, error=name)
