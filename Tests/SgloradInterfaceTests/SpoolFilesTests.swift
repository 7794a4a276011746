import ErrorModel
import Foundation
import Privacy
import SpoolForms
import Testing

@Suite("The files of the spool")
struct SpoolFilesTests {
    @Test func `every field of an intent is read`() throws {
        let intent = try SpoolIntent.read(
            Array(
                #"""
                {"text": "birds", "base": "b", "strategy": "mean", "topK": 3, "temperature": 0.5, "proximity": "plain",
                 "seed": 7, "formats": ["peft"], "label": "l", "force": true,
                 "examples": [{"text": "hoots", "answer": "owl"}, {"text": "barks"}], "labels": ["owl"],
                 "refineSeconds": 2}
                """#.utf8))
        #expect(
            intent
                == Form.Intent(
                    text: "birds", base: "b", strategy: "mean", topK: 3, temperature: 0.5, proximity: "plain",
                    seed: 7, formats: ["peft"], label: "l", force: true,
                    examples: [.init(text: "hoots", answer: "owl"), .init(text: "barks")], labels: ["owl"],
                    refineSeconds: 2))
        #expect(
            SpoolIntent.fields == [
                "base", "examples", "force", "formats", "label", "labels", "proximity", "refineSeconds",
                "seed",
                "strategy", "temperature", "text", "topK",
            ])
    }

    @Test(
        arguments: [
            ("", "not valid JSON"), ("{", "not valid JSON"), (#"{"text": "whimsical"} x"#, "not valid JSON"),
            ("[]", "must be a JSON object"), ("7", "must be a JSON object"),
            (#""whimsical""#, "must be a JSON object"),
            ("{}", "text is missing"), (#"{"text": 7}"#, "text has the wrong type"),
            (#"{"text": null}"#, "text"), (#"{"text": "x", "seed": "whimsical"}"#, "seed has the wrong type"),
            (#"{"text": "x", "whimsical": 1}"#, "an unknown field"),
            (#"{"text": "x", "examples": [{"text": "y", "whimsical": 1}]}"#, "an unknown field"),
            (#"{"text": "x", "examples": [{"answer": "whimsical"}]}"#, "examples are incomplete: text"),
            (#"{"text": "x", "examples": [7]}"#, "examples has the wrong type"),
            (#"{"text": "x", "examples": "whimsical"}"#, "examples has the wrong type"),
            (#"{"text": "x", "topK": 1e400}"#, "intent's"),
            (String(repeating: "[", count: 60_000), "intent's"),
            (#"{"text": "x", "topK": 99999999999999999999999}"#, "intent's"),
        ])
    func `an invalid file is rejected, and the message repeats none of its content`(
        content: String, words: String
    ) {
        let error = #expect(throws: SgloradError.self) { try SpoolIntent.read(Array(content.utf8)) }
        #expect(error?.code == .invalidIntent)
        #expect(error?.message.contains(words) == true, "\(String(describing: error))")
        #expect(error?.description.contains("whimsical") == false)
    }

    @Test func `encodings other than UTF-8 are rejected`() {
        let utf16 = "{\"text\":\"x\"}".utf16.flatMap { [UInt8($0 & 255), UInt8($0 >> 8)] }
        #expect(throws: SgloradError.self) { try SpoolIntent.read([0xFF, 0xFE] + utf16) }
        #expect(throws: SgloradError.self) {
            try SpoolIntent.read(Array("{\"text\":\"".utf8) + [0xC3, 0x28, 0x22, 0x7D])
        }
    }

    @Test func `a failure has the error's name, parameters and message`() throws {
        let failure = Form.SpoolFailure(.notFound("adapter", "a-1", remedy: "Request it again."))
        #expect(failure.error == "io.sglorad.NotFound")
        #expect(
            failure.parameters == [
                "kind": .string("adapter"), "name": .string("a-1"),
                "message": .string("There is no adapter 'a-1'. Request it again."),
            ])
    }

    @Test func `a result is written as it always was`() throws {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        let result = Form.SpoolResult(
            state: .rejected, failure: .init(error: "io.sglorad.Busy", parameters: ["retryAfter": .int(3)]),
            rejected: "/r/x.json")
        let text = String(decoding: try encoder.encode(result), as: UTF8.self)
        #expect(
            text
                == #"{"failure":{"error":"io.sglorad.Busy","parameters":{"retryAfter":3}},"rejected":"/r/x.json","state":"rejected"}"#
        )
        #expect(try JSONDecoder().decode(Form.SpoolResult.self, from: Data(text.utf8)) == result)
    }
}
