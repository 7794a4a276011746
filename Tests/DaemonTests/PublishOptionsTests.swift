import Adaptation
import ErrorModel
import Files
import Foundation
import TestSupport
import Testing

@testable import Daemon

@Suite("What is published to model servers")
struct PublishOptionsTests {
    private let folder: TemporaryFolder

    init() throws { folder = try TemporaryFolder() }

    private func load(_ file: String, environment: [String: String] = [:]) async throws -> DaemonOptions {
        try await DaemonOptions.load(
            CommandLineOptions(configurationFile: try folder.write(file, to: "sglorad.yaml")),
            environment: environment)
    }

    @Test func `nothing is, unless a server is named`() async throws {
        #expect(try await load("").publish == PublishOptions())
        #expect(try await load("publish:\n  owner: root\n  automatic: true\n").publish.llamaServer == nil)
        #expect(try PublishOptions().resolved().isConfigured == false)
    }

    @Test func `every key can be set`() async throws {
        let publish = try await load(
            """
            publish:
              owner: root
              automatic: true
              namesPerUser: 7
              llamaServer:
                preset: /srv/preset.ini
                socket: /run/llama.sock
                arguments:
                  - ctx-size=2048
                  - parallel = 2
              peftDirectory: /srv/peft
              baseModelNames:
                - google/gemma-3-270m=/srv/models/gemma
            """
        ).publish
        #expect(
            publish
                == PublishOptions(
                    owner: "root", isAutomatic: true, namesPerUser: 7,
                    llamaServer: .init(
                        preset: "/srv/preset.ini", socket: "/run/llama.sock",
                        arguments: ["ctx-size=2048", "parallel = 2"]),
                    peftDirectory: "/srv/peft", baseModelNames: ["google/gemma-3-270m": "/srv/models/gemma"]))
        let resolved = try publish.resolved()
        #expect(
            resolved.owner == 0 && resolved.llamaServer?.arguments.map(\.name) == ["ctx-size", "parallel"])
        let said = try await load(
            "",
            environment: [
                "SGLORAD_PUBLISH_LLAMA_SERVER_SOCKET": "/run/x.sock", "SGLORAD_PUBLISH_AUTOMATIC": "true",
            ])
        #expect(said.publish.llamaServer?.socket == "/run/x.sock" && said.publish.isAutomatic)
        #expect(try said.publish.resolved().llamaServer?.arguments.map(\.value) == ["4096", "10"])
    }

    @Test(
        arguments: [
            ("publish:\n  namesPerUser: 0\n", "publish.namesPerUser"),
            ("publish:\n  automatic: perhaps\n", "publish.automatic"),
            (
                "publish:\n  llamaServer:\n    socket: /\(String(repeating: "a", count: 107))\n",
                "publish.llamaServer.socket"
            ),
            (
                "publish:\n  llamaServer:\n    arguments:\n      - ctx-size=1\n",
                "publish.llamaServer.arguments"
            ),
            (
                "publish:\n  llamaServer:\n    socket: /s\n    arguments:\n      - host=0.0.0.0\n",
                "publish.llamaServer.arguments"
            ),
            ("publish:\n  llamaServer:\n    socket: /s\n    arguments: 7\n", "publish.llamaServer.arguments"),
            ("publish:\n  baseModelNames:\n    - gemma\n", "publish.baseModelNames"),
        ])
    func `a value that does not fit is an error that names its key`(file: String, key: String) async throws {
        let error = await #expect(throws: SgloradError.self) { try await load(file) }
        #expect(error?.parameters["field"] == .string(key), "\(String(describing: error))")
    }

    @Test func `an owner whom the machine does not know is an error at the start`() throws {
        let error = refusal(.invalidRequest) {
            try PublishOptions(owner: "nobody-has-this-name").resolved()
        }
        #expect(error?.parameters["field"] == .string("publish.owner"))
    }
}
