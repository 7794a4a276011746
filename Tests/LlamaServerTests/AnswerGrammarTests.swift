internal import LlamaServer
internal import Testing

@Suite struct AnswerGrammarTests {
    @Test func oneOfItsTextsIsAllowed() {
        #expect(
            AnswerGrammar.oneOf([" pay_bill\n", " lost card\n"])
                == "root ::= \" pay_bill\\x0A\" | \" lost card\\x0A\"")
    }

    @Test func noTextEndsItsLiteral() {
        let hostile = ["\" | .*", "a\\", "[^x]", "\r\nroot ::= .*", "é", "猫", "🐦", "\u{0}"]
        #expect(
            hostile.map { AnswerGrammar.oneOf([$0]) }
                == [
                    "root ::= \"\\x22 | .*\"", "root ::= \"a\\x5C\"", "root ::= \"\\x5B^x\\x5D\"",
                    "root ::= \"\\x0D\\x0Aroot ::= .*\"", "root ::= \"\\xE9\"", "root ::= \"\\u732B\"",
                    "root ::= \"\\U0001F426\"", "root ::= \"\\x00\"",
                ])
    }
}
