"""The client."""

from __future__ import annotations

import os
import threading
import time
from types import TracebackType
from typing import Any, Callable, Dict, Generator, Iterable, Iterator, List, Optional, Sequence, Set, Tuple, Type, Union

from . import _values as values
from ._errors import Cancelled, Interrupted, SgloradError, Unreachable, unexpected
from ._export import export as export_files
from ._values import Adapter, Embedding, Erasure, Event, Example, Explanation, Request, Status
from ._wire import Connection

#: An example: a text, a pair of a text and its answer, or an ``Example``.
ExampleLike = Union[str, Tuple[str, str], Example]

#: How long, in seconds, closing a client waits for the daemon to cancel a request.
_FAREWELL = 5.0


def default_socket() -> str:
    """The path in the environment variable ``SGLORAD_SOCKET``, or else that of the system's daemon."""
    return os.environ.get("SGLORAD_SOCKET") or "/run/sglorad/io.sglorad"


class Client:
    """The daemon on this machine.

    Each call connects to the daemon's socket, so a client also works after the daemon has been restarted. Any number of threads
    may use a client at once. ``close()``, or the end of a ``with`` block, ends the calls that other threads make on it, cancels
    the requests that they wait for, and allows no more calls.

    ``socket`` is the path of the daemon's socket. ``timeout`` is how long a call may take, in seconds; None for as long as it
    needs. It ends a wait without cancelling the request. ``patience`` is how long, in seconds, a wait with an idempotency key
    looks for a daemon that ended meanwhile.

    Every failure is a ``SgloradError``.
    """

    def __init__(
        self,
        socket: Union[str, "os.PathLike[str]", None] = None,
        *,
        timeout: Optional[float] = None,
        patience: float = 30.0,
    ) -> None:
        self.socket = default_socket() if socket is None else os.fspath(socket)
        self.timeout = timeout
        self.patience = patience
        self._lock = threading.Lock()
        self._open: Set[Connection] = set()
        self._closed = threading.Event()

    # Requests

    def request(
        self,
        text: str,
        *,
        label: Optional[str] = None,
        base: Optional[str] = None,
        strategy: Optional[str] = None,
        top_k: Optional[int] = None,
        temperature: Optional[float] = None,
        proximity: Optional[str] = None,
        seed: Optional[int] = None,
        force: bool = False,
        examples: Iterable[ExampleLike] = (),
        labels: Iterable[str] = (),
        refine_seconds: Optional[float] = None,
        idempotency_key: Optional[str] = None,
        timeout: Optional[float] = None,
        progress: Optional[Callable[[Request], None]] = None,
    ) -> Adapter:
        """Makes an adapter from an intent in plain words, and waits for it.

        The request is durable before the daemon begins, and is finished whatever becomes of this process. If the daemon ends
        meanwhile and there is an ``idempotency_key``, the call looks for the daemon for ``patience`` seconds and asks again with
        the same key; the daemon never makes the request twice. Without a key it raises ``Interrupted``, which names the request
        if it was queued. A daemon that cannot be reached in the first place is ``Unreachable`` at once.

        ``examples`` guide beside the text, and those with answers refine the adapter, for ``refine_seconds`` at most (5 by
        default); each is a text, a pair of text and answer, or an ``Example``. ``labels`` are the answers that can occur.

        ``progress`` is called with each change of the request. The options are those of ``sglorad-ctl request``.

        Raises ``Refused`` if no expert is near enough; ``Cancelled`` if the request was cancelled or the client closed; any other
        ``SgloradError``.
        """
        intent = _intent(
            text, base, strategy, top_k, temperature, proximity, seed, label, force, examples, labels, refine_seconds
        )
        limit = self._deadline(timeout)
        known: List[str] = []
        pause, give_up = 0.02, None
        while True:
            try:
                return self._ask(intent, idempotency_key, limit, known, progress)
            except SgloradError as error:
                error.request_id = error.request_id or (known[0] if known else None)
                if self._closed.is_set():
                    self._cancel_quietly(known)
                    raise self._closed_error(error.request_id) from None
                if not self._is_cut(error, known, give_up is not None):
                    raise
                if idempotency_key is None:
                    if isinstance(error, Cancelled):
                        raise Interrupted(error.message, error=error.error, request_id=error.request_id) from None
                    raise
                now = time.monotonic()
                # A daemon that was found again has told the request's state; the search for the next one begins anew.
                if give_up is None or not isinstance(error, Unreachable):
                    give_up = now + self.patience if give_up is None else give_up
                if now >= give_up or (limit is not None and now >= limit):
                    raise
            self._closed.wait(pause)
            pause = min(pause * 2, 1.0)

    def submit(
        self,
        text: str,
        *,
        label: Optional[str] = None,
        base: Optional[str] = None,
        strategy: Optional[str] = None,
        top_k: Optional[int] = None,
        temperature: Optional[float] = None,
        proximity: Optional[str] = None,
        seed: Optional[int] = None,
        force: bool = False,
        examples: Iterable[ExampleLike] = (),
        labels: Iterable[str] = (),
        refine_seconds: Optional[float] = None,
        idempotency_key: Optional[str] = None,
    ) -> str:
        """Queues an intent and returns the identifier of the request, which is durable."""
        intent = _intent(
            text, base, strategy, top_k, temperature, proximity, seed, label, force, examples, labels, refine_seconds
        )
        reply = self._call("Submit", {"intent": intent, "idempotencyKey": idempotency_key})
        return values.text(reply, "requestId")

    def get_request(self, request_id: str) -> Request:
        """Returns a request. Raises ``NotFound``."""
        return values.request(values.mapping(self._call("GetRequest", {"requestId": request_id}), "request"))

    def requests(self, *, state: Optional[str] = None, label: Optional[str] = None, limit: int = 100) -> List[Request]:
        """Lists requests, newest first: the caller's own, or everybody's for administrators."""
        reply = self._call("ListRequests", {"state": state, "label": label, "limit": limit})
        return [values.request(wire) for wire in values.items(reply, "requests")]

    def cancel(self, request_id: str) -> Request:
        """Cancels a request: at once if it is queued, at its next stage if it is running. A final one stays as it is."""
        return values.request(values.mapping(self._call("CancelRequest", {"requestId": request_id}), "request"))

    def retry(
        self,
        request_id: str,
        text: Optional[str] = None,
        *,
        examples: Iterable[ExampleLike] = (),
        labels: Iterable[str] = (),
    ) -> Request:
        """Queues a request again that was refused, failed or cancelled.

        The daemon needs the text, the examples and the labels if it has erased them.
        """
        parameters = {
            "requestId": request_id,
            "text": text,
            "examples": [_example(example) for example in examples] or None,
            "labels": list(labels) or None,
        }
        reply = self._call("RetryRequest", parameters)
        return values.request(values.mapping(reply, "request"))

    def forget(
        self, request_id: Optional[str] = None, *, label: Optional[str] = None, everything: bool = False
    ) -> Erasure:
        """Erases a request, everything with a label, or everything of this user, and all that was made from it."""
        if sum((request_id is not None, label is not None, everything)) != 1:
            raise ValueError("forget() takes exactly one of a request, a label and everything=True")
        reply = self._call("Forget", {"requestId": request_id, "label": label, "all": everything or None})
        return Erasure(
            requests=values.texts(reply, "requests"),
            adapters=values.texts(reply, "adapters"),
            spool_files=values.whole(reply, "results") + values.whole(reply, "files"),
            leftovers=tuple(values.text(left, "path") for left in values.items(reply, "left")),
        )

    # Adapters

    def adapters(self, *, base: Optional[str] = None, label: Optional[str] = None, limit: int = 100) -> List[Adapter]:
        """Lists published adapters, newest first: the caller's own, or everybody's for administrators."""
        reply = self._call("ListAdapters", {"base": base, "label": label, "limit": limit})
        return [values.adapter(wire, self) for wire in values.items(reply, "adapters")]

    def adapter(self, adapter_id: str) -> Adapter:
        """Returns an adapter; this counts as a use of it. Raises ``NotFound``."""
        return values.adapter(values.mapping(self._call("GetAdapter", {"adapterId": adapter_id}), "adapter"), self)

    def pin(self, adapter_id: str, pinned: bool = True) -> Adapter:
        """Pins an adapter, so that it is never evicted, or unpins it."""
        reply = self._call("PinAdapter", {"adapterId": adapter_id, "pinned": pinned})
        return values.adapter(values.mapping(reply, "adapter"), self)

    def remove_adapter(self, adapter_id: str) -> None:
        """Removes an adapter: its record and its files."""
        self._call("RemoveAdapter", {"adapterId": adapter_id})

    def export(self, adapter: Adapter, folder: Union[str, "os.PathLike[str]"]) -> None:
        """Writes an adapter's files to a new folder, which appears complete or not at all.

        The size and the SHA-256 of every file are compared with the adapter's record. An empty folder is replaced, anything
        else is not; the folder around it must exist. Raises ``ExportFailed``, ``UnusableReply`` or any other ``SgloradError``.
        """
        chunks = self._stream("ReadAdapter", {"adapterId": adapter.id}, self._deadline(None))
        export_files(adapter, os.fspath(folder), chunks)

    # Questions that change nothing

    def explain(
        self,
        text: str,
        *,
        base: Optional[str] = None,
        top_k: Optional[int] = None,
        temperature: Optional[float] = None,
        proximity: Optional[str] = None,
        examples: Iterable[ExampleLike] = (),
    ) -> Explanation:
        """Shows what guidance sees for an intent and its examples, without generating or keeping anything."""
        parameters: Dict[str, Any] = {
            "text": text,
            "base": base,
            "topK": top_k,
            "temperature": temperature,
            "proximity": proximity,
            "examples": [_example(example) for example in examples] or None,
        }
        return values.explanation(self._call("Explain", parameters))

    def encode(self, texts: Sequence[str], *, adapter: Union[Adapter, str, None] = None) -> List[Embedding]:
        """Encodes up to 1,024 texts with the text encoder, and with an adapter for it applied if one is given."""
        adapter_id = adapter.id if isinstance(adapter, Adapter) else adapter
        found = values.items(self._call("Encode", {"texts": list(texts), "adapterId": adapter_id}), "embeddings")
        if len(found) != len(texts):
            raise unexpected()
        return [_embedding(wire) for wire in found]

    def status(self) -> Status:
        """Returns the daemon's status."""
        reply = self._call("Status", {})
        encoder = reply.get("encoder")
        return Status(
            version=values.text(reply, "version"),
            health=values.health(reply),
            started_at=values.time(reply, "startedAt"),
            encoder=values.text(encoder, "name") if isinstance(encoder, dict) else None,
            kernel=values.text(reply, "kernel"),
        )

    def monitor(self, *, across_restarts: bool = False) -> Generator[Event, None, None]:
        """Yields the daemon's health first, and then every change of it and of requests.

        Events are read only as fast as they are asked for; a slow reader gets the newest health and the newest state of each
        request. The iterator never ends by itself; closing it, or the client, closes its connection. With ``across_restarts`` it
        looks for a daemon that ended for ``patience`` seconds and goes on; changes between two connections are not told.
        """
        pause, give_up = 0.02, None
        while True:
            try:
                for reply in self._stream("Monitor", {}, None):
                    pause, give_up = 0.02, None
                    if isinstance(reply.get("request"), dict):
                        yield Event(request=values.request(reply["request"]))
                    else:
                        yield Event(health=values.health(values.mapping(reply, "health")))
                raise Interrupted("The daemon ended the stream of changes.")
            except (Interrupted, Cancelled, Unreachable) as error:
                if self._closed.is_set():
                    raise self._closed_error(None) from None
                searching = give_up is not None or not isinstance(error, Unreachable)
                give_up = time.monotonic() + self.patience if give_up is None else give_up
                if not across_restarts or not searching or time.monotonic() >= give_up:
                    raise
            self._closed.wait(pause)
            pause = min(pause * 2, 1.0)

    # The client itself

    def close(self) -> None:
        """Ends the calls that other threads make, cancels the requests that they wait for, and allows no more calls."""
        self._closed.set()
        with self._lock:
            connections = list(self._open)
        for connection in connections:
            connection.close()

    def __enter__(self) -> "Client":
        return self

    def __exit__(
        self, kind: Optional[Type[BaseException]], error: Optional[BaseException], trace: Optional[TracebackType]
    ) -> None:
        self.close()

    def _ask(
        self,
        intent: Dict[str, Any],
        key: Optional[str],
        limit: Optional[float],
        known: List[str],
        progress: Optional[Callable[[Request], None]],
    ) -> Adapter:
        """Asks once, and reads the replies up to the last."""
        for reply in self._stream("Request", {"intent": intent, "idempotencyKey": key}, limit):
            request = values.request(values.mapping(reply, "request"))
            known[:] = [request.id]
            if progress is not None:
                progress(request)
            if reply.get("adapter") is not None:
                return values.adapter(values.mapping(reply, "adapter"), self)
        raise unexpected()

    def _is_cut(self, error: SgloradError, known: List[str], searching: bool) -> bool:
        """Whether an error means that the daemon ended, and not the request.

        A daemon that stops tells those who wait that they are cancelled; only the request's record says which of the two is.
        """
        if isinstance(error, Interrupted):
            return True
        if isinstance(error, Unreachable):
            return searching
        if not isinstance(error, Cancelled):
            return False
        if not known:
            return True
        try:
            reply = self._call("GetRequest", {"requestId": known[0]}, _FAREWELL)
            return values.request(values.mapping(reply, "request")).state != "cancelled"
        except SgloradError as failure:
            return failure.is_transient

    def _cancel_quietly(self, known: List[str]) -> None:
        """Cancels the request of a wait that was ended by ``close``. If the daemon cannot be reached, it goes on."""
        if not known:
            return
        try:
            connection = Connection(self.socket, time.monotonic() + _FAREWELL)
        except SgloradError:
            return
        try:
            for _ in connection.replies("CancelRequest", {"requestId": known[0]}, False):
                pass
        except SgloradError:
            pass
        finally:
            connection.close()

    @staticmethod
    def _closed_error(request_id: Optional[str]) -> Cancelled:
        return Cancelled("The client was closed. Make a new one.", request_id=request_id)

    def _deadline(self, timeout: Optional[float]) -> Optional[float]:
        seconds = self.timeout if timeout is None else timeout
        return None if seconds is None else time.monotonic() + seconds

    def _call(self, method: str, parameters: Dict[str, Any], timeout: Optional[float] = None) -> Dict[str, Any]:
        found: Dict[str, Any] = {}
        for reply in self._stream(method, parameters, self._deadline(timeout), more=False):
            found = reply
        return found

    def _stream(
        self, method: str, parameters: Dict[str, Any], deadline: Optional[float], more: bool = True
    ) -> Iterator[Dict[str, Any]]:
        """Connects, makes one call, and yields its replies; the connection is closed with the iterator."""
        if self._closed.is_set():
            raise self._closed_error(None)
        connection = Connection(self.socket, deadline)
        with self._lock:
            self._open.add(connection)
        try:
            if self._closed.is_set():
                raise self._closed_error(None)
            yield from connection.replies(method, parameters, more)
        except Interrupted:
            if self._closed.is_set():
                raise self._closed_error(None) from None
            raise
        finally:
            with self._lock:
                self._open.discard(connection)
            connection.close()


