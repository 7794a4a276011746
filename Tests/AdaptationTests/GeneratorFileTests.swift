import ErrorModel
import Files
import Foundation
import Generation
import LinearAlgebra
import LowRank
import SemanticGuidance
import Storage
import TestSupport
import Testing

@testable import Adaptation

@Suite("Generator file")
struct GeneratorFileTests {
    private let folder: TemporaryFolder
    private let library: Library
    private let generator: TrainedGenerator

    init() throws {
        folder = try TemporaryFolder()
        library = try randomLibrary()
        generator = .semanticGuided(try smallGenerator(library))
    }

    /// Writes a generator.
    ///
    /// - Returns: the file's path.
    private func write(_ generator: TrainedGenerator, to name: String) throws -> String {
        let file = try DurableFile(in: folder.path)
        try GeneratorFile.write(generator, to: file.descriptor, path: name)
        try file.commit(as: folder(name))
        return folder(name)
    }

    @Test func `a file is read back as it was written, the directions in half precision`() throws {
        let again = try GeneratorFile.read(
            try write(generator, to: "a"), name: "a generator", verifying: true)
        #expect(again.record == generator.record)
        let (before, after) = (generator.tensors, again.tensors)
        #expect(before.map(\.name) == after.map(\.name) && before.map(\.shape) == after.map(\.shape))
        for (one, other) in zip(before, after) {
            let pairs = Array(zip(one.values.array, other.values.array))
            if one.half {
                #expect(pairs.allSatisfy { abs($0 - $1) <= max(abs($0) / 2048, 1e-7) }, "\(one.name)")
            } else {
                #expect(pairs.allSatisfy { $0.bitPattern == $1.bitPattern }, "\(one.name)")
            }
        }
        let guides = Neighbourhood(
            proximities: library.index.proximities(to: library.experts[1].embedding, by: .centred),
            options: .standard)
        let made = try generator.parameters(guidedBy: guides, in: library, seed: 5)
        let remade = try again.parameters(guidedBy: guides, in: library, seed: 5)
        #expect(zip(made, remade).allSatisfy { abs($0 - $1) < 0.01 })
    }

    @Test func `writing is deterministic, and stable over a round trip`() throws {
        _ = try write(generator, to: "a")
        _ = try write(generator, to: "b")
        let bytes = try folder.read("a")
        #expect(try folder.read("b") == bytes)
        for verifying in [true, false] {
            let again = try GeneratorFile.read(folder("a"), name: "a", verifying: verifying)
            _ = try write(again, to: "c")
            #expect(try folder.read("c") == bytes)
        }
    }

    @Test func `a file of icm-lora is read back, and what it makes of examples is the same`() throws {
        let generator = TrainedGenerator.icmLoRA(try smallExampleGenerator(library))
        let path = try write(generator, to: "a")
        let bytes = try folder.read("a")
        let again = try GeneratorFile.read(path, name: "a", verifying: true)
        #expect(again.record == generator.record && again.system == .icmLoRA)
        _ = try write(again, to: "b")
        #expect(try folder.read("b") == bytes)
        let text = TaskVector(texts: [[1, 0, 0, 0, 0], [0, 1, 0, 0, 0]], answers: [[0, 0, 1, 0, 0]])
        let condition = TaskCondition(embedding: library.experts[1].embedding, examples: text)
        let search = library.index.search(condition.embedding, by: .plain, count: 3)
        let guides = generator.neighbourhood(search, examples: text, options: .standard)
        #expect(guides == again.neighbourhood(search, examples: text, options: .standard))
        let made = try generator.parameters(for: condition, guidedBy: guides, in: library, seed: 5)
        let remade = try again.parameters(for: condition, guidedBy: guides, in: library, seed: 5)
        #expect(zip(made, remade).allSatisfy { abs($0 - $1) < 0.01 })
    }

