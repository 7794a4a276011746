import NIOCore
import Testing

@testable import Varlink

/// A lone surrogate is not a character: a message with one is malformed, rather than accepted and then
/// unreadable.
@Suite struct SurrogateTests {
    private static func isCall(_ name: String) -> Bool {
        Message.call(ByteBuffer(string: #"{"method":"a.b","parameters":{"\#(name)":1}}"#)) != nil
    }

    @Test(arguments: [#"\ud83d\ude00"#, #"\uD83D\uDE00"#, #"\u00e9"#, #"\uffff"#, #"\ud7ff"#, #"\ue000"#])
    func `a whole character is accepted`(_ name: String) { #expect(Self.isCall(name)) }

    @Test(arguments: [
        #"\ud83d"#, #"\ude00"#, #"\ud83d\ud83d"#, #"\ud83dx"#, #"\ud83d\n"#, #"\ud83d\u0041"#, #"\ud80b\"e"#,
        #"\ude00\ud83d"#, #"\ud83d\u"#,
    ])
    func `a lone surrogate is rejected`(_ name: String) { #expect(!Self.isCall(name)) }
}
