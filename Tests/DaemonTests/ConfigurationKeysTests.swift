import ErrorModel
import Foundation
import Spool
import TestSupport
import Testing

@testable import Daemon

@Suite("Configuration keys")
struct ConfigurationKeysTests {
    private let folder: TemporaryFolder

    init() throws { folder = try TemporaryFolder() }

    private func load(_ file: String) async throws -> DaemonOptions {
        try await DaemonOptions.load(
            CommandLineOptions(configurationFile: try folder.write(file, to: "sglorad.yaml")),
            environment: [:])
    }

    @Test(
        arguments: [
            ("queue:\n  capasity: 7\n", "queue.capasity", "queue.capacity"),
            ("loglevel: info\n", "loglevel", "logLevel"),
            ("spool:\n  keepRejekted: 1d\n", "spool.keepRejekted", "spool.keepRejected"),
            ("queue:\n  lease:\n    seconds: 60\n", "queue.lease.seconds", "queue.lease"),
            ("retainIntents: 1d\n", "retainIntents", "privacy.retainIntents"),
            ("nothing:\n", "nothing", ""),
        ])
    func `an unknown key is an error that suggests the nearest known one`(
        file: String, key: String, nearest: String
    ) async throws {
        let error = await #expect(throws: SgloradError.self) { try await load(file) }
        #expect(error?.code == .invalidFile)
        #expect(error?.message.contains("'\(key)'") == true, "\(String(describing: error))")
        #expect(
            nearest.isEmpty || error?.message.contains("'\(nearest)'") == true, "\(String(describing: error))"
        )
    }

    @Test(arguments: [
        "", "# nothing\n", "queue:\n#  capacity: 7\n", "queue: {}\n", "{}\n",
        "queue:\n  capacity: 7\nworkers: 2\n",
    ])
    func `a file may leave out keys`(file: String) async throws {
        _ = try await load(file)
    }

    @Test func `the shipped file is valid, and so are the defaults commented out in it`() async throws {
        let text = try String(contentsOfFile: Places.file("etc/sglorad.yaml"), encoding: .utf8)
        _ = try await load(text)
        // A line such as '#  capacity: 10000' shows a key with its default.
        let bare = text.split(separator: "\n", omittingEmptySubsequences: false).map { line in
            line.firstMatch(of: /^#( *[A-Za-z]+:( [^ ]+)?)$/).map { String($0.1) } ?? String(line)
        }.joined(separator: "\n")
        #expect(bare.contains("\n  capacity: 10000"))
        let (all, defaults) = (try await load(bare), DaemonOptions())
        #expect(all.queue == defaults.queue && all.cache == defaults.cache)
        #expect(all.precision == defaults.precision)
        #expect(all.limits == defaults.limits && all.access == defaults.access)
        #expect(all.spool.keepResults == defaults.spool.keepResults)
        #expect(all.publishGroup == "llama", "an example: this key has no default")
    }

    @Test func `docs/configuration.md lists exactly the known keys`() async throws {
        let page = try String(contentsOfFile: Places.file("docs/configuration.md"), encoding: .utf8)
        let documented = page.split(separator: "\n").compactMap { line in
            line.firstMatch(of: /^\| `([A-Za-z.]+)` \|/).map { String($0.1) }
        }
        let keys = ConfigurationKeys()
        _ = try await DaemonOptions.load(CommandLineOptions(), environment: [:], keys: keys)
        #expect(Set(documented) == keys.known)
        #expect(documented.count == Set(documented).count)
    }

    @Test func `docs/configuration.md states the actual defaults`() async throws {
        let page = try String(contentsOfFile: Places.file("docs/configuration.md"), encoding: .utf8)
        var environment: [String: String] = [:]
        for line in page.split(separator: "\n") {
            guard let row = line.firstMatch(of: /^\| `([A-Za-z.]+)` \|[^|]*\| `([^`]+)` \|/) else { continue }
            let words = row.1.replacing(".", with: "_").replacing(/[A-Z]/) { "_\($0.output)" }
            environment["SGLORAD_\(words.uppercased())"] = String(row.2)
        }
        #expect(environment.count > 25 && environment["SGLORAD_CACHE_MAXIMUM_BYTES_PER_USER"] == "2G")
        let said = try await DaemonOptions.load(CommandLineOptions(), environment: environment)
        let defaults = DaemonOptions()
        #expect(said.stateDirectory == defaults.stateDirectory && said.socket == defaults.socket)
        #expect(said.logLevel == defaults.logLevel && said.trainer == defaults.trainer)
        #expect(said.queue == defaults.queue && said.cache == defaults.cache)
        #expect(said.spool == defaults.spool && said.limits == defaults.limits)
        #expect(said.access == defaults.access)
    }

    @Test func `the distance of two texts is their edit distance`() {
        #expect(ConfigurationKeys.distance("", "abc") == 3 && ConfigurationKeys.distance("abc", "") == 3)
        #expect(ConfigurationKeys.distance("capacity", "capasity") == 1)
        #expect(ConfigurationKeys.distance("queue", "queue") == 0)
        #expect(ConfigurationKeys.distance("kitten", "sitting") == 3)
    }
}
