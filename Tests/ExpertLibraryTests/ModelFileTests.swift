import AdapterFormats
import ErrorModel
import ExpertLibrary
import LinearAlgebra
import Storage
import StrictGGUF
import TestSupport
import Testing

@Suite("The GGUF file of a base")
final class ModelFileTests: OpenLibrary {
    private func modelFile(digest: String) throws -> GGUFBase {
        var writer = GGUFWriter()
        try writer.set("general.architecture", .string("bert"))
        try writer.set("bert.block_count", .uint32(1))
        try writer.add(
            "blk.0.attn_q.weight", shape: [6, 5], values: FloatVector([Float](repeating: 0, count: 30)),
            as: .float32)
        let bytes = writer.bytes()
        let header = try bytes.withUnsafeBytes {
            try GGUFHeader(of: $0, fileSize: bytes.count, file: "model.gguf")
        }
        return try GGUFBase(header, digest: digest, file: "model.gguf")
    }

    @Test func `it is kept with the base, replaced, and part of the row's checksum`() async throws {
        let base = try Sample.base()
        #expect(try await store.bases.insert(base))
        #expect(try await store.bases.setModelFile(modelFile(digest: "d"), of: "other") == nil)
        let first = try modelFile(digest: "d1")
        #expect(try await store.bases.setModelFile(first, of: base.name)?.modelFile == first)
        #expect(try await store.bases.all().map(\.modelFile) == [first])
        let second = try modelFile(digest: "d2")
        #expect(try await store.bases.setModelFile(second, of: base.name)?.modelFile == second)
        #expect(try await store.bases.find(base.name)?.base.modelFile == second)
        let renamed = try await store.bases.rename(base.name, to: "renamed")
        #expect(renamed?.modelFile == second)
        try store.close()
        let again = try place.open()
        #expect(try await again.bases.all().map(\.modelFile) == [second])
        try again.close()
    }
}
