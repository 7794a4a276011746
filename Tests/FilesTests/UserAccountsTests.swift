import Files
import Foundation
import TestSupport
import Testing

@Suite("UserAccounts")
struct UserAccountsTests {
    private let folder: TemporaryFolder

    init() throws { folder = try TemporaryFolder() }

    private func accounts(_ table: String) throws -> UserAccounts {
        try folder.write(Array(table.utf8), to: "subuid")
        return UserAccounts(file: folder("subuid"))
    }

    @Test func `every ID of a range counts as its owner, and no other does`() throws {
        let accounts = try accounts("1000:100000:65536\n1001:165536:65536\n")
        #expect(accounts.account(of: 100_000) == 1000)
        #expect(accounts.account(of: 165_535) == 1000)
        #expect(accounts.account(of: 165_536) == 1001)
        #expect(accounts.account(of: 231_071) == 1001)
        #expect(accounts.account(of: 231_072) == 231_072)
        #expect(accounts.account(of: 99_999) == 99_999)
        #expect(accounts.account(of: 1000) == 1000)
        #expect(accounts.account(of: 0) == 0)
    }

    @Test func `an owner may be given by name, and an unknown one has no range`() throws {
        let accounts = try accounts("nobody:200000:10\nno-such-user-here:300000:10\n")
        #expect(accounts.account(of: 200_009) == 65_534)
        #expect(accounts.account(of: 300_000) == 300_000)
    }

    @Test func `a range of root's is one account, but not root's`() throws {
        let accounts = try accounts("root:400000:1000\n0:500000:1000\n")
        #expect(accounts.account(of: 400_999) == 400_000)
        #expect(accounts.account(of: 500_001) == 500_000)
    }

    @Test func `the first of two lines that overlap has the ID`() throws {
        let accounts = try accounts("7:1000:100\n8:1050:100\n9:900:1000\n")
        #expect(accounts.account(of: 900) == 9)
        #expect(accounts.account(of: 1000) == 7)
        #expect(accounts.account(of: 1099) == 7)
        #expect(accounts.account(of: 1100) == 8)
        #expect(accounts.account(of: 1149) == 8)
        #expect(accounts.account(of: 1150) == 9)
        #expect(accounts.account(of: 1899) == 9)
        #expect(accounts.account(of: 1900) == 1900)
    }

    @Test(arguments: [
        "", "\n\n", "1000", "1000:1:2:3", "a:b:c", "1000:-1:5", "1000:10:0", ":::", "1000:99999999999:5",
        "# 1000:10:5", "\u{0}:\u{1}",
    ])
    func `a line that is no range is passed over`(_ line: String) throws {
        let accounts = try accounts(line + "\n1000:100:10\n")
        #expect(accounts.account(of: 105) == 1000)
        #expect(accounts.account(of: 12) == 12)
    }

    @Test func `a range to the end of all IDs does not overflow`() throws {
        let accounts = try accounts("1000:4294967290:4000000000\n")
        #expect(accounts.account(of: 4_294_967_294) == 1000)
        #expect(accounts.account(of: 5) == 5)
    }

    @Test func `a changed file is read again, an unchanged one is not, and a missing one means no ranges`()
        throws
    {
        let accounts = try accounts("1000:100:10\n")
        #expect(!accounts.refresh())
        try folder.write(Array("1000:100:10\n1001:200:10\n".utf8), to: "subuid")
        #expect(accounts.refresh())
        #expect(accounts.account(of: 205) == 1001)
        try FileManager.default.removeItem(atPath: folder("subuid"))
        #expect(accounts.refresh())
        #expect(accounts.account(of: 205) == 205)
        #expect(UserAccounts(file: folder("nothing")).account(of: 100) == 100)
    }
}
