internal import ErrorModel
internal import Files
internal import SgloradInterface
internal import Varlink

/// Downloads a published adapter into a folder of the caller's, for `request -o` and `adapter export`.
enum AdapterExport {
    /// Reads the adapter's files from the daemon, verifies and writes them.
    ///
    /// A failure names the adapter: it stays published, so the export can be repeated.
    ///
    /// - Parameters:
    ///   - adapter: the adapter.
    ///   - names: the files to write; nil for all.
    ///   - destination: the folder to be made.
    ///   - client: the connection to the daemon.
    static func export(
        _ adapter: Wire.Adapter, only names: [String]? = nil, to destination: ExportDestination,
        _ client: VarlinkClient
    ) async throws {
        var wanted = adapter
        if let names { wanted.files.removeAll { !names.contains($0.name) } }
        var progress = Progress(otherwise: .nothing)
        defer { progress.clear() }
        let (chosen, files) = (wanted, Set(wanted.files.map(\.name)))
        let total = chosen.files.reduce(0) { $0.addingReportingOverflow($1.bytes).partialValue }
        do {
            try await Interruption.guarding(client, notice: "The export was cancelled.") {
                // The daemon sends one file or all, by name: where PEFT's two are wanted, the second is the last of all.
                let replies = client.stream(
                    Methods.ReadAdapter.self,
                    .init(adapterId: adapter.adapterId, file: files.count == 1 ? files.first : nil)
                ).filter { names == nil || files.contains($0.file) }
                try await AdapterFolderWriter.write(chosen, replies: replies, to: destination) { bytes in
                    progress.show("writing", bytes: bytes, of: total)
                }
            }
        } catch {
            throw Failure(error).adding(
                "The adapter itself is unaffected. To try again: 'sglorad-ctl adapter export \(adapter.adapterId) -o DIR'.",
                parameters: ["adapterId": .string(adapter.adapterId)])
        }
    }

    /// The names of an adapter's files in some formats.
    ///
    /// Throws `notFound` if the adapter was not made in one of them.
    static func files(in formats: AdapterFormatList, of adapter: Wire.Adapter) throws(SgloradError)
        -> [String]
    {
        let present = Set(adapter.files.map(\.name))
        for format in formats.formats {
            guard let missing = format.files.first(where: { !present.contains($0) }) else { continue }
            throw SgloradError.notFound(
                "file", missing,
                remedy:
                    "The adapter \(adapter.adapterId) was not made in the format \(format.rawValue). Request it again "
                    + "with '--format \(format.rawValue)'; the same seed gives the same adapter.")
        }
        return formats.formats.flatMap(\.files)
    }

    /// The confirmation of an export.
    static func sentence(_ count: Int, _ destination: ExportDestination) -> String {
        "Wrote \(Format.count(count, "file")) to \(destination.path); sizes and SHA-256 digests verified."
    }
}

/// Writes an adapter's files into a folder that appears complete or not at all.
///
/// The files are received into a hidden folder beside the destination, and their names, sizes and SHA-256 digests are
/// compared with the adapter's record. The folder is then synchronised and renamed. On any error it is removed.
struct AdapterFolderWriter: ~Copyable {
    private let destination: ExportDestination
    private let folder: DurableFolder
    /// The files of the adapter's record, by name.
    private let expected: [String: Wire.AdapterFile]
    private var complete: Set<String> = []
    private var currentName: String?
    private var current: IncomingFile?
    private var isLast = false
    private var completeBytes = 0

    /// Writes the replies of ReadAdapter to the destination; `progress` receives the number of bytes received.
    ///
    /// Throws `invalidFile` if the replies do not match the adapter's record, `storageFailure` if writing fails.
    static func write<Replies: AsyncSequence>(
        _ adapter: Wire.Adapter, replies: Replies, to destination: ExportDestination,
        progress: (Int) -> Void = { _ in }
    ) async throws where Replies.Element == Methods.ReadAdapter.Reply {
        var writer = AdapterFolderWriter(
            try files(of: adapter),
            try DurableFolder(in: destination.parent, mode: 0o777, reportedAs: destination.path), destination)
        for try await reply in replies { progress(try writer.accept(reply)) }
        try writer.finish()
    }

    private init(
        _ expected: [String: Wire.AdapterFile], _ folder: consuming DurableFolder,
        _ destination: ExportDestination
    ) {
        self.expected = expected
        self.folder = folder
        self.destination = destination
    }

    /// The files of an adapter's record by name, which may come from a hostile daemon.
    private static func files(of adapter: Wire.Adapter) throws(SgloradError) -> [String: Wire.AdapterFile] {
        var files: [String: Wire.AdapterFile] = [:]
        for file in adapter.files {
            guard Path.isPlainName(file.name), files[file.name] == nil, file.bytes >= 0 else {
                throw .invalidFile(
                    file.name,
                    "the daemon's record of the adapter holds an unsafe name, a duplicate or a negative size."
                )
            }
            files[file.name] = file
        }
        return files
    }

    /// Writes one chunk and returns the number of bytes received so far.
    private mutating func accept(_ reply: Methods.ReadAdapter.Reply) throws(SgloradError) -> Int {
        guard !isLast else { throw .invalidFile(reply.file, "the daemon sent data after the last chunk.") }
        if currentName != reply.file {
            try finishCurrent()
            guard expected[reply.file] != nil, !complete.contains(reply.file) else {
                throw .invalidFile(
                    reply.file,
                    "the daemon sent a file that the adapter's record does not list, or sent it twice.")
            }
            let name = "\(destination.path)/\(reply.file)"
            current = IncomingFile(
                try folder.makeFile(reply.file, mode: 0o666, reportedAs: name), name: name)
            currentName = reply.file
        }
        try current?.append(
            chunk: reply.chunk, offset: reply.offset, limit: expected[reply.file]?.bytes ?? 0)
        let received = completeBytes + (current?.bytes ?? 0)
        if reply.last == true {
            isLast = true
            try finishCurrent()
        }
        return received
    }

    /// Checks size and digest of the file that is being received, and makes it durable.
    private mutating func finishCurrent() throws(SgloradError) {
        guard let file = current.take(), let name = currentName, let record = expected[name] else { return }
        guard file.bytes == record.bytes else {
            throw .invalidFile(
                name, "the daemon sent \(file.bytes) of \(record.bytes) bytes. Export the adapter again.")
        }
        let digest = try file.digest()
        guard digest == record.digest else {
            throw .invalidFile(
                name,
                "SHA-256 mismatch: expected \(record.digest), received \(digest). Export the adapter again; if that "
                    + "fails too, run 'sglorad-ctl cache verify'.")
        }
        try file.keep()
        currentName = nil
        complete.insert(name)
        completeBytes += record.bytes
    }

    private consuming func finish() throws(SgloradError) {
        guard isLast, complete.count == expected.count else {
            throw .invalidFile(
                destination.path,
                "the daemon sent \(complete.count) of \(expected.count) files. Export the adapter again.")
        }
        try folder.commit(as: destination.path)
    }
}
