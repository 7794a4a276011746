import StrictGGUF
import TestSupport
import Testing

@Suite("Reading GGUF headers")
struct GGUFReadingTests {
    @Test func `values of every type and the places of tensors are read`() throws {
        let file = try header(GGUFBytes.sound)
        #expect(file.version == 3)
        #expect(file.alignment == 64)
        #expect(file.fields.count == 16)
        let values: [(String, GGUFValue)] = [
            ("general.architecture", .string("llama")), ("a", .unsigned(1)), ("b", .signed(-1)),
            ("c", .unsigned(2)), ("d", .signed(-2)), ("e", .unsigned(3)), ("f", .signed(-3)),
            ("g", .floating(0.5)), ("h", .bool(true)), ("i", .unsigned(4)), ("j", .signed(-4)),
            ("k", .floating(-0.5)), ("l", .list([.unsigned(5), .unsigned(6)])), ("m", .omitted(count: 2)),
            ("n", .list([])),
        ]
        for (key, value) in values { #expect(file.field(key)?.value == value, "\(key)") }
        #expect(file.field("l")?.elementType == .uint32)
        #expect(file.field("m")?.elementType == .string)
        #expect(file.field("none") == nil)
        #expect(file.tensors.map(\.name) == ["one", "two", "three"])
        #expect(file.tensors.map(\.count) == [3, 512, 24])
        #expect(file.tensors.map(\.type.name) == ["F32", "Q4_K", "F16"])
        #expect(file.tensors.map(\.bytes.count) == [12, 288, 48])
        let start = file.tensors[0].bytes.lowerBound
        #expect(start % 64 == 0 && start - file.length < 64)
        #expect(file.tensors.map { $0.bytes.lowerBound - start } == [0, 64, 384])
        #expect(file.tensor(named: "three")?.shape == [1, 2, 3, 4])
        #expect(file.dataEnd == file.fileSize)
    }

    @Test func `version 2 and a file without tensors are read`() throws {
        var file = GGUFBytes(version: 2, tensors: 0, fields: 1)
        file.field("general.architecture", "bert")
        let read = try header(file.bytes)
        #expect(read.version == 2 && read.tensors.isEmpty && read.length == file.bytes.count)
        #expect(read.alignment == 32 && read.dataEnd == read.length)
    }

    @Test func `the header alone suffices if the file's size is known`() throws {
        let whole = GGUFBytes.sound
        let read = try header(whole)
        let alone = try header(Array(whole[..<read.length]), fileSize: whole.count)
        #expect(alone.tensors == read.tensors && alone.fields == read.fields && alone.length == read.length)
    }

    @Test func `a beginning asks for more until the header is there`() throws {
        let whole = GGUFBytes.sound
        let length = try header(whole).length
        for count in 0..<whole.count {
            let read = try whole[..<count].withUnsafeBytes {
                try GGUFHeader.reading($0, ofFileWith: whole.count, file: "given")
            }
            #expect((read != nil) == (count >= length), "\(count)")
        }
    }

    @Test func `long arrays are passed over and not kept`() throws {
        var file = GGUFBytes(tensors: 0, fields: 3)
        file.array("tokens", of: 8, count: 5000)
        for _ in 0..<5000 { file.bytes += [1, 0, 0, 0, 0, 0, 0, 0, 0xFF] }
        file.array("scores", of: 6, count: 5000)
        for _ in 0..<5000 { file.number(Float(1).bitPattern) }
        file.array("flags", of: 7, count: 5000)
        file.bytes += [UInt8](repeating: 1, count: 5000)
        let read = try header(file.bytes)
        #expect(read.fields.map(\.value) == [GGUFValue](repeating: .omitted(count: 5000), count: 3))
    }

    @Test func `the elements of many arrays are kept only up to a bound`() throws {
        var file = GGUFBytes(tensors: 0, fields: 200)
        for index in 0..<200 {
            file.array("list\(index)", of: 0, count: 1000)
            file.bytes += [UInt8](repeating: 7, count: 1000)
        }
        let kept = try header(file.bytes).fields.count {
            if case .list = $0.value { true } else { false }
        }
        #expect(kept == 65)
    }
}
