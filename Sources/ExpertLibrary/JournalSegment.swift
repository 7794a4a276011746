internal import ErrorModel
internal import Files
internal import Glibc
internal import Synchronization

/// One of the two files of the journal of adapters.
final class JournalSegment: Sendable {
    struct State {
        /// Where the next record begins, in bytes.
        var end = 0
        /// The adapters in it, and those that could not be written to it completely.
        var adapters: [AdapterRecord] = []
        /// Whether it holds what an earlier run has written.
        var isUnread = false
        /// Whether a write or a flush has failed, so that the kernel may have dropped contents of the files: they are written
        /// anew before the segment is emptied, and it takes nothing more until then.
        var isInDoubt = false
    }

    let path: String
    let descriptor: Int32
    let state: Mutex<State>

    /// Opens the file, or creates it; blocks.
    ///
    /// - Throws: `storageFailure`.
    init(_ path: String) throws(SgloradError) {
        self.path = path
        descriptor = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0o600)
        guard descriptor >= 0 else {
            throw .system(
                path, "the journal of adapters cannot be opened", remedy: "Check the file's owner and mode.")
        }
        state = Mutex(State(isUnread: lseek(descriptor, 0, SEEK_END) != 0))
    }

    deinit { close(descriptor) }

    /// Whether it has nothing whose files must be made durable.
    var isEmpty: Bool { state.withLock { $0.adapters.isEmpty && !$0.isUnread } }

    /// Whether it takes more records at present.
    var isUsable: Bool { state.withLock { !$0.isUnread && !$0.isInDoubt } }

    /// Whether it holds one of some adapters.
    func holds(_ ids: Set<String>) -> Bool {
        state.withLock { state in state.adapters.contains { ids.contains($0.id) } }
    }

    /// Writes a record at a place, without a flush.
    ///
    /// - Returns: the place behind it.
    func write(_ record: JournalRecord, at place: Int) throws(SgloradError) -> Int {
        guard lseek(descriptor, off_t(place), SEEK_SET) >= 0 else {
            throw .system(path, "the journal of adapters cannot be written")
        }
        for part in [record.opening] + record.contents {
            try FileBytes.append(part, to: descriptor, path: path)
        }
        return place + record.bytes
    }

    /// Makes what was written durable.
    func synchronise() throws(SgloradError) {
        guard fdatasync(descriptor) == 0 else {
            throw .system(path, "the journal of adapters could not be synchronised")
        }
    }

    /// Forgets its records; durable when it returns.
    func empty() throws(SgloradError) {
        guard ftruncate(descriptor, 0) == 0, fsync(descriptor) == 0 else {
            throw .system(path, "the journal of adapters cannot be emptied")
        }
        state.withLock { $0 = State() }
    }
}
