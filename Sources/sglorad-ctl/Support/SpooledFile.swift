import ControlProtocol
import ErrorModel
import FoundationEssentials
import Glibc

/// An intent that is dropped into the spool, and its result.
struct SpooledFile: Sendable {
    /// The spool's folder.
    let spool: String
    /// The file's name there.
    let name: String
    /// What stood in the result's place before: the answer to an earlier file of this name.
    private let earlier: Identity?

    /// Which file it is, and in which version.
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

    /// Where its result appears.
    var result: String { "\(spool)/done/\(getuid())/\(name)" }

    /// Drops an intent; it is durable and the daemon's when this returns.
    ///
    /// - Parameters:
    ///   - intent: what is wanted.
    ///   - spool: the spool's folder.
    ///   - key: a word under which the intent is asked for once; it becomes the file's name.
    /// - Throws: `invalidIntent` for a key that cannot be a name, `storageFailure` where the spool cannot be used.
    init(_ intent: Wire.Intent, in spool: String, key: String?) throws {
        self.spool = spool
        name = try key.map(Self.name) ?? "ctl-\(UUID().uuidString.lowercased()).json"
        earlier = Identity("\(spool)/done/\(getuid())/\(name)")
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        try drop(Array(try encoder.encode(intent)) + [UInt8(ascii: "\n")])
    }

    private static func name(key: String) throws(SgloradError) -> String {
        let isName = key.utf8.allSatisfy { byte in
            UnicodeScalar(byte).properties.isAlphabetic && byte < 0x80 || (48...57).contains(byte)
                || byte == UInt8(ascii: "-") || byte == UInt8(ascii: "_")
        }
        guard (1...100).contains(key.utf8.count), isName else {
            throw .invalidIntent(
                field: "idempotencyKey",
                reason: "becomes a file's name in the spool: it may have 1 to 100 letters, digits, - and _")
        }
        return key + ".json"
    }

    private func drop(_ bytes: [UInt8]) throws(SgloradError) {
        let temporary = "\(spool)/tmp/\(name).\(getpid())"
        let descriptor = open(temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0o640)
        guard descriptor >= 0 else {
            let number = errno
            throw .storageFailure(
                "\(spool)/tmp",
                "a file cannot be made: \(SystemCall.reason(number)). "
                    + (number == ENOENT
                        ? "There is no spool here: name it with --spool-directory, or configure spool.directory."
                        : "Users of the spool belong to the group sglorad-users."))
        }
        defer { close(descriptor) }
        do throws(SgloradError) {
            // The daemon reads it as the file's group, whatever the caller's mask.
            fchmod(descriptor, 0o640)
            try SystemCall.write(bytes, to: descriptor, path: temporary)
            try SystemCall.synchronise(descriptor, path: temporary)
            guard rename(temporary, "\(spool)/new/\(name)") == 0 else {
                throw SystemCall.failure("\(spool)/new", "the file cannot get its name", errno)
            }
        } catch {
            unlink(temporary)
            throw error
        }
        // The folder can be written and not opened, so its own synchronisation is not for us: Linux' journals keep the new
        // name with the file, whose status it changed.
        try SystemCall.synchronise(descriptor, path: "\(spool)/new/\(name)")
    }

    /// Waits for the result, for as long as it takes.
    func wait() async throws -> SpoolResult {
        while true {
            if let now = Identity(result), now != earlier {
                return try JSONDecoder().decode(SpoolResult.self, from: Data(try read()))
            }
            try await Task.sleep(for: .milliseconds(50))
        }
    }

    private func read() throws(SgloradError) -> [UInt8] {
        let descriptor = open(result, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
        guard descriptor >= 0 else { throw SystemCall.failure(result, "cannot be read", errno) }
        defer { close(descriptor) }
        return try SystemCall.read(descriptor, count: 16 << 20, path: result)
    }
}

/// What `request --spool --no-wait` prints under `--json`.
struct SpooledReceipt: Encodable, Sendable {
    /// The file's name in the spool.
    let name: String
    /// Where its result appears.
    let result: String
}
