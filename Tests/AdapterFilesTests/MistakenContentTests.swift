import AdapterFiles
import Testing

@Suite("What stands in the place of a file")
struct MistakenContentTests {
    /// Contents that are neither weights nor a configuration, and a word of what they are called.
    private static let both: [(bytes: [UInt8], word: String)] = [
        (
            Array("version https://git-lfs.github.com/spec/v1\noid sha256:ab\nsize 151000\n".utf8),
            "git lfs pull"
        ), (Array("version https://hawser.github.com/spec/v1\noid".utf8), "Git LFS pointer"),
        (Array("/annex/objects/SHA256E-s1--ab\n".utf8), "git annex get"),
        (Array("<!DOCTYPE html>\n<html><head><title>Sign in</title>".utf8), "web page"),
        (Array("\n\n  <HTML lang=en>".utf8), "web page"),
        ([0xEF, 0xBB, 0xBF] + Array("<html>".utf8), "web page"),
        (Array("<?xml version=\"1.0\"?><Error><Code>AccessDenied</Code></Error>".utf8), "XML"),
        ([0x1F, 0x8B, 8, 0, 0, 0, 0, 0, 0, 3], "gzip"),
        ([0x50, 0x4B, 3, 4, 0, 0, 8, 8, 0, 0], "zip archive"),
        ([0x80, 2, 0x7D, 0x71, 0, 0x58], "Python pickle"),
        ([0xFD, 0x37, 0x7A, 0x58, 0x5A, 0, 0, 4, 1], "xz"),
        ([UInt8](repeating: 0, count: 4096), "bytes of 0"), (Array("GGUF".utf8) + [3, 0, 0, 0, 1], "GGUF"),
        ([UInt8](repeating: 65, count: 257) + Array("ustar".utf8), "tar archive"),
        (Array("{\"a\":1}".utf16.flatMap { [UInt8($0 & 0xFF), UInt8($0 >> 8)] }), "UTF-16"),
        ([0xFE, 0xFF] + Array("{}".utf16.flatMap { [UInt8($0 >> 8), UInt8($0 & 0xFF)] }), "UTF-16"),
        ([0xFF, 0xFE, 0, 0, 0x7B, 0, 0, 0], "UTF-32"),
    ]

    @Test(arguments: both.indices) func `what is no adapter's file is called by its name`(index: Int) {
        let (bytes, word) = Self.both[index]
        for expected in [MistakenContent.Expectation.json, .safetensors] {
            let reason = MistakenContent(bytes, insteadOf: expected)?.reason
            #expect(reason?.contains(word) == true, "\(reason ?? "nothing")")
        }
    }

    @Test(arguments: [
        ("Entry not found", "plain text"), ("Invalid username or password.\n", "plain text"),
        (#"{"error":"Repository not found"}"#, "JSON text"), (" [1]", "JSON text"),
    ])
    func `text in the place of weights is named`(text: String, word: String) {
        let reason = MistakenContent(Array(text.utf8), insteadOf: .safetensors)?.reason
        #expect(reason?.contains(word) == true, "\(reason ?? "nothing")")
    }

    @Test func `a byte order mark and weights in the place of JSON are named`() {
        let marked = MistakenContent([0xEF, 0xBB, 0xBF] + Array("{}".utf8), insteadOf: .json)
        #expect(marked?.reason.contains("byte order mark") == true)
        let weights: [UInt8] = [16, 0, 0, 0, 0, 0, 0, 0] + Array("{\"a\":{}}".utf8)
        #expect(MistakenContent(weights, insteadOf: .json)?.reason.contains("exchanged") == true)
        #expect(MistakenContent(weights, insteadOf: .safetensors) == nil)
    }

    @Test func `what may be damaged but is of the right kind is not called anything else`() {
        for text in ["{", "{}", "[1,", "peft"] {
            #expect(MistakenContent(Array(text.utf8), insteadOf: .json) == nil)
        }
        #expect(
            MistakenContent([], insteadOf: .json) == nil
                && MistakenContent([], insteadOf: .safetensors) == nil)
        // A header of 65,279 bytes begins like a byte order mark of UTF-16.
        let long: [UInt8] = [0xFF, 0xFE, 0, 0, 0, 0, 0, 0] + Array("{\"a".utf8)
        #expect(MistakenContent(long, insteadOf: .safetensors) == nil)
        #expect(MistakenContent([7, 200, 13, 0, 99, 1, 2, 3], insteadOf: .safetensors) == nil)
    }
}
