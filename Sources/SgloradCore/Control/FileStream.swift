internal import DurableStorage
internal import ErrorModel
internal import Foundation

/// A file of our own, handed out in chunks that fit a message.
struct FileStream: Sendable {
    /// Small, for a chunk is what each reader that does not read holds of the memory.
    static let chunk = 256 << 10
    let path: String
    let pool: ComputePool

    /// Calls `body` with each chunk in order: its offset, its bytes, and whether it is the file's last.
    ///
    /// An empty file is one empty chunk.
    func forEach(_ body: (Int, Data, Bool) async throws -> Void) async throws {
        guard let handle = FileHandle(forReadingAtPath: path) else {
            throw SgloradError.system(path, "the file cannot be opened")
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
