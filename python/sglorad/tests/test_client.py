"""The client with the real daemon: requests, refusals, cancellation, restarts, streams."""

import os
import signal
import subprocess
import tempfile
import threading
import time
import unittest
from pathlib import Path
from typing import Any, List, Tuple

import sglorad
from daemon import IS_THERE, Daemon, eventually

INTENT = "match definitions of birds to their names"
EXPERTS = ["wn-birds", "wn-fish", "wn-insects", "wn-trees"]


def in_thread(body: Any) -> Tuple[threading.Thread, List[Any]]:
    """Runs a body in a thread; the list gets its result or its exception."""
    outcome: List[Any] = []

    def run() -> None:
        try:
            outcome.append(body())
        except Exception as error:
            outcome.append(error)

    thread = threading.Thread(target=run)
    thread.start()
    return thread, outcome


@unittest.skipUnless(IS_THERE, "needs the built daemon and the text encoder: make build model")
class ClientTests(unittest.TestCase):
    daemon: Daemon
    client: sglorad.Client

    @classmethod
    def setUpClass(cls) -> None:
        cls.daemon = Daemon()
        cls.addClassCleanup(cls.daemon.remove)
        cls.daemon.start()
        cls.daemon.import_library(EXPERTS)
        cls.client = sglorad.Client(cls.daemon.socket)

    def test_examples_refine(self) -> None:
        examples = [
            ("a small brown bird", "sparrow"),
            ("a large bird of prey", "eagle"),
            sglorad.Example("a white bird that glides on lakes", "swan"),
            sglorad.Example("it hops about in the garden", "sparrow"),
            "a bird that cannot fly and runs",
        ]
        adapter = self.client.request(
            INTENT, seed=7, strategy="weighted", examples=examples, labels=["sparrow", "owl"], refine_seconds=60
        )
        used = adapter.provenance.examples
        assert used is not None
        self.assertEqual((used.examples, used.answered, used.labels), (5, 4, 4))
        self.assertEqual((used.steps, used.out_of_time), (16, False))
        self.assertIsNone(self.client.request(INTENT, strategy="weighted").provenance.examples)
        self.assertNotIn("sparrow", repr(examples[2]))
        with self.assertRaises(sglorad.Invalid) as refusal:
            self.client.request(INTENT, examples=["x"] * 33)
        self.assertEqual(refusal.exception.field, "examples")

    def test_request_and_export(self) -> None:
        states: List[str] = []
        adapter = self.client.request(
            INTENT, label="birds", seed=7, strategy="weighted", progress=lambda request: states.append(request.state)
        )
        self.assertEqual((adapter.seed, adapter.label, adapter.provenance.strategy), (7, "birds", "weighted"))
        self.assertEqual(adapter.guidance[0].name, "wn-birds")
        self.assertEqual(states[-1], "done")
        with tempfile.TemporaryDirectory() as place:
            folder = Path(place, "birds")
            adapter.export(folder)
            self.assertEqual(sorted(os.listdir(folder)), sorted(file.name for file in adapter.files))
            self.assertEqual(os.listdir(place), ["birds"])
            with self.assertRaises(sglorad.ExportFailed):
                adapter.export(folder)
            with self.assertRaises(sglorad.ExportFailed):
                adapter.export(Path(place, "missing", "birds"))
        self.assertEqual(self.client.adapter(adapter.id), adapter)
        self.assertIn(adapter.id, [found.id for found in self.client.adapters(label="birds")])
        self.assertTrue(self.client.pin(adapter.id).pinned)
        self.assertFalse(self.client.pin(adapter.id, False).pinned)

    def test_refusal(self) -> None:
        with self.assertRaises(sglorad.Refused) as raised:
            self.client.request("qwxz vbnm plok jhgf")
        refusal = raised.exception
        self.assertIn(refusal.nearest, EXPERTS)
        self.assertLess(refusal.proximity, refusal.threshold)
        self.assertIsNotNone(refusal.request_id)
        self.assertNotIn("qwxz", str(refusal))
        self.assertEqual(self.client.get_request(refusal.request_id or "").state, "refused")
        explained = self.client.explain("qwxz vbnm plok jhgf")
        self.assertIsNotNone(explained.refusal)
        self.assertEqual(explained.neighbours[0].name, refusal.nearest)

    def test_errors(self) -> None:
        with self.assertRaises(sglorad.Invalid) as raised:
            self.client.request(INTENT, top_k=0)
        self.assertEqual(raised.exception.field, "topK")
        with self.assertRaises(sglorad.Invalid) as raised:
            self.client.request(INTENT, base="unknown")
        self.assertEqual(raised.exception.field, "base")
        with self.assertRaises(sglorad.NotFound):
            self.client.adapter("none")
        with self.assertRaises(ValueError):
            self.client.forget()

    def test_encode_status_and_forget(self) -> None:
        adapter = self.client.request(INTENT, label="short-lived", seed=1)
        plain = self.client.encode(["an owl", "a trout"])
        adapted = self.client.encode(["an owl", "a trout"], adapter=adapter)
        self.assertEqual(len(plain), 2)
        self.assertNotEqual(plain[0].values, adapted[0].values)
        # The package is released with the daemon.
        self.assertEqual(self.client.status().version, sglorad.__version__)
        erased = self.client.forget(label="short-lived")
        self.assertEqual(erased.adapters, (adapter.id,))
        with self.assertRaises(sglorad.NotFound):
            self.client.adapter(adapter.id)

    def test_idempotency_key(self) -> None:
        first = self.client.request(INTENT, idempotency_key="once")
        self.assertEqual(self.client.request(INTENT, idempotency_key="once").id, first.id)
        with self.assertRaises(sglorad.Invalid):
            self.client.request("another intent", idempotency_key="once")

    def test_monitor(self) -> None:
        events = self.client.monitor()
        self.assertIsNotNone(next(events).health)
        request_id = self.client.submit(INTENT)
        for event in events:
            if event.request is not None and event.request.id == request_id and event.request.is_final:
                self.assertEqual(event.request.state, "done")
                break
        events.close()

    @unittest.skipUnless(os.geteuid() == 0, "needs root, to act as another user")
    def test_another_user_is_told_why(self) -> None:
        script = (
            "import os, sys\nsys.path.insert(0, sys.argv[2])\nimport sglorad\n"
            "os.setgroups([]); os.setresgid(60001, 60001, 60001); os.setresuid(60001, 60001, 60001)\n"
            "try: sglorad.Client(sys.argv[1]).status()\nexcept sglorad.NotPermitted as error: print(error)"
        )
        source = str(Path(sglorad.__file__).parents[1])
        os.chmod(self.daemon.folder, 0o755)
        for mode in (0o600, 0o666):
            os.chmod(self.daemon.socket, mode)
            said = subprocess.run(
                ["/usr/bin/python3", "-I", "-c", script, self.daemon.socket, source], capture_output=True, text=True
            )
            self.assertIn("sglorad-users", said.stdout, said)

    def test_threads_share_a_client(self) -> None:
        threads = [in_thread(lambda seed=seed: self.client.request(INTENT, seed=seed)) for seed in range(8)]
        for thread, _ in threads:
            thread.join()
        self.assertEqual(sorted(outcome[0].seed for _, outcome in threads), list(range(8)))


