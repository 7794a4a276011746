"""A varlink client, and the daemon under test."""
import base64
import json
import os
import signal
import socket
import subprocess
import time
from pathlib import Path


class Client:
    """One connection to the daemon; calls wait for their answer."""

    def __init__(self, path):
        self.socket = socket.socket(socket.AF_UNIX)
        self.socket.connect(path)
        self.rest = b""

    def call(self, method, **parameters):
        message = {"method": f"io.sglorad.{method}", "parameters": parameters}
        self.socket.sendall(json.dumps(message).encode() + b"\0")
        while b"\0" not in self.rest:
            got = self.socket.recv(1 << 20)
            if not got:
                raise RuntimeError(f"{method}: the daemon closed the connection")
            self.rest += got
        answer, self.rest = self.rest.split(b"\0", 1)
        answer = json.loads(answer)
        if "error" in answer:
            raise RuntimeError(f"{method}: {answer['error']} {answer.get('parameters')}")
        return answer.get("parameters", {})

    def import_expert(self, folder, name):
        """Imports the folder's adapter and checkpoints as the expert `name`, with a description that no other has."""
        files = []
        for path in sorted(Path(folder).rglob("adapter_*")):
            chunk = base64.b64encode(path.read_bytes()).decode()
            digest = self.call("UploadFile", chunk=chunk, last=True)["digest"]
            files.append({"name": str(path.relative_to(folder)), "digest": digest})
        self.call("ImportExpert", name=name, description=f"match {name} descriptions to their names", files=files)


class Daemon:
    """A daemon, possibly under a tool; `started` tells when its first answer came."""

    def __init__(self, binaries, state, model, command=(), environment=None, patience=300):
        self.socket = f"{state}.socket"
        self.log = open(f"{state}.log", "ab")
        if os.path.exists(self.socket):
            os.unlink(self.socket)
        arguments = [*command, f"{binaries}/sglorad", "--state-dir", state, "--socket", self.socket, "--model", model,
                     "--log-level", "warning"]
        self.process = subprocess.Popen(arguments, stdout=self.log, stderr=self.log, env=environment or os.environ)
        end = time.monotonic() + patience
        while True:
            if self.process.poll() is not None:
                raise RuntimeError(f"the daemon ended with {self.process.returncode}; see {state}.log")
            if time.monotonic() > end:
                self.process.kill()
                raise RuntimeError(f"the daemon did not serve its socket within {patience} s; see {state}.log")
            try:
                self.client = Client(self.socket)
                self.client.call("Status")
                break
            except OSError:
                time.sleep(0.005)

    def stop(self):
        self.client.socket.close()
        self.process.send_signal(signal.SIGTERM)
        try:
            self.process.wait(120)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
