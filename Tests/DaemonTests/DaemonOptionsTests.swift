import ErrorModel
import Foundation
import IntentQueue
import Logging
import TestSupport
import Testing
import TextEncoding

@testable import Daemon

@Suite("Daemon options")
struct DaemonOptionsTests {
    private let folder: TemporaryFolder

    init() throws { folder = try TemporaryFolder() }

    private func load(
        _ commandLine: CommandLineOptions = CommandLineOptions(), environment: [String: String] = [:],
        file: String? = nil
    ) async throws -> DaemonOptions {
        var commandLine = commandLine
        if let file { commandLine.configurationFile = try folder.write(file, to: "sglorad.yaml") }
        return try await DaemonOptions.load(commandLine, environment: environment)
    }

    @Test func `without any setting the defaults apply`() async throws {
        let options = try await load()
        #expect(options.stateDirectory == "/var/lib/sglorad")
        #expect(options.socket == "/run/sglorad/io.sglorad")
        #expect(options.model == nil && options.queue.capacity == 10_000)
        #expect(options.precision == .float32)
        #expect(options.logLevel == .info && options.trainer == "/proc/self/exe")
        #expect(options.workers == min(64, max(1, ProcessInfo.processInfo.activeProcessorCount)))
    }

    @Test func `every key can be set in the file`() async throws {
        let options = try await load(
            file: """
                # a comment
                stateDirectory: /srv/state
                socket: /srv/socket
                model: "/srv/a model"
                workers: 3
                queue:
                  capacity: 17
                logLevel: debug
                trainer: /srv/trainer
                """)
        #expect(options.stateDirectory == "/srv/state" && options.socket == "/srv/socket")
        #expect(options.model == "/srv/a model" && options.workers == 3 && options.queue.capacity == 17)
        #expect(options.logLevel == .debug && options.trainer == "/srv/trainer")
    }

    @Test func `the queue's limits and retention can be set`() async throws {
        #expect(try await load().queue == QueueOptions())
        let options = try await load(
            file: """
                queue:
                  perUser: 5
                  attempts: 7
                  lease: 10m
                  keepKeys: 36h
                  keepRequests: 2d
                privacy:
                  retainIntents: 90s
                """)
        #expect(
            options.queue
                == QueueOptions(
                    perUser: 5, attempts: 7, lease: .seconds(600), keepKeys: .seconds(36 * 3600),
                    keepRequests: .seconds(2 * 86_400), retainIntents: .seconds(90)))
        let said = try await load(environment: [
            "SGLORAD_QUEUE_PER_USER": "4", "SGLORAD_QUEUE_KEEP_KEYS": "1h",
            "SGLORAD_PRIVACY_RETAIN_INTENTS": "0s",
        ])
        #expect(said.queue == QueueOptions(perUser: 4, keepKeys: .seconds(3600)))
    }

    @Test func `every key can be set in the environment`() async throws {
        let options = try await load(environment: [
            "SGLORAD_STATE_DIRECTORY": "/srv/state", "SGLORAD_SOCKET": "/srv/socket",
            "SGLORAD_MODEL": "/srv/model", "SGLORAD_WORKERS": "64", "SGLORAD_QUEUE_CAPACITY": "1000000",
            "SGLORAD_LOG_LEVEL": "critical", "SGLORAD_TRAINER": "/srv/trainer",
            // Variables without the prefix belong to other programs.
            "SOCKET": "/other", "MODEL": "/other", "WORKERS": "1",
        ])
        #expect(options.stateDirectory == "/srv/state" && options.socket == "/srv/socket")
        #expect(options.model == "/srv/model" && options.workers == 64 && options.queue.capacity == 1_000_000)
        #expect(options.logLevel == .critical && options.trainer == "/srv/trainer")
    }

    @Test func `the command line overrides the environment, which overrides the file`() async throws {
        let file = "socket: /file/socket\nmodel: /file/model\nlogLevel: error\nstateDirectory: /file/state\n"
        let environment = [
            "SGLORAD_SOCKET": "/environment/socket", "SGLORAD_MODEL": "/environment/model",
            "SGLORAD_LOG_LEVEL": "notice",
        ]
        let options = try await load(
            CommandLineOptions(socket: "/line/socket", logLevel: "trace"), environment: environment,
            file: file)
        #expect(options.socket == "/line/socket" && options.logLevel == .trace)
        #expect(options.model == "/environment/model")
        #expect(options.stateDirectory == "/file/state")
        let all = try await load(
            CommandLineOptions(
                stateDirectory: "/line/state", socket: "/line/socket", model: "/line/model",
                logLevel: "warning"), environment: environment, file: file)
        #expect(all.stateDirectory == "/line/state" && all.model == "/line/model")
        #expect(all.logLevel == .warning)
    }

    @Test func `the text encoder's precision is one of three words`() async throws {
        #expect(try await load(file: "encoder:\n  precision: bf16\n").precision == .bfloat16)
        #expect(try await load(file: "encoder:\n  precision: f16\n").precision == .float16)
        #expect(try await load(environment: ["SGLORAD_ENCODER_PRECISION": "f32"]).precision == .float32)
        let error = await #expect(throws: SgloradError.self) {
            try await load(file: "encoder:\n  precision: fp8\n")
        }
        #expect(error?.parameters["field"] == .string("encoder.precision"))
        #expect(error?.message.contains("f32, bf16, f16") == true)
    }

    @Test func `relative paths become absolute, wherever they are set`() async throws {
        let here = FileManager.default.currentDirectoryPath
        let options = try await load(
            CommandLineOptions(stateDirectory: "state"), environment: ["SGLORAD_SOCKET": "run/s"],
            file: "model: models/minilm\n")
        #expect(options.stateDirectory == here + "/state" && options.socket == here + "/run/s")
        #expect(options.model == here + "/models/minilm" && options.trainer == "/proc/self/exe")
    }

    @Test func `the shipped file can be loaded`() async throws {
        let options = try await load(
            CommandLineOptions(configurationFile: Places.file("etc/sglorad.yaml")))
        #expect(options.stateDirectory == "/var/lib/sglorad" && options.queue.capacity == 10_000)
        #expect(options.model?.hasSuffix("/all-MiniLM-L6-v2") == true)
    }
}
