import Foundation
import Testing

@Suite(.timeLimit(.minutes(20))) struct PeerTests {
    private static let python = "/usr/bin/python3"
    private static let canChangeGroups = getuid() == 0 && FileManager.default.isExecutableFile(atPath: python)

    @Test(
        .enabled(if: canChangeGroups, "needs root and /usr/bin/python3 to start a process with other groups"),
        arguments: [[], [1234], [1234, 70_000], Array(1_000..<1_100)] as [[Int]])
    func `the supplementary groups of the peer are known`(_ groups: [Int]) async throws {
        try await TestServer.run { test in
            let script = """
                import os, socket
                os.setgroups(\(groups))
                s = socket.socket(socket.AF_UNIX)
                s.connect("\(test.path)")
                s.sendall(b'{"method":"org.example.test.Groups"}\\0')
                print(s.recv(65536).decode().rstrip("\\0"))
                """
            let pipe = Pipe()
            let process = Process()
            process.executableURL = URL(fileURLWithPath: Self.python)
            process.arguments = ["-c", script]
            process.standardOutput = pipe
            try process.run()
            #expect(await eventually { !process.isRunning })
            let output = String(decoding: pipe.fileHandleForReading.availableData, as: UTF8.self)
            let list = groups.map(String.init).joined(separator: ",")
            #expect(output == "{\"parameters\":{\"groups\":[\(list)]}}\n")
        }
    }
}
