import ControlProtocol
import ErrorModel
import Foundation
import Glibc
import Logging
import Testing

@Suite(.timeLimit(.minutes(20))) struct SocketFileTests {
    @Test func hasItsModeAndIsRemoved() async throws {
        try await withTemporaryFolder { folder in
            let test = TestServer(path: "\(folder)/s")
            try await test.server.bind()
            var status = stat()
            #expect(lstat(test.path, &status) == 0)
            #expect(status.st_mode & 0o7777 == 0o600)
            test.server.shutdown()
            #expect(access(test.path, F_OK) != 0)
            try await test.server.run()
        }
    }

    @Test func replacesAFileLeftBehind() async throws {
        try await withTemporaryFolder { folder in
            let path = "\(folder)/s"
            try leaveBehind(path)
            await #expect(throws: ConnectionFailure(path: path, reason: .notListening)) {
                _ = try await VarlinkClient.connect(path: path)
            }
            let test = TestServer(path: path)
            try await test.server.bind()
            _ = try test.raw()
            test.server.shutdown()
            try await test.server.run()
        }
    }

    @Test func refusesAPathThatIsServed() async throws {
        try await TestServer.run { test in
            let error = await #expect(throws: SgloradError.self) {
                try await TestServer(path: test.path).server.bind()
            }
            #expect(error?.code == .alreadyExists)
            #expect(error?.message.contains("Another daemon serves") == true)
            let client = try await test.client()
            _ = try await client.call("org.example.test.Nothing", returning: Empty.self)
        }
    }

    @Test func leavesWhatIsNoSocket() async throws {
        try await withTemporaryFolder { folder in
            let path = "\(folder)/s"
            try Data("keep".utf8).write(to: URL(fileURLWithPath: path))
            let error = await #expect(throws: SgloradError.self) {
                try await TestServer(path: path).server.bind()
            }
            #expect(error?.code == .alreadyExists)
            #expect(try String(contentsOfFile: path, encoding: .utf8) == "keep")
        }
    }

    @Test func refusesAPathThatIsTooLongOrHasNoFolder() async throws {
        let long = "/tmp/" + String(repeating: "x", count: 103)
        let tooLong = await #expect(throws: SgloradError.self) {
            try await TestServer(path: long).server.bind()
        }
        #expect(tooLong?.code == .invalidRequest)
        let absent = await #expect(throws: SgloradError.self) {
            try await TestServer(path: "/tmp/sgl-no-such-folder/s").server.bind()
        }
        #expect(absent?.code == .storageFailure)
        await #expect(throws: ConnectionFailure(path: long, reason: .invalidPath)) {
            _ = try await VarlinkClient.connect(path: long)
        }
        let failure = await #expect(throws: ConnectionFailure.self) {
            _ = try await VarlinkClient.connect(path: "/tmp/sgl-no-such-folder/s")
        }
        #expect(failure?.reason == .noSocket)
        #expect(failure?.description.contains("systemctl start sglorad.socket") == true)
    }

    @Test func leavesTheSocketOfAnother() async throws {
        try await withTemporaryFolder { folder in
            let first = TestServer(path: "\(folder)/s")
            try await first.server.bind()
            unlink(first.path)
            let second = TestServer(path: first.path)
            try await second.server.bind()
            first.server.shutdown()
            #expect(access(second.path, F_OK) == 0)
            second.server.shutdown()
        }
    }

    @Test func servesASocketThatWasHandedOver() async throws {
        try await withTemporaryFolder { folder in
            let path = "\(folder)/s"
            let descriptor = try bindSocket(path)
            try #require(listen(descriptor, 16) == 0)
            let interface = TestInterface()
            let server = VarlinkServer(
                address: .descriptor(descriptor),
                information: ServiceInformation(vendor: "", product: "", version: "", url: ""),
                interfaces: [interface], logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() })
            try await server.bind()
            let running = Task { try await server.run() }
            let client = try await VarlinkClient.connect(path: path)
            #expect(
                try await client.call("org.example.test.Ping", Text(text: "x"), returning: Text.self).text
                    == "x")
            server.shutdown()
            try await running.value
            #expect(access(path, F_OK) == 0)
        }
    }

    /// Makes a socket file that nobody serves.
    private func leaveBehind(_ path: String) throws {
        close(try bindSocket(path))
    }

    private func bindSocket(_ path: String) throws -> Int32 {
        let descriptor = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue), 0)
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: Array(path.utf8)) }
        let result = withUnsafePointer(to: address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                bind(descriptor, $0, socklen_t(MemoryLayout<sockaddr_un>.size))
            }
        }
        try #require(result == 0)
        return descriptor
    }
}
