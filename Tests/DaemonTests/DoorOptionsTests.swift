import ErrorModel
import SgloradInterface
import TestSupport
import Testing
import Varlink

@testable import Adaptation
@testable import Daemon

@Suite("Limits and access options")
struct DoorOptionsTests {
    private let folder: TemporaryFolder

    init() throws { folder = try TemporaryFolder() }

    private func load(
        file: String? = nil, environment: [String: String] = [:]
    ) async throws -> DaemonOptions {
        var commandLine = CommandLineOptions()
        if let file { commandLine.configurationFile = try folder.write(file, to: "sglorad.yaml") }
        return try await DaemonOptions.load(commandLine, environment: environment)
    }

    @Test func `without any setting the designed limits apply`() async throws {
        let options = try await load()
        #expect(
            options.limits == ServerLimits(reservedForAdministrators: 16) && options.access == AccessOptions()
        )
        #expect(options.limits.messageLength == 16 << 20 && options.limits.halfMessage == .seconds(45))
        #expect(options.limits.connections == 2048 && options.limits.connectionsPerUser == 512)
    }

    @Test func `every limit can be set`() async throws {
        let options = try await load(
            file: """
                limits:
                  message: 1M
                  connections: 100
                  connectionsPerUser: 10
                  calls: 50
                  callsPerUser: 5
                  messageMemory: 8M
                  messageMemoryPerUser: 2097152
                  halfMessage: 5s
                  unreadReply: 1m
                """)
        #expect(
            options.limits
                == ServerLimits(
                    messageLength: 1 << 20, connections: 100, connectionsPerUser: 10, calls: 50,
                    callsPerUser: 5, reservedForAdministrators: 16,
                    messageMemory: 8 << 20, messageMemoryPerUser: 2 << 20, halfMessage: .seconds(5),
                    unreadReply: .seconds(60)))
        let said = try await load(environment: [
            "SGLORAD_LIMITS_CONNECTIONS_PER_USER": "7", "SGLORAD_LIMITS_MESSAGE": "64M",
        ])
        #expect(said.limits.connectionsPerUser == 7 && said.limits.messageLength == 64 << 20)
        // A longer message raises the message memory, so that it fits.
        #expect(said.limits.messageMemoryPerUser == 128 << 20)
    }

    @Test func `groups are given by name or by number`() async throws {
        let options = try await load(file: "access:\n  users: 4711\n  administrators: wheel\n")
        #expect(options.access == AccessOptions(users: "4711", administrators: "wheel"))
        #expect(options.publishGroup == nil)
        #expect(try await load(file: "publish:\n  group: 4712\n").publishGroup == "4712")
    }

    @Test(arguments: [
        ("limits:\n  message: 1\n", "limits.message"), ("limits:\n  message: 16MB\n", "limits.message"),
        ("limits:\n  message: 1T\n", "limits.message"), ("limits:\n  calls: 0\n", "limits.calls"),
        ("limits:\n  message: 1M\n  messageMemory: 1M\n", "limits.messageMemory"),
        ("limits:\n  messageMemoryPerUser: 99999999999999999999G\n", "limits.messageMemoryPerUser"),
        ("limits:\n  halfMessage: 0s\n", "limits.halfMessage"),
        ("access:\n  users: \"\"\n", "access.users"),
        ("access:\n  administrators: \"two words\"\n", "access.administrators"),
    ])
    func `an invalid value is reported`(file: String, field: String) async throws {
        let error = await #expect(throws: SgloradError.self) { try await load(file: file) }
        #expect(error?.parameters["field"] == .string(field))
    }

    @Test func `sizes are parsed and formatted`() {
        for (text, bytes) in [
            ("0", 0), ("1", 1), ("1023", 1023), ("1K", 1024), ("16M", 16 << 20), ("3G", 3 << 30),
        ] {
            #expect(SizeText.bytes(text) == bytes && SizeText.text(bytes) == text)
        }
        for text in ["", "K", "-1", "1.5M", "1 M", "1m", "9999999999999G", "0x10"] {
            #expect(SizeText.bytes(text) == nil, "\(text)")
        }
    }
}
