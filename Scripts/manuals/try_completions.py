"""Types at the prompts of bash, zsh and fish, and looks at what they complete: try_completions.py COMPLETIONS WORK"""

import os
import pathlib
import pty
import re
import select
import signal
import sys
import time

SHELLS = {
    "bash": (
        ["bash", "--noprofile", "--norc", "-i"],
        "PS1='ready> '; bind 'set enable-bracketed-paste off'; source {}/bash/sglorad-ctl; source {}/bash/sglorad"),
    "zsh": (
        ["zsh", "-f", "-i"],
        "PS1='ready> '; unsetopt zle_bracketed_paste; fpath=({}/zsh $fpath); autoload -Uz compinit && compinit -u -D"),
    "fish": (
        ["fish", "--no-config", "--interactive"],
        "function fish_prompt; echo -n 'ready> '; end; set -p fish_complete_path {}/fish"),
}
# What is typed before the tab key, and what then has to be on the screen. Two tabs list what is possible.
TRIALS = (
    ("sglorad-ctl req\t", ["sglorad-ctl request"]),
    ("sglorad-ctl expert imp\t", ["sglorad-ctl expert import"]),
    ("sglorad-ctl adapter \t\t", ["export", "list", "pin", "remove", "show"]),
    ("sglorad-ctl request --idem\t", ["--idempotency-key"]),
    ("sglorad-ctl request --strategy \t\t", ["sg-lora", "weighted", "nearest", "mean"]),
    ("sglorad-ctl generator import \t\t", ["birds.generator"]),
    ("sglorad serve --state\t", ["--state-dir"]),
)
PATIENCE = 60


class Shell:
    """A shell on a terminal of its own."""

    def __init__(self, words, folder):
        self.screen = ""
        self.process, self.terminal = pty.fork()
        if self.process == 0:
            os.chdir(folder)
            os.environ.update(TERM="xterm", HOME=str(folder), LC_ALL="C.UTF-8", COLUMNS="120", LINES="50")
            os.execvp(words[0], words)

    def type(self, keys):
        os.write(self.terminal, keys.encode())

    def shows(self, wanted):
        """Whether all of it comes on the screen."""
        end = time.monotonic() + PATIENCE
        while time.monotonic() < end:
            if all(word in self.plain() for word in wanted):
                return True
            if select.select([self.terminal], [], [], 0.5)[0]:
                try:
                    self.screen += os.read(self.terminal, 65536).decode(errors="replace")
                except OSError:
                    return False
        return False

    def plain(self):
        """What is on the screen, without colours and other control sequences."""
        text = re.sub(r"\x1b\[[0-9;?>=]*[A-Za-z]|\x1b[()][A-Z0-9]|\x1b\][^\x07\x1b]*(\x07|\x1b\\)|\x1b[=>]", "", self.screen)
        return re.sub(r".\x08|[\r\x0e\x0f]", "", text)

    def end(self):
        os.kill(self.process, signal.SIGKILL)
        os.waitpid(self.process, 0)
        os.close(self.terminal)


def main():
    completions, work = map(pathlib.Path, sys.argv[1:])
    folder = work / "home"
    folder.mkdir()
    (folder / "birds.generator").touch()
    failed = 0
    for name, (words, setup) in SHELLS.items():
        # A shell for each trial, so that nothing of an earlier one is on the screen.
        for keys, wanted in TRIALS:
            shell = Shell(words, folder)
            shell.type(setup.replace("{}", str(completions)) + "; echo set''-up\n")
            ready = shell.shows(["set-up", "ready> "])
            shell.screen = ""
            shell.type(keys)
            # The echo of the keys is no completion.
            echo = keys.strip("\t")
            if not ready or not shell.shows([w for w in wanted if w not in echo]):
                failed += 1
                print(f"completions: {name}: after {keys!r}, not all of {wanted} is shown, but:\n{shell.plain()}", file=sys.stderr)
            shell.end()
    if failed:
        sys.exit(f"completions: {failed} of {len(SHELLS) * len(TRIALS)} trials failed")
    print(f"completions: {len(TRIALS)} trials each in {', '.join(SHELLS)}")


main()
