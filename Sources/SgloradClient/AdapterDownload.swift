internal import FoundationEssentials
internal import Glibc
internal import Synchronization

/// Writes the chunks of an adapter's files into a folder that appears complete or not at all.
///
/// The files are written into a hidden folder beside the destination, their names, sizes and digests compared with the
/// adapter's record. The daemon may be hostile: nothing outside that folder is written, and no more bytes than the record
/// announces. Every call blocks on the disk, and they must not overlap.
final class AdapterDownload: Sendable {
    /// The file that is being received.
    private struct Current {
        let file: SgloradClient.File
        let descriptor: Int32
        var bytes = 0
        var digest = SHA256()
    }

    private struct State {
        var current: Current?
        var complete: Set<String> = []
        var isLast = false
        var isOver = false
    }

    private typealias Failure = SgloradClient.Failure

    private let files: [String: SgloradClient.File]
    private let destination: String
    private let parent: String
    private let hidden: String
    private let state = Mutex(State())

    /// Creates the hidden folder.
    ///
    /// - Throws: `unusableReply` if the record holds an unsafe name, `notWritten` if there is no such folder or the
    ///   destination is taken.
    init(_ files: [SgloradClient.File], to folder: String) throws(SgloradClient.Failure) {
        var named: [String: SgloradClient.File] = [:]
        for file in files {
            guard Self.isPlain(file.name), file.bytes >= 0, named.updateValue(file, forKey: file.name) == nil
            else {
                throw Self.unusable(
                    "the adapter's record holds an unsafe name, a duplicate or a negative size")
            }
        }
        self.files = named
        var path = folder
        while path.utf8.count > 1, path.hasSuffix("/") { path.removeLast() }
        destination = path
        let slash = path.lastIndex(of: "/")
        parent = slash.map { $0 == path.startIndex ? "/" : String(path[..<$0]) } ?? "."
        hidden = "\(parent)/.sglorad-\(String(UInt64.random(in: .min ... .max), radix: 16))"
        guard Self.isFree(path) else {
            throw .notWritten(
                SgloradClient.Report(
                    "'\(path)' already exists and is not an empty folder. Choose another folder."))
        }
        guard mkdir(hidden, 0o777) == 0 else { throw Self.notWritten(path) }
    }

    /// Writes a chunk.
    ///
    /// - Parameters:
    ///   - chunk: the bytes in base64.
    ///   - name: the file they belong to.
    ///   - offset: where they begin in it.
    ///   - isLast: whether this is the last chunk of all.
    /// - Throws: `unusableReply` if it does not follow the chunk before it or the record, `notWritten`.
    func accept(_ chunk: String, of name: String, at offset: Int, isLast: Bool) throws(SgloradClient.Failure)
    {
        try state.withLock { state throws(SgloradClient.Failure) in
            guard !state.isLast else { throw Self.unusable("data came after the last chunk") }
            if state.current?.file.name != name {
                try complete(&state)
                guard let file = files[name], !state.complete.contains(name) else {
                    throw Self.unusable("a file came that the record does not list, or came twice")
                }
                let descriptor = open(
                    "\(hidden)/\(name)", O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0o666)
                guard descriptor >= 0 else { throw Self.notWritten("\(destination)/\(name)") }
                state.current = Current(file: file, descriptor: descriptor)
            }
            guard let data = Data(base64Encoded: chunk), let bytes = state.current?.bytes, offset == bytes,
                let size = files[name]?.bytes, data.count <= size - bytes
            else { throw Self.unusable("a chunk of '\(name)' is not base64, out of order or too long") }
            let array = Array(data)
            if let descriptor = state.current?.descriptor, !Self.write(array, to: descriptor) {
                throw Self.notWritten("\(destination)/\(name)")
            }
            state.current?.digest.update(array)
            state.current?.bytes += array.count
            if isLast {
                state.isLast = true
                try complete(&state)
            }
        }
    }

    /// Renames the folder into place.
    ///
    /// - Throws: `unusableReply` if files are missing, `notWritten`.
    func finish() throws(SgloradClient.Failure) {
        try state.withLock { state throws(SgloradClient.Failure) in
            guard state.isLast, state.complete.count == files.count else {
                throw Self.unusable("only \(state.complete.count) of \(files.count) files came")
            }
            Self.synchronise(hidden)
            guard rename(hidden, destination) == 0 else { throw Self.notWritten(destination) }
            state.isOver = true
            Self.synchronise(parent)
        }
    }

    /// Removes what was written, unless it is finished.
    func abandon() {
        state.withLock { state in
            guard !state.isOver else { return }
            state.isOver = true
            if let current = state.current.take() { close(current.descriptor) }
            for name in files.keys { unlink("\(hidden)/\(name)") }
            rmdir(hidden)
        }
    }

    /// Checks the file that is being received, and makes it durable.
    private func complete(_ state: inout State) throws(SgloradClient.Failure) {
        guard let current = state.current.take() else { return }
        let isWritten = fsync(current.descriptor) == 0
        let isClosed = close(current.descriptor) == 0
        let name = current.file.name
        guard isWritten, isClosed else { throw Self.notWritten("\(destination)/\(name)") }
        guard current.bytes == current.file.bytes, current.digest.finalise() == current.file.digest else {
            throw Self.unusable("the size or the SHA-256 of '\(name)' is not that of the adapter's record")
        }
        state.complete.insert(name)
    }
}

extension AdapterDownload {
    /// Whether a name denotes an entry of a folder itself and nothing outside it.
    private static func isPlain(_ name: String) -> Bool {
        (1...255).contains(name.utf8.count) && name != "." && name != ".."
            && !name.utf8.contains { $0 == UInt8(ascii: "/") || $0 == 0 }
    }

    /// Whether nothing is at a path, or an empty folder.
    private static func isFree(_ path: String) -> Bool {
        guard let stream = opendir(path) else { return errno == ENOENT }
        defer { closedir(stream) }
        var count = 0
        while readdir(stream) != nil { count += 1 }
        return count <= 2
    }

    private static func write(_ bytes: [UInt8], to descriptor: Int32) -> Bool {
        var start = 0
        while start < bytes.count {
            let count = bytes.withUnsafeBytes { pointer in
                Glibc.write(descriptor, pointer.baseAddress?.advanced(by: start), bytes.count - start)
            }
            if count < 0, errno == EINTR { continue }
            guard count > 0 else { return false }
            start += count
        }
        return true
    }

    /// Makes the names in a folder durable, on file systems that can.
    private static func synchronise(_ folder: String) {
        let descriptor = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard descriptor >= 0 else { return }
        fsync(descriptor)
        close(descriptor)
    }

    private static func unusable(_ what: String) -> SgloradClient.Failure {
        .unusableReply(
            SgloradClient.Report(
                "The export failed: \(what). Export the adapter again; if that fails, too, run 'sglorad-ctl cache "
                    + "verify'."))
    }

    /// The failure of the last system call.
    private static func notWritten(_ path: String) -> SgloradClient.Failure {
        let reason = String(cString: strerror(errno))
        return .notWritten(
            SgloradClient.Report(
                "\(path) cannot be written: \(reason). Check the owner and mode of the folder around it, and the disk."
            ))
    }
}
