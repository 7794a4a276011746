"""What counts a daemon's work: each instrument starts a daemon and says how much was counted between two moments."""
import collections
import os
import re
import signal
import struct
import subprocess
from pathlib import Path

from client import Daemon

# How often a thread waits for another depends on the scheduler, and how often memory is mapped on the moment.
WAITING = {"futex", "epoll_wait", "epoll_pwait", "poll", "ppoll", "sched_yield", "restart_syscall", "clock_nanosleep",
           "nanosleep", "rt_sigreturn", "mmap", "munmap", "madvise", "mprotect", "brk", "rt_sigprocmask", "rseq",
           "set_robust_list", "clone3", "clone", "exit", "sched_getaffinity", "sched_setaffinity", "gettid", "getpid", "tgkill"}
FLUSHES = {"fsync", "fdatasync", "sync_file_range", "syncfs", "msync"}


def fixed_kernels():
    """The environment in which the kernels of OpenBLAS are those for AVX2; the product's own choose these under valgrind,
    which knows nothing newer. The verification of every file two minutes after the start would be counted with whatever runs then."""
    environment = {k: v for k, v in os.environ.items() if not k.startswith(("OPENBLAS", "SGLORAD"))}
    environment.update(OPENBLAS_CORETYPE="Haswell", SWIFT_BACKTRACE="enable=no", LC_ALL="C",
                       SGLORAD_CACHE_VERIFY_EVERY="0s")
    return environment


class Allocations:
    """Calls of malloc and its relatives, and their bytes."""
    names = ("allocations", "allocated bytes")
    # How often the daemon is started, and how often an operation is done in a round.
    starts, times = 3, 4

    def __init__(self, work, libraries):
        self.path, self.library = f"{work}/allocations", f"{libraries}/liballocations.so"

    def start(self, binaries, state, model):
        Path(self.path).unlink(missing_ok=True)
        environment = fixed_kernels() | {"SGLORAD_ALLOCATIONS": self.path, "LD_PRELOAD": self.library}
        self.before = (0, 0)
        self.daemon = Daemon(binaries, state, model, environment=environment)
        return self.daemon

    def read(self):
        """What was counted since the last call, by name."""
        now = struct.unpack("QQ", Path(self.path).read_bytes())
        counted = [b - a for a, b in zip(self.before, now)]
        self.before = now
        return dict(zip(self.names, counted))

    def stop(self):
        self.daemon.stop()


class SystemCalls:
    """System calls other than those that only wait, by strace, and those of them that flush a file to the disk."""
    names = ("system calls", "flushes")
    starts, times = 3, 4

    def __init__(self, work, libraries):
        self.path = f"{work}/strace"
        self.command = ["strace", "-f", "-qq", "--seccomp-bpf", "-s", "0", "-o", self.path]

    def start(self, binaries, state, model):
        Path(self.path).unlink(missing_ok=True)
        self.offset = 0
        self.daemon = Daemon(binaries, state, model, self.command, fixed_kernels())
        return self.daemon

    def read(self):
        with open(self.path, "rb") as file:
            file.seek(self.offset)
            text = file.read()
        text = text[:text.rfind(b"\n") + 1]
        self.offset += len(text)
        self.seen = collections.Counter(re.findall(r"^\d+ +(\w+)\(", text.decode(errors="replace"), re.MULTILINE))
        return {"system calls": sum(n for name, n in self.seen.items() if name not in WAITING),
                "flushes": sum(self.seen[name] for name in FLUSHES)}

    def stop(self):
        # strace passes no signal on: the daemon itself is its only child.
        children = Path(f"/proc/{self.daemon.process.pid}/task/{self.daemon.process.pid}/children").read_text().split()
        for child in children:
            os.kill(int(child), signal.SIGTERM)
        self.daemon.client.socket.close()
        self.daemon.process.wait(120)


class Instructions:
    """Instructions by callgrind."""
    names = ("instructions",)
    # Fewer: fifty times slower, and steadier.
    starts, times = 1, 1

    def __init__(self, work, libraries):
        self.ask, self.out, self.library = f"{work}/dump", f"{work}/callgrind", f"{libraries}/libdump.so"
        self.stripped = f"{work}/stripped"
        self.command = ["valgrind", "--tool=callgrind", "-q", f"--callgrind-out-file={self.out}", "--dump-line=no"]

    def start(self, binaries, state, model):
        for path in (self.ask, f"{self.ask}.done"):
            Path(path).unlink(missing_ok=True)
            os.mkfifo(path)
        self.number = 0
        # Valgrind 3.19 cannot read the debugging information of today's compilers.
        os.makedirs(self.stripped, exist_ok=True)
        subprocess.run(["strip", "-S", "-o", f"{self.stripped}/sglorad", f"{binaries}/sglorad"], check=True)
        environment = fixed_kernels() | {"SGLORAD_DUMP": self.ask, "LD_PRELOAD": self.library}
        self.daemon = Daemon(self.stripped, state, model, self.command, environment)
        self.questions, self.answers = os.open(self.ask, os.O_WRONLY), os.open(f"{self.ask}.done", os.O_RDONLY)
        return self.daemon

    def read(self):
        os.write(self.questions, b".")
        os.read(self.answers, 1)
        self.number += 1
        path = Path(f"{self.out}.{self.number}")
        found = re.search(r"^(?:totals|summary): (\d+)", path.read_text(errors="replace"), re.MULTILINE)
        path.unlink()
        return {"instructions": int(found[1])}

    def stop(self):
        self.daemon.stop()
        os.close(self.questions)
        os.close(self.answers)
        for path in Path(self.out).parent.glob(f"{Path(self.out).name}*"):
            path.unlink()


def missing():
    """The programs that the instruments need and that are not installed."""
    return [tool for tool in ("valgrind", "strace", "clang", "strip")
            if subprocess.run(["which", tool], capture_output=True).returncode]
