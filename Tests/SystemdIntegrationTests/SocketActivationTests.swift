import ErrorModel
import Glibc
import Testing

@testable import SystemdIntegration

@Suite(.serialized) struct SocketActivationTests {
    private func take(_ environment: [String: String], first: Int32 = 3) throws(SgloradError)
        -> [SocketActivation.Socket]
    {
        try SocketActivation.descriptors(in: ProcessEnvironment(environment), first: first)
    }

    /// A Unix socket at a descriptor far from those that are in use.
    private func makeSocket(listens: Bool, kind: Int32 = Int32(SOCK_STREAM.rawValue), at wanted: Int32) throws
    {
        let descriptor = socket(AF_UNIX, kind, 0)
        defer { close(descriptor) }
        if listens {
            var address = sockaddr_un()
            address.sun_family = sa_family_t(AF_UNIX)
            // An address of the family alone binds to an abstract name that the kernel chooses.
            let result = withUnsafePointer(to: &address) {
                $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { bind(descriptor, $0, 2) }
            }
            try #require(result == 0)
            try #require(listen(descriptor, 1) == 0)
        }
        try #require(dup2(descriptor, wanted) == wanted)
    }

    @Test func takesItsSockets() throws {
        for descriptor in [Int32(900), 901] { try makeSocket(listens: true, at: descriptor) }
        defer { for descriptor in [Int32(900), 901] { close(descriptor) } }
        let own = ["LISTEN_PID": "\(getpid())", "LISTEN_FDS": "2"]
        #expect(try take(own, first: 900).map(\.name) == ["unknown", "unknown"])
        let named = try take(own.merging(["LISTEN_FDNAMES": "control:"]) { $1 }, first: 900)
        #expect(named.map(\.name) == ["control", "unknown"])
        #expect(named.map(\.descriptor) == [900, 901])
        #expect(fcntl(900, F_GETFD) & FD_CLOEXEC != 0)
    }

    @Test func leavesWhatIsNotForIt() throws {
        #expect(try take([:]).isEmpty)
        #expect(try take(["LISTEN_FDS": "1"]).isEmpty)
        #expect(try take(["LISTEN_PID": "1", "LISTEN_FDS": "1"]).isEmpty)
        #expect(try take(["LISTEN_PID": "\(getpid())", "LISTEN_FDS": "0"]).isEmpty)
    }

    @Test(arguments: ["-1", "9999999999", "many", "257"]) func refusesANonsensicalCount(_ count: String) {
        #expect(throws: SgloradError.self) { try take(["LISTEN_PID": "\(getpid())", "LISTEN_FDS": count]) }
    }

    @Test func refusesWhatDoesNotListen() throws {
        let own = ["LISTEN_PID": "\(getpid())", "LISTEN_FDS": "1"]
        #expect(throws: SgloradError.self) { try take(own, first: 910) }
        try makeSocket(listens: false, at: 911)
        defer { close(911) }
        #expect(throws: SgloradError.self) { try take(own, first: 911) }
        try makeSocket(listens: false, kind: Int32(SOCK_DGRAM.rawValue), at: 912)
        defer { close(912) }
        #expect(throws: SgloradError.self) { try take(own, first: 912) }
    }
}
