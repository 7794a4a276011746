import AdapterFormats
import ErrorModel
import Foundation
import Glibc
import LinearAlgebra
import TestSupport
import Testing

@Suite("Rejecting damaged and malicious safetensors")
struct SafetensorsRefusalTests {
    private let folder: TemporaryFolder
    init() throws { folder = try TemporaryFolder() }

    private func refused(_ bytes: [UInt8], _ part: String, _ location: SourceLocation = #_sourceLocation)
        throws
    {
        let path = try folder.write(bytes, to: UUID().uuidString)
        let error = refusal(.invalidFile, location) { try SafetensorsFile(path: path, displayName: "given") }
        #expect(error?.message.contains(part) == true, "\(error?.message ?? "")", sourceLocation: location)
        #expect(error?.parameters["file"] == .string("given"), sourceLocation: location)
    }

    private func entry(_ fields: String) -> String { "{\"x\":{\(fields)}}" }

    private static let good = #"{"x":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}"#
    private static let four: [UInt8] = [0, 0, 0, 0]

    @Test func `empty files, directories, FIFOs and missing files are rejected`() throws {
        try refused([], "is empty")
        let fifo = folder.path + "/fifo"
        #expect(mkfifo(fifo, 0o600) == 0)
        for path in [folder.path, fifo] {
            #expect(
                refusal(.invalidFile) { try SafetensorsFile(path: path) }?.message.contains("regular file")
                    == true)
        }
        #expect(
            refusal(.invalidFile) { try SafetensorsFile(path: folder.path + "/none") }?.message.contains(
                "No such file")
                == true)
        #expect(
            refusal(.invalidFile) { try SafetensorsFile(path: "a\u{0}b") }?.message.contains("NUL") == true)
    }

    /// The test vectors of the official reader (`safetensors/src/tensor.rs`).
    @Test func `the official reader's test vectors are rejected`() throws {
        try refused([0x3C, 0, 0, 0, 0, 0, 0], "7 bytes")
        try refused([0x3C, 0, 0, 0, 0, 0, 0, 0], "60 bytes but has only 0 bytes")
        try refused([0x3C, 0, 0, 0, 0, 0xFF, 0xFF, 0xFF], "at most 100000000")
        try refused([1, 0, 0, 0, 0, 0, 0, 0, 0xFF], "begin with '{'")
        try refused([1, 0, 0, 0, 0, 0, 0, 0, UInt8(ascii: "{")], "JSON")
        for shape in ["[2,18446744073709551614]", "[2,9223372036854775807]"] {
            try refused(
                safetensors(entry(#""dtype":"I32","shape":\#(shape),"data_offsets":[0,16]"#)), "shape")
        }
        try refused(
            safetensors(entry(#""dtype":"I32","shape":[2,2],"data_offsets":[0,4]"#), data: Self.four),
            "do not match")
        try refused(
            safetensors(Self.good, data: Self.four + Array("extra_bogus_data_for_polyglot_file".utf8)),
            "34 bytes after its last tensor")
        try refused(safetensors(Self.good, data: [0, 0]), "cut short")
    }

    @Test func `headers longer than the limit or the file are rejected`() throws {
        try refused(withUnsafeBytes(of: UInt64(100_000_001).littleEndian) { Array($0) } + [0x7B], "at most")
        try refused(withUnsafeBytes(of: UInt64(100_000_000).littleEndian) { Array($0) } + [0x7B], "cut short")
        try refused([UInt8](repeating: 0xFF, count: 16), "at most")
        try refused([UInt8](repeating: 0, count: 16), "begin with '{'")
        try refused([UInt8](repeating: 0, count: 8), "begin with '{'")
        try refused([UInt8](repeating: 0, count: 8) + Array("{}".utf8), "begin with '{'")
    }

    @Test func `leading white space, arrays, invalid UTF-8 and trailing data are rejected`() throws {
        try refused(safetensors(" " + Self.good, data: Self.four), "begin with '{'")
        try refused(safetensors("[]"), "begin with '{'")
        try refused(safetensors(header: Array("{\"".utf8) + [0xFF, 0xFE] + Array("\":{}}".utf8)), "UTF-8")
        try refused(safetensors(Self.good + "x", data: Self.four), "after the document")
    }

    @Test(arguments: [
        #"{"x":{"dtype":"U8","shape":[0],"data_offsets":[0,0]},"x":{"dtype":"U8","shape":[0],"data_offsets":[0,0]}}"#,
        #"{"__metadata__":{},"__metadata__":{}}"#, #"{"__metadata__":{"a":"1","a":"2"}}"#,
        #"{"x":{"dtype":"U8","dtype":"I8","shape":[0],"data_offsets":[0,0]}}"#,
    ])
    func `duplicate names are rejected`(header: String) throws {
        try refused(safetensors(header), "duplicate key")
    }

    @Test func `gaps and overlaps are rejected`() throws {
        func two(_ first: String, _ second: String) -> String {
            #"{"a":{"dtype":"U8","shape":[4],"data_offsets":\#(first)},"b":{"dtype":"U8","shape":[4],"data_offsets":\#(second)}}"#
        }
        let data = [UInt8](repeating: 0, count: 12)
        try refused(safetensors(two("[0,4]", "[5,9]"), data: data), "gap before it")
        try refused(safetensors(two("[1,5]", "[5,9]"), data: data), "gap before it")
        try refused(safetensors(two("[0,4]", "[3,7]"), data: data), "overlaps")
        try refused(safetensors(two("[0,4]", "[0,4]"), data: data), "overlaps")
        try refused(safetensors(two("[0,4]", "[4,8]"), data: data), "4 bytes after its last tensor")
        try refused(safetensors("{}", data: data), "12 bytes after")
    }

    @Test(arguments: [
        "[-4,0]", "[0.0,4]", "[0,4e0]", "[-0,4]", "[4,0]", "[0]", "[0,4,4]", "[]", "4", "null", "[\"0\",4]",
        "[0,9223372036854775808]",
    ])
    func `invalid offsets are rejected`(offsets: String) throws {
        let header = entry("\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":\(offsets)")
        try refused(safetensors(header, data: Self.four), "data_offsets")
    }

    @Test func `offsets far beyond the file are rejected`() throws {
        let header = entry(
            #""dtype":"U8","shape":[9223372036854775807],"data_offsets":[0,9223372036854775807]"#)
        try refused(safetensors(header, data: Self.four), "too large")
        try refused(
            safetensors(
                entry(#""dtype":"U8","shape":[4],"data_offsets":[9223372036854775803,9223372036854775807]"#)),
            "too large")
        try refused(
            safetensors(entry(#""dtype":"U8","shape":[1099511627776],"data_offsets":[0,1099511627776]"#)),
            "cut short")
    }

    @Test(arguments: ["[-1]", "[1.0]", "[\"1\"]", "[[1]]", "1", "{}", "[true]"])
    func `invalid shapes are rejected`(shape: String) throws {
        try refused(
            safetensors(
                entry("\"dtype\":\"F32\",\"shape\":\(shape),\"data_offsets\":[0,4]"), data: Self.four),
            "shape")
    }

    @Test(arguments: ["\"F31\"", "\"f32\"", "\"\"", "32", "null", "\"F6_E2M3\""])
    func `unknown types and types of partial bytes are rejected`(type: String) throws {
        try refused(
            safetensors(entry("\"dtype\":\(type),\"shape\":[1],\"data_offsets\":[0,4]"), data: Self.four),
            "has a tensor 'x'")
    }

    @Test func `unknown and missing fields are rejected`() throws {
        try refused(
            safetensors(entry(#""dtype":"F32","shape":[1],"data_offsets":[0,4],"y":1"#), data: Self.four),
            "unknown field 'y'")
        try refused(
            safetensors(entry(#""shape":[1],"data_offsets":[0,4]"#), data: Self.four), "without a dtype")
        try refused(
            safetensors(entry(#""dtype":"F32","data_offsets":[0,4]"#), data: Self.four), "without a shape")
        try refused(safetensors(entry(#""dtype":"F32","shape":[1]"#), data: Self.four), "data_offsets")
        try refused(safetensors(#"{"x":[]}"#), "whose entry is an array")
    }

    @Test(arguments: ["\\u0000", "a\\u0000b", "a\\nb", "\\u007f", "\\u0085"])
    func `control characters in names are rejected`(name: String) throws {
        let fields = #"{"dtype":"U8","shape":[0],"data_offsets":[0,0]}"#
        try refused(safetensors("{\"\(name)\":\(fields)}"), "control character")
        try refused(safetensors("{\"__metadata__\":{\"\(name)\":\"1\"}}"), "control character")
    }

    @Test(arguments: ["1", "null", "[]", "{}", "true"])
    func `metadata other than strings is rejected`(value: String) throws {
        try refused(safetensors("{\"__metadata__\":{\"a\":\(value)}}"), "only strings")
        if value != "{}" { try refused(safetensors("{\"__metadata__\":\(value)}"), "object of strings") }
    }

    @Test func `deep nesting is rejected`() throws {
        try refused(safetensors("{\"x\":" + String(repeating: "[", count: 200_000)), "deeper than 64")
    }

    @Test func `a long name is shortened in the message`() throws {
        let name = String(repeating: "x", count: 100_000)
        let path = try folder.write(safetensors("{\"\(name)\":1}"), to: "long")
        let message = try #require(
            refusal(.invalidFile) { try SafetensorsFile(path: path, displayName: "given") }?.message)
        #expect(message.utf8.count < 400)
    }

    @Test func `truncations and bit flips of a valid file never crash`()
        throws
    {
        let sound = safetensors(Self.good, data: bytes([1.5]))
        for length in 0..<sound.count {
            let path = try folder.write(Array(sound[..<length]), to: "cut")
            _ = refusal(.invalidFile) { try SafetensorsFile(path: path) }
        }
        var readable = 0
        for bit in 0..<sound.count * 8 {
            var changed = sound
            changed[bit / 8] ^= 1 << UInt8(bit % 8)
            let path = try folder.write(changed, to: "flipped")
            guard let file = try? SafetensorsFile(path: path) else { continue }
            readable += 1
            for tensor in file.tensors {
                if let values = try? file.floats(tensor.name) { #expect(values.count == tensor.count) }
            }
        }
        // A flip in the data, in the name, or to another type of the same width leaves a valid file.
        #expect((32..<64).contains(readable))
    }
}
