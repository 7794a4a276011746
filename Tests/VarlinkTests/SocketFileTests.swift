import ErrorModel
import Foundation
import Glibc
import TestSupport
import Testing
import Varlink

@Suite(.timeLimit(.minutes(20))) struct SocketFileTests {
    @Test func `the socket file has its mode and is removed at shutdown`() async throws {
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

    @Test func `an orphaned socket file is replaced`() async throws {
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

    @Test func `a path that another server listens on is rejected`() async throws {
        try await TestServer.run { test in
            let error = await #expect(throws: SgloradError.self) {
                try await TestServer(path: test.path).server.bind()
            }
            #expect(error?.code == .alreadyExists)
            #expect(error?.message.contains("Another process already listens") == true)
            let client = try await test.client()
            _ = try await client.call("org.example.test.Nothing", returning: Empty.self)
        }
    }

    @Test func `a file that is not a socket is left alone`() async throws {
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

    @Test func `a path that is too long or has no folder is rejected`() async throws {
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
        #expect(failure?.description.contains("/tmp/sgl-no-such-folder/s does not exist") == true)
    }

    @Test func `the socket file of another server is left alone`() async throws {
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

    @Test func `a socket that was passed in is served`() async throws {
        try await withTemporaryFolder { folder in
            let path = "\(folder)/s"
            let descriptor = try UnixSocket.bound(to: path, kind: .stream)
            try #require(listen(descriptor, 16) == 0)
            let interface = TestInterface()
            let server = VarlinkServer(
                address: .descriptor(descriptor),
                information: ServiceInformation(vendor: "", product: "", version: "", url: ""),
                interfaces: [interface]
            ) { _, _ in }
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

    /// Creates a socket file that no process listens on.
    private func leaveBehind(_ path: String) throws {
        close(try UnixSocket.bound(to: path, kind: .stream))
    }
}
