import Files
import Foundation
import Storage
import TestSupport
import Testing

@testable import Adaptation

@Suite("Tombstones")
struct TombstonesTests {
    private let folder: TemporaryFolder

    init() throws { folder = try TemporaryFolder() }

    @Test func `tombstones survive a restart and the restore of a backup`() throws {
        let state = try StateDirectory(root: folder("state"))
        let backup = folder("backup")
        try Tombstones(state).add(["r-0-a"])
        try FileManager.default.copyItem(atPath: state.root, toPath: backup)
        try Tombstones(state).add(["r-1-b", "r-0-a"])
        // Copied over the state directory, as docs/operations.md describes.
        for name in try FileManager.default.subpathsOfDirectory(atPath: backup) {
            let target = "\(state.root)/\(name)"
            guard !FileManager.default.fileExists(atPath: target) else { continue }
            try FileManager.default.copyItem(atPath: "\(backup)/\(name)", toPath: target)
        }
        let tombstones = try Tombstones(state)
        #expect(tombstones.contains("r-0-a") && tombstones.contains("r-1-b") && !tombstones.contains("r-2"))
        #expect(tombstones.all == ["r-0-a", "r-1-b"])
    }

    @Test(arguments: ["", "../lock", "a/b", ".", "R", String(repeating: "r", count: 128)])
    func `a name that is not an identifier never becomes a path`(name: String) throws {
        let state = try StateDirectory(root: folder("state"))
        let tombstones = try Tombstones(state)
        try tombstones.add([name])
        #expect(!tombstones.contains(name) && tombstones.all.isEmpty)
    }
}
