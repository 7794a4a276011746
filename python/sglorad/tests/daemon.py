"""Daemons for the tests: the real one, and one that answers whatever it is told to."""

import os
import shutil
import socket
import subprocess
import tempfile
import threading
import time
from pathlib import Path
from typing import Any, Callable, List, Optional

import sglorad

ROOT = Path(__file__).resolve().parents[3]
BINARIES = Path(os.environ.get("SGLORAD_BINARIES", str(ROOT / ".build/debug"))).resolve()
MODEL = Path(os.environ.get("SGLORAD_MODEL", str(ROOT / ".model/all-MiniLM-L6-v2"))).resolve()
ZOO = ROOT / "Examples/minilm-zoo"
IS_THERE = (BINARIES / "sglorad").exists() and (MODEL / "model.safetensors").exists()


def eventually(condition: Callable[[], Any], what: str) -> Any:
    """Polls until a condition holds; generous, since tests share a busy machine."""
    end = time.monotonic() + 120
    while time.monotonic() < end:
        value = condition()
        if value:
            return value
        time.sleep(0.02)
    raise AssertionError(f"waited in vain for {what}")


class Daemon:
    """The real daemon in a temporary folder, which can be stopped, killed and started again."""

    def __init__(self) -> None:
        self.folder = tempfile.mkdtemp(prefix="sgl-", dir="/tmp")
        self.socket = self.folder + "/socket"
        self._process: Optional["subprocess.Popen[bytes]"] = None

    def start(self, serving: bool = True) -> None:
        log = open(self.folder + "/log", "ab")
        command = [str(BINARIES / "sglorad"), "--state-dir", self.folder + "/state", "--socket", self.socket]
        self._process = subprocess.Popen(command + ["--model", str(MODEL)], stderr=log, stdout=log)
        log.close()
        if serving:
            eventually(self.is_serving, "the daemon")

    def is_serving(self) -> bool:
        assert self._process is not None and self._process.poll() is None, Path(self.folder, "log").read_text()
        try:
            sglorad.Client(self.socket).status()
            return True
        except sglorad.SgloradError:
            return False

    def signal(self, number: int) -> None:
        assert self._process is not None
        self._process.send_signal(number)

    def stop(self, kill: bool = False) -> None:
        if self._process is None:
            return
        self._process.kill() if kill else self._process.terminate()
        self._process.wait()
        self._process = None

    def import_library(self, experts: List[str]) -> None:
        folders = [str(ZOO / "experts" / name) for name in experts]
        subprocess.run(
            [str(BINARIES / "sglorad-ctl"), "expert", "import", *folders],
            check=True,
            capture_output=True,
            env={**os.environ, "SGLORAD_SOCKET": self.socket},
        )

    def remove(self) -> None:
        self.stop()
        shutil.rmtree(self.folder, ignore_errors=True)


class FalseDaemon:
    """Listens on a socket and answers each connection with the same bytes."""

    def __init__(self, answer: bytes, endless: bool = False) -> None:
        self.folder = tempfile.mkdtemp(prefix="sgl-", dir="/tmp")
        self.socket = self.folder + "/socket"
        self._answer, self._endless = answer, endless
        self._listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self._listener.bind(self.socket)
        self._listener.listen(8)
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self) -> None:
        while True:
            try:
                peer, _ = self._listener.accept()
            except OSError:
                return
            threading.Thread(target=self._reply, args=(peer,), daemon=True).start()

    def _reply(self, peer: socket.socket) -> None:
        with peer:
            try:
                peer.recv(1 << 16)
                peer.sendall(self._answer)
                while self._endless:
                    peer.sendall(self._answer)
            except OSError:
                pass

    def remove(self) -> None:
        self._listener.close()
        shutil.rmtree(self.folder, ignore_errors=True)
