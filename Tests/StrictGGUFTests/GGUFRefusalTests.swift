import ErrorModel
import StrictGGUF
import TestSupport
import Testing

@Suite("Rejecting damaged and malicious GGUF headers")
struct GGUFRefusalTests {
    private func refused(
        _ bytes: [UInt8], _ parts: String..., fileSize: Int? = nil,
        at location: SourceLocation = #_sourceLocation
    ) {
        let error = refusal(.invalidFile, location) { try header(bytes, fileSize: fileSize) }
        for part in parts {
            #expect(
                error?.message.contains(part) == true, "\(error?.message ?? "")", sourceLocation: location)
        }
        #expect(error?.parameters["file"] == .string("given"), sourceLocation: location)
    }

    private func refused(
        fields: UInt64 = 0, tensors: UInt64 = 0, _ parts: String...,
        at location: SourceLocation = #_sourceLocation,
        _ build: (inout GGUFBytes) -> Void
    ) {
        var file = GGUFBytes(tensors: tensors, fields: fields)
        build(&file)
        // More than enough room, so that only the fault itself is found.
        file.data(4096)
        let error = refusal(.invalidFile, location) { try header(file.bytes) }
        for part in parts {
            #expect(
                error?.message.contains(part) == true, "\(error?.message ?? "")", sourceLocation: location)
        }
    }

    @Test func `other files, versions and byte orders are rejected`() {
        refused([], "the signature GGUF at byte 0", "0 bytes that there are")
        refused(Array("GGU".utf8), "the signature")
        refused(Array("PK\u{3}\u{4}0000".utf8), "does not begin with GGUF")
        refused(GGUFBytes(version: 1, tensors: 0, fields: 0).bytes, "version 1")
        refused(GGUFBytes(version: 4, tensors: 0, fields: 0).bytes, "version 4")
        refused(GGUFBytes(version: 0x0300_0000, tensors: 0, fields: 0).bytes, "big-endian")
        refused(GGUFBytes(version: 0, tensors: 0, fields: 0).bytes, "big-endian")
    }

    @Test func `counts beyond the limits or the file are rejected`() {
        refused(
            GGUFBytes(tensors: 1_000_000_000, fields: 0).bytes, "1000000000 tensors at byte 8",
            "at most 131072")
        refused(GGUFBytes(tensors: .max, fields: .max).bytes, "tensors")
        refused(GGUFBytes(tensors: 0, fields: 1 << 40).bytes, "metadata fields at byte 16", "at most 8192")
        refused(
            GGUFBytes(tensors: 0, fields: 8192).bytes,
            "8192 metadata fields, but only 0 bytes follow at byte 24")
        refused(GGUFBytes(tensors: 131_072, fields: 0).bytes, "131072 tensors, but only 0 bytes follow")
    }

    @Test func `lengths beyond the file are rejected before anything is allocated`() {
        refused(fields: 1, "18446744073709551615 bytes in the key of metadata field 1 of 1") {
            $0.text("", length: .max)
        }
        refused(fields: 1, "at most 65535") { $0.text("", length: 65_536) }
        refused(fields: 1, "the value of 'k'") {
            $0.text("k")
            $0.number(UInt32(8))
            $0.text("", length: 1 << 62)
        }
        refused(fields: 1, "reaches beyond") {
            $0.text("k")
            $0.number(UInt32(8))
            $0.text("", length: 60 << 20)
        }
        for type: UInt32 in [0, 4, 7, 8, 10] {
            for count: UInt64 in [.max, 1 << 62, 1_000_000] {
                refused(fields: 1, "states \(count) elements in the array 'k' at byte 41") {
                    $0.array("k", of: type, count: count)
                }
            }
        }
        refused(tensors: 1, "the name of tensor 1 of 1", "at most 63") { $0.text("", length: 64) }
    }

    @Test func `a header longer than the limit is rejected`() throws {
        var file = GGUFBytes(tensors: 0, fields: 1)
        file.array("k", of: 0, count: 70 << 20)
        file.bytes += [UInt8](repeating: 0, count: 65 << 20)
        refused(file.bytes, "more than \(64 << 20) bytes", fileSize: 80 << 20)
        let read = file.bytes.withUnsafeBytes { start in
            refusal(.invalidFile) { try GGUFHeader.reading(start, ofFileWith: 80 << 20, file: "given") }
        }
        #expect(read != nil)
    }

    @Test func `invalid keys are rejected`() {
        for key in ["", "a\u{0}b", "a\nb", "\u{7F}"] {
            refused(fields: 1, "the invalid metadata key") { $0.field(key, .uint8, UInt8(0)) }
        }
        refused(fields: 2, "the metadata key 'k' twice") {
            $0.field("k", .uint8, UInt8(0))
            $0.field("k", .uint8, UInt8(0))
        }
        refused(fields: 1, "the key of metadata field 1 of 1", "not UTF-8") {
            $0.number(UInt64(1))
            $0.bytes.append(0xFF)
        }
    }

    @Test func `invalid values are rejected`() {
        refused(fields: 1, "unknown type 13 in the metadata field 'k'") {
            $0.text("k")
            $0.number(UInt32(13))
        }
        refused(fields: 1, "unknown type 99 in the elements of") { $0.array("k", of: 99, count: 1) }
        refused(fields: 1, "array of arrays") { $0.array("k", of: 9, count: 1) }
        refused(fields: 1, "2 as a truth value of 'k'") { $0.field("k", .bool, UInt8(2)) }
        refused(fields: 1, "255 as a truth value of 'k'") {
            $0.array("k", of: 7, count: 2)
            $0.bytes += [1, 255]
        }
        refused(fields: 1, "the value of 'k'", "not UTF-8") {
            $0.text("k")
            $0.number(UInt32(8))
            $0.number(UInt64(2))
            $0.bytes += [0xC3, 0x28]
        }
    }

    @Test func `wrong alignments are rejected`() {
        for alignment: UInt32 in [0, 1, 4, 33, 48, 2 << 20, .max] {
            refused(fields: 1, "\(alignment) as general.alignment") {
                $0.field("general.alignment", .uint32, alignment)
            }
        }
        refused(fields: 1, "uint64 as general.alignment") {
            $0.field("general.alignment", .uint64, UInt64(32))
        }
        refused(fields: 1, "string as general.alignment") { $0.field("general.alignment", "32") }
    }

    @Test func `invalid tensors are rejected`() {
        for name in ["", "a\u{0}b", "a\tb"] {
            refused(tensors: 1, "the invalid tensor name") { $0.tensor(name, [1]) }
        }
        refused(tensors: 2, "the tensor 'x' twice") {
            $0.tensor("x", [1])
            $0.tensor("x", [1], offset: 32)
        }
        refused(tensors: 1, "0 dimensions in the tensor 'x'") { $0.tensor("x", []) }
        refused(tensors: 1, "5 dimensions in the tensor 'x'") { $0.tensor("x", [1, 1, 1, 1, 1]) }
        refused(tensors: 1, "a dimension of 0 in the tensor 'x'") { $0.tensor("x", [4, 0]) }
        for shape: [UInt64] in [[.max], [1 << 32, 1 << 32], [1 << 62, 4], [3, 1 << 63]] {
            refused(tensors: 1, "product is too large in the tensor 'x'") { $0.tensor("x", shape) }
        }
        refused(tensors: 1, "more bytes than can be counted in the tensor 'x'") { $0.tensor("x", [1 << 62]) }
        for type: UInt32 in [4, 5, 31, 38, 43, .max] {
            refused(tensors: 1, "unknown type \(type) in the tensor 'x'") {
                $0.tensor("x", [256], type: type)
            }
        }
        refused(tensors: 1, "rows of 255 elements", "256 in a block of Q4_K") {
            $0.tensor("x", [255], type: 12)
        }
    }

    @Test func `gaps, overlaps and data beyond the file are rejected`() {
        refused(tensors: 1, "'x' at offset 32 of the data, expected at 0") { $0.tensor("x", [1], offset: 32) }
        for offset: UInt64 in [0, 4, 16, 64, .max] {
            refused(tensors: 2, "'y' at offset \(offset) of the data, expected at 32") {
                $0.tensor("x", [1])
                $0.tensor("y", [1], offset: offset)
            }
        }
        refused(tensors: 1, "the tensor 'x' of 40000 bytes", "reaches beyond the file's") {
            $0.tensor("x", [10_000])
        }
        refused(tensors: 1, "reaches beyond the file's") { $0.tensor("x", [1 << 60]) }
        // The zeros before the data are missing, too.
        var file = GGUFBytes(tensors: 1, fields: 0)
        file.tensor("x", [1])
        refused(file.bytes, "reaches beyond the file's")
    }

    @Test func `a size that no file has is rejected`() {
        refused(GGUFBytes.sound, "is said to have", fileSize: .max)
        refused(GGUFBytes.sound, "is said to have", fileSize: -1)
    }

    @Test func `a name is shortened in the message`() {
        var file = GGUFBytes(tensors: 0, fields: 1)
        file.field(String(repeating: "x", count: 60_000), .bool, UInt8(9))
        let message = refusal(.invalidFile) { try header(file.bytes) }?.message ?? ""
        #expect(message.utf8.count < 400 && message.contains("truth value"))
    }

    @Test func `every cut is refused, and every changed bit is refused or read within bounds`() throws {
        let sound = GGUFBytes.sound
        for length in 0..<sound.count {
            refused(Array(sound[..<length]))
        }
        for bit in 0..<sound.count * 8 {
            var changed = sound
            changed[bit / 8] ^= 1 << UInt8(bit % 8)
            guard let file = try? header(changed) else { continue }
            #expect(file.length <= changed.count)
            for tensor in file.tensors {
                #expect(tensor.bytes.lowerBound >= file.length && tensor.bytes.upperBound <= changed.count)
                #expect(tensor.bytes.count == tensor.count / tensor.type.blockCount * tensor.type.blockBytes)
            }
        }
    }
}
