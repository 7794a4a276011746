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
        #expect(try await store.bases.describe("other", modelFile: modelFile(digest: "d")) == nil)
        let first = try modelFile(digest: "d1")
        #expect(try await store.bases.describe(base.name, modelFile: first)?.modelFile == first)
        #expect(try await store.bases.all().map(\.modelFile) == [first])
        let second = try modelFile(digest: "d2")
        #expect(try await store.bases.describe(base.name, modelFile: second)?.modelFile == second)
        #expect(try await store.bases.find(base.name)?.base.modelFile == second)
        let renamed = try await store.bases.rename(base.name, to: "renamed")
        #expect(renamed?.modelFile == second)
        try store.close()
        let again = try place.open()
        #expect(try await again.bases.all().map(\.modelFile) == [second])
        try again.close()
    }

    @Test func `the form of the prompts is kept beside it, and each leaves the other as it is`() async throws
    {
        let base = try Sample.base()
        #expect(try await store.bases.insert(base))
        let form = try PromptForm(prompt: "{labels}\n{text}:", answer: " {answer}\n")
        #expect(try await store.bases.describe(base.name, promptForm: form)?.promptForm == form)
        let file = try modelFile(digest: "d")
        #expect(try await store.bases.describe(base.name, modelFile: file)?.promptForm == form)
        let other = try PromptForm(prompt: "{text} {labels}", answer: "{answer}")
        #expect(try await store.bases.describe(base.name, promptForm: other)?.modelFile == file)
        try store.close()
        let again = try place.open()
        #expect(try await again.bases.all().map(\.promptForm) == [other])
        try again.close()
    }
}
