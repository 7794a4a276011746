import ErrorModel
import Foundation
import Glibc
import TestSupport
import Testing

@testable import sglorad_ctl

/// Reading of intents and texts from arguments and standard input.
@Suite struct IntentTextTests {
    /// Provides bytes as standard input.
    private func withInput<Result>(_ bytes: [UInt8], _ body: (Int32) throws -> Result) throws -> Result {
        let folder = try TemporaryFolder()
        try Data(bytes).write(to: URL(fileURLWithPath: folder("input")))
        let descriptor = open(folder("input"), O_RDONLY)
        try #require(descriptor >= 0)
        defer { close(descriptor) }
        return try body(descriptor)
    }

    private func resolve(_ bytes: [UInt8]) throws -> String {
        try withInput(bytes) { try IntentText.resolve("-", standardInput: $0) }
    }

    private func lines(_ text: String) throws -> [String] {
        try withInput(Array(text.utf8)) { try IntentText.resolveLines([], standardInput: $0) }
    }

    @Test func argumentIsTheText() throws {
        #expect(try IntentText.resolve("birds\n", standardInput: -1) == "birds\n")
    }

    @Test func dashReadsStandardInputWithoutTheFinalLineBreak() throws {
        #expect(try resolve(Array("match birds\nand trees\n".utf8)) == "match birds\nand trees")
        #expect(try resolve(Array("birds\r\n".utf8)) == "birds")
        #expect(try resolve(Array("birds".utf8)) == "birds")
    }

    @Test func pipeIsReadToItsEnd() throws {
        var ends: [Int32] = [0, 0]
        try #require(pipe(&ends) == 0)
        let (input, output) = (ends[0], ends[1])
        // A separate thread, since the read blocks one of the few threads that all tests share.
        Thread.detachNewThread {
            for piece in ["match ", "birds", "\n"] {
                _ = Array(piece.utf8).withUnsafeBytes { write(output, $0.baseAddress, $0.count) }
                usleep(5_000)
            }
            close(output)
        }
        #expect(try IntentText.resolve("-", standardInput: input) == "match birds")
        close(input)
    }

    @Test func limitExcludesTheFinalLineBreak() throws {
        let longest = [UInt8](repeating: UInt8(ascii: "a"), count: IntentText.maximumBytes)
        #expect(try resolve(longest).utf8.count == 32_768)
        #expect(try resolve(longest + Array("\r\n".utf8)).utf8.count == 32_768)
        for excess in [longest + [97], longest + Array("a\n".utf8), longest + longest] {
            let error = #expect(throws: SgloradError.self) { try resolve(excess) }
            #expect(error?.code == .invalidIntent)
            #expect(error?.message.contains("longer than 32768 bytes") == true)
        }
    }

    @Test func tooLongTextSplitWithinACharacterIsReportedAsTooLong() throws {
        let error = #expect(throws: SgloradError.self) {
            try resolve(Array(String(repeating: "鳥", count: 20_000).utf8))
        }
        #expect(error?.message.contains("longer") == true)
    }

    @Test(arguments: ["", "\n", " \t\n", "\u{3000}"])
    func blankTextIsRejected(_ text: String) throws {
        let error = #expect(throws: SgloradError.self) { try resolve(Array(text.utf8)) }
        #expect(error?.message.contains("empty") == true)
        #expect(throws: SgloradError.self) { try IntentText.resolve(text, standardInput: -1) }
    }

    @Test func invalidUTF8IsReported() throws {
        let error = #expect(throws: SgloradError.self) { try resolve([0x62, 0xFF, 0xFE]) }
        #expect(error?.message.contains("UTF-8") == true)
    }

    @Test func closedStandardInputIsReported() {
        let error = #expect(throws: SgloradError.self) { try IntentText.resolve("-", standardInput: -1) }
        #expect(error?.message.contains("standard input") == true)
    }

    @Test func everyLineIsAText() throws {
        #expect(try lines("a\nb\r\n c") == ["a", "b", " c"])
        #expect(try lines("a\n") == ["a"])
        #expect(try lines("") == [])
        #expect(try IntentText.resolveLines(["x", "y"], standardInput: -1) == ["x", "y"])
    }

    @Test(arguments: ["a\n\nb", "a\n\n", "\n"])
    func blankLineIsReportedWithItsNumber(_ text: String) throws {
        let error = #expect(throws: SgloradError.self) { try lines(text) }
        #expect(error?.message.contains(text == "\n" ? "number 1" : "number 2") == true)
    }

    @Test func moreThan1024LinesAreRejected() throws {
        #expect(try lines(String(repeating: "a\n", count: 1_024)).count == 1_024)
        let error = #expect(throws: SgloradError.self) { try lines(String(repeating: "a\n", count: 1_025)) }
        #expect(error?.code == .invalidRequest)
    }
}
