import AdapterFormats
import ErrorModel
import Foundation
import Glibc
import LinearAlgebra
import TestSupport
import Testing

@Suite("Writing safetensors")
struct SafetensorsWritingTests {
    private let folder: TemporaryFolder
    init() throws { folder = try TemporaryFolder() }

    private func stream(_ writer: SafetensorsWriter, to name: String) throws -> [UInt8] {
        let path = "\(folder.path)/\(name)"
        let descriptor = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o600)
        #expect(descriptor >= 0)
        defer { close(descriptor) }
        try writer.write(to: descriptor, path: name)
        return try Array(Data(contentsOf: URL(fileURLWithPath: path)))
    }

    @Test func `a small file is written exactly`() throws {
        var writer = try SafetensorsWriter(metadata: ["format": "pt", "b": "é\"\n"])
        try writer.add("z", shape: [1, 2], values: FloatVector([1, -2]))
        try writer.add("h", shape: [2], values: FloatVector([0.5, 65_504]), as: .float16)
        try writer.add("a", shape: [], values: FloatVector([3]))
        let header =
            #"{"__metadata__":{"b":"é\"\n","format":"pt"},"a":{"dtype":"F32","shape":[],"data_offsets":[0,4]},"#
            + #""z":{"dtype":"F32","shape":[1,2],"data_offsets":[4,12]},"h":{"dtype":"F16","shape":[2],"data_offsets":[12,16]}}"#
        let padded = header + String(repeating: " ", count: (8 - header.utf8.count % 8) % 8)
        let expected =
            safetensors(padded) + [0, 0, 0x40, 0x40, 0, 0, 0x80, 0x3F, 0, 0, 0, 0xC0, 0, 0x38, 0xFF, 0x7B]
        #expect(try writer.bytes() == expected)
        #expect(try stream(writer, to: "small") == expected)
        #expect(try SafetensorsWriter().bytes() == safetensors("{}      "))
    }

    @Test func `files survive a round trip, and streaming gives the same bytes`() throws {
        var random = CounterRandom(seed: 1)
        let large = random.gaussians(200_001)
        var writer = try SafetensorsWriter(metadata: ["k": "v"])
        try writer.add("w", shape: [3, 66_667], values: FloatVector(large))
        try writer.add("é\"\\", shape: [200_001], values: FloatVector(large), as: .float16)
        try writer.add("none", shape: [0, 4], values: FloatVector([]))
        let written = try writer.bytes()
        #expect(try stream(writer, to: "large") == written)
        let file = try SafetensorsFile(path: "\(folder.path)/large")
        #expect(file.metadata == ["k": "v"])
        #expect(try file.floats("w").array == large)
        #expect(file.tensor(named: "w")?.shape == [3, 66_667])
        #expect(file.tensor(named: "none")?.shape == [0, 4])
        let halves = try file.floats("é\"\\").array
        #expect(zip(halves, large).allSatisfy { abs($0 - $1) <= max(abs($1) * 0x1p-11, 0x1p-25) })
        // Rewriting is exact, because the elements are halves now.
        var second = try SafetensorsWriter(metadata: file.metadata)
        for tensor in file.tensors.reversed() {
            try second.add(
                tensor.name, shape: tensor.shape, values: file.floats(tensor.name),
                as: tensor.type == .float16 ? .float16 : .float32)
        }
        #expect(try second.bytes() == written)
    }

    @Test func `the order of adding does not matter`() throws {
        func written(_ names: [String], _ metadata: [String: String]) throws -> [UInt8] {
            var writer = try SafetensorsWriter(metadata: metadata)
            for name in names { try writer.add(name, shape: [1], values: FloatVector([Float(name.count)])) }
            return try writer.bytes()
        }
        let names = (0..<40).map { String(repeating: "n", count: $0 + 1) }
        let pairs = names.map { ($0, "v") }
        #expect(
            try written(names, Dictionary(uniqueKeysWithValues: pairs))
                == written(names.reversed(), Dictionary(uniqueKeysWithValues: pairs.reversed())))
    }

    @Test func `invalid names and shapes are rejected`() throws {
        var writer = try SafetensorsWriter()
        try writer.add("a", shape: [1], values: FloatVector([1]))
        for (name, shape) in [
            ("a", [1]), ("b", [2]), ("b", [-1]), ("b\n", [1]), ("__metadata__", [1]), ("b", [Int.max, 2]),
        ] {
            _ = refusal(.internal) { try writer.add(name, shape: shape, values: FloatVector([1])) }
        }
        _ = refusal(.internal) { try SafetensorsWriter(metadata: ["a\u{0}": ""]) }
        #expect(try writer.bytes().count > 8)
    }

    @Test func `a write error is reported with path and reason`() throws {
        var writer = try SafetensorsWriter()
        try writer.add("a", shape: [1], values: FloatVector([1]))
        let full = open("/dev/full", O_WRONLY | O_CLOEXEC)
        defer { close(full) }
        let error = refusal(.storageFailure) { try writer.write(to: full, path: "out") }
        #expect(error?.parameters["path"] == .string("out"))
        #expect(error?.message.contains("No space left") == true)
        _ = refusal(.storageFailure) { try writer.write(to: -1, path: "out") }
    }

    @Test func `short writes are continued`() throws {
        var random = CounterRandom(seed: 2)
        var writer = try SafetensorsWriter()
        try writer.add("a", shape: [300_000], values: FloatVector(random.gaussians(300_000)))
        let expected = try writer.bytes()
        var ends: [CInt] = [0, 0]
        #expect(pipe(&ends) == 0)
        let (input, output) = (ends[0], ends[1])
        let sent = writer
        // On its own thread: a blocking write would occupy one of the few threads that all tests share.
        Thread.detachNewThread {
            try? sent.write(to: output, path: "pipe")
            close(output)
        }
        var result: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 4_000)
        while case let count = Glibc.read(input, &buffer, buffer.count), count > 0 {
            result += buffer[..<count]
        }
        #expect(result == expected)
        close(input)
    }
}
