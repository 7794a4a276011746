#!/usr/bin/env python3
"""Takes out of linked programs what differs between two builds of the same sources: reproducible-program.py PROGRAM ...

Swift's compiler writes the section .swift_modhash, which hashes its own command line with the names of temporary files; only the
compiler's incremental builds read it. The linker's build id hashes that too, so it is replaced by the SHA-1 of the program without it.
"""
import hashlib
import struct
import subprocess
import sys
import tempfile

SECTION = ".note.gnu.build-id"


def set_build_id(program, digest):
    with tempfile.NamedTemporaryFile() as note:
        note.write(struct.pack("<III4s", 4, len(digest), 3, b"GNU\0") + digest)
        note.flush()
        subprocess.run(["objcopy", "--update-section", f"{SECTION}={note.name}", program], check=True)


for program in sys.argv[1:]:
    subprocess.run(["objcopy", "--remove-section=.swift_modhash", program], check=True)
    set_build_id(program, bytes(20))
    with open(program, "rb") as file:
        digest = hashlib.sha1(file.read()).digest()
    set_build_id(program, digest)