@unittest.skipUnless(IS_THERE, "needs the built daemon and the text encoder: make build model")
class RestartTests(unittest.TestCase):
    def setUp(self) -> None:
        self.daemon = Daemon()
        self.addCleanup(self.daemon.remove)
        self.daemon.start()
        self.daemon.import_library(EXPERTS)

    def begin(self, client: sglorad.Client, **options: Any) -> Tuple[threading.Thread, List[Any]]:
        """Starts a request while the daemon stands still, so that it cannot be done before the test goes on."""
        self.daemon.signal(signal.SIGSTOP)
        begun = in_thread(lambda: client.request(INTENT, seed=3, **options))
        time.sleep(0.2)
        return begun

    def test_a_wait_with_a_key_survives_restarts(self) -> None:
        for kill in (True, False):
            client = sglorad.Client(self.daemon.socket, patience=120)
            thread, outcome = self.begin(client, idempotency_key=f"key-{kill}")
            if not kill:
                self.daemon.signal(signal.SIGCONT)
            self.daemon.stop(kill=kill)
            self.daemon.start()
            thread.join()
            self.assertIsInstance(outcome[0], sglorad.Adapter, outcome)
            self.assertEqual(len(client.requests()), 1 if kill else 2)

    def test_a_wait_without_a_key_is_interrupted(self) -> None:
        thread, outcome = self.begin(sglorad.Client(self.daemon.socket))
        self.daemon.stop(kill=True)
        thread.join()
        self.assertIsInstance(outcome[0], sglorad.Interrupted, outcome)
        self.assertTrue(outcome[0].is_transient)

    def test_patience_ends(self) -> None:
        thread, outcome = self.begin(sglorad.Client(self.daemon.socket, patience=0.3), idempotency_key="k")
        self.daemon.stop(kill=True)
        thread.join()
        self.assertIsInstance(outcome[0], (sglorad.Unreachable, sglorad.Interrupted), outcome)

    def hold(self, client: sglorad.Client, **options: Any) -> Tuple[threading.Thread, List[Any]]:
        """Starts a request, and makes the daemon stand still as soon as it has queued it."""
        held = threading.Event()

        def progress(request: sglorad.Request) -> None:
            if not held.is_set():
                self.daemon.signal(signal.SIGSTOP)
                held.set()

        begun = in_thread(lambda: client.request(INTENT, progress=progress, **options))
        held.wait()
        return begun

    def test_a_timeout_leaves_the_request(self) -> None:
        thread, outcome = self.hold(sglorad.Client(self.daemon.socket), timeout=1)
        thread.join()
        self.daemon.signal(signal.SIGCONT)
        client = sglorad.Client(self.daemon.socket)
        if not isinstance(outcome[0], sglorad.Adapter):  # The daemon may have been done before it stood still.
            self.assertIsInstance(outcome[0], sglorad.TimedOut, outcome)
            self.assertIsNotNone(outcome[0].request_id)
        eventually(lambda: [request for request in client.requests() if request.state == "done"], "the request")

    def test_closing_ends_waits_and_allows_no_more(self) -> None:
        client = sglorad.Client(self.daemon.socket)
        thread, outcome = self.begin(client)
        client.close()
        thread.join()
        self.daemon.signal(signal.SIGCONT)
        self.assertIsInstance(outcome[0], sglorad.Cancelled, outcome)
        with self.assertRaises(sglorad.Cancelled):
            client.status()

    def test_closing_cancels_the_request(self) -> None:
        with sglorad.Client(self.daemon.socket) as client:
            thread, outcome = self.hold(client)
        self.daemon.signal(signal.SIGCONT)
        thread.join()
        if isinstance(outcome[0], sglorad.Adapter):
            return  # It was done before the daemon stood still.
        self.assertIsInstance(outcome[0], sglorad.Cancelled, outcome)
        self.assertIsNotNone(outcome[0].request_id)
        again = sglorad.Client(self.daemon.socket)
        ended = eventually(
            lambda: [r for r in again.requests() if r.id == outcome[0].request_id and r.is_final], "its end"
        )
        self.assertIn(ended[0].state, ("cancelled", "done"))

    def test_cancelling_by_identifier(self) -> None:
        client = sglorad.Client(self.daemon.socket)
        request_id = client.submit(INTENT)
        self.assertIn(client.cancel(request_id).state, ("queued", "running", "cancelled", "done"))

    def test_monitor_across_a_restart(self) -> None:
        events = sglorad.Client(self.daemon.socket, patience=120).monitor(across_restarts=True)
        self.assertIsNotNone(next(events).health)
        self.daemon.stop()
        self.daemon.start(serving=False)
        self.assertIsNotNone(next(events).health)
        plain = sglorad.Client(self.daemon.socket).monitor()
        next(plain)
        self.daemon.stop()
        with self.assertRaises((sglorad.Interrupted, sglorad.Cancelled)):
            for _ in plain:
                pass
