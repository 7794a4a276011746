import StrictJSON
import Testing

@Suite("JSON scanner")
struct JSONScannerTests {
    private func members(
        _ text: String, maximumDepth: Int = 4, maximumCount: Int = 3
    ) throws -> [(key: String, value: String)] {
        let bytes = Array(text.utf8)
        return try bytes.withUnsafeBytes { buffer in
            try JSONScanner.members(of: buffer, maximumDepth: maximumDepth, maximumCount: maximumCount).map {
                ($0.key, String(decoding: bytes[$0.value], as: UTF8.self))
            }
        }
    }

    @Test func `members keep their order, their keys as written and their values' bytes`() throws {
        let found = try members(#" { "a" : [1, {"x":"}"}] , "\u0061":"é\"" ,"b":-1.5e3 } "#)
        #expect(found.map(\.key) == ["a", #"\u0061"#, "b"])
        #expect(found.map(\.value) == [#"[1, {"x":"}"}]"#, #""é\"""#, "-1.5e3"])
        #expect(try members("{}").isEmpty)
    }

    @Test(arguments: ["", "[]", "1", "{", "{}x", "{} {}", #"{"a":1"#, #"{"a"}"#, #"{"a":}"#, #"{"a":1,}"#])
    func `anything but one object is rejected`(text: String) {
        #expect(throws: JSONSyntaxError.self) { try members(text) }
    }

    @Test func `depth and member count are limited`() throws {
        #expect(try members(#"{"a":[[[]]]}"#).count == 1)
        #expect(throws: JSONSyntaxError.self) { try members(#"{"a":[[[[]]]]}"#) }
        #expect(try members(#"{"a":1,"b":2,"c":3}"#).count == 3)
        #expect(throws: JSONSyntaxError.self) { try members(#"{"a":1,"b":2,"c":3,"d":4}"#) }
    }

    @Test func `duplicate keys are left to the caller`() throws {
        #expect(try members(#"{"a":1,"a":2}"#).map(\.value) == ["1", "2"])
    }

    @Test func `an error gives the offset of the offending byte`() {
        let error = #expect(throws: JSONSyntaxError.self) { try members(#"{"a":1 "b":2}"#) }
        #expect(error?.offset == 7 && error?.description == "expected ',' or '}' (at byte 7)")
    }
}
