internal import ControlProtocol
internal import DurableStorage
internal import ErrorModel
internal import Foundation

/// Files on their way from clients: in pieces while they come, whole until something uses them.
///
/// A client names a file by its digest; only the uid that sent a file can use it.
actor UploadStore {
    /// The most bytes a file may have: parameters of the largest adapters that anybody generates on a box.
    static let fileLimit = 4 << 30
    /// The most bytes in one chunk, before base64.
    static let chunkLimit = 8 << 20
    /// How many unfinished uploads a connection may have.
    private static let openLimit = 16
    /// How long a complete file waits to be used.
    static let keep = Duration.seconds(3600)

    private struct Incoming {
        let path: String
        let descriptor: Int32
        let connection: ConnectionID
        var received = 0
    }

    private struct Complete {
        let path: String
        let bytes: Int
        let since: ContinuousClock.Instant
    }

    private struct Owned: Hashable {
        let uid: UInt32
        let digest: String
    }

    private let state: StateDirectory
    private let pool: ComputePool
    private var incoming: [String: Incoming] = [:]
    private var complete: [Owned: Complete] = [:]

    /// Makes an empty store; what an earlier run left is removed, since its clients are gone.
    init(state: StateDirectory, pool: ComputePool) {
        self.state = state
        self.pool = pool
        for name in DurableFile.entries(of: state.uploads) {
            DurableFile.removeTree("\(state.uploads)/\(name)")
        }
    }

    /// How many complete files wait, and their bytes.
    var usage: (count: Int, bytes: Int) { (complete.count, complete.values.reduce(0) { $0 + $1.bytes }) }

    /// Takes a chunk.
    ///
    /// - Parameters:
    ///   - upload: an unfinished upload of this connection; nil to begin one.
    ///   - last: whether the file is complete with it.
    /// - Returns: the upload, how many bytes have come, and the digest once it is complete.
    func receive(
        _ chunk: Data, upload: String?, last: Bool, uid: UInt32, connection: ConnectionID
    ) async throws(SgloradError) -> (upload: String, received: Int, digest: String?) {
        expire()
        guard chunk.count <= Self.chunkLimit else {
            throw .invalidRequest(
                field: "chunk", reason: "has \(chunk.count) bytes; send at most \(Self.chunkLimit) at a time")
        }
        let id: String
        if let upload { id = upload } else { id = try begin(connection: connection) }
        guard let file = incoming[id], file.connection == connection else {
            throw .notFound("upload", id, remedy: "An upload ends with its connection; begin it again.")
        }
        let received = file.received + chunk.count
        let digest: String?
        do throws(SgloradError) {
            guard received <= Self.fileLimit else {
                throw .invalidRequest(
                    field: "chunk", reason: "makes the file larger than \(Self.fileLimit) bytes")
            }
            // Calls of one connection come one after the other, so that no other chunk gets between.
            digest = try await pool.run { () throws(SgloradError) in
                try DurableFile.append(Array(chunk), to: file.descriptor, path: file.path)
                return last ? try FileDigest.sha256(file: file.path) : nil
            }
        } catch {
            discard(id)
            throw error
        }
        incoming[id]?.received = received
        guard let digest else { return (id, received, nil) }
        incoming[id] = nil
        close(file.descriptor)
        let owned = Owned(uid: uid, digest: digest)
        if let earlier = complete[owned] { DurableFile.removeTree(earlier.path) }
        complete[owned] = Complete(path: file.path, bytes: received, since: .now)
        return (id, received, digest)
    }

    /// The path of a complete file.
    ///
    /// - Throws: `notFound` where this uid has sent no such file.
    func path(of digest: String, uid: UInt32) throws(SgloradError) -> String {
        guard let file = complete[Owned(uid: uid, digest: digest)] else {
            throw .notFound(
                "upload", digest,
                remedy: "Send the file first with UploadFile; it is kept for an hour or until used.")
        }
        return file.path
    }

    /// Removes files that were used.
    func discard(_ digests: [String], uid: UInt32) {
        for digest in digests {
            if let file = complete.removeValue(forKey: Owned(uid: uid, digest: digest)) {
                DurableFile.removeTree(file.path)
            }
        }
    }

    /// Removes a connection's unfinished uploads.
    func connectionClosed(_ connection: ConnectionID) {
        for (id, file) in incoming where file.connection == connection { discard(id) }
    }

    private func begin(connection: ConnectionID) throws(SgloradError) -> String {
        let unfinished = incoming.values.count { $0.connection == connection }
        guard unfinished < Self.openLimit else {
            throw SgloradError(
                .busy, "This connection has \(unfinished) unfinished uploads. Finish one before the next.",
                parameters: ["retryAfter": .double(1), "reason": .string("too many unfinished uploads")])
        }
        let id = "u-\(DurableFile.uniqueName())"
        let path = "\(state.uploads)/\(id)"
        let descriptor = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else { throw .system(path, "an upload cannot be begun") }
        incoming[id] = Incoming(path: path, descriptor: descriptor, connection: connection)
        return id
    }

    private func discard(_ id: String) {
        guard let file = incoming.removeValue(forKey: id) else { return }
        close(file.descriptor)
        DurableFile.removeTree(file.path)
    }

    private func expire() {
        let limit = ContinuousClock.now - Self.keep
        for (key, file) in complete where file.since < limit {
            DurableFile.removeTree(file.path)
            complete[key] = nil
        }
    }
}
