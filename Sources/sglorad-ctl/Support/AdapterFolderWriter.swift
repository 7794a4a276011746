import ControlProtocol
import ErrorModel
import Glibc

/// Writes an adapter's files into a folder that appears whole or not at all.
///
/// The files go into a hidden folder beside the destination; their names, count and sizes are held against the adapter's
/// own list (their digests are not, since the program holds no SHA-256); they are made durable, and the folder is renamed.
/// Whatever goes wrong, nothing is left behind.
struct AdapterFolderWriter {
    private let destination: ExportDestination
    private let temporary: String
    /// The announced sizes by name.
    private let announced: [String: Int]
    private var complete: Set<String> = []
    private var current: (name: String, file: IncomingFile)?
    private var isLast = false
    /// How many bytes have come.
    private var received: Int { complete.reduce(current?.file.bytes ?? 0) { $0 + (announced[$1] ?? 0) } }

    /// Writes the replies of ReadAdapter to the destination; `progress` learns how many bytes have come.
    ///
    /// Throws `InvalidFile` where the replies are not what the adapter announces, `StorageFailure` where the disk refuses.
    static func write<Replies: AsyncSequence>(
        _ adapter: Wire.Adapter, replies: Replies, to destination: ExportDestination,
        progress: (Int) -> Void = { _ in }
    ) async throws where Replies.Element == Methods.ReadAdapter.Reply {
        var writer = try AdapterFolderWriter(adapter, destination)
        do {
            for try await reply in replies {
                try writer.accept(reply)
                progress(writer.received)
            }
            try writer.finish()
        } catch {
            writer.abandon()
            throw error
        }
    }

    private init(_ adapter: Wire.Adapter, _ destination: ExportDestination) throws(SgloradError) {
        var announced: [String: Int] = [:]
        for file in adapter.files {
            guard Self.isPlainName(file.name), announced[file.name] == nil, file.bytes >= 0 else {
                throw .invalidFile(
                    file.name, "the daemon gives the adapter a file of this name, which is not safe to write."
                )
            }
            announced[file.name] = file.bytes
        }
        self.announced = announced
        self.destination = destination
        temporary = destination.temporaryPath()
        guard mkdir(temporary, 0o777) == 0 else {
            throw SystemCall.failure(destination.parent, "nothing can be made in this folder", errno)
        }
    }

    /// A name that stands for a file in the folder itself and nowhere else.
    static func isPlainName(_ name: String) -> Bool {
        !name.isEmpty && name != "." && name != ".." && name.utf8.count <= 255
            && !name.utf8.contains { $0 == UInt8(ascii: "/") || $0 == 0 }
    }

    private mutating func accept(_ reply: Methods.ReadAdapter.Reply) throws(SgloradError) {
        guard !isLast else { throw .invalidFile(reply.file, "the daemon sent bytes behind the last ones.") }
        if current?.name != reply.file {
            try finishCurrent()
            guard announced[reply.file] != nil, !complete.contains(reply.file) else {
                throw .invalidFile(
                    reply.file, "the daemon sent a file that the adapter's list does not hold at this place.")
            }
            let file = try IncomingFile(
                path: "\(temporary)/\(reply.file)", name: "\(destination.path)/\(reply.file)")
            current = (reply.file, file)
        }
        try current?.file.append(chunk: reply.chunk, offset: reply.offset, limit: announced[reply.file] ?? 0)
        if reply.last == true {
            isLast = true
            try finishCurrent()
        }
    }

    private mutating func finishCurrent() throws(SgloradError) {
        guard let (name, file) = current else { return }
        let size = announced[name] ?? 0
        guard file.bytes == size else {
            throw .invalidFile(
                name, "the daemon sent \(file.bytes) bytes of \(size); export the adapter again.")
        }
        current = nil
        complete.insert(name)
        defer { file.close() }
        try file.synchronise()
    }

    private mutating func finish() throws(SgloradError) {
        guard isLast, complete.count == announced.count else {
            throw .invalidFile(
                destination.path,
                "the daemon sent \(complete.count) of \(announced.count) files; export the adapter again.")
        }
        try SystemCall.synchronise(folder: temporary)
        guard rename(temporary, destination.path) == 0 else {
            throw SystemCall.failure(destination.path, "the folder cannot get its name", errno)
        }
        try SystemCall.synchronise(folder: destination.parent)
    }

    private mutating func abandon() {
        current?.file.abandon()
        current = nil
        for name in complete { unlink("\(temporary)/\(name)") }
        rmdir(temporary)
    }
}
