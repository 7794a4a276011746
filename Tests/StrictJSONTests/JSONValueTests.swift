import StrictJSON
import Testing

@Suite("JSON values")
struct JSONValueTests {
    private func parse(_ text: String) throws -> JSONValue { try JSONValue(parsing: Array(text.utf8)) }

    @Test func `every kind of value is parsed, members in order`() throws {
        let text =
            #" {"b":[1,-2,0,1.5,-0,1e3],"a":{"x":null},"t":true,"f":false,"s":"é\n\u00e9\ud83d\ude00\/"} "#
        let document = try parse(text)
        #expect(document.object?.map(\.name) == ["b", "a", "t", "f", "s"])
        let numbers = try #require(document["b"]?.array)
        #expect(numbers.map(\.integer) == [1, -2, 0, nil, nil, nil])
        #expect(numbers.map(\.double) == [1, -2, 0, 1.5, -0.0, 1000])
        #expect(document["a"]?["x"]?.isNull == true)
        #expect(document["t"]?.bool == true && document["f"]?.bool == false)
        #expect(document["s"]?.string == "é\né😀/")
        #expect(try parse("[]").array?.isEmpty == true)
        #expect(try parse("9223372036854775807").integer == .max)
        #expect(try parse("9223372036854775808").integer == nil)
    }

    @Test(arguments: [
        "", " ", "{", "[", "[1", "[1,", "[1,]", "{\"a\"", "{\"a\":", "{\"a\":1", "{\"a\":1,}", "{,}", "{a:1}",
        "{1:1}",
        "[1 2]", "{\"a\" 1}", "01", "-", "+1", "1.", ".5", "1e", "1e+", "0x1", "NaN", "Infinity", "tru",
        "nul", "'a'",
        "\"", "\"a", "\"\\", "\"\\x\"", "\"\\u12\"", "\"\\u12g4\"", "\"\\ud800\"", "\"\\udc00\"",
        "\"\\ud800\\u0041\"",
        "\"\\ud800\\n\"", "\"a\nb\"", "\"a\u{0}b\"", "{} {}", "1 1", "{}x", "[1]]", "\u{FEFF}{}", "// c\n1",
    ])
    func `invalid JSON is rejected`(text: String) {
        #expect(throws: JSONSyntaxError.self) { try parse(text) }
    }

    @Test(arguments: [
        #"{"a":1,"a":1}"#, #"{"x":{"a":1,"b":2,"a":3}}"#, #"[{"a":1,"\u0061":2}]"#,
        "{\"\u{E9}\":1,\"e\u{301}\":2}",
    ])
    func `a duplicate key is rejected at any level`(text: String) {
        let failure = #expect(throws: JSONSyntaxError.self) { try parse(text) }
        #expect(failure?.reason.contains("duplicate") == true)
    }

    @Test(arguments: [2, 15, 16, 17, 18, 40])
    func `a duplicate key is found in objects of any size`(count: Int) throws {
        let members = (1..<count).map { "\"n\($0)\":0" }
        #expect(try parse("{\(members.joined(separator: ","))}").object?.count == count - 1)
        for duplicate in Set([1, count / 2, count - 1]) {
            let text = "{\((members + ["\"n\(duplicate)\":0"]).joined(separator: ","))}"
            let failure = #expect(throws: JSONSyntaxError.self) { try parse(text) }
            #expect(failure?.reason.contains("duplicate") == true)
        }
    }

    @Test(
        arguments: [
            [0x22, 0xFF, 0x22], [0x22, 0xC0, 0x80, 0x22], [0x22, 0xED, 0xA0, 0x80, 0x22],
            [0x22, 0xE2, 0x82, 0x22],
            [0x22, 0x5C, 0x6E, 0xFF, 0x22], [0xFF],
        ] as [[UInt8]])
    func `invalid UTF-8 is rejected`(bytes: [UInt8]) {
        #expect(throws: JSONSyntaxError.self) { try JSONValue(parsing: bytes) }
    }

    @Test func `nesting is allowed to 64 levels`() throws {
        func nested(_ depth: Int) -> String {
            String(repeating: "[", count: depth) + String(repeating: "]", count: depth)
        }
        _ = try parse(nested(64))
        for depth in [65, 200_000] {
            let failure = #expect(throws: JSONSyntaxError.self) { try parse(nested(depth)) }
            #expect(failure?.reason.contains("deeper") == true)
        }
        #expect(throws: JSONSyntaxError.self) { try parse(String(repeating: "{\"a\":", count: 200_000)) }
    }

    @Test func `the length of numbers and the count of values are limited`() {
        #expect(throws: JSONSyntaxError.self) { try parse(String(repeating: "1", count: 200)) }
        let many = "[" + String(repeating: "0,", count: JSONValue.maximumValues) + "0]"
        let failure = #expect(throws: JSONSyntaxError.self) { try parse(many) }
        #expect(failure?.reason.contains("values") == true)
    }

    @Test func `written strings and documents survive a round trip`() throws {
        let text = "a\"b\\c\n\u{1}\u{7F}é😀/"
        for ascii in [false, true] {
            var written: [UInt8] = []
            JSONValue.write(text, ascii: ascii, to: &written)
            #expect(try JSONValue(parsing: written).string == text)
            #expect(written.allSatisfy { $0 < 0x7F } == ascii)
        }
        let document = JSONValue.object([
            .init(name: "a", value: .array([.integer(1), .object([]), .array([])])),
            .init(name: "b", value: .null),
        ])
        #expect(
            String(decoding: document.indented(), as: UTF8.self)
                == "{\n  \"a\": [\n    1,\n    {},\n    []\n  ],\n  \"b\": null\n}")
    }
}
