internal import Crypto
internal import ErrorModel
internal import Files
internal import Foundation
internal import Glibc

/// A key that identifies a submission, so that a repetition is answered with the first request.
public struct IdempotencyKey: Sendable, Hashable {
    /// The most bytes that a client's key may have.
    public static let limit = 256

    /// Who chose the key: keys of different origins never match.
    public enum Origin: String, Sendable, Hashable {
        /// A caller of the socket.
        case client = "key"
        /// The spool, from a file's name and content.
        case spool
    }

    /// The key itself; each user has a namespace of their own.
    public var key: String
    /// The content to which the key is bound; a repetition must have the same.
    ///
    /// Only a keyed hash of it is stored.
    public var content: [UInt8]
    public var origin: Origin

    public init(_ key: String, content: [UInt8], origin: Origin = .client) {
        self.key = key
        self.content = content
        self.origin = origin
    }
}

/// Hashes idempotency keys with this machine's secret, so that the database alone reveals neither keys nor contents.
///
/// HMAC-SHA256, RFC 2104.
struct IdempotencyKeys: Sendable {
    /// A key and its content, hashed.
    struct Hashes: Sendable, Hashable {
        let key: String
        let content: String
    }

    private let secret: SymmetricKey

    /// Reads the secret; creates one where the file is missing, or neither copy of the secret in it is whole.
    ///
    /// Earlier keys are then forgotten. The file holds the secret twice, each copy with its digest, so that a changed byte costs
    /// nothing; earlier versions wrote the secret alone.
    ///
    /// - Throws: `storageFailure` where the file exists and cannot be read. A new secret would let repeated submissions be
    ///   executed twice.
    init(file: String) throws(SgloradError) {
        let found = try Self.read(file)
        let known = found.flatMap(Self.secret)
        let bytes = known ?? SymmetricKey(size: .bits256).withUnsafeBytes { Array($0) }
        secret = SymmetricKey(data: bytes)
        let content = Self.content(bytes)
        guard found != content else { return }
        do throws(SgloradError) {
            try DurableFile.write(content, to: file, temporary: Path.parent(of: file))
        } catch  where known != nil {
            // On a full disk, say: the next start tries again.
        }
    }

    private static let size = 32
    private static let copySize = size + SHA256.byteCount

    /// What the file of a secret holds.
    private static func content(_ secret: [UInt8]) -> [UInt8] {
        let copy = secret + Array(SHA256.hash(data: secret))
        return copy + copy
    }

    /// The secret that a file's content holds; nil where no copy is whole.
    private static func secret(in content: [UInt8]) -> [UInt8]? {
        if content.count == size { return content }
        guard content.count == 2 * copySize else { return nil }
        return [0, copySize].lazy.map { start in
            (Array(content[start..<start + size]), Array(content[start + size..<start + copySize]))
        }.first { Array(SHA256.hash(data: $0.0)) == $0.1 }?.0
    }

    private static let remedy =
        "Check the disk, and the file's owner and mode. Remove the file only if it is lost: earlier keys are then "
        + "forgotten."

    /// The file's content; nil where there is no file.
    ///
    /// Of a file that is too long only a part is read.
    private static func read(_ file: String) throws(SgloradError) -> [UInt8]? {
        let descriptor = open(file, O_RDONLY | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK)
        guard descriptor >= 0 else {
            if errno == ENOENT { return nil }
            throw .system(file, "the secret of the idempotency keys cannot be opened", remedy: remedy)
        }
        defer { close(descriptor) }
        var status = stat()
        guard fstat(descriptor, &status) == 0 else {
            throw .system(file, "the secret of the idempotency keys cannot be examined", remedy: remedy)
        }
        guard status.st_mode & S_IFMT == S_IFREG else {
            throw .storageFailure(
                file, "the secret of the idempotency keys is not a regular file. \(remedy)")
        }
        // One more than the file should have, so that a longer one is noticed.
        guard let bytes = FileBytes.read(2 * copySize + 1, at: 0, from: descriptor) else {
            throw .system(file, "the secret of the idempotency keys cannot be read", remedy: remedy)
        }
        return bytes
    }

    /// The hashes of a user's key.
    func hashes(_ key: IdempotencyKey, uid: UserID) -> Hashes {
        Hashes(
            key: hash(key.origin.rawValue, uid: uid, Array(key.key.utf8)),
            content: hash("content", uid: uid, key.content))
    }

    private func hash(_ purpose: String, uid: UserID, _ bytes: [UInt8]) -> String {
        let code = HMAC<SHA256>.authenticationCode(
            for: Array("\(purpose)\0\(uid)\0".utf8) + bytes, using: secret)
        return Data(code).base64EncodedString()
    }
}
