"""The client with daemons that are missing, forbidden, garbled or hostile."""

import base64
import hashlib
import json
import os
import sys
import tempfile
import unittest
from typing import Any, Dict, List
from unittest import mock

import sglorad
from daemon import FalseDaemon

CONTENT = b"weights"
RECORD: Dict[str, Any] = {
    "adapterId": "a", "base": "b", "digest": "d", "bytes": 7, "path": "/p", "createdAt": "2026-11-27T10:00:00Z",
    "files": [{"name": "f", "bytes": 7, "digest": hashlib.sha256(CONTENT).hexdigest()}],
    "provenance": {
        "strategy": "mean", "base": "b", "experts": [], "topK": 1, "temperature": 1, "proximity": "plain",
        "nearestProximity": 1, "threshold": 0, "seed": 1, "library": "", "encoder": "", "kernel": "", "version": "",
    },
}


def message(parameters: Dict[str, Any], **more: Any) -> bytes:
    return json.dumps({"parameters": parameters, **more}).encode() + b"\0"


def chunk(data: bytes = CONTENT, offset: int = 0, name: str = "f", last: bool = True) -> Dict[str, Any]:
    return {"file": name, "offset": offset, "chunk": base64.b64encode(data).decode(), "last": last}


class HostileTests(unittest.TestCase):
    def ask(self, answer: bytes, endless: bool = False, **options: Any) -> sglorad.Client:
        daemon = FalseDaemon(answer, endless)
        self.addCleanup(daemon.remove)
        return sglorad.Client(daemon.socket, **options)

    def test_no_daemon(self) -> None:
        with self.assertRaises(sglorad.Unreachable):
            sglorad.Client("/nowhere/socket").status()
        with self.assertRaises(sglorad.Unreachable):
            sglorad.Client("/nowhere/socket").request("x", idempotency_key="k")
        with self.assertRaises(sglorad.Unreachable):
            sglorad.Client("/" + "x" * 200).status()

    def test_default_socket(self) -> None:
        with mock.patch.dict(os.environ, {"SGLORAD_SOCKET": "/given"}):
            self.assertEqual(sglorad.Client().socket, "/given")
        with mock.patch.dict(os.environ, {"SGLORAD_SOCKET": ""}):
            self.assertEqual(sglorad.Client().socket, "/run/sglorad/io.sglorad")

    def test_garbled_answers(self) -> None:
        for answer in (
            b"HTTP/1.1 400 Bad Request\r\n\r\n\0", b"\0", b"[]\0", b"{\"parameters\":[]}\0", b"{\"error\":1}\0", b"{}\0",
            b"[" * 100_000 + b"\0", b"\xff\xfe\0", message({"version": 1}), message({}, continues=True),
        ):
            with self.subTest(answer=answer[:40]), self.assertRaises(sglorad.UnusableReply):
                self.ask(answer).status()

    def test_an_endless_message_is_bounded(self) -> None:
        with self.assertRaises(sglorad.UnusableReply):
            self.ask(b"x" * 65536, endless=True).status()

    def test_a_closed_connection(self) -> None:
        with self.assertRaises(sglorad.Interrupted):
            self.ask(b"half a message").status()

    def test_not_permitted(self) -> None:
        answer = json.dumps({"error": "org.varlink.service.PermissionDenied"}).encode() + b"\0"
        with self.assertRaisesRegex(sglorad.NotPermitted, "sglorad-users"):
            self.ask(answer).status()

    def test_busy(self) -> None:
        answer = message({"message": "Later.", "retryAfter": 2.5}, error="io.sglorad.Busy")
        with self.assertRaises(sglorad.Busy) as raised:
            self.ask(answer).request("x")
        self.assertEqual(raised.exception.retry_after, 2.5)
        self.assertTrue(raised.exception.is_transient)

    def test_an_incomplete_refusal(self) -> None:
        with self.assertRaises(sglorad.UnusableReply):
            self.ask(message({"message": "No."}, error="io.sglorad.NoRelevantExpert")).request("x")

    def export(self, chunks: List[Dict[str, Any]], **changes: Any) -> List[str]:
        """Exports from a daemon that sends these chunks; returns what is left in the folder around."""
        record = {**RECORD, **changes}
        daemon = self.ask(message({"adapter": record}))
        adapter = daemon.adapter("a")
        stream = b"".join(message(part, continues=part is not chunks[-1]) for part in chunks)
        source = self.ask(stream)
        with tempfile.TemporaryDirectory() as place:
            try:
                source.export(adapter, os.path.join(place, "out"))
            finally:
                left = os.listdir(place)
                if "out" not in left:
                    self.assertEqual(left, [])
            return left

    def test_exports_are_checked(self) -> None:
        self.assertEqual(self.export([chunk(CONTENT[:3], last=False), chunk(CONTENT[3:], 3)]), ["out"])
        for chunks in (
            [chunk(b"weighty")], [chunk(b"weight")], [chunk(b"weights!")], [chunk(offset=1)], [chunk(name="g")],
            [chunk(last=False)], [{**chunk(), "chunk": "***"}], [chunk(), chunk()],
        ):
            with self.subTest(chunks=chunks), self.assertRaises(sglorad.UnusableReply):
                self.export(chunks)

    def test_unsafe_names(self) -> None:
        for name in ("../f", "/f", "..", "", "a/b"):
            with self.subTest(name=name), self.assertRaises(sglorad.UnusableReply):
                self.export([chunk(name=name)], files=[{"name": name, "bytes": 7, "digest": ""}])

    def test_the_form_of_prompts(self) -> None:
        def adapter(form: Any) -> sglorad.Adapter:
            record = {**RECORD, "provenance": {**RECORD["provenance"], "prompt": form}}
            return self.ask(message({"adapter": record})).adapter("a")

        self.assertIsNone(adapter(None).provenance.prompt)
        form = {"prompt": "{labels}: {text}", "answer": " {answer}"}
        self.assertEqual(adapter(form).provenance.prompt, sglorad.PromptForm("{labels}: {text}", " {answer}"))
        for bad in (7, "x", {}, {"prompt": "x"}, {"prompt": 1, "answer": "x"}):
            with self.subTest(bad=bad), self.assertRaises(sglorad.UnusableReply):
                adapter(bad)

    def test_the_routing_of_layers(self) -> None:
        def adapter(routing: Any) -> sglorad.Adapter:
            record = {**RECORD, "provenance": {**RECORD["provenance"], "routing": routing}}
            return self.ask(message({"adapter": record})).adapter("a")

        self.assertEqual(adapter(None).provenance.routing, ())
        experts = [{"expert": 3, "gate": 0.75}, {"expert": 0, "gate": 0.25}]
        self.assertEqual(
            adapter([{"layer": "5", "experts": experts}]).provenance.routing,
            (sglorad.RoutedLayer("5", (sglorad.RoutedExpert(3, 0.75), sglorad.RoutedExpert(0, 0.25))),),
        )
        for bad in (7, "x", [7], [{"layer": 5, "experts": []}], [{"layer": "5", "experts": [{}]}]):
            with self.subTest(bad=bad), self.assertRaises(sglorad.UnusableReply):
                adapter(bad)

    def test_the_published_name(self) -> None:
        def adapter(name: Any) -> sglorad.Adapter:
            return self.ask(message({"adapter": {**RECORD, "published": name}})).adapter("a")

        self.assertIsNone(adapter(None).published_as)
        self.assertEqual(adapter("gemma:birds").published_as, "gemma:birds")
        with self.assertRaises(sglorad.UnusableReply):
            adapter(7)

    def test_peft_is_missing(self) -> None:
        adapter = self.ask(message({"adapter": RECORD})).adapter("a")
        with mock.patch.dict(sys.modules, {"peft": None}), self.assertRaisesRegex(ImportError, "pip install peft"):
            adapter.load_into(object())
