import Glibc
import Logging
import Testing

@testable import SystemdIntegration

@Suite("JournalLogHandler")
struct JournalLogHandlerTests {
    /// The text that a handler writes to a pipe.
    private func written(_ form: JournalLogHandler.Form, _ body: (inout Logger) -> Void) throws -> String {
        var ends: [Int32] = [0, 0]
        try #require(pipe(&ends) == 0)
        defer { close(ends[0]) }
        var logger = Logger(label: "part") { JournalLogHandler(label: $0, form: form, descriptor: ends[1]) }
        body(&logger)
        close(ends[1])
        var buffer = [UInt8](repeating: 0, count: 65_536)
        let count = read(ends[0], &buffer, buffer.count)
        return String(decoding: buffer.prefix(max(0, count)), as: UTF8.self)
    }

    @Test func `journal lines start with the priority`() throws {
        let text = try written(.journal) { logger in
            logger.logLevel = .trace
            logger.debug("a")
            logger.info("b", metadata: ["size": "3", "name": "two words", "empty": ""])
            logger.notice("c")
            logger.warning("d")
            logger.error("e")
            logger.critical("f")
        }
        #expect(
            text == """
                <7>part: a
                <6>part: b empty="" name="two words" size=3
                <5>part: c
                <4>part: d
                <3>part: e
                <2>part: f

                """)
    }

    @Test func `plain lines start with the time and the level`() throws {
        let text = try written(.plain) { $0.info("started") }
        let pattern = try Regex(#"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z info part: started\n"#)
        #expect(text.wholeMatch(of: pattern) != nil)
    }

    @Test func `a record cannot span lines`() throws {
        let text = try written(.journal) { logger in
            logger.info(
                "a\n<0>part: forged\r\u{1B}[2J\u{2028}\u{85}\u{202E}\\",
                metadata: ["k\n": "v\"\n=\u{7F}"])
        }
        #expect(
            text
                == #"<6>part: a\n<0>part: forged\r\u{1b}[2J\u{2028}\u{85}\u{202e}\\ k\n="v\"\n=\u{7f}""#
                + "\n")
    }

    @Test func `a long line is truncated`() throws {
        let text = try written(.journal) { $0.info("\(String(repeating: "x", count: 40_000))") }
        #expect(text.utf8.count < 16_500)
        #expect(text.hasSuffix("more bytes)\n"))
    }

    @Test func `metadata of the record overrides that of the logger`() throws {
        let text = try written(.journal) { logger in
            logger[metadataKey: "a"] = "1"
            logger[metadataKey: "b"] = "1"
            logger.info("m", metadata: ["b": "2"])
            logger.trace("dropped")
        }
        #expect(text == "<6>part: m a=1 b=2\n")
    }

    @Test func `the journal is recognised by JOURNAL_STREAM`() throws {
        var ends: [Int32] = [0, 0]
        try #require(pipe(&ends) == 0)
        defer { ends.forEach { close($0) } }
        var status = stat()
        try #require(fstat(ends[1], &status) == 0)
        func form(_ stream: String?) -> JournalLogHandler.Form {
            .fitting(
                descriptor: ends[1],
                environment: ProcessEnvironment(stream.map { ["JOURNAL_STREAM": $0] } ?? [:]))
        }
        #expect(form("\(status.st_dev):\(status.st_ino)") == .journal)
        #expect(form("\(status.st_dev):\(status.st_ino + 1)") == .plain)
        #expect(form(nil) == .plain)
    }
}
