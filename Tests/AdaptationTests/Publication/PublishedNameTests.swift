import ErrorModel
import Files
import TestSupport
import Testing

@testable import Adaptation

@Suite("The rule for published names")
struct PublishedNameTests {
    @Test func `a label is the owner's name, and others' after their number`() throws {
        #expect(try PublishedName("travel", of: 1000, owner: 1000).text == "travel")
        #expect(try PublishedName("travel", of: 1001, owner: 1000).text == "1001-travel")
        #expect(try PublishedName("travel", of: 1000, owner: nil).text == "1000-travel")
        #expect(try PublishedName("a", of: 0, owner: 0).text == "a")
        #expect(try PublishedName("7.b_c-d", of: 1000, owner: 1000).text == "7.b_c-d")
        #expect(PublishedName.label(of: "1001-travel", uid: 1001) == "travel")
        #expect(PublishedName.label(of: "travel", uid: 1000) == "travel")
    }

    /// Each would break or leave the preset file, the folder or the rule.
    static let hostile = [
        "*", "]", "a]", "[a", "a\nb", "a\rb", "a\u{2028}b", "a;b", "a#b", "a=b", "..", ".", ".a", "-a", "_a",
        "../a", "a/b",
        "/a", "a b", " a", "a ", "", "A", "Travel", "ä", "ａ", "a\0", "a\u{7F}", "a\u{301}", "~", "a,b", "a:b",
        "%2e",
        String(repeating: "a", count: 65),
    ]

    @Test(arguments: hostile)
    func `anything else is no name`(_ label: String) {
        for owner: UserID? in [1000, nil] {
            let error = refusal(.invalidRequest) { try PublishedName(label, of: 1000, owner: owner) }
            #expect(error?.parameters["field"] == .string("name"))
            #expect(error?.message.contains("a to z, 0 to 9") == true)
        }
        #expect(!PublishedName.isSound(label))
    }

    @Test func `the whole name has at most 64 bytes`() throws {
        let longest = String(repeating: "a", count: 64)
        #expect(try PublishedName(longest, of: 1000, owner: 1000).text == longest)
        let room = String(repeating: "a", count: 59)
        #expect(try PublishedName(room, of: 1000, owner: nil).text.utf8.count == 64)
        let error = refusal(.invalidRequest) { try PublishedName(room + "a", of: 1000, owner: nil) }
        #expect(error?.message.contains("1 to 59") == true)
    }

    @Test func `the owner's names are never those of others`() throws {
        refusal(.invalidRequest) { try PublishedName("1001-travel", of: 1000, owner: 1000) }
        refusal(.invalidRequest) { try PublishedName("0-a", of: 1000, owner: 1000) }
        #expect(try PublishedName("1001.travel", of: 1000, owner: 1000).text == "1001.travel")
        // Others' labels may look so: their own number comes first.
        #expect(try PublishedName("1000-travel", of: 1001, owner: 1000).text == "1001-1000-travel")
    }
}
