import ErrorModel
import Testing

@testable import SgloradCore

@Suite("Options that are wrong")
struct DaemonOptionsErrorTests {
    private let folder: TemporaryFolder

    init() throws { folder = try TemporaryFolder() }

    private func refusedField(
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
    func `a number of workers that cannot be is named`(workers: String) async throws {
        try await refusedField("workers", environment: ["SGLORAD_WORKERS": workers])
        guard !workers.isEmpty else { return }
        try await refusedField("workers", file: "workers: \(workers)\n")
    }

    @Test(arguments: ["0", "1000001", "all"])
    func `a queue's capacity that cannot be is named`(capacity: String) async throws {
        try await refusedField("queue.capacity", environment: ["SGLORAD_QUEUE_CAPACITY": capacity])
        try await refusedField("queue.capacity", file: "queue:\n  capacity: \(capacity)\n")
    }

    @Test(arguments: ["", "5", "m", "-5m", "1.5h", "5 m", "5w", "9s", "25h", "99999999999999999d"])
    func `a duration that cannot be is named`(lease: String) async throws {
        try await refusedField("queue.lease", environment: ["SGLORAD_QUEUE_LEASE": lease])
        guard !lease.isEmpty else { return }
        try await refusedField("queue.lease", file: "queue:\n  lease: \(lease)\n")
    }

    @Test(arguments: ["loud", "INFO", "", "warn"]) func `a log level that is none is named`(
        level: String
    ) async throws {
        try await refusedField("logLevel", commandLine: CommandLineOptions(logLevel: level))
        try await refusedField("logLevel", environment: ["SGLORAD_LOG_LEVEL": level])
    }

    @Test func `an empty path is named`() async throws {
        try await refusedField("stateDirectory", commandLine: CommandLineOptions(stateDirectory: ""))
        try await refusedField("socket", environment: ["SGLORAD_SOCKET": ""])
        try await refusedField("model", file: "model: \"\"\n")
    }

    @Test func `a value of another type is an error, not a default in silence`() async throws {
        try await refusedField("workers", file: "workers: [1, 2]\n")
        try await refusedField("socket", file: "socket: [/a, /b]\n")
    }

    @Test(arguments: ["a: [1, 2", "\t- x: :", "- a\n- b\n", "just a sentence"])
    func `a file that is no mapping in YAML is named`(content: String) async throws {
        let path = try folder.write(content, to: "sglorad.yaml")
        let error = await refusal(.invalidFile) {
            _ = try await DaemonOptions.load(
                CommandLineOptions(configurationFile: path), environment: [:])
        }
        #expect(error?.parameters["file"] == .string(path))
        #expect(error?.message.contains("Check that it exists and is YAML.") == true)
    }

    @Test func `a file that is not there is named`() async throws {
        let path = folder("missing.yaml")
        let error = await refusal(.invalidFile) {
            _ = try await DaemonOptions.load(
                CommandLineOptions(configurationFile: path), environment: [:])
        }
        #expect(error?.parameters["file"] == .string(path))
    }
}
