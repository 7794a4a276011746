import ErrorModel
import Files
import Foundation
import TestSupport
import Testing

@testable import sglorad_ctl

/// Reading the header of a model's GGUF file.
@Suite struct ModelHeaderTests {
    private let folder: TemporaryFolder
    init() throws { folder = try TemporaryFolder() }

    private func number(_ number: some FixedWidthInteger) -> [UInt8] {
        withUnsafeBytes(of: number.littleEndian) { Array($0) }
    }

    /// A file with an array of so many bytes and a tensor of 4,096 numbers.
    private func model(arrayOf count: Int) -> (header: [UInt8], data: [UInt8]) {
        var header = Array("GGUF".utf8) + number(UInt32(3)) + number(UInt64(1)) + number(UInt64(1))
        header += number(UInt64(1)) + Array("k".utf8) + number(UInt32(9)) + number(UInt32(0))
        header += number(UInt64(count)) + [UInt8](repeating: 7, count: count)
        header += number(UInt64(1)) + Array("t".utf8) + number(UInt32(1)) + number(UInt64(4096))
        header += number(UInt32(0)) + number(UInt64(0))
        let padding = (32 - header.count % 32) % 32
        return (header, [UInt8](repeating: 0, count: padding + 4 * 4096))
    }

    @Test(arguments: [0, 1 << 20, (1 << 20) - 80, 9 << 20])
    func `the header alone is taken, however long it is`(count: Int) throws {
        let (header, data) = model(arrayOf: count)
        let path = try folder.write(header + data, to: "model.gguf")
        let read = try ModelHeader(path: path)
        #expect(read.bytes == header)
        #expect(read.fileSize == header.count + data.count)
        #expect(try read.digest == FileDigest.sha256(file: path))
    }

    @Test func `what is no GGUF file, or is cut short, is refused before anything is sent`() throws {
        let (header, data) = model(arrayOf: 100)
        for (content, part) in [
            (Array("{}".utf8), "the signature"), ([], "the signature"), (header, "cut short"),
            (Array(header.dropLast(3)), "cut short"), (header + data.dropLast(), "cut short"),
            (Array("PK\u{3}\u{4}aaaaaaaa".utf8), "does not begin with GGUF"),
        ] {
            let path = try folder.write(content, to: "bad.gguf")
            let error = refusal(.invalidFile) { try ModelHeader(path: path) }
            #expect(error?.message.contains(part) == true, "\(error?.message ?? "")")
        }
        _ = refusal(.invalidFile) { try ModelHeader(path: folder("missing.gguf")) }
        _ = refusal(.invalidFile) { try ModelHeader(path: folder.path) }
    }
}
