import NIOCore
import Testing

@testable import ControlProtocol

/// Halves of surrogate pairs are no characters: a message with one is malformed, not one that is let in and then cannot be read.
@Suite struct SurrogateTests {
    private static func isCall(_ name: String) -> Bool {
        Message.call(ByteBuffer(string: #"{"method":"a.b","parameters":{"\#(name)":1}}"#)) != nil
    }

    @Test(arguments: [#"\ud83d\ude00"#, #"\uD83D\uDE00"#, #"\u00e9"#, #"\uffff"#, #"\ud7ff"#, #"\ue000"#])
    func aWholeCharacterIsTaken(_ name: String) { #expect(Self.isCall(name)) }

    @Test(arguments: [
        #"\ud83d"#, #"\ude00"#, #"\ud83d\ud83d"#, #"\ud83dx"#, #"\ud83d\n"#, #"\ud83d\u0041"#, #"\ud80b\"e"#,
        #"\ude00\ud83d"#, #"\ud83d\u"#,
    ])
    func halfAPairIsNot(_ name: String) { #expect(!Self.isCall(name)) }
}
