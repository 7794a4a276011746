import ErrorModel
import Foundation
import Testing

@testable import SgloradCore

@Suite("A file in chunks")
struct FileStreamTests {
    private let folder: TemporaryFolder

    init() throws { folder = try TemporaryFolder() }

    @Test(arguments: [
        (0, 1), (1, 1), (FileStream.chunk, 1), (FileStream.chunk + 1, 2), (9 * FileStream.chunk / 4, 3),
        (9 << 20, 36),
    ])
    func `the chunks are the file, in order, and the last says so`(size: Int, count: Int) async throws {
        let content = Data((0..<251).map { UInt8($0) })
        var whole = Data(capacity: size)
        while whole.count < size { whole.append(content.prefix(size - whole.count)) }
        let pool = ComputePool(threads: 1)
        let stream = FileStream(path: try folder.write(whole, to: "file"), pool: pool)
        var came = Data()
        var lasts: [Bool] = []
        try await stream.forEach { offset, chunk, last in
            #expect(offset == came.count)
            came += chunk
            lasts.append(last)
        }
        await pool.shutdown()
        #expect(came == whole)
        #expect(lasts == [Bool](repeating: false, count: count - 1) + [true])
    }

    @Test func `a file that is not there is named`() async throws {
        let pool = ComputePool(threads: 1)
        let stream = FileStream(path: folder("missing"), pool: pool)
        let error = await refusal(.storageFailure) { try await stream.forEach { _, _, _ in } }
        #expect(error?.parameters["path"] == .string(folder("missing")))
        await pool.shutdown()
    }
}
