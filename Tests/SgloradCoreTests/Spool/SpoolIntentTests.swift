import ControlProtocol
import ErrorModel
import Foundation
import IntentQueue
import Privacy
import Testing

@testable import SgloradCore

@Suite("What a spooled file says")
struct SpoolIntentTests {
    @Test func `every field of the protocol's intent is read, and no other is known`() throws {
        let intent = try SpoolIntent.read(
            Array(
                #"""
                {"text": "birds", "base": "b", "strategy": "mean", "topK": 3, "temperature": 0.5, "proximity": "plain",
                 "seed": 7, "formats": ["peft"], "label": "l", "force": true}
                """#.utf8))
        #expect(
            intent
                == Wire.Intent(
                    text: "birds", base: "b", strategy: "mean", topK: 3, temperature: 0.5, proximity: "plain",
                    seed: 7, formats: ["peft"], label: "l", force: true))
        let whole = Wire.definition
        let start = try #require(whole.range(of: "type Intent (")).upperBound
        let end = try #require(whole[start...].firstIndex(of: ")"))
        let fields = whole[start..<end].split(separator: ",").compactMap { line in
            line.split(separator: ":").first.map { String($0.filter { !$0.isWhitespace }) }
        }
        #expect(fields.sorted() == SpoolIntent.fields)
    }

    @Test(
        arguments: [
            ("", "not sound JSON"), ("{", "not sound JSON"), (#"{"text": "whimsical"} x"#, "not sound JSON"),
            ("[]", "must be a JSON object"), ("7", "must be a JSON object"),
            (#""whimsical""#, "must be a JSON object"),
            ("{}", "text is missing"), (#"{"text": 7}"#, "text is not of the type"),
            (#"{"text": null}"#, "text"), (#"{"text": "x", "seed": "whimsical"}"#, "seed is not of the type"),
            (#"{"text": "x", "whimsical": 1}"#, "a field that no intent has"),
            (#"{"text": "x", "topK": 1e400}"#, "intent's"),
            (String(repeating: "[", count: 60_000), "intent's"),
            (#"{"text": "x", "topK": 99999999999999999999999}"#, "intent's"),
        ])
    func `what is no intent is refused in words that repeat nothing of it`(content: String, words: String) {
        let error = #expect(throws: SgloradError.self) { try SpoolIntent.read(Array(content.utf8)) }
        #expect(error?.code == .invalidIntent)
        #expect(error?.message.contains(words) == true, "\(String(describing: error))")
        #expect(error?.description.contains("whimsical") == false)
    }

    @Test func `another encoding than UTF-8 is refused`() {
        let utf16 = "{\"text\":\"x\"}".utf16.flatMap { [UInt8($0 & 255), UInt8($0 >> 8)] }
        #expect(throws: SgloradError.self) { try SpoolIntent.read([0xFF, 0xFE] + utf16) }
        #expect(throws: SgloradError.self) {
            try SpoolIntent.read(Array("{\"text\":\"".utf8) + [0xC3, 0x28, 0x22, 0x7D])
        }
    }

    @Test func `a file's key is of its name and its content`() {
        let key = SpoolIntent.key("a.json", [1])
        #expect(key == SpoolIntent.key("a.json", [1]))
        #expect(key != SpoolIntent.key("b.json", [1]) && key != SpoolIntent.key("a.json", [2]))
        #expect(key.key.utf8.count == 64)
    }
}
