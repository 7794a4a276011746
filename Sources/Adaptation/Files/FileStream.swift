internal import ErrorModel
package import Executors
internal import Files
package import Foundation

/// A file of the daemon, read in chunks that fit into a message.
package struct FileStream: Sendable {
    /// The size of a chunk in bytes; small, because each slow reader holds a chunk in memory.
    package static let chunk = 256 << 10

    package let path: String
    package let pool: ComputePool

    /// Calls `body` with each chunk in order: its offset, its bytes, and whether it is the last.
    ///
    /// An empty file gives one empty chunk. All file operations run on a thread of the pool.
    ///
    /// - Throws: `storageFailure`, and what `body` throws.
    package func forEach(_ body: (Int, Data, Bool) async throws -> Void) async throws {
        let path = path
        let handle = try await pool.run { () throws(SgloradError) -> FileHandle in
            guard let handle = FileHandle(forReadingAtPath: path) else {
                throw SgloradError.system(path, "the file cannot be opened")
            }
            return handle
        }
        defer { try? handle.close() }
        var offset = 0
        var next = try await read(handle)
        repeat {
            let current = next
            next = current.isEmpty ? current : try await read(handle)
            try await body(offset, current, next.isEmpty)
            offset += current.count
        } while !next.isEmpty
    }

    private func read(_ handle: FileHandle) async throws -> Data {
        let path = path
        return try await pool.run { () throws(SgloradError) in
            do {
                return try handle.read(upToCount: Self.chunk) ?? Data()
            } catch {
                throw SgloradError.storageFailure(path, "the file cannot be read: \(error)", cause: error)
            }
        }
    }
}
