import Foundation
import TestSupport
import Testing

/// Replays the corpus with small mutations, so that problems once found stay fixed.
@Suite("Fuzz corpus", .timeLimit(.minutes(20)))
struct CorpusTests {
    private static let corpus = URL(filePath: #filePath).deletingLastPathComponent()
        .deletingLastPathComponent().appending(path: "corpus")

    /// The targets share files in memory, so one thread runs them all.
    @Test("every target survives its corpus and its mutations")
    func replay() async throws {
        // Targets may block, which is not allowed on Swift's thread pool.
        try await onOwnThread { try Self.replayAll() }
    }

    private static func replayAll() throws {
        for target in FuzzTarget.all {
            let folder = corpus.appending(path: target.name)
            let files = try FileManager.default.contentsOfDirectory(
                at: folder, includingPropertiesForKeys: nil)
            #expect(!files.isEmpty, "\(target.name)")
            for file in files.sorted(by: { $0.path < $1.path }) {
                let bytes = Array(try Data(contentsOf: file))
                bytes.withUnsafeBytes(target.run)
                for variant in variants(of: bytes) { variant.withUnsafeBytes(target.run) }
            }
        }
    }

    /// Truncations and bit flips at places spread over the input.
    private static func variants(of bytes: [UInt8]) -> [[UInt8]] {
        let step = max(1, bytes.count / 20)
        return stride(from: 0, to: bytes.count, by: step).flatMap { place in
            var flipped = bytes
            flipped[place] ^= 0x21
            return [Array(bytes[..<place]), flipped]
        }
    }
}
