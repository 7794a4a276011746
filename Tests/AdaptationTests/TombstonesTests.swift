import ErrorModel
import Files
import Foundation
import Storage
import TestSupport
import Testing

@testable import Adaptation

@Suite("Tombstones")
struct TombstonesTests {
    private let folder: TemporaryFolder
    private let state: StateDirectory
    private let clock = ManualClock()

    init() throws {
        folder = try TemporaryFolder()
        state = try StateDirectory(root: folder("state"))
    }

    private func open(keeping horizon: Duration = .seconds(1000)) throws -> Tombstones {
        try Tombstones(
            state, time: ServiceTime(state, clock: clock.clock()), keeping: horizon, progress: Unobserved())
    }

    private var names: [String] { Folder.entries(of: state.forgotten) }
    private var lists: [String] { names.filter { $0.hasSuffix(".list") } }

    /// The identifier of a request in the usual form.
    private static func id(_ number: Int) -> String {
        let digits = String(number, radix: 16)
        return "r-0f3a9b1c-7d2e-4f56-8a9b-" + String(repeating: "0", count: 12 - digits.count) + digits
    }

    @Test func `tombstones survive a restart and the restore of a backup`() throws {
        let backup = folder("backup")
        try open().add(["r-0-a", Self.id(1)])
        try FileManager.default.copyItem(atPath: state.root, toPath: backup)
        let later = try open()
        try later.add(["r-1-b", "r-0-a"])
        for number in 100..<200 { try later.add([Self.id(number)]) }
        // Copied over the state directory, as docs/operations.md describes, with what is there of the same name.
        let files = try FileManager.default.subpathsOfDirectory(atPath: backup)
        for name in files where name.hasPrefix("private/forgotten/") {
            try? FileManager.default.removeItem(atPath: "\(state.root)/\(name)")
            try FileManager.default.copyItem(atPath: "\(backup)/\(name)", toPath: "\(state.root)/\(name)")
        }
        let tombstones = try open()
        for id in ["r-0-a", "r-1-b", Self.id(1), Self.id(100), Self.id(199)] {
            #expect(tombstones.contains(id), "\(id)")
        }
        #expect(!tombstones.contains("r-2") && !tombstones.contains(Self.id(2)))
        #expect(tombstones.count == 103)
        tombstones.release()
        #expect(tombstones.count == 0)
    }

    @Test func `the number of files does not grow with that of erasures`() throws {
        let tombstones = try open()
        for number in 0..<400 {
            try tombstones.add([Self.id(number)])
            #expect(names.count <= Tombstones.mostLists)
        }
        let again = try open()
        #expect(again.count == 400 && (0..<400).allSatisfy { again.contains(Self.id($0)) })
        #expect(Folder.entries(of: state.temporary).isEmpty)
    }

    @Test func `the files of an earlier version are collected in one list`() throws {
        let old = state.forgotten
        try Folder.make(old)
        for number in 0..<500 { try DurableFile.write([], to: "\(old)/\(Self.id(number))") }
        try DurableFile.write([], to: "\(old)/Readme")
        let tombstones = try open()
        #expect(tombstones.count == 500 && (0..<500).allSatisfy { tombstones.contains(Self.id($0)) })
        #expect(lists.count == 1 && names.count == 2)
        #expect(try open().count == 500)
    }

    @Test func `a tombstone beyond the horizon is dropped, by the service's time`() throws {
        let tombstones = try open(keeping: .seconds(1000))
        try tombstones.add([Self.id(1)])
        clock.step(bySeconds: 1e9)
        clock.pass(.seconds(600))
        try tombstones.add([Self.id(2)])
        try tombstones.expire()
        #expect(try open().count == 2)
        clock.pass(.seconds(401))
        try tombstones.expire()
        let left = try open()
        #expect(left.count == 1 && left.contains(Self.id(2)))
        clock.pass(.seconds(1000))
        try left.expire()
        #expect(names.isEmpty)
    }

    @Test func `where the service's time was lost, tombstones age from then on`() throws {
        clock.pass(.seconds(1))
        let time = try ServiceTime(state, clock: clock.clock())
        clock.pass(.seconds(1_000_000))
        try time.save()
        try open().add([Self.id(1)])
        try FileManager.default.removeItem(atPath: state.serviceTime)
        let tombstones = try open(keeping: .seconds(1000))
        clock.pass(.seconds(999))
        try tombstones.expire()
        #expect(try open().count == 1)
        for number in 2..<40 { try tombstones.add([Self.id(number)]) }
        clock.pass(.seconds(2000))
        try open(keeping: .seconds(1000)).expire()
        #expect(try open().count == 0)
    }

    @Test(arguments: [3, 60, -10]) func `of a damaged list what can be read is kept, and it is reported`(
        place: Int
    ) throws {
        try open().add((0..<20).map(Self.id))
        let path = "\(state.forgotten)/\(lists[0])"
        var bytes = Array(try Data(contentsOf: URL(filePath: path)))
        bytes[place < 0 ? bytes.count + place : place] ^= 0x80
        try Data(bytes).write(to: URL(filePath: path))
        let tombstones = try open()
        #expect(tombstones.count >= 19)
        let items = Quarantine(state).items
        #expect(items.count == 1 && items.first?.reason.contains("forgotten") == true)
        #expect(try open().count == tombstones.count)
        #expect(Quarantine(state).items.count == 1)
    }

    @Test func `a cut list keeps its whole lines`() throws {
        try open().add((0..<20).map(Self.id))
        let path = "\(state.forgotten)/\(lists[0])"
        truncate(path, 500)
        let tombstones = try open()
        #expect(tombstones.count >= 10 && tombstones.contains(Self.id(0)))
    }

    @Test(arguments: ["", "../lock", "a/b", ".", "R", "a b", String(repeating: "r", count: 128)])
    func `a name that is not an identifier is no tombstone`(name: String) throws {
        let tombstones = try open()
        try tombstones.add([name])
        #expect(!tombstones.contains(name) && tombstones.count == 0 && names.isEmpty)
    }

    @Test func `identifiers of every form are found again`() throws {
        let ids = [
            Self.id(0), "r-ffffffff-ffff-ffff-ffff-ffffffffffff", "r-00000000-0000-0000-0000-000000000000",
            "r-FFFFFFFF", "r-ffffffff-ffff-ffff-ffff-fffffffffff", "x-ffffffff-ffff-ffff-ffff-ffffffffffff",
            "r-fffffffff-fff-ffff-ffff-ffffffffffff", "r-gfffffff-ffff-ffff-ffff-ffffffffffff",
        ]
        try open().add(ids)
        let tombstones = try open()
        for id in ids where TombstoneList.isIdentifier(id.utf8) {
            #expect(tombstones.contains(id), "\(id)")
        }
        #expect(tombstones.count == ids.count - 1)
        var index = TombstoneIndex()
        for id in ids.prefix(3) { index.add(id, age: 7) }
        var listed: [String] = []
        index.forEach { id, _ in listed.append(id) }
        #expect(listed == Array(ids.prefix(3)))
    }
}

/// Observes nothing.
struct Unobserved: StartObserver {
    func begin(_ what: String) {}
    func step() {}
}