    @Test(
        arguments: [
            (#"\"beta\":"#, #"\"bait\":"#, "record cannot be read"),
            (#"\"mostExamples\":32"#, #"\"mostExamples\":0"#, "mostExamples"),
            (#"\"dimension\":5"#, #"\"dimension\":6"#, "shape"),
            (#"\"dimension\":5"#, #"\"dimension\":9223372036854775807"#, "out of range"),
            (#"\"width\":12"#, #"\"width\":13"#, "shape"),
            (#""vectors.texts""#, #""vectors.tests""#, "'vectors.texts' is missing"),
        ])
    func `a hostile header of icm-lora is rejected with the reason`(
        from: String, to: String, reason: String
    ) throws {
        let path = try write(.icmLoRA(try smallExampleGenerator(library)), to: "a")
        try rewrite { $0.replacing(from, with: to, maxReplacements: 1) }
        let error = refusal(.invalidFile) {
            _ = try GeneratorFile.read(path, name: "the upload", verifying: true)
        }
        #expect(error?.message.contains(reason) == true, "\(error?.message ?? "")")
    }

    @Test func `a truncated or overlong file is rejected, with its name in the error`() async throws {
        let path = try write(generator, to: "a")
        let bytes = try folder.read("a")
        let lengths = [0, 1, 7, 8, 9, 200, bytes.count / 2, bytes.count - 1]
        for content in lengths.map({ Array(bytes.prefix($0)) }) + [bytes + [0]] {
            try folder.write(content, to: "a")
            for verifying in [true, false] {
                let error = refusal(.invalidFile) {
                    _ = try GeneratorFile.read(path, name: "the upload", verifying: verifying)
                }
                #expect(error?.parameters["file"] == .string("the upload"))
            }
        }
    }

    @Test func `NaN is found in a file from outside`() async throws {
        let path = try write(generator, to: "a")
        var bytes = try folder.read("a")
        // The last four bytes: two NaN in half precision, or one in single precision.
        bytes.replaceSubrange(bytes.count - 4..<bytes.count, with: [0xFF, 0xFF, 0xFF, 0xFF])
        try folder.write(bytes, to: "a")
        let error = refusal(.invalidFile) {
            _ = try GeneratorFile.read(path, name: "the upload", verifying: true)
        }
        #expect(error?.message.contains("NaN") == true)
    }

    /// Replaces the header of the file `a` and its length field; the change must have an effect.
    private func rewrite(_ change: (String) -> String) throws {
        let bytes = try folder.read("a")
        let length = bytes.prefix(8).enumerated().reduce(0) { $0 | Int($1.element) << (8 * $1.offset) }
        let header = String(decoding: bytes[8..<8 + length], as: UTF8.self)
        let changed = change(header)
        try #require(changed != header)
        var head = Data(changed.utf8)
        while head.count % 8 != 0 { head.append(0x20) }
        let prefix = withUnsafeBytes(of: UInt64(head.count).littleEndian) { Data($0) }
        try folder.write(prefix + head + bytes[(8 + length)...], to: "a")
    }

    @Test(
        arguments: [
            ("sglorad-generator", "sglorad-expert", "not a generator"),
            (#""format""#, #""shape-of-file""#, "not a generator"),
            (#""version":"1""#, #""version":"2""#, "version 2"),
            (#""record":"{"#, #""record":"["#, "record cannot be read"),
            (#""record""#, #""no-record""#, "record cannot be read"),
            (#"\"directions\":6"#, #"\"directions\":7"#, "shape"),
            (#"\"directions\":6"#, #"\"directions\":9223372036854775807"#, "out of range"),
            (#"\"directions\":6"#, #"\"directions\":-6"#, "out of range"),
            (#"\"latent\":3"#, #"\"latent\":0"#, "out of range"),
            (#"\"rank\":2"#, #"\"rank\":0"#, "record cannot be read"),
            (#"\"rank\":2"#, #"\"rank\":3"#, "shape"),
            (#""experts.means""#, #""experts.moans""#, "'experts.means' is missing"),
        ])
    func `a hostile header is rejected with the reason`(from: String, to: String, reason: String) async throws
    {
        let path = try write(generator, to: "a")
        try rewrite { $0.replacing(from, with: to, maxReplacements: 1) }
        let error = refusal(.invalidFile) {
            _ = try GeneratorFile.read(path, name: "the upload", verifying: true)
        }
        #expect(error?.message.contains(reason) == true, "\(error?.message ?? "")")
        #expect(error?.parameters["file"] == .string("the upload"))
    }
}