def _intent(
    text: str,
    base: Optional[str],
    strategy: Optional[str],
    top_k: Optional[int],
    temperature: Optional[float],
    proximity: Optional[str],
    seed: Optional[int],
    label: Optional[str],
    force: bool,
    examples: Iterable[ExampleLike],
    labels: Iterable[str],
    refine_seconds: Optional[float],
) -> Dict[str, Any]:
    """The intent as the daemon takes it."""
    fields: Tuple[Tuple[str, Any], ...] = (
        ("text", text),
        ("base", base),
        ("strategy", strategy),
        ("topK", top_k),
        ("temperature", temperature),
        ("proximity", proximity),
        ("seed", seed),
        ("label", label),
        ("force", True if force else None),
        ("examples", [_example(example) for example in examples] or None),
        ("labels", list(labels) or None),
        ("refineSeconds", refine_seconds),
    )
    return {name: value for name, value in fields if value is not None}


def _example(example: ExampleLike) -> Dict[str, str]:
    """An example as the daemon takes it."""
    if isinstance(example, str):
        return {"text": example}
    if not isinstance(example, Example):
        example = Example(*example)
    return {"text": example.text} if example.answer is None else {"text": example.text, "answer": example.answer}


def _embedding(wire: Dict[str, Any]) -> Embedding:
    numbers = wire.get("values")
    if not isinstance(numbers, list) or not all(isinstance(number, (int, float)) for number in numbers):
        raise unexpected()
    return Embedding(
        values=tuple(float(number) for number in numbers),
        tokens=values.whole(wire, "tokens"),
        truncated=wire.get("truncated") is True,
    )
