import ArgumentParser
import Testing

@testable import sglorad_ctl

/// Texts that begin with a hyphen, and texts without quotation marks.
@Suite struct DashedTextTests {
    /// The text that a command line means, as `request` reads it.
    private func text(_ words: [String]) throws -> String {
        let command = try SgloradControl.parseAsRoot(DashedText.marked(words))
        let request = try #require(command as? RequestCommand)
        return DashedText.restored(request.text)
    }

    @Test(arguments: [
        ["request", "-5 degrees"], ["request", "-5 degrees", "--seed", "7"],
        ["request", "--json", "-5 degrees"],
        ["request", "--label", "-5", "-5 degrees"], ["request", "--", "-5 degrees"],
        ["request", "--seed=7", "-5 degrees", "-o", "out"],
    ])
    func aTextMayBeginWithAHyphen(_ words: [String]) throws {
        #expect(try text(words) == "-5 degrees")
    }

    @Test(arguments: [
        ("-5", "-5"), ("-.5", "-.5"), ("-five degrees below", "-five degrees below"), ("-½", "-½"),
        ("--force is an option", "--force is an option"), ("-- what else?", "-- what else?"), ("-", "-"),
        ("a -5 b", "a -5 b"),
    ])
    func whatCannotBeAnOptionIsAText(word: String, expected: String) throws {
        #expect(try text(["request", word]) == expected)
    }

    @Test func labelsAndTheTextsOfOtherCommandsMayBeginWithOne() throws {
        let words = ["request", "x", "--label", "-5 degrees", "--idempotency-key", "-1"]
        let request = try #require(
            try SgloradControl.parseAsRoot(DashedText.marked(words)) as? RequestCommand)
        #expect(request.label.map(DashedText.restored) == "-5 degrees")
        #expect(request.idempotencyKey.map(DashedText.restored) == "-1")
        let encode = try #require(
            try SgloradControl.parseAsRoot(DashedText.marked(["encode", "a", "-5 b", "c"])) as? EncodeCommand)
        #expect(try IntentText.resolveLines(encode.texts) == ["a", "-5 b", "c"])
        #expect(DashedText.marked(["queue", "list", "-5 x"]) == ["queue", "list", "-5 x"])
        #expect(DashedText.marked(["request", "x", "--seed", "-5"]) == ["request", "x", "--seed", "-5"])
    }

    @Test(arguments: [
        ["request", "a", "b", "c"], ["explain", "a", "b"], ["request", "a", "--seed", "5", "b"],
    ])
    func aTextWithoutQuotationMarksIsAUsageErrorThatNamesThem(_ words: [String]) throws {
        let error = try #require(throws: (any Error).self) {
            _ = try SgloradControl.parseAsRoot(DashedText.marked(words))
        }
        #expect(SgloradControl.exitCode(for: error).rawValue == 64)
        #expect(SgloradControl.message(for: error).contains("quotation marks"))
    }

    @Test func anUnknownOptionGetsAHint() throws {
        let words = ["request", "-five"]
        let error = try #require(throws: (any Error).self) {
            _ = try SgloradControl.parseAsRoot(DashedText.marked(words))
        }
        let hint = DashedText.hint(words, error: SgloradControl.message(for: error))
        #expect(hint?.contains("request -- ") == true, "\(SgloradControl.message(for: error))")
        #expect(DashedText.hint(["status", "-x"], error: "Unknown option '-x'") == nil)
    }
}
