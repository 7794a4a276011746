import AdapterFormats
import ErrorModel
import Glibc
import LinearAlgebra
import StrictGGUF
import TestSupport
import Testing

@Suite("Writing GGUF files")
struct GGUFWriterTests {
    private let folder: TemporaryFolder
    init() throws { folder = try TemporaryFolder() }

    @Test func `a file is written exactly`() throws {
        var writer = GGUFWriter()
        try writer.set("z", .bool(true))
        try writer.set("general.type", .string("é"))
        try writer.add("t", shape: [2], values: FloatVector([1, -2]), as: .float16)
        var expected: [UInt8] = Array("GGUF".utf8) + [3, 0, 0, 0] + [1, 0, 0, 0, 0, 0, 0, 0]
        expected += [2, 0, 0, 0, 0, 0, 0, 0]
        expected += [12, 0, 0, 0, 0, 0, 0, 0] + Array("general.type".utf8) + [8, 0, 0, 0]
        expected += [2, 0, 0, 0, 0, 0, 0, 0, 0xC3, 0xA9]
        expected += [1, 0, 0, 0, 0, 0, 0, 0] + Array("z".utf8) + [7, 0, 0, 0, 1]
        expected += [1, 0, 0, 0, 0, 0, 0, 0] + Array("t".utf8) + [1, 0, 0, 0, 2, 0, 0, 0, 0, 0, 0, 0]
        expected += [1, 0, 0, 0] + [0, 0, 0, 0, 0, 0, 0, 0]
        while expected.count % 32 != 0 { expected.append(0) }
        expected += [0x00, 0x3C, 0x00, 0xC0] + [UInt8](repeating: 0, count: 28)
        #expect(writer.bytes() == expected)
        #expect(writer.size == expected.count)
    }

    @Test func `what is written is read back, whatever its shapes and types`() throws {
        var random = CounterRandom(seed: 3)
        for round in 0..<40 {
            var writer = GGUFWriter()
            var tensors: [(name: String, shape: [Int], values: [Float], type: GGUFWriter.ElementType)] = []
            for index in 0..<random.below(6) {
                let shape = (0...random.below(4)).map { _ in 1 + random.below(5) }
                let values = random.gaussians(shape.reduce(1, *)).map { Float(Int($0 * 16)) / 16 }
                let name = String(repeating: "n", count: 1 + random.below(62)) + "\(index)"
                tensors.append((name, shape, values, random.below(2) == 0 ? .float32 : .float16))
            }
            let texts = (0..<random.below(5)).map {
                ("key\($0)", String(repeating: "ü", count: random.below(40)))
            }
            for (key, text) in texts { try writer.set(key, .string(text)) }
            try writer.set("number", .uint32(UInt32(round)))
            try writer.set("alpha", .float32(0.1))
            for tensor in tensors {
                try writer.add(
                    tensor.name, shape: tensor.shape, values: FloatVector(tensor.values), as: tensor.type)
            }
            let file = try GGUFFile(path: folder.write(writer.bytes(), to: "file"))
            #expect(file.header.fields.count == texts.count + 2)
            for (key, text) in texts { #expect(file.header.field(key)?.value == .string(text)) }
            #expect(file.header.field("number")?.value == .unsigned(UInt64(round)))
            #expect(file.header.field("alpha")?.value == .floating(Double(Float(0.1))))
            #expect(Set(file.header.tensors.map(\.name)) == Set(tensors.map(\.name)))
            for tensor in tensors {
                #expect(file.header.tensor(named: tensor.name)?.shape == tensor.shape)
                #expect(try file.floats(tensor.name).array == tensor.values)
            }
        }
    }

    @Test func `the same contents in any order give the same bytes, in memory and on disk`() throws {
        func writer(_ order: [Int]) throws -> GGUFWriter {
            var writer = GGUFWriter()
            for index in order {
                try writer.set("k\(index)", .uint32(UInt32(index)))
                let values = FloatVector([Float](repeating: Float(index), count: index + 1))
                try writer.add("t\(index)", shape: [index + 1], values: values, as: .float32)
            }
            return writer
        }
        let first = try writer(Array(0..<20)).bytes()
        #expect(try writer(Array((0..<20).reversed())).bytes() == first)
        let path = try folder.write([], to: "written")
        let descriptor = open(path, O_WRONLY)
        defer { close(descriptor) }
        try writer(Array(0..<20)).write(to: descriptor, path: path)
        #expect(try folder.read("written") == first)
    }

    @Test func `invalid names, shapes and keys are not written`() throws {
        var writer = GGUFWriter()
        let one = FloatVector([1])
        for name in ["", "a\u{0}", String(repeating: "x", count: 64)] {
            _ = refusal(.internal) { try writer.add(name, shape: [1], values: one, as: .float32) }
        }
        for shape in [[], [0], [2], [-1], [1, 1, 1, 1, 1], [.max, 2]] {
            _ = refusal(.internal) { try writer.add("x", shape: shape, values: one, as: .float32) }
        }
        try writer.add("x", shape: [1], values: one, as: .float32)
        _ = refusal(.internal) { try writer.add("x", shape: [1], values: one, as: .float32) }
        for key in ["", "a\n", "general.alignment"] {
            _ = refusal(.internal) { try writer.set(key, .bool(true)) }
        }
    }

    @Test func `trailing bytes and other types are refused on reading`() throws {
        var writer = GGUFWriter()
        try writer.add("x", shape: [1], values: FloatVector([1]), as: .float32)
        let path = try folder.write(writer.bytes() + [0, 0, 0, 0], to: "long")
        let error = refusal(.invalidFile) { try GGUFFile(path: path, displayName: "given") }
        #expect(error?.message == "given: has 32 bytes after its last tensor")
        let file = try GGUFFile(path: folder.write(writer.bytes(), to: "right"))
        #expect(refusal(.invalidFile) { try file.floats("y") }?.message.contains("no tensor 'y'") == true)
    }
}
