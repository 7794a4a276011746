import ErrorModel
import Files
import Foundation
import Glibc
import TestSupport
import Testing

@Suite("The path to shared adapters")
struct SharedPathTests {
    private let folder: TemporaryFolder

    init() throws { folder = try TemporaryFolder() }

    @Test func `without adapters the state directory is closed, whatever its mode was`() throws {
        let state = try StateDirectory(root: folder("state"))
        #expect(chmod(state.root, 0o755) == 0 && chmod(state.adapters, 0o711) == 0)
        try state.openPathToAdapters()
        #expect(try folder.mode("state") == 0o700 && folder.mode("state/adapters") == 0o700)
    }

    @Test(.enabled(if: geteuid() == 0, "needs to be root"))
    func `only owners of adapters and the readers may pass`() throws {
        let state = try StateDirectory(root: folder("state"), readers: 60_100)
        _ = try state.userFolder(60_011)
        _ = try state.userFolder(60_012)
        for name in ["state", "state/adapters"] {
            // The mode's group bits are the access list's mask: to pass through, not to list.
            #expect(try folder.mode(name) == 0o710)
        }
        for name in ["state/private", "state/private/blobs", "state/private/owners"] {
            #expect(try folder.mode(name) == 0o700)
        }
        try StateDirectory(root: state.root).openPathToAdapters()
        #expect(try folder.mode("state") == 0o710)
    }
}
