import ErrorModel
import Files
import Foundation
import Glibc
import TestSupport
import Testing

@Suite("A state directory of an earlier version")
struct EarlierLayoutTests {
    private let folder: TemporaryFolder

    init() throws { folder = try TemporaryFolder() }

    /// Files of the earlier layout, by what they contain.
    private static let earlier = [
        "cache.db": "1", "cache.db-wal": "2", "queue.db": "3", "queue.db.count": "4", "time": "5",
        "idempotency.key": "6",
        "blobs/ab/abcd": "7", "uploads/u-1": "8", "damaged/x/reason": "9", "forgotten/a.list": "10",
        "adapters/1000/a-1.json": "1000", "adapters/1000/a-1/weights": "11", "adapters/1001/a-2.json": "1001",
    ]

    private func write(_ files: [String: String]) throws {
        for (name, content) in files { try folder.write(Array(content.utf8), to: "state/\(name)") }
    }

    /// A manifest in these tests is the number of its owner.
    private static func owner(_ path: String) -> UserID? {
        (try? String(contentsOfFile: path, encoding: .utf8)).flatMap { UInt32($0) }.map { UserID($0) }
    }

    private func adopt() throws -> StateDirectory {
        let state = try StateDirectory(root: folder("state"))
        try state.adoptEarlierLayout(ownerOf: Self.owner)
        return state
    }

    private func text(_ path: String) -> String? { try? String(contentsOfFile: path, encoding: .utf8) }

    /// Every file of the earlier layout is in its place.
    private func expectWhole(_ state: StateDirectory) throws {
        for (name, content) in Self.earlier where !name.hasPrefix("adapters/") {
            #expect(text(state.closed + "/" + name) == content, "\(name)")
        }
        #expect(text(state.owner(1000) + "/a-1/weights") == "11")
        #expect(
            text(state.owner(1000) + "/a-1.json") == "1000" && text(state.owner(1001) + "/a-2.json") == "1001"
        )
        #expect(Folder.entries(of: state.root) == ["adapters", "private"])
        let names = Folder.entries(of: state.adapters)
        #expect(names.count == 2 && names.allSatisfy { $0.count == 32 }, "\(names)")
    }

    @Test func `everything finds its place, and a second time nothing moves`() throws {
        try write(Self.earlier)
        let state = try adopt()
        try expectWhole(state)
        let paths = [state.owner(1000), state.owner(1001)]
        let again = try adopt()
        try expectWhole(again)
        #expect([again.owner(1000), again.owner(1001)] == paths)
    }

    @Test(arguments: 0..<Self.earlier.count)
    func `a move that was interrupted goes on`(moved: Int) throws {
        // Some files are already where they belong, whichever they are.
        let names = Self.earlier.keys.filter { !$0.hasPrefix("adapters/") }.sorted()
        for (index, name) in Self.earlier.keys.sorted().enumerated() {
            let isMoved = index < moved && names.contains(name) && !name.contains("/")
            try write([(isMoved ? "private/" : "") + name: Self.earlier[name] ?? ""])
        }
        try expectWhole(try adopt())
    }

    @Test func `two states in one directory are refused, and both stay`() throws {
        try write(["queue.db": "old", "private/queue.db": "new"])
        let error = refusal(.storageFailure) { _ = try adopt() }
        #expect(error?.message.contains("Keep the one that you want") == true)
        #expect(text(folder("state/queue.db")) == "old" && text(folder("state/private/queue.db")) == "new")
    }

    @Test func `a restored folder of a user joins the one that they have now`() throws {
        try write(Self.earlier)
        let now = try adopt().owner(1000)
        try write([
            "adapters/1000/a-1.json": "0", "adapters/1000/a-3/weights": "12",
            "adapters/1000/a-3.json": "1000",
        ])
        let state = try adopt()
        #expect(state.owner(1000) == now)
        #expect(text(now + "/a-1.json") == "1000" && text(now + "/a-3/weights") == "12")
        #expect(Folder.entries(of: state.adapters).count == 2)
    }

    @Test func `a restored backup of an earlier version joins what is there`() throws {
        try write(Self.earlier)
        _ = try adopt()
        try FileManager.default.removeItem(atPath: folder("state/private/queue.db"))
        try write([
            "queue.db": "old", "forgotten/b.list": "13", "blobs/ab/abcd": "same", "blobs/ab/ef": "14",
            "time": "15",
        ])
        let closed = try adopt().closed
        let expected = [
            "queue.db": "old", "forgotten/a.list": "10", "forgotten/b.list": "13", "blobs/ab/abcd": "same",
            "blobs/ab/ef": "14", "time": "15",
        ]
        for (name, content) in expected { #expect(text("\(closed)/\(name)") == content, "\(name)") }
        #expect(Folder.entries(of: folder("state")) == ["adapters", "private"])
    }

    @Test func `lost links are made again from the manifests`() throws {
        try write(Self.earlier)
        let paths = try [adopt().owner(1000), adopt().owner(1001)]
        try FileManager.default.removeItem(atPath: folder("state/private/owners"))
        let state = try adopt()
        #expect([state.owner(1000), state.owner(1001)] == paths)
    }

    @Test func `a user's folder has one name, whichever instance asks, and none by its number`() throws {
        let (one, other) = try (adopt(), adopt())
        let path = try one.userFolder(1002)
        #expect(try other.userFolder(1002) == path && one.owner(1002) == path)
        #expect(try adopt().owner(1002) == path && !path.hasSuffix("/1002"))
        #expect(one.owner(1003) != one.owner(1004))
    }

    @Test(arguments: ["../../adapters/..", "../../adapters/a/b", "/etc", "../../adapters/"])
    func `a link that leads elsewhere is not followed`(target: String) throws {
        let state = try adopt()
        try FileManager.default.createSymbolicLink(
            atPath: state.closed + "/owners/1000", withDestinationPath: target)
        let error = refusal(.storageFailure) { _ = try state.userFolder(1000) }
        #expect(error?.message.contains("Remove it") == true)
    }
}
