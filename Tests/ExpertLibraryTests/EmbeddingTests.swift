import ErrorModel
import Files
import Foundation
import GRDB
import LinearAlgebra
import Testing

@testable import ExpertLibrary

/// The matrix of a library's embeddings: always that of the rows, whatever became of its file.
@Suite("Embeddings")
final class EmbeddingTests: OpenLibrary {
    private func expert(_ name: String, _ embedding: [Float], encoder: String = "encoder") throws
        -> ExpertRecord
    {
        var expert = Sample.expert(name)
        expert.encoder = encoder
        expert.embedding = ExpertRecord.embeddingData(embedding)
        return expert
    }

    /// Imports an expert as the daemon does.
    private func add(_ name: String, _ embedding: [Float]) async throws {
        let base = try await store.bases.find("minilm")?.base
        let change = LibraryChange(
            before: base, after: try base ?? Sample.base(), expert: try expert(name, embedding))
        #expect(try await store.experts.apply(change))
    }

    private func load() async throws -> LibraryEmbeddings {
        try #require(try await store.embeddings.load(of: "minilm", encoder: "encoder"))
    }

    /// The embeddings by the experts' names, as the matrix has them.
    private func content(_ found: LibraryEmbeddings) async throws -> [String: [Float]] {
        var content: [String: [Float]] = [:]
        var names: [String] = []
        for place in 0..<found.count {
            let row = found.identity(place).row
            let record = try #require(try await store.experts.find(rows: [row])[row])
            #expect(found.holds(record, at: place))
            #expect(found.identity(place).key == LibraryEmbeddings.key(of: record.digest))
            let start = Int(found.places[place]) * found.stride
            content[record.name] = found.numbers[start..<start + found.dimension].array
            names.append(record.name)
        }
        #expect(names == names.sorted())
        return content
    }

    private var file: String {
        get throws {
            let names = try FileManager.default.contentsOfDirectory(atPath: place.state.embeddings)
            return place.state.embeddings + "/" + (try #require(names.first))
        }
    }

    @Test func `the matrix has the rows' embeddings, in the order of the names`() async throws {
        #expect(try await load().count == 0)
        try await add("owls", [1, 0, 0])
        try await add("cats", [0, 1, 0])
        #expect(try await content(load()) == ["owls": [1, 0, 0], "cats": [0, 1, 0]])
    }

    @Test func `an import appends to the file, and an earlier matrix stays as it was`() async throws {
        try await add("owls", [1, 0, 0])
        let before = try await load()
        let inode = try FileManager.default.attributesOfItem(atPath: file)[.systemFileNumber] as? Int
        try await add("bats", [0, 0, 1])
        let after = try await load()
        #expect(try await content(after) == ["owls": [1, 0, 0], "bats": [0, 0, 1]])
        #expect(try await content(before) == ["owls": [1, 0, 0]])
        #expect(before.token != after.token)
        #expect(try FileManager.default.attributesOfItem(atPath: file)[.systemFileNumber] as? Int == inode)
    }

    @Test func `a removal and a new embedding make the matrix anew`() async throws {
        try await add("owls", [1, 0, 0])
        try await add("cats", [0, 1, 0])
        _ = try await load()
        #expect(try await store.experts.remove("cats", base: "minilm"))
        #expect(try await content(load()) == ["owls": [1, 0, 0]])
        // The removed expert's row number is given again.
        try await add("dogs", [0, 0, 1])
        #expect(try await content(load()) == ["owls": [1, 0, 0], "dogs": [0, 0, 1]])
        try await store.experts.update(
            embedding: [0, 1, 0], encoder: "encoder", truncated: false, ofExpert: "owls", base: "minilm")
        #expect(try await content(load()) == ["owls": [0, 1, 0], "dogs": [0, 0, 1]])
    }

    @Test func `every changed byte of the file is noticed, and the file is made again`() async throws {
        try await add("owls", [1, 0, 0])
        try await add("cats", [0, 1, 0])
        _ = try await load()
        let sound = try Data(contentsOf: URL(filePath: file))
        let stride = EmbeddingFile.stride(3)
        let header = [0, 9, 13, 17, 40, 165]
        let records = (0..<2 * stride).map { EmbeddingFile.headerBytes + $0 }
        for offset in header + records {
            var damaged = sound
            damaged[offset] ^= 0x10
            try damaged.write(to: URL(filePath: file))
            #expect(
                try await content(load()) == ["owls": [1, 0, 0], "cats": [0, 1, 0]],
                "byte \(offset)")
            #expect(try Data(contentsOf: URL(filePath: file)) == sound, "byte \(offset)")
        }
        for length in [0, 10, 5000] where length < sound.count {
            try sound.prefix(length).write(to: URL(filePath: file))
            #expect(try await load().count == 2)
        }
        try FileManager.default.removeItem(atPath: file)
        #expect(try await load().count == 2)
    }

