package import ErrorModel
package import Executors
package import Files
package import Foundation

/// Files uploaded by clients: partial while chunks arrive, then complete until they are used or expire.
///
/// A client refers to a file by its digest, and only the user who sent a file can use it. File work runs on
/// the pool's threads; the actor only tracks the uploads.
package actor UploadStore {
    /// The maximum size of a file in bytes; the largest adapters for on-device models are smaller.
    static let fileLimit = 4 << 30
    /// The maximum size of a chunk in bytes, before base64.
    static let chunkLimit = 8 << 20
    /// The maximum number of partial uploads per session.
    private static let openLimit = 16
    /// How long a complete file is kept if nothing uses it.
    static let retention = Duration.seconds(3600)

    /// A client's connection; its partial uploads are removed when it closes.
    package struct Session: Hashable, Sendable {
        package let name: String

        package init(_ name: String) {
            self.name = name
        }
    }

    private struct Partial {
        let path: String
        let descriptor: Int32
        let session: Session
        var received = 0
    }

    private struct Complete {
        let path: String
        let bytes: Int
        var since: ContinuousClock.Instant
        /// How many uploads of this content have not been used: two imports may share a file.
        var uses = 1
    }

    private struct Owned: Hashable {
        let owner: UserID
        let digest: String
    }

    private let folder: String
    private let pool: ComputePool
    private var partial: [String: Partial] = [:]
    private var complete: [Owned: Complete] = [:]

    /// Creates an empty store and removes the uploads of an earlier run, whose clients are gone; blocks.
    package init(state: StateDirectory, pool: ComputePool) {
        folder = state.uploads
        self.pool = pool
        for name in Folder.entries(of: folder) { Folder.remove("\(folder)/\(name)") }
    }

    /// The number and total size in bytes of the complete files.
    package var usage: (count: Int, bytes: Int) { usage(of: nil) }

    /// The number and total size in bytes of the complete files of one user; nil for all users.
    package func usage(of owner: UserID?) -> (count: Int, bytes: Int) {
        let files = complete.filter { owner == nil || $0.key.owner == owner }
        return (files.count, files.values.reduce(0) { $0 + $1.bytes })
    }

    /// Receives a chunk.
    ///
    /// - Parameters:
    ///   - chunk: the bytes, at most `chunkLimit`.
    ///   - upload: the ID of a partial upload of this session; nil to begin one.
    ///   - last: whether the chunk completes the file.
    ///   - owner: the user who sends the file.
    ///   - session: the connection.
    /// - Returns: the upload's ID, the bytes received so far, and the digest once the file is complete.
    /// - Throws: `invalidRequest` for a chunk or a file that is too large, `notFound`, `busy`,
    ///   `storageFailure`.
    package func receive(
        _ chunk: Data, upload: String?, last: Bool, from owner: UserID, session: Session
    ) async throws(SgloradError) -> (upload: String, received: Int, digest: String?) {
        await removeExpired()
        guard chunk.count <= Self.chunkLimit else {
            throw .invalidRequest(
                field: "chunk", reason: "has \(chunk.count) bytes; send at most \(Self.chunkLimit) at a time")
        }
        let id: String
        if let upload { id = upload } else { id = try await begin(session) }
        guard let file = partial[id], file.session == session else {
            throw .notFound("upload", id, remedy: "An upload ends with its connection. Begin it again.")
        }
        let received = file.received + chunk.count
        let digest: String?
        do throws(SgloradError) {
            guard received <= Self.fileLimit else {
                throw .invalidRequest(
                    field: "chunk", reason: "makes the file larger than \(Self.fileLimit) bytes")
            }
            // Calls on one connection are handled in order, so no other chunk of this upload can intervene.
            digest = try await pool.run { () throws(SgloradError) in
                try FileBytes.append(Array(chunk), to: file.descriptor, path: file.path)
                return last ? try FileDigest.sha256(file: file.path) : nil
            }
        } catch {
            await abort(id)
            throw error
        }
        partial[id]?.received = received
        guard let digest else { return (id, received, nil) }
        partial[id] = nil
        close(file.descriptor)
        let key = Owned(owner: owner, digest: digest)
        if complete[key] == nil {
            complete[key] = Complete(path: file.path, bytes: received, since: .now)
        } else {
            // The earlier one stays, since an import may be reading it.
            complete[key]?.uses += 1
            complete[key]?.since = .now
            await remove([file.path])
        }
        return (id, received, digest)
    }

    /// The path of a complete file.
    ///
    /// - Throws: `notFound` if this user has not sent such a file.
    package func path(of digest: String, for owner: UserID) throws(SgloradError) -> String {
        guard let file = complete[Owned(owner: owner, digest: digest)] else {
            throw .notFound(
                "upload", digest,
                remedy: "Send the file first with UploadFile; it is kept for an hour or until it is used.")
        }
        return file.path
    }

    /// Uses up one upload of each file, and removes the files of which none is left.
    func discard(_ digests: [String], of owner: UserID) async {
        var paths: [String] = []
        for digest in digests {
            let key = Owned(owner: owner, digest: digest)
            guard let file = complete[key] else { continue }
            if file.uses > 1 {
                complete[key]?.uses -= 1
            } else {
                complete[key] = nil
                paths.append(file.path)
            }
        }
        await remove(paths)
    }

    /// Removes a session's partial uploads.
    ///
    /// It does not wait for their removal, so that a busy pool does not keep a closed connection open.
    package func end(_ session: Session) {
        let ended = partial.filter { $0.value.session == session }
        for (id, file) in ended {
            partial[id] = nil
            close(file.descriptor)
        }
        let paths = ended.values.map(\.path)
        Task { await remove(paths) }
    }

    private func begin(_ session: Session) async throws(SgloradError) -> String {
        let open = partial.values.count { $0.session == session }
        guard open < Self.openLimit else {
            throw SgloradError(
                .busy, "This connection has \(open) unfinished uploads. Finish one before the next.",
                parameters: ["retryAfter": .double(1), "reason": .string("too many unfinished uploads")])
        }
        let id = "u-\(Path.uniqueName())"
        let path = "\(folder)/\(id)"
        let descriptor = try await pool.run { () throws(SgloradError) -> Int32 in
            let descriptor = Foundation.open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o600)
            guard descriptor >= 0 else { throw .system(path, "an upload cannot be begun") }
            return descriptor
        }
        partial[id] = Partial(path: path, descriptor: descriptor, session: session)
        return id
    }

    private func abort(_ id: String) async {
        guard let file = partial.removeValue(forKey: id) else { return }
        close(file.descriptor)
        await remove([file.path])
    }

    private func removeExpired() async {
        let limit = ContinuousClock.now - Self.retention
        let expired = complete.filter { $0.value.since < limit }
        for key in expired.keys { complete[key] = nil }
        await remove(expired.values.map(\.path))
    }

    private func remove(_ paths: [String]) async {
        guard !paths.isEmpty else { return }
        // Unstructured, so that the files are removed even if the caller was cancelled. If the daemon stops
        // first, the next start removes them.
        await Task { [pool] in
            try? await pool.run { () throws(SgloradError) in
                for path in paths { Folder.remove(path) }
            }
        }.value
    }
}
