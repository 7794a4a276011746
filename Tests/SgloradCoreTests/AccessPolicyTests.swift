import ControlProtocol
import ErrorModel
import Foundation
import Logging
import Testing

@testable import SgloradCore

@Suite("Who may do what")
struct AccessPolicyTests {
    private let policy = AccessPolicy(own: 500, users: 100, administrators: 200)
    private let logger = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }

    private func standing(
        _ uid: UInt32, _ gid: UInt32 = 1000, _ groups: Set<UInt32> = [], by policy: AccessPolicy? = nil
    ) -> AccessPolicy.Standing {
        (policy ?? self.policy).standing(of: Peer(uid: uid, gid: gid, pid: 1, groups: groups))
    }

    @Test func `root, the daemon's own user and the administrators may everything`() {
        #expect(standing(0) == .administrator && standing(500) == .administrator)
        #expect(standing(1, 200) == .administrator && standing(1, 1, [7, 200]) == .administrator)
        #expect(standing(1, 100, [200]) == .administrator)
    }

    @Test func `users are those of the group, by whichever of their groups`() {
        #expect(standing(1, 100) == .user && standing(1, 1, [100, 3]) == .user)
        #expect(standing(1) == .stranger && standing(100) == .stranger && standing(200) == .stranger)
    }

    @Test func `without the groups only root and the daemon's own user may`() {
        let bare = AccessPolicy(own: 500, users: nil, administrators: nil)
        #expect(standing(0, by: bare) == .administrator && standing(500, by: bare) == .administrator)
        #expect(standing(1, 100, [200], by: bare) == .stranger)
    }

    @Test func `whom the kernel cannot name is a stranger, whatever the groups and whoever the daemon is`() {
        let nobody = AccessPolicy(own: AccessPolicy.unnamed, users: 100, administrators: 200)
        #expect(standing(AccessPolicy.unnamed, 100, [200]) == .stranger)
        #expect(standing(AccessPolicy.unnamed, by: nobody) == .stranger)
    }

    @Test func `groups are looked up by name or taken by number`() throws {
        let policy = try AccessPolicy(
            AccessOptions(users: "daemon", administrators: "60200"), logger: logger)
        #expect(policy.own == geteuid() && policy.users == 1 && policy.administrators == 60_200)
        let absent = try AccessPolicy(
            AccessOptions(users: "no-such-group-here", administrators: "nor this"), logger: logger)
        #expect(absent.users == nil && absent.administrators == nil)
    }

    @Test(arguments: ["0", "root", "65534", "4294967295"])
    func `a group that is nobody's own is refused`(_ group: String) {
        #expect(throws: SgloradError.self) {
            try AccessPolicy(AccessOptions(users: group), logger: logger)
        }
        #expect(throws: SgloradError.self) {
            try AccessPolicy(AccessOptions(administrators: group), logger: logger)
        }
    }
}