    @Test func `a file of another time is not used`() async throws {
        try await add("owls", [1, 0, 0])
        _ = try await load()
        let old = try Data(contentsOf: URL(filePath: file))
        try await add("cats", [0, 1, 0])
        let path = try file
        _ = try await load()
        try old.write(to: URL(filePath: path))
        #expect(try await load().count == 2)
        // An import after that does not append to it either.
        try old.write(to: URL(filePath: path))
        try await add("bats", [0, 0, 1])
        #expect(try await load().count == 3)
    }

    @Test func `where the file cannot be written, the matrix is in memory`() async throws {
        try await add("owls", [1, 0, 0])
        try FileManager.default.removeItem(atPath: place.state.embeddings)
        let found = try await load()
        #expect(found.path == nil)
        #expect(try await content(found) == ["owls": [1, 0, 0]])
    }

    @Test func `embeddings of another encoder are named, not used`() async throws {
        try await add("owls", [1, 0, 0])
        #expect(try await store.embeddings.load(of: "minilm", encoder: "new") == nil)
        let outdated = try await store.embeddings.outdated(of: "minilm", encoder: "new", limit: 9)
        #expect(outdated.map(\.name) == ["owls"])
        try await store.experts.update(
            embedding: [0, 1], encoder: "new", truncated: false, ofExpert: "owls", base: "minilm")
        let found = try #require(try await store.embeddings.load(of: "minilm", encoder: "new"))
        #expect(try await content(found) == ["owls": [0, 1]])
    }

    @Test func `a row with a changed byte is refused, not used`() async throws {
        try await add("owls", [1, 0, 0])
        let found = try await load()
        let queue = try DatabaseQueue(path: place.state.cacheDatabase)
        try await queue.write { db in try db.execute(sql: "UPDATE expert SET description = 'other'") }
        try queue.close()
        let error = await #expect(throws: SgloradError.self) {
            try await self.store.experts.find(rows: [found.identity(0).row])
        }
        #expect(error?.code == .storageFailure)
        try FileManager.default.removeItem(atPath: file)
        await #expect(throws: SgloradError.self) {
            try await self.store.embeddings.load(of: "minilm", encoder: "encoder")
        }
    }

    @Test func `the sums of the experts are those of the rows`() async throws {
        for number in 0..<5 { try await add("e\(number)", [1, 0, Float(number)]) }
        #expect(try await store.experts.remove("e2", base: "minilm"))
        let statistics = try await store.statistics()
        #expect(statistics.experts == LibraryUsage(count: 4, bytes: 400))
        #expect(try await store.embeddings.digests(of: "minilm").count == 4)
        _ = try await store.bases.remove("minilm", mayHaveExperts: true)
        #expect(try await store.statistics().experts == LibraryUsage(count: 0, bytes: 0))
        #expect(try await store.embeddings.token(of: "minilm") == nil)
    }
}
