internal import Crypto
internal import DurableStorage
internal import ErrorModel
internal import Foundation

#if canImport(Glibc)
internal import Glibc
#elseif canImport(Musl)
internal import Musl
#endif

/// What a client says so that a repetition is answered with the first request.
public struct IdempotencyKey: Sendable, Hashable {
    /// The most bytes that a client's key may have.
    public static let limit = 256

    /// Who made the key up: keys of one origin are never those of another.
    public enum Origin: String, Sendable, Hashable {
        /// A caller of the socket.
        case client = "key"
        /// The spool, from a file's name and content.
        case spool
    }

    /// The client's word for the request; each user has words of their own.
    public var key: String
    /// What must be the same under the same word; only a keyed hash of it is kept.
    public var content: [UInt8]
    /// Who made it up.
    public var origin: Origin

    /// Makes a key.
    public init(_ key: String, content: [UInt8], origin: Origin = .client) {
        self.key = key
        self.content = content
        self.origin = origin
    }
}

/// Turns idempotency keys into hashes that tell nothing without a key of the box's own.
///
/// Source of the construction: HMAC, RFC 2104.
struct IdempotencyKeys: Sendable {
    /// A key and its content, hashed.
    struct Hashes: Sendable, Hashable {
        let key: String
        let content: String
    }

    private let secret: SymmetricKey

    /// Reads the secret, and makes one where there is none of 32 bytes: earlier keys are then forgotten.
    ///
    /// - Throws: `storageFailure` where the file is there and cannot be read: a new secret would have the requests of
    ///   clients that repeat theirs done twice.
    init(file: String) throws(SgloradError) {
        if let known = try Self.read(file) {
            secret = SymmetricKey(data: known)
            return
        }
        let made = SymmetricKey(size: .bits256)
        let bytes = made.withUnsafeBytes { Array($0) }
        try DurableFile.write(bytes, to: file, temporary: DurableFile.parent(of: file))
        secret = made
    }

    private static let size = 32
    private static let remedy =
        "Check the disk, and the file's owner and mode. Only where it is lost, remove it: earlier keys are then "
        + "forgotten."

    /// The secret; nil where there is no file, or a whole one of another size.
    private static func read(_ file: String) throws(SgloradError) -> [UInt8]? {
        let descriptor = open(file, O_RDONLY | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK)
        guard descriptor >= 0 else {
            if errno == ENOENT { return nil }
            throw .system(file, "the secret of the idempotency keys cannot be opened", remedy: remedy)
        }
        defer { close(descriptor) }
        var status = stat()
        guard fstat(descriptor, &status) == 0 else {
            throw .system(file, "the secret of the idempotency keys cannot be looked at", remedy: remedy)
        }
        guard status.st_mode & S_IFMT == S_IFREG else {
            throw .storageFailure(
                file, "the secret of the idempotency keys must be a regular file, and is none. \(remedy)")
        }
        var bytes: [UInt8] = []
        // One more than a secret has: whatever is longer is none.
        var buffer = [UInt8](repeating: 0, count: size + 1)
        while bytes.count < buffer.count {
            let count = pread(descriptor, &buffer, buffer.count - bytes.count, bytes.count)
            if count < 0 {
                if errno == EINTR { continue }
                throw .system(file, "the secret of the idempotency keys cannot be read", remedy: remedy)
            }
            if count == 0 { break }
            bytes += buffer[..<count]
        }
        return bytes.count == size ? bytes : nil
    }

    /// The hashes of a user's key.
    func hashes(_ key: IdempotencyKey, uid: Int) -> Hashes {
        Hashes(
            key: hash(key.origin.rawValue, uid: uid, Array(key.key.utf8)),
            content: hash("content", uid: uid, key.content))
    }

    private func hash(_ purpose: String, uid: Int, _ bytes: [UInt8]) -> String {
        let code = HMAC<SHA256>.authenticationCode(
            for: Array("\(purpose)\0\(uid)\0".utf8) + bytes, using: secret)
        return Data(code).base64EncodedString()
    }
}
