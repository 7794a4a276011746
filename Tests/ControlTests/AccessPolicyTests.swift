import ErrorModel
import Foundation
import Logging
import SgloradInterface
import Testing
import Varlink

@testable import Control

@Suite("Access policy")
struct AccessPolicyTests {
    private let policy = AccessPolicy(own: 500, users: 100, administrators: 200)
    private let logger = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }

    private func standing(
        _ uid: UInt32, _ gid: UInt32 = 1000, _ groups: Set<UInt32> = [], by policy: AccessPolicy? = nil
    ) -> Standing {
        (policy ?? self.policy).standing(of: Peer(uid: uid, gid: gid, pid: 1, groups: groups))
    }

    @Test func `root, the daemon's own user and members of the administrators' group are administrators`() {
        #expect(standing(0) == .administrator && standing(500) == .administrator)
        #expect(standing(1, 200) == .administrator && standing(1, 1, [7, 200]) == .administrator)
        #expect(standing(1, 100, [200]) == .administrator)
    }

    @Test func `members of the users' group are users, by primary or supplementary group`() {
        #expect(standing(1, 100) == .user && standing(1, 1, [100, 3]) == .user)
        #expect(standing(1) == .anybody && standing(100) == .anybody && standing(200) == .anybody)
    }

    @Test func `without configured groups only root and the daemon's own user have access`() {
        let bare = AccessPolicy(own: 500, users: nil, administrators: nil)
        #expect(standing(0, by: bare) == .administrator && standing(500, by: bare) == .administrator)
        #expect(standing(1, 100, [200], by: bare) == .anybody)
    }

    @Test
    func `a peer with the kernel's overflow uid is a stranger, whatever its groups and the daemon's uid`() {
        let nobody = AccessPolicy(own: AccessPolicy.unnamed, users: 100, administrators: 200)
        #expect(standing(AccessPolicy.unnamed, 100, [200]) == .anybody)
        #expect(standing(AccessPolicy.unnamed, by: nobody) == .anybody)
    }

    @Test func `groups are given by name or by number`() throws {
        let policy = try AccessPolicy(users: "daemon", administrators: "60200", logger: logger)
        #expect(policy.own == geteuid() && policy.users == 1 && policy.administrators == 60_200)
        let absent = try AccessPolicy(users: "no-such-group-here", administrators: "nor this", logger: logger)
        #expect(absent.users == nil && absent.administrators == nil)
    }

    @Test(arguments: ["0", "root", "65534", "4294967295"])
    func `the groups root and nogroup are rejected`(_ group: String) {
        #expect(throws: SgloradError.self) {
            try AccessPolicy(users: group, administrators: "sglorad-admin", logger: logger)
        }
        #expect(throws: SgloradError.self) {
            try AccessPolicy(users: "sglorad-users", administrators: group, logger: logger)
        }
    }
}
