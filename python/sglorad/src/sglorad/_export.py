"""Writing an adapter's files, and loading them into a model."""

from __future__ import annotations

import base64
import binascii
import hashlib
import importlib
import os
import shutil
import tempfile
from typing import TYPE_CHECKING, Any, BinaryIO, Dict, Iterator, Optional

from ._errors import ExportFailed, UnusableReply
from ._values import File, text, whole

if TYPE_CHECKING:
    from ._values import Adapter


def _unusable(what: str) -> UnusableReply:
    return UnusableReply(
        f"The export failed: {what}. Export the adapter again; if that fails, too, run 'sglorad-ctl cache verify'."
    )


def export(adapter: "Adapter", folder: str, chunks: Iterator[Dict[str, Any]]) -> None:
    """Writes the chunks into a hidden folder beside the destination, checks them, and renames the folder.

    The daemon may be hostile: nothing outside that folder is written, and no more bytes than the record announces.
    """
    files: Dict[str, File] = {}
    for file in adapter.files:
        if file.name in files or not _is_plain(file.name) or file.bytes < 0:
            raise _unusable("the adapter's record holds an unsafe name, a duplicate or a negative size")
        files[file.name] = file
    folder = folder.rstrip("/") or "/"
    if os.path.lexists(folder) and (not os.path.isdir(folder) or os.listdir(folder)):
        raise ExportFailed(f"'{folder}' already exists and is not an empty folder. Choose another folder.")
    hidden: Optional[str] = None
    try:
        hidden = tempfile.mkdtemp(prefix=".sglorad-", dir=os.path.dirname(folder) or ".")
        # mkdtemp makes it private; the exported folder has the permissions of any other new one.
        mask = os.umask(0)
        os.umask(mask)
        os.chmod(hidden, 0o777 & ~mask)
        _receive(files, hidden, chunks)
        _synchronise(hidden)
        os.rename(hidden, folder)
        hidden = None
        _synchronise(os.path.dirname(folder) or ".")
    except OSError as error:
        raise ExportFailed(
            f"{folder} cannot be written: {error}. Check the owner and mode of the folder around it, and the disk."
        ) from error
    finally:
        if hidden is not None:
            shutil.rmtree(hidden, ignore_errors=True)


def _receive(files: Dict[str, File], folder: str, chunks: Iterator[Dict[str, Any]]) -> None:
    complete: Dict[str, bool] = {}
    stream: Optional[BinaryIO] = None
    name, received, ended = "", 0, False
    digest = hashlib.sha256()

    def finish() -> None:
        if stream is None:
            return
        stream.flush()
        os.fsync(stream.fileno())
        stream.close()
        if received != files[name].bytes or digest.hexdigest() != files[name].digest:
            raise _unusable(f"the size or the SHA-256 of '{name}' is not that of the adapter's record")
        complete[name] = True

    try:
        for reply in chunks:
            if ended:
                raise _unusable("data came after the last chunk")
            if text(reply, "file") != name or stream is None:
                finish()
                name, received, digest = text(reply, "file"), 0, hashlib.sha256()
                if name not in files or name in complete:
                    raise _unusable("a file came that the record does not list, or came twice")
                stream = open(os.path.join(folder, name), "xb")
            try:
                data = base64.b64decode(text(reply, "chunk"), validate=True)
            except (binascii.Error, ValueError):
                raise _unusable(f"a chunk of '{name}' is not base64") from None
            if whole(reply, "offset") != received or len(data) > files[name].bytes - received:
                raise _unusable(f"a chunk of '{name}' is out of order or too long")
            stream.write(data)
            digest.update(data)
            received += len(data)
            ended = reply.get("last") is True
        finish()
    finally:
        if stream is not None:
            stream.close()
    if not ended or len(complete) != len(files):
        raise _unusable(f"only {len(complete)} of {len(files)} files came")


def _is_plain(name: str) -> bool:
    """Whether a name denotes an entry of a folder itself and nothing outside it."""
    return 1 <= len(name.encode("utf-8", "replace")) <= 255 and name not in (".", "..") and not set(name) & {"/", "\0"}


def _synchronise(folder: str) -> None:
    """Makes the names in a folder durable, on file systems that can."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    except OSError:
        pass
    finally:
        os.close(descriptor)


def load_into(adapter: "Adapter", model: Any, adapter_name: Optional[str]) -> Any:
    """Loads an adapter into a model with PEFT; see ``Adapter.load_into``."""
    try:
        peft = importlib.import_module("peft")
    except ImportError as error:
        raise ImportError(
            "load_into() needs the package peft: 'pip install peft'. The adapter's files can be written without it: "
            "adapter.export(folder)."
        ) from error
    with tempfile.TemporaryDirectory(prefix="sglorad-") as place:
        folder = os.path.join(place, "adapter")
        adapter.export(folder)
        if isinstance(model, peft.PeftModel):
            model.load_adapter(folder, adapter_name or adapter.id)
            return model
        return peft.PeftModel.from_pretrained(model, folder, adapter_name=adapter_name or "default")
