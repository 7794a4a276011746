"""A headless Chromium, driven over the DevTools protocol with the standard library alone."""
import base64
import json
import os
import pathlib
import shutil
import socket
import struct
import subprocess
import tempfile
import time


class Browser:
    """A browser with one page; use it in a `with` statement."""

    def __init__(self):
        program = next((p for p in ["chromium", "chromium-browser", "google-chrome"] if shutil.which(p)), None)
        if program is None:
            raise SystemExit("There is no Chromium. Install it: apt-get install chromium")
        self.profile = tempfile.mkdtemp(prefix="sglorad-pages-")
        self.process = subprocess.Popen(
            [program, "--headless=new", "--no-sandbox", "--disable-gpu", "--no-first-run", "--hide-scrollbars",
             "--disable-background-networking", "--disable-component-update", "--disable-dev-shm-usage",
             "--remote-debugging-port=0", f"--user-data-dir={self.profile}", "about:blank"],
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        self.number, self.events, self.rest = 0, [], b""
        port, path = self._address()
        self.socket = socket.create_connection(("127.0.0.1", port), timeout=60)
        key = base64.b64encode(os.urandom(16)).decode()
        self.socket.sendall(
            f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            f"Sec-WebSocket-Key: {key}\r\nSec-WebSocket-Version: 13\r\n\r\n".encode())
        head = b""
        while b"\r\n\r\n" not in head:
            head += self.socket.recv(1)
        if b" 101 " not in head.split(b"\r\n")[0]:
            raise SystemExit(f"Chromium refused the connection: {head!r}")
        self.session = None
        target = self.call("Target.createTarget", url="about:blank")["targetId"]
        self.session = self.call("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        for domain in ["Page", "Network", "Runtime", "Log"]:
            self.call(f"{domain}.enable")

    def _address(self):
        for _ in range(600):
            try:
                port, path = (pathlib.Path(self.profile) / "DevToolsActivePort").read_text().split()
                return int(port), path
            except (OSError, ValueError):
                if self.process.poll() is not None:
                    raise SystemExit(f"Chromium ended with status {self.process.returncode}.")
                time.sleep(0.1)
        raise SystemExit("Chromium did not start within a minute.")

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.kill()
        self.process.wait()
        shutil.rmtree(self.profile, ignore_errors=True)

    def call(self, method, **parameters):
        """The result of a command; events that arrive meanwhile are kept."""
        self.number += 1
        message = {"id": self.number, "method": method, "params": parameters}
        if self.session:
            message["sessionId"] = self.session
        self._send(json.dumps(message).encode())
        while True:
            received = json.loads(self._receive())
            if received.get("id") == self.number:
                if "error" in received:
                    raise SystemExit(f"{method}: {received['error']}")
                return received["result"]
            self.events.append(received)

    def open(self, address, width, height, dark, phone):
        """Loads a page as a display of that size and scheme; returns the events of the load."""
        self.call("Emulation.setDeviceMetricsOverride", width=width, height=height, mobile=phone,
                  deviceScaleFactor=2 if phone else 1)
        self.call("Emulation.setEmulatedMedia",
                  features=[{"name": "prefers-color-scheme", "value": "dark" if dark else "light"}])
        self.events = []
        self.call("Page.navigate", url=address)
        while not any(event.get("method") == "Page.loadEventFired" for event in self.events):
            self.events.append(json.loads(self._receive()))
        return list(self.events)

    def evaluate(self, script):
        result = self.call("Runtime.evaluate", expression=script, returnByValue=True)
        if "exceptionDetails" in result:
            raise SystemExit(f"the check itself failed: {result['exceptionDetails']}")
        return result["result"].get("value")

    def _send(self, data):
        mask = os.urandom(4)
        size = len(data)
        head = bytes([0x81]) + (bytes([0x80 | size]) if size < 126 else
                                bytes([0xFE]) + struct.pack(">H", size) if size < 65536 else
                                bytes([0xFF]) + struct.pack(">Q", size))
        self.socket.sendall(head + mask + bytes(b ^ mask[i % 4] for i, b in enumerate(data)))

    def _read(self, count):
        while len(self.rest) < count:
            received = self.socket.recv(1 << 20)
            if not received:
                raise SystemExit("Chromium closed the connection.")
            self.rest += received
        data, self.rest = self.rest[:count], self.rest[count:]
        return data

    def _receive(self):
        message = b""
        while True:
            first, second = self._read(2)
            size = second & 0x7F
            if size == 126:
                size = struct.unpack(">H", self._read(2))[0]
            elif size == 127:
                size = struct.unpack(">Q", self._read(8))[0]
            data = self._read(size)
            if first & 0x0F in (0, 1):
                message += data
                if first & 0x80:
                    return message
