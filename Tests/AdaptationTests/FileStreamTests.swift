import ErrorModel
import Executors
import Foundation
import TestSupport
import Testing

@testable import Adaptation

@Suite("File stream")
struct FileStreamTests {
    private let folder: TemporaryFolder

    init() throws { folder = try TemporaryFolder() }

    @Test(arguments: [
        (0, 1), (1, 1), (FileStream.chunk, 1), (FileStream.chunk + 1, 2), (9 * FileStream.chunk / 4, 3),
        (9 << 20, 36),
    ])
    func `the chunks make up the file, in order, and only the last is marked`(size: Int, count: Int)
        async throws
    {
        let content = Data((0..<251).map { UInt8($0) })
        var whole = Data(capacity: size)
        while whole.count < size { whole.append(content.prefix(size - whole.count)) }
        let pool = ComputePool(threads: 1)
        let stream = FileStream(path: try folder.write(whole, to: "file"), pool: pool)
        var received = Data()
        var lasts: [Bool] = []
        try await stream.forEach { offset, chunk, last in
            #expect(offset == received.count)
            received += chunk
            lasts.append(last)
        }
        await pool.shutdown()
        #expect(received == whole)
        #expect(lasts == [Bool](repeating: false, count: count - 1) + [true])
    }

    @Test func `a missing file is reported`() async throws {
        let pool = ComputePool(threads: 1)
        let stream = FileStream(path: folder("missing"), pool: pool)
        let error = await refusal(.storageFailure) { try await stream.forEach { _, _, _ in } }
        #expect(error?.parameters["path"] == .string(folder("missing")))
        await pool.shutdown()
    }
}
