import ErrorModel
import Files
import Foundation
import TestSupport
import Testing

@Suite("StateDirectory")
struct StateDirectoryTests {
    private let folder: TemporaryFolder

    init() throws { folder = try TemporaryFolder() }

    @Test func `missing folders are created, closed to others`() throws {
        let state = try StateDirectory(root: folder("var/lib/sglorad"))
        #expect(
            try folder.entries == [
                "var", "var/lib", "var/lib/sglorad", "var/lib/sglorad/adapters", "var/lib/sglorad/private",
                "var/lib/sglorad/private/blobs", "var/lib/sglorad/private/embeddings",
                "var/lib/sglorad/private/owners",
                "var/lib/sglorad/private/temporary", "var/lib/sglorad/private/uploads",
            ])
        for entry in try folder.entries { #expect(try folder.mode(entry) == 0o700, "\(entry)") }
        #expect(state.blobs == state.closed + "/blobs" && state.uploads == state.closed + "/uploads")
        #expect(state.adapters == state.root + "/adapters" && state.temporary == state.closed + "/temporary")
        #expect(state.cacheDatabase == state.closed + "/cache.db")
        #expect(state.queueDatabase == state.closed + "/queue.db")
    }

    @Test func `existing files and modes stay unchanged`() throws {
        _ = try StateDirectory(root: folder("state"))
        try folder.write([1], to: "state/private/blobs/ab/abcd")
        try folder.write([1], to: "state/private/temporary/half")
        try FileManager.default.setAttributes(
            [.posixPermissions: 0o750], ofItemAtPath: folder("state/adapters"))
        let before = try folder.entries
        _ = try StateDirectory(root: folder("state"))
        #expect(try folder.entries == before)
        #expect(try folder.mode("state/adapters") == 0o750)
    }

    @Test func `a file in place of a folder is named`() throws {
        try folder.write([1], to: "file")
        try folder.write([1], to: "state/private/uploads")
        for (root, wrong) in [
            ("file", "file"), ("file/state", "file/state"), ("state", "state/private/uploads"),
        ] {
            let error = refusal(.storageFailure) { _ = try StateDirectory(root: folder(root)) }
            #expect(error?.parameters["path"] == .string(folder(wrong)))
            #expect(error?.message.contains("Check the path, its owner and the disk.") == true)
        }
    }

    @Test func `a link to a folder is accepted`() throws {
        try FileManager.default.createDirectory(
            atPath: folder("elsewhere"), withIntermediateDirectories: true)
        try FileManager.default.createSymbolicLink(
            atPath: folder("state"), withDestinationPath: folder("elsewhere"))
        _ = try StateDirectory(root: folder("state"))
        #expect(folder.has("elsewhere/private/blobs"))
    }

    @Test func `work in progress of an earlier run is removed, and nothing else`() throws {
        let state = try StateDirectory(root: folder("state"))
        for name in ["temporary/half", "temporary/a-1/adapter_config.json", "blobs/ab/abcd", "uploads/u-1"] {
            try folder.write([1], to: "state/private/" + name)
        }
        try FileManager.default.createSymbolicLink(
            atPath: folder("state/private/temporary/link"), withDestinationPath: folder("state/private/blobs")
        )
        state.sweepTemporary()
        #expect(Folder.entries(of: state.temporary).isEmpty)
        #expect(folder.has("state/private/temporary"))
        #expect(folder.has("state/private/blobs/ab/abcd") && folder.has("state/private/uploads/u-1"))
    }
}
