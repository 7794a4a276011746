import Foundation
import Testing

@testable import Spool

@Suite("Searching for a label")
struct LabelSearchTests {
    private func finds(_ label: String, in text: String, as encoding: String.Encoding = .utf8) throws -> Bool
    {
        LabelSearch(label).finds(in: try #require(text.data(using: encoding)))
    }

    @Test(arguments: [
        #"{"label": "ptarmigan"}"#, #"{"label": "ptarmig\u0061n"}"#, #"{"label":"\u0070\u0074armigan""#,
        #"{"lable": ["x", {"label": "ptar\u006digan"}]}"#, #"{"label": "x", "label": "ptar\u006Digan"}"#,
        #"{"text": "{\"label\": \"ptar\\u006digan\"}"}"#, "label: 'ptar\\x6digan'", #"ptar\u{6d}igan"#,
        #"ptar\U0000006digan"#, "label=ptar%6Digan", "<label>ptar&#109;igan</label>", "ptar&#x6D;igan",
        "cut off: {\"label\": \"ptarmigan", #"ptar\migan"#,
    ])
    func `it is found behind every escape`(text: String) throws {
        #expect(try finds("ptarmigan", in: text))
        for encoding: String.Encoding in [
            .utf16, .utf16LittleEndian, .utf16BigEndian, .utf32LittleEndian, .utf32BigEndian, .isoLatin1,
        ] {
            #expect(try finds("ptarmigan", in: text, as: encoding), "\(encoding)")
        }
        // One unit out of step, as behind a stray byte.
        let odd = Data([0x20]) + (try #require(text.data(using: .utf16LittleEndian)))
        #expect(LabelSearch("ptarmigan").finds(in: odd))
    }

    @Test func `it is found in any alphabet, composed or not`() throws {
        for text in [
            #"{"label": "Schneehühner 🐦"}"#, #"{"label": "Schneeh\u00fchner \ud83d\udc26"}"#,
            #"{"label": "Schneehu\u0308hner \uD83D\uDC26"}"#, "Schneehu\u{308}hner \u{1F426}",
            "Schneeh%C3%BChner &#128038;", #"Schneeh\u{fc}hner \u{1f426}"#,
        ] {
            #expect(try finds("Schneehühner 🐦", in: text), "\(text)")
            #expect(try finds("Schneehu\u{308}hner 🐦", in: text), "\(text)")
            #expect(try finds("Schneehühner 🐦", in: text, as: .utf16LittleEndian), "\(text)")
        }
        #expect(try finds("Schneehühner", in: "label: Schneehühner", as: .isoLatin1))
        #expect(try finds(#"quoted "x" \ y"#, in: #"{"label": "quoted \"x\" \\ y"}"#))
    }

    @Test func `another label is not found, and the empty one never`() throws {
        #expect(try !finds("ptarmigan", in: #"{"label": "partridge", "text": "ptarm igan"}"#))
        #expect(try !finds("ptarmigan", in: ""))
        #expect(try !finds("", in: "anything"))
        #expect(!LabelSearch("ptarmigan").finds(in: Data([0, 0xFF, 0xD8, 0, 0x5C, 0x75])))
    }
}
