import ErrorModel
import Testing
import TextEncoding

/// Behaviour that needs only a tiny vocabulary.
@Suite("WordPiece tokenizer")
struct WordPieceTokenizerTests {
    private static let lines = [
        "[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "un", "##believ", "##able", "##believable", "a", "##b",
        "!",
        "cafe", "中", "文", "##é", "\u{1100}", "##\u{1161}", "i",
    ]

    private func tokens(_ text: String, limit: Int = 64) throws -> [String] {
        let tokenizer = try WordPieceTokenizer(vocabulary: Array(Self.lines.joined(separator: "\n").utf8))
        return tokenizer.tokenize(text, limit: limit).ids.map { Self.lines[Int($0)] }
    }

    @Test(
        "Texts are split into pieces",
        arguments: [
            ("", []), ("un", ["un"]), ("Unbelievable", ["un", "##believable"]), ("unable", ["un", "##able"]),
            ("unbelievab", ["[UNK]"]), ("a!a", ["a", "!", "a"]), ("CAFÉ cafe\u{301}", ["cafe", "cafe"]),
            ("中文", ["中", "文"]), ("a中a", ["a", "中", "a"]), ("가", ["\u{1100}", "##\u{1161}"]), ("İ", ["i"]),
            ("a\u{200B}b", ["a", "##b"]), ("a\u{0}\u{FFFD}b", ["a", "##b"]),
            ("a\u{A0}a\u{3000}a", ["a", "a", "a"]),
            ("a[MASK]a", ["a", "[MASK]", "a"]), ("[mask]", ["[UNK]", "[UNK]", "[UNK]"]),
            ("##b", ["[UNK]", "[UNK]", "[UNK]"]),
        ])
    func pieces(text: String, expected: [String]) throws {
        #expect(try tokens(text) == ["[CLS]"] + expected + ["[SEP]"])
    }

    @Test("A word of 100 characters is split, one of 101 is unknown")
    func longWords() throws {
        #expect(try tokens("a" + String(repeating: "b", count: 99), limit: 200).count == 102)
        #expect(
            try tokens("a" + String(repeating: "b", count: 100), limit: 200) == ["[CLS]", "[UNK]", "[SEP]"])
        #expect(
            try tokens(String(repeating: "\u{302E}", count: 5000) + " a") == ["[CLS]", "[UNK]", "a", "[SEP]"])
    }

    @Test("The limit includes the special tokens, and truncation is reported")
    func limit() throws {
        let tokenizer = try WordPieceTokenizer(vocabulary: Array(Self.lines.joined(separator: "\n").utf8))
        let whole = tokenizer.tokenize("a a a", limit: 5)
        #expect(whole.ids == [2, 9, 9, 9, 3] && !whole.truncated)
        let spaced = tokenizer.tokenize("a a a" + String(repeating: " ", count: 1000), limit: 5)
        #expect(spaced == whole)
        let cut = tokenizer.tokenize("a a a a", limit: 5)
        #expect(cut.ids == whole.ids && cut.truncated)
        let within = tokenizer.tokenize("a unbelievab unable", limit: 5)
        #expect(within.ids == [2, 9, 1, 5, 3] && within.truncated)
        #expect(tokenizer.tokenize("a", limit: 2).ids == [2, 3])
    }

    @Test("Long texts take linear time")
    func longText() throws {
        let tokenizer = try WordPieceTokenizer(vocabulary: Array(Self.lines.joined(separator: "\n").utf8))
        let megabyte = 1 << 20
        #expect(tokenizer.tokenize(String(repeating: "a ", count: megabyte / 2), limit: 256).truncated)
        #expect(tokenizer.tokenize(String(repeating: "a", count: megabyte), limit: 256).ids == [2, 1, 3])
        #expect(
            tokenizer.tokenize(String(repeating: "\u{301}", count: megabyte / 2), limit: 256).ids == [2, 3])
    }

    @Test("CR LF line ends are accepted, and the later of two equal lines wins")
    func vocabularyForms() throws {
        let returns = try WordPieceTokenizer(
            vocabulary: Array("[PAD]\r\n[UNK]\r\n[CLS]\r\n[SEP]\r\n[MASK]\r\na\r\n".utf8))
        #expect(returns.vocabularySize == 6)
        #expect(returns.tokenize("a", limit: 8).ids == [2, 5, 3])
        let twice = try WordPieceTokenizer(vocabulary: Array("[PAD]\n[UNK]\n[CLS]\n[SEP]\n[MASK]\na\na".utf8))
        #expect(twice.tokenize("a", limit: 8).ids == [2, 6, 3])
    }

    @Test("Special tokens can have other names", arguments: ["<s>"])
    func otherNames(classification: String) throws {
        let names = SpecialTokens(classification: classification)
        let tokenizer = try WordPieceTokenizer(
            vocabulary: Array("[PAD]\n[UNK]\n<s>\n[SEP]\n[MASK]\na".utf8), specialTokens: names)
        #expect(tokenizer.tokenize("a<s>a", limit: 8).ids == [2, 5, 2, 5, 3])
    }

    @Test("A vocabulary without a special token is rejected")
    func missingSpecialToken() throws {
        let error = try #require(throws: SgloradError.self) {
            try WordPieceTokenizer(vocabulary: Array("[PAD]\n[UNK]\n[CLS]\n[SEP]\na".utf8))
        }
        #expect(error.code == .invalidModel && error.message.contains("[MASK]"))
        #expect(throws: SgloradError.self) { try WordPieceTokenizer(vocabulary: []) }
    }
}
