"""A daemon in a folder of its own, and its command line."""

import json
import os
import subprocess
import time


class Daemon:
    """A running daemon; as a context manager it is stopped at the end."""

    def __init__(self, binaries, encoder, folder):
        self.binaries = binaries
        self.socket = os.path.join(folder, "sglorad.sock")
        self.log = os.path.join(folder, "sglorad.log")
        with open(self.log, "wb") as log:
            self.process = subprocess.Popen(
                [f"{binaries}/sglorad", "--state-dir", f"{folder}/state", "--socket", self.socket, "--model", encoder],
                stderr=log)

    def __enter__(self):
        for _ in range(600):
            if self.process.poll() is None and os.path.exists(self.socket) and not self.run("status").returncode:
                return self
            if self.process.poll() is not None:
                break
            time.sleep(0.1)
        with open(self.log) as log:
            raise SystemExit("the daemon does not answer:\n" + log.read())

    def __exit__(self, *_):
        self.process.terminate()
        self.process.wait(60)

    def run(self, *words):
        return subprocess.run(
            [f"{self.binaries}/sglorad-ctl", *words, "--json", "--socket", self.socket], capture_output=True, text=True)

    def control(self, *words):
        """The reply of a command as a JSON value; None if it prints several."""
        done = self.run(*words)
        if done.returncode:
            raise SystemExit(f"sglorad-ctl {' '.join(words)}: exit status {done.returncode}\n{done.stdout}{done.stderr}")
        return json.loads(done.stdout) if done.stdout.lstrip()[:1] == "{" and "\n{" not in done.stdout else None
