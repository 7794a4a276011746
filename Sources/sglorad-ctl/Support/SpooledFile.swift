internal import ErrorModel
internal import Files
internal import FoundationEssentials
internal import Glibc
internal import SgloradInterface

/// An intent submitted as a file in the spool folder, and its result file.
struct SpooledFile: Sendable {
    /// The spool folder.
    let spool: String
    /// The file's name in the spool.
    let name: String
    /// The result file of an earlier submission under this name, if there was one.
    private let earlier: Identity?

    /// Identifies one version of a file.
    private struct Identity: Sendable, Equatable {
        let inode: ino_t
        let seconds: Int
        let nanoseconds: Int

        init?(_ path: String) {
            var status = stat()
            guard stat(path, &status) == 0 else { return nil }
            inode = status.st_ino
            seconds = status.st_ctim.tv_sec
            nanoseconds = status.st_ctim.tv_nsec
        }
    }

    /// The path at which the result appears.
    var result: String { "\(spool)/done/\(getuid())/\(name)" }

    /// Submits an intent; when this returns, the file is durable and visible to the daemon.
    ///
    /// - Parameters:
    ///   - spool: the spool folder.
    ///   - key: the idempotency key, which becomes the file's name; nil for a random name.
    /// - Throws: `invalidIntent` for a key that cannot be a file name, `storageFailure` if the spool cannot be used.
    init(_ intent: Wire.Intent, in spool: String, key: String?) throws {
        self.spool = spool
        name = try key.map(Self.name) ?? "ctl-\(UUID().uuidString.lowercased()).json"
        earlier = Identity("\(spool)/done/\(getuid())/\(name)")
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        try submit(Array(try encoder.encode(intent)) + [UInt8(ascii: "\n")])
    }

    private static func name(key: String) throws(SgloradError) -> String {
        let isName = key.utf8.allSatisfy { byte in
            UnicodeScalar(byte).properties.isAlphabetic && byte < 0x80 || (48...57).contains(byte)
                || byte == UInt8(ascii: "-") || byte == UInt8(ascii: "_")
        }
        guard (1...100).contains(key.utf8.count), isName else {
            throw .invalidIntent(
                field: "idempotencyKey",
                reason:
                    "becomes a file name in the spool, so it must be 1 to 100 ASCII letters, digits, - and _")
        }
        return key + ".json"
    }

    private func submit(_ bytes: [UInt8]) throws(SgloradError) {
        let folder = "\(spool)/tmp"
        if FileKind(of: folder) == nil, errno == ENOENT {
            throw .storageFailure(
                folder,
                "there is no spool folder at \(spool). Name it with --spool-directory, or set spool.directory in the "
                    + "daemon's configuration.")
        }
        let file: DurableFile
        do {
            file = try DurableFile(in: folder, temporaryName: "\(name).\(getpid())", mode: 0o640)
        } catch {
            throw SgloradError(
                .storageFailure,
                "\(error.message) Users of the spool must be members of the group sglorad-users.",
                parameters: error.parameters)
        }
        // The daemon reads the file as a member of its group, whatever the caller's umask.
        fchmod(file.descriptor, 0o640)
        try file.write(bytes)
        let descriptor = fcntl(file.descriptor, F_DUPFD_CLOEXEC, 0)
        guard descriptor >= 0 else { throw .system(folder, "the file cannot be opened a second time") }
        defer { close(descriptor) }
        let place = "\(spool)/new/\(name)"
        try file.commit(as: place, synchronisingFolder: false)
        // Users may write to the folder but not open it, so it cannot be synchronised. The rename changed the file's
        // status; on Linux's journalling file systems, synchronising the file commits the new name with it.
        guard fsync(descriptor) == 0 else { throw .system(place, "the file could not be synchronised") }
    }

    /// Waits for the result without a time limit.
    ///
    /// - Throws: `storageFailure` if the result cannot be read.
    func wait() async throws -> Wire.SpoolResult {
        while true {
            if let now = Identity(result), now != earlier {
                return try JSONDecoder().decode(Wire.SpoolResult.self, from: Data(try read()))
            }
            try await Task.sleep(for: .milliseconds(50))
        }
    }

    private func read() throws(SgloradError) -> [UInt8] {
        do {
            return try ReadableFile(result).read(16 << 20)
        } catch {
            throw .storageFailure(result, "the result cannot be read. (\(error.message))")
        }
    }
}

/// What `request --spool --no-wait --json` prints.
struct SpooledReceipt: Encodable, Sendable {
    /// The file's name in the spool.
    let name: String
    /// The path at which the result appears.
    let result: String
}
