import Foundation
import Privacy
import Testing

@Suite("Private text")
struct PrivateTextTests {
    private struct Holder: Codable {
        var text: PrivateText
        var texts: [PrivateText]
        var known: [String: PrivateText?]
    }

    private let holder = Holder(
        text: "whimsical ptarmigan", texts: ["whimsical"], known: ["ptarmigans": "whimsical ptarmigan"])

    @Test func `no description of a value reveals the text`() throws {
        var dumped = ""
        dump(holder, to: &dumped)
        let texts = [
            "\(holder.text)", "\(holder)", String(describing: holder), String(reflecting: holder), dumped,
            holder.text.debugDescription, "\(Mirror(reflecting: holder.text).children.map(\.value))",
            "\(holder.texts)", "\(Optional(holder.text) as Any)",
            "\(NSError(domain: "d", code: 1, userInfo: ["text": holder.text]))",
        ]
        for text in texts {
            #expect(!text.contains("whimsical") && !text.contains("ptarmigan "), "\(text)")
        }
        #expect("\(holder.text)" == "(private text of 19 bytes)")
    }

    @Test func `JSON encodes the plain text and decodes it`() throws {
        let json = try JSONEncoder().encode(holder.text)
        #expect(String(decoding: json, as: UTF8.self) == "\"whimsical ptarmigan\"")
        #expect(try JSONDecoder().decode(PrivateText.self, from: json) == holder.text)
        #expect(throws: DecodingError.self) {
            try JSONDecoder().decode(PrivateText.self, from: Data("[1]".utf8))
        }
    }

    @Test func `length and blankness are available without revealing the text`() {
        #expect(PrivateText("é").byteCount == 2)
        #expect(PrivateText(" \n\u{A0}").isBlank && PrivateText("").isBlank && !PrivateText(" x").isBlank)
    }
}
