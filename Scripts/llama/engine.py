"""llama-server on a Unix socket: started, asked, stopped. Needs the standard library alone."""

import http.client
import json
import os
import socket
import subprocess
import time


class UnixConnection(http.client.HTTPConnection):
    """An HTTP connection over a Unix socket."""

    def __init__(self, path, timeout):
        super().__init__("localhost", timeout=timeout)
        self.path = path

    def connect(self):
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(self.timeout)
        self.sock.connect(self.path)


class Engine:
    """A running llama-server; as a context manager it is stopped at the end."""

    def __init__(self, program, folder, model, *options):
        self.socket = os.path.join(folder, "llama.sock")
        self.log = os.path.join(folder, "llama-server.log")
        if os.path.exists(self.socket):
            os.unlink(self.socket)
        command = [program, "--model", model, "--host", self.socket, "--parallel", "1", *options]
        with open(self.log, "wb") as log:
            self.process = subprocess.Popen(command, stdout=log, stderr=log)

    def __enter__(self):
        self.wait()
        return self

    def __exit__(self, *_):
        self.process.terminate()
        try:
            self.process.wait(20)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()

    def call(self, method, path, body=None, timeout=300):
        """The reply to a call as a JSON value; RuntimeError with the server's message if the call fails."""
        connection = UnixConnection(self.socket, timeout)
        try:
            data = None if body is None else json.dumps(body)
            connection.request(method, path, data, {"Content-Type": "application/json"})
            reply = connection.getresponse()
            text = reply.read().decode()
        finally:
            connection.close()
        if reply.status != 200:
            raise RuntimeError(f"llama-server answered {reply.status} to {path}: {text[:500]}")
        return json.loads(text)

    def complete(self, prompt, **options):
        """One completion, without sampling. The prompt is a text, or a list of token ids."""
        return self.call("POST", "/completion", {"prompt": prompt, "temperature": 0, **options})

    def wait(self, seconds=300):
        """Returns when the model is loaded."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            if self.process.poll() is not None:
                break
            try:
                self.call("GET", "/health", timeout=5)
                return
            except (OSError, RuntimeError):
                time.sleep(0.1)
        self.__exit__()
        with open(self.log, errors="replace") as log:
            raise RuntimeError("llama-server does not answer; its last lines:\n" + log.read()[-2000:])
