import ErrorModel
import TestSupport
import Testing

@testable import Daemon

@Suite("Invalid options")
struct DaemonOptionsErrorTests {
    private let folder: TemporaryFolder

    init() throws { folder = try TemporaryFolder() }

    private func expectInvalid(
        _ field: String, environment: [String: String] = [:], file: String? = nil,
        commandLine: CommandLineOptions = CommandLineOptions(), location: SourceLocation = #_sourceLocation
    ) async throws {
        var commandLine = commandLine
        if let file { commandLine.configurationFile = try folder.write(file, to: "sglorad.yaml") }
        let said = commandLine
        let error = await refusal(.invalidRequest, location) {
            _ = try await DaemonOptions.load(said, environment: environment)
        }
        #expect(error?.parameters["field"] == .string(field), sourceLocation: location)
    }

    @Test(arguments: ["0", "-1", "65", "many", "2.5", "", "99999999999999999999"])
    func `an invalid number of workers is reported`(workers: String) async throws {
        try await expectInvalid("workers", environment: ["SGLORAD_WORKERS": workers])
        guard !workers.isEmpty else { return }
        try await expectInvalid("workers", file: "workers: \(workers)\n")
    }

    @Test(arguments: ["0", "1000001", "all"])
    func `an invalid queue capacity is reported`(capacity: String) async throws {
        try await expectInvalid("queue.capacity", environment: ["SGLORAD_QUEUE_CAPACITY": capacity])
        try await expectInvalid("queue.capacity", file: "queue:\n  capacity: \(capacity)\n")
    }

    @Test(arguments: ["", "5", "m", "-5m", "1.5h", "5 m", "5w", "9s", "25h", "99999999999999999d"])
    func `an invalid duration is reported`(lease: String) async throws {
        try await expectInvalid("queue.lease", environment: ["SGLORAD_QUEUE_LEASE": lease])
        guard !lease.isEmpty else { return }
        try await expectInvalid("queue.lease", file: "queue:\n  lease: \(lease)\n")
    }

    @Test(arguments: ["loud", "INFO", "", "warn"]) func `an unknown log level is reported`(
        level: String
    ) async throws {
        try await expectInvalid("logLevel", commandLine: CommandLineOptions(logLevel: level))
        try await expectInvalid("logLevel", environment: ["SGLORAD_LOG_LEVEL": level])
    }

    @Test func `an empty path is reported`() async throws {
        try await expectInvalid("stateDirectory", commandLine: CommandLineOptions(stateDirectory: ""))
        try await expectInvalid("socket", environment: ["SGLORAD_SOCKET": ""])
        try await expectInvalid("model", file: "model: \"\"\n")
    }

    @Test func `a value of the wrong type is an error and does not fall back to the default`() async throws {
        try await expectInvalid("workers", file: "workers: [1, 2]\n")
        try await expectInvalid("socket", file: "socket: [/a, /b]\n")
    }

    @Test(arguments: ["a: [1, 2", "\t- x: :", "- a\n- b\n", "just a sentence"])
    func `a file that is not a YAML mapping is reported`(content: String) async throws {
        let path = try folder.write(content, to: "sglorad.yaml")
        let error = await refusal(.invalidFile) {
            _ = try await DaemonOptions.load(
                CommandLineOptions(configurationFile: path), environment: [:])
        }
        #expect(error?.parameters["file"] == .string(path))
        #expect(error?.message.contains("Check that it exists and is YAML.") == true)
    }

    @Test func `a missing file is reported`() async throws {
        let path = folder("missing.yaml")
        let error = await refusal(.invalidFile) {
            _ = try await DaemonOptions.load(
                CommandLineOptions(configurationFile: path), environment: [:])
        }
        #expect(error?.parameters["file"] == .string(path))
    }
}
