"""The protocol: varlink over a Unix socket, one connection for each call."""

from __future__ import annotations

import errno
import json
import socket
import time
from typing import Any, Callable, Dict, Iterator, Mapping, Optional

from ._errors import Interrupted, SgloradError, TimedOut, Unreachable, UnusableReply, from_wire, not_allowed, unexpected

#: The longest message that is accepted, in bytes; the daemon's own limit.
MAXIMUM_MESSAGE = 16 << 20


class Connection:
    """A connection that makes one call. Another thread may close it, which ends the call."""

    def __init__(self, path: str, deadline: Optional[float]) -> None:
        self._path = path
        self._deadline = deadline
        self._buffer = bytearray()
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        try:
            self._connect()
        except BaseException:
            self._socket.close()
            raise

    def _connect(self) -> None:
        # The kernel says EAGAIN while the listening socket's backlog is full.
        give_up = time.monotonic() + 5
        while True:
            self._allow()
            try:
                return self._socket.connect(self._path)
            except socket.timeout:
                raise self._timed_out() from None
            except (PermissionError,) as error:
                raise not_allowed(self._path) from error
            except (FileNotFoundError, NotADirectoryError, ConnectionRefusedError) as error:
                raise Unreachable(
                    f"The daemon is not running: no process listens on {self._path}. Start it with 'systemctl start "
                    f"sglorad.socket' or 'sglorad --state-dir DIR --socket {self._path}'."
                ) from error
            except OSError as error:
                if error.errno != errno.EAGAIN or time.monotonic() > give_up:
                    raise Unreachable(f"The daemon at {self._path} cannot be reached: {error}.") from error
                time.sleep(0.02)

    def _allow(self) -> None:
        """Gives the next operation the time that is left."""
        if self._deadline is None:
            self._socket.settimeout(None)
            return
        left = self._deadline - time.monotonic()
        if left <= 0:
            raise self._timed_out()
        self._socket.settimeout(left)

    def _timed_out(self) -> TimedOut:
        return TimedOut(
            f"The daemon at {self._path} did not answer in time. Ask again later, or allow the call more time."
        )

    def _closed(self) -> Interrupted:
        return Interrupted(
            f"The daemon at {self._path} closed the connection before it replied. It may have been restarted; its log may "
            "tell why: 'journalctl -u sglorad'."
        )

    def replies(self, method: str, parameters: Mapping[str, Any], more: bool) -> Iterator[Dict[str, Any]]:
        """Calls a method and yields the parameters of its replies as they are asked for."""
        call: Dict[str, Any] = {"method": f"io.sglorad.{method}"}
        given = {name: value for name, value in parameters.items() if value is not None}
        if given:
            call["parameters"] = given
        if more:
            call["more"] = True
        try:
            self._allow()
            self._socket.sendall(json.dumps(call).encode("utf-8") + b"\0")
        except socket.timeout:
            raise self._timed_out() from None
        except (OSError, ValueError):
            # The daemon may have said why before it closed the connection.
            pass
        while True:
            reply = self._receive()
            error = reply.get("error")
            content = reply.get("parameters")
            if content is None:
                content = {}
            if not isinstance(content, dict):
                raise unexpected()
            if error is not None:
                if not isinstance(error, str):
                    raise unexpected()
                raise from_wire(error, content)
            continues = reply.get("continues") is True
            if continues and not more:
                raise unexpected()
            yield content
            if not continues:
                return

    def _receive(self) -> Dict[str, Any]:
        searched = 0
        while True:
            end = self._buffer.find(b"\0", searched)
            if end >= 0:
                break
            searched = len(self._buffer)
            if searched > MAXIMUM_MESSAGE:
                raise UnusableReply(f"The program that listens on {self._path} does not speak varlink.")
            try:
                self._allow()
                received = self._socket.recv(1 << 16)
            except socket.timeout:
                raise self._timed_out() from None
            except (OSError, ValueError):
                raise self._closed() from None
            if not received:
                raise self._closed()
            self._buffer += received
        message = bytes(self._buffer[:end])
        del self._buffer[: end + 1]
        try:
            reply = json.loads(message)
        except (ValueError, RecursionError):
            raise UnusableReply(f"The program that listens on {self._path} does not speak varlink.") from None
        if not isinstance(reply, dict):
            raise unexpected()
        return reply

    def close(self) -> None:
        """Closes the connection; a call that waits on it, in any thread, fails."""
        try:
            self._socket.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass
        self._socket.close()


Opener = Callable[[Optional[float]], Connection]

__all__ = ["Connection", "Opener", "SgloradError"]
