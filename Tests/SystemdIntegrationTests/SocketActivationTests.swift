import ErrorModel
import Glibc
import Testing

@testable import SystemdIntegration

@Suite("SocketActivation")
struct SocketActivationTests {
    private func take(_ environment: [String: String], first: Int32 = 3) throws(SgloradError)
        -> [SocketActivation.Socket]
    {
        try SocketActivation.descriptors(in: ProcessEnvironment(environment), first: first)
    }

    /// A Unix socket at the first free descriptor not below a given one.
    ///
    /// Open descriptors are never replaced, as other tests of this process own them.
    private func makeSocket(
        listens: Bool, kind: Int32 = Int32(SOCK_STREAM.rawValue), from lowest: Int32 = 3
    ) throws -> Int32 {
        let descriptor = socket(AF_UNIX, kind, 0)
        defer { close(descriptor) }
        if listens {
            var address = sockaddr_un()
            address.sun_family = sa_family_t(AF_UNIX)
            // Binding an address of the family alone makes the kernel choose an abstract name (unix(7)).
            let result = withUnsafePointer(to: &address) {
                $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { bind(descriptor, $0, 2) }
            }
            try #require(result == 0)
            try #require(listen(descriptor, 1) == 0)
        }
        let placed = fcntl(descriptor, F_DUPFD, lowest)
        try #require(placed >= lowest)
        return placed
    }

    /// Two listening sockets with consecutive descriptors, as the service manager passes them; returns the
    /// first.
    private func makeNeighbours() throws -> Int32 {
        while true {
            let first = try makeSocket(listens: true, from: 400)
            let second = try makeSocket(listens: true, from: first + 1)
            if second == first + 1 { return first }
            // The descriptor in between was taken by another test.
            close(first)
            close(second)
        }
    }

    @Test func `passed sockets are returned with their names, close-on-exec`() throws {
        let first = try makeNeighbours()
        defer { for descriptor in [first, first + 1] { close(descriptor) } }
        let own = ["LISTEN_PID": "\(getpid())", "LISTEN_FDS": "2"]
        #expect(try take(own, first: first).map(\.name) == ["unknown", "unknown"])
        let named = try take(own.merging(["LISTEN_FDNAMES": "control:"]) { $1 }, first: first)
        #expect(named.map(\.name) == ["control", "unknown"])
        #expect(named.map(\.descriptor) == [first, first + 1])
        #expect(fcntl(first, F_GETFD) & FD_CLOEXEC != 0)
    }

    @Test func `sockets for another process are ignored`() throws {
        #expect(try take([:]).isEmpty)
        #expect(try take(["LISTEN_FDS": "1"]).isEmpty)
        #expect(try take(["LISTEN_PID": "1", "LISTEN_FDS": "1"]).isEmpty)
        #expect(try take(["LISTEN_PID": "\(getpid())", "LISTEN_FDS": "0"]).isEmpty)
    }

    @Test(arguments: ["-1", "9999999999", "many", "257"]) func `an invalid LISTEN_FDS is refused`(
        count: String
    ) {
        #expect(throws: SgloradError.self) { try take(["LISTEN_PID": "\(getpid())", "LISTEN_FDS": count]) }
    }

    @Test func `descriptors that are not listening stream sockets are refused`() throws {
        /// The message of the error for one descriptor.
        func refusal(_ descriptor: Int32) -> String {
            let own = ["LISTEN_PID": "\(getpid())", "LISTEN_FDS": "1"]
            return #expect(throws: SgloradError.self) { try take(own, first: descriptor) }?.message ?? ""
        }
        // Above any limit on open files.
        #expect(refusal(.max).contains("not open"))
        let silent = try makeSocket(listens: false)
        defer { close(silent) }
        #expect(refusal(silent).contains("not a listening Unix stream socket"))
        let datagrams = try makeSocket(listens: false, kind: Int32(SOCK_DGRAM.rawValue))
        defer { close(datagrams) }
        #expect(refusal(datagrams).contains("not a listening Unix stream socket"))
    }
}
