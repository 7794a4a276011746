import ErrorModel
import Foundation
import SemanticGuidance
import Testing

@Suite("GuidanceOptions")
struct GuidanceOptionsTests {
    private func refused(field: String, _ body: () throws -> some Any) {
        let error = #expect(throws: SgloradError.self) { _ = try body() }
        #expect(error?.code == .invalidIntent)
        #expect(error?.parameters["field"] == .string(field))
    }

    @Test(arguments: [Int.min, -1, 0, 1025, Int.max]) func `topK out of range is refused`(topK: Int) {
        refused(field: "topK") { try GuidanceOptions(topK: topK, temperature: 0.1, measure: .plain) }
    }

    @Test(arguments: [-0.1, 0, 0.99e-4, 1.001e4, Float.infinity, -.infinity, .nan])
    func `a temperature out of range is refused`(temperature: Float) {
        refused(field: "temperature") {
            try GuidanceOptions(topK: 4, temperature: temperature, measure: .plain)
        }
    }

    @Test func `the bounds of the ranges are valid`() throws {
        for (topK, temperature) in [(1, Float(1e-4)), (1024, 1e4)] {
            let options = try GuidanceOptions(topK: topK, temperature: temperature, measure: .centred)
            #expect(options.topK == topK && options.temperature == temperature)
        }
    }

    @Test func `the default is K = 8, temperature 0.1, centred`() throws {
        #expect(
            try GuidanceOptions.standard == GuidanceOptions(topK: 8, temperature: 0.1, measure: .centred))
    }

    @Test func `options round-trip through JSON, and JSON out of range is refused`() throws {
        let options = try GuidanceOptions(topK: 3, temperature: 0.25, measure: .plain)
        let text = String(decoding: try JSONEncoder().encode(options), as: UTF8.self)
        func decode(_ text: String) throws -> GuidanceOptions {
            try JSONDecoder().decode(GuidanceOptions.self, from: Data(text.utf8))
        }
        #expect(try decode(text) == options)
        for (right, wrong, field) in [
            ("\"topK\":3", "\"topK\":0", "topK"), ("\"topK\":3", "\"topK\":1025", "topK"),
            ("0.25", "-0.25", "temperature"),
        ] {
            let changed = text.replacingOccurrences(of: right, with: wrong)
            #expect(changed != text)
            refused(field: field) { try decode(changed) }
        }
        let measure = text.replacingOccurrences(of: "plain", with: "angular")
        #expect(throws: DecodingError.self) { try decode(measure) }
    }
}
