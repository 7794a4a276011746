internal import ErrorModel
internal import Files
internal import FoundationEssentials
internal import Glibc
internal import SgloradInterface

/// An intent submitted as a file in the spool folder, and its result file.
struct SpooledFile: Sendable {
    /// The spool folder.
    let spool: String
    /// The name of the result file, which an idempotency key determines.
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
    ///   - key: the idempotency key, which becomes the name of the result; nil for a random name.
    /// - Throws: `invalidIntent` for a key that cannot be a file name, `storageFailure` if the spool cannot be used.
    init(_ intent: Wire.Intent, in spool: String, key: String?) throws {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        try self.init(
            content: Array(try encoder.encode(intent)) + [UInt8(ascii: "\n")], in: spool, key: key,
            keyIs: "idempotencyKey")
    }

    /// Submits the content of a file.
    ///
    /// The file is dropped under a name that nobody can guess, so that no other user can occupy it: the daemon takes the
    /// part from `.~` on off the name of the result.
    ///
    /// - Parameters:
    ///   - content: an intent as JSON.
    ///   - spool: the spool folder.
    ///   - key: the name of the result without its ending; nil for a random name.
    ///   - parameter: what an error calls the key.
    /// - Throws: as ``init(_:in:key:)``.
    init(
        content: [UInt8], in spool: String, key: String?, keyIs parameter: String
    ) throws(SgloradError) {
        let stem = try key.map { (key) throws(SgloradError) in try Self.stem(key, parameter) }
        let unique = Path.uniqueName() + Path.uniqueName()
        let dropped = stem.map { "\($0).~\(unique).json" } ?? "ctl-\(unique).json"
        self.spool = spool
        name = stem.map { "\($0).json" } ?? dropped
        earlier = Identity("\(spool)/done/\(getuid())/\(name)")
        try DropFolders(spool).drop(content, as: dropped)
    }

    private static func stem(_ key: String, _ parameter: String) throws(SgloradError) -> String {
        let isName = key.utf8.allSatisfy { byte in
            UnicodeScalar(byte).properties.isAlphabetic && byte < 0x80 || (48...57).contains(byte)
                || byte == UInt8(ascii: "-") || byte == UInt8(ascii: "_")
        }
        guard (1...100).contains(key.utf8.count), isName else {
            throw .invalidIntent(
                field: parameter,
                reason:
                    "becomes a file name in the spool, so it must be 1 to 100 ASCII letters, digits, - and _")
        }
        return key
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
    /// The name of the result file, which an idempotency key determines.
    let name: String
    /// The path at which the result appears.
    let result: String
}
