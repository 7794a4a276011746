import AdapterFormats
import ErrorModel
import Foundation
import LinearAlgebra
import TestSupport
import Testing

@Suite("Reading safetensors")
struct SafetensorsReadingTests {
    private let folder: TemporaryFolder
    init() throws { folder = try TemporaryFolder() }

    private func read(_ bytes: [UInt8]) throws -> SafetensorsFile {
        try SafetensorsFile(
            path: folder.write(bytes, to: "\(UUID().uuidString).safetensors"), displayName: "given")
    }

    @Test func `tensors of each type and metadata are read, sorted by name`() throws {
        let file = try read(
            safetensors(
                #"{"__metadata__":{"format":"pt","x":"é"},"b":{"dtype":"F32","shape":[2,1],"data_offsets":[0,8]},"#
                    + #""h":{"dtype":"F16","shape":[3],"data_offsets":[8,14]},"#
                    + #""a":{"dtype":"BF16","shape":[2],"data_offsets":[14,18]},"#
                    + #""i":{"dtype":"I64","shape":[],"data_offsets":[18,26]}}"#,
                data: bytes([1.5, -2]) + bytes(patterns: [0x3C00, 0x0001, 0xC000])
                    + bytes(patterns: [0x3F80, 0xC040])
                    + [7, 0, 0, 0, 0, 0, 0, 0]))
        #expect(file.metadata == ["format": "pt", "x": "é"])
        #expect(file.tensors.map(\.name) == ["a", "b", "h", "i"])
        #expect(file.tensors.map(\.type) == [.bfloat16, .float32, .float16, .other("I64")])
        #expect(file.tensors.map(\.shape) == [[2], [2, 1], [3], []])
        #expect(file.tensors.map(\.count) == [2, 2, 3, 1])
        #expect(try file.floats("b").array == [1.5, -2])
        #expect(try file.floats("h").array == [1, 0x1p-24, -2])
        #expect(try file.floats("a").array == [1, -3])
        #expect(file.tensor(named: "h")?.shape == [3])
        #expect(file.tensor(named: "none") == nil)
        #expect(refusal(.invalidFile) { try file.floats("i") }?.message.contains("I64") == true)
        #expect(refusal(.invalidFile) { try file.floats("none") }?.message.contains("'none'") == true)
        for name in ["a", "b", "h"] { try file.requireFinite(name) }
    }

    @Test(arguments: 0..<8) func `elements are read at any alignment`(padding: Int) throws {
        let values: [Float] = [1, -2.5, .leastNonzeroMagnitude, .greatestFiniteMagnitude]
        let header =
            #"{"x":{"dtype":"F32","shape":[4],"data_offsets":[0,16]}}"#
            + String(repeating: " ", count: padding)
        #expect(try read(safetensors(header, data: bytes(values))).floats("x").array == values)
    }

    @Test func `a slice outlives the file value and the path`() throws {
        var vector: FloatVector?
        do {
            let header = #"{"x":{"dtype":"F32","shape":[3],"data_offsets":[0,12]}}"#
            let path = try folder.write(
                safetensors(
                    header + String(repeating: " ", count: 8 - header.utf8.count % 8), data: bytes([1, 2, 3])),
                to: "short-lived")
            vector = try SafetensorsFile(path: path).floats("x")[1..<3]
            try FileManager.default.removeItem(atPath: path)
        }
        #expect(vector?.array == [2, 3])
    }

    @Test(arguments: [
        ("F32", bytes([1, .nan]), 1), ("F32", bytes([-.infinity, 1]), 0),
        ("F16", bytes(patterns: [0x7BFF, 0x7C01]), 1), ("F16", bytes(patterns: [0xFC00, 0]), 0),
        ("BF16", bytes(patterns: [0x7F7F, 0xFF80]), 1), ("BF16", bytes(patterns: [0x7FC0, 0]), 0),
    ])
    func `NaN and infinity are reported with tensor and index`(type: String, data: [UInt8], index: Int)
        throws
    {
        let file = try read(
            safetensors(
                #"{"w":{"dtype":"\#(type)","shape":[2],"data_offsets":[0,\#(data.count)]}}"#, data: data))
        #expect(try file.floats("w").count == 2)
        let message = try #require(refusal(.invalidFile) { try file.requireFinite("w") }?.message)
        #expect(
            message.contains("'w'") && message.contains("index \(index);") && message.hasPrefix("given: "))
    }

    @Test func `empty tensors, empty headers and trailing white space are read`() throws {
        #expect(try read(safetensors("{}\r \t\n")).tensors.isEmpty)
        let file = try read(
            safetensors(
                #"{"z":{"dtype":"F32","shape":[0,5],"data_offsets":[4,4]},"x":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}"#,
                data: bytes([9])))
        #expect(try file.floats("z").array.isEmpty)
        #expect(try file.floats("x").array == [9])
    }

    @Test func `200,000 valid tensors are read, and as many overlapping ones rejected`() throws {
        func header(_ offset: (Int) -> Int) -> String {
            let entries = (0..<200_000).map { index in
                let start = offset(index)
                return
                    "\"t\(index)\":{\"dtype\":\"U8\",\"shape\":[1],\"data_offsets\":[\(start),\(start + 1)]}"
            }
            return "{\(entries.joined(separator: ","))}"
        }
        let data = [UInt8](repeating: 1, count: 200_000)
        let message = try #require(
            refusal(.invalidFile) { try read(safetensors(header { _ in 0 }, data: data)) }?.message)
        #expect(message.contains("overlaps"))
        let file = try read(safetensors(header { $0 }, data: data))
        #expect(file.tensors.count == 200_000)
        #expect(file.tensor(named: "t199999")?.type == .other("U8"))
    }
}
