import ErrorModel
import Foundation
import Spool
import TestSupport
import Testing

@testable import Daemon

/// YAML's null means that a key is not set, for every key.
@Suite("Null in the configuration file")
struct NullSettingsTests {
    private let folder: TemporaryFolder

    init() throws { folder = try TemporaryFolder() }

    private func load(_ file: String, environment: [String: String] = [:]) async throws -> DaemonOptions {
        try await DaemonOptions.load(
            CommandLineOptions(configurationFile: try folder.write(file, to: "sglorad.yaml")),
            environment: environment)
    }

    /// A file that sets each known key to the same text.
    private func file(settingEverythingTo value: String) async throws -> String {
        let keys = ConfigurationKeys()
        _ = try await DaemonOptions.load(CommandLineOptions(), environment: [:], keys: keys)
        var sections: [String: [String]] = [:]
        for key in keys.known {
            let parts = key.split(separator: ".").map(String.init)
            if parts.count == 1 { sections[""] = sections["", default: []] + ["\(key):\(value)"] }
            if parts.count == 2 {
                sections[parts[0]] = sections[parts[0], default: []] + ["  \(parts[1]):\(value)"]
            }
        }
        return sections.sorted { $0.key < $1.key }.map { name, lines in
            ((name.isEmpty ? [] : [name + ":"]) + lines).joined(separator: "\n") + "\n"
        }.joined()
    }

    @Test(arguments: ["", " ~", " null", " Null", " NULL", " !!null ''", " ~ # not set"])
    func `every key can be null`(null: String) async throws {
        let options = try await load(try await file(settingEverythingTo: null))
        let defaults = try await load("")
        #expect("\(options)" == "\(defaults)")
    }

    @Test(arguments: ["~\n", "null\n", "---\n", "--- ~\n", "# nothing\n---\n...\n", "spool: ~\nqueue:\n"])
    func `sections and the whole file can be null`(file: String) async throws {
        let (options, defaults) = (try await load(file), try await load(""))
        #expect("\(options)" == "\(defaults)")
    }

    @Test func `null leaves a key to its default, and the environment and other keys apply`() async throws {
        let options = try await load(
            "stateDirectory: &none ~\nsocket: *none\nspool:\n  directory: ~\n  keepResults: 2d\n",
            environment: ["SGLORAD_SOCKET": "/environment/socket"])
        #expect(options.stateDirectory == "/var/lib/sglorad" && options.socket == "/environment/socket")
        #expect(options.spool.directory == nil && options.spool.keepResults == .seconds(2 * 86_400))
    }

    @Test func `in quotation marks null is a text`() async throws {
        #expect(try await load("model: 'null'\n").model?.hasSuffix("/null") == true)
        await refusal(.invalidRequest) { _ = try await load("workers: 'null'\n") }
    }

    @Test(arguments: ["'~'", "~/models", "\"~user/models\""])
    func `a tilde is not expanded, so it is refused`(path: String) async throws {
        let error = await refusal(.invalidRequest) { _ = try await load("model: \(path)\n") }
        #expect(error?.message.contains("not expanded") == true)
        let said = path.trimmingCharacters(in: CharacterSet(charactersIn: "'\""))
        await refusal(.invalidRequest) { _ = try await load("", environment: ["SGLORAD_MODEL": said]) }
    }
}
