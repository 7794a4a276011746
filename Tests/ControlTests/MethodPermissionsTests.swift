import Files
import SgloradInterface
import Testing
import Varlink

@testable import Control

@Suite("Method permissions")
struct MethodPermissionsTests {
    private let access = Access(
        AccessPolicy(own: 500, users: 100, administrators: 200), accounts: UserAccounts(file: "/dev/null"))

    private func isAllowed(_ name: Methods.Name?, gid: UInt32) -> Bool {
        (try? Methods.Name.authorise(name, Peer(uid: 1, gid: gid, pid: 1), access)) != nil
    }

    @Test(arguments: Methods.Name.allCases)
    func `a method is open from its standing upwards`(_ name: Methods.Name) {
        #expect(!isAllowed(name, gid: 7))
        #expect(isAllowed(name, gid: 100) == (name.standing <= .user))
        #expect(isAllowed(name, gid: 200))
    }

    @Test func `every method that changes the library or the generators is for administrators`() {
        let administrators = Methods.Name.allCases.filter { $0.standing == .administrator }
        #expect(
            Set(administrators) == [
                .addBase, .removeBase, .renameBase, .uploadFile, .importExpert, .removeExpert,
                .trainGenerator, .cancelTraining,
                .evaluateGenerator, .exportGenerator, .importGenerator, .removeGenerator, .verifyCache,
                .evictCache,
            ])
    }

    @Test func `a stranger is not told whether a method exists`() {
        #expect(!isAllowed(nil, gid: 7))
        #expect(isAllowed(nil, gid: 100))
    }
}
