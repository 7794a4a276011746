import Foundation
import TestSupport
import Testing

/// The state directory and the spool that the daemon of an earlier version left, and what is in them.
///
/// `Fixtures/state-VERSION.tar.gz` and `.json`, made by `make state-fixture`.
struct StateFixture: CustomTestStringConvertible, Sendable {
    /// What a fixture contains.
    struct Content: Decodable, Sendable {
        struct Expert: Decodable, Hashable, Sendable {
            let name: String
            let digest: String
        }

        struct Generator: Decodable, Hashable, Sendable {
            let id: String
            let state: String
        }

        struct Adapter: Decodable, Hashable, Sendable {
            let id: String
            let digest: String
            let label: String?
            let pinned: Bool
            /// The SHA-256 of each file, by its name.
            let files: [String: String]?
        }

        struct Request: Decodable, Hashable, Sendable {
            let id: String
            let state: String
            let label: String?

            var isOpen: Bool { state == "queued" || state == "running" }
        }

        /// A request that was made with an idempotency key, and what to repeat.
        struct Key: Decodable, Sendable {
            let key: String
            let text: String
            let seed: Int
            let request: String
        }

        /// The names of the files in `new/`, and of those in `done/` and `rejected/` of the fixture's user.
        struct Spool: Decodable, Sendable {
            let waiting: [String]
            let done: [String]
            let rejected: [String]
        }

        let experts: Set<Expert>
        let generators: Set<Generator>
        /// The published adapters.
        ///
        /// One of an open request may have been published in addition.
        let adapters: Set<Adapter>
        let requests: Set<Request>
        /// Requests that were forgotten.
        let forgotten: Set<String>
        let keys: [Key]?
        /// Names under which the base is still known.
        let formerBases: [String]?
        let spool: Spool
    }

    /// The version or the commit that wrote it.
    let version: String
    let content: Content

    var testDescription: String { version }

    /// All fixtures, by the names of their files.
    static let all: [StateFixture] = {
        let names = (try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []
        return names.sorted().filter { $0.hasPrefix("state-") && $0.hasSuffix(".json") }.compactMap { name in
            guard let data = FileManager.default.contents(atPath: "\(folder)/\(name)"),
                let content = try? JSONDecoder().decode(Content.self, from: data)
            else {
                Issue.record("\(name) is not a fixture's description")
                return nil
            }
            return StateFixture(version: String(name.dropFirst(6).dropLast(5)), content: content)
        }
    }()

    private static let folder = Places.file("Tests/EndToEndTests/Fixtures")

    /// Retains everything of the fixtures, although they were written long ago.
    static let configuration = """
        queue:
          keepKeys: 365d
          keepRequests: 3650d
        privacy:
          keepLabels: 3650d
        spool:
          keepResults: 365d
          keepRejected: 365d
        """

    /// Extracts `state/` and `spool/` into a folder.
    func unpack(into folder: String) async throws {
        // -m sets the modification times to now, since the spool's retention goes by them.
        let unpacked = try await Program.run(
            "tar", ["-xmf", "\(Self.folder)/state-\(version).tar.gz", "-C", folder])
        try #require(unpacked.status == 0, "\(unpacked.error)")
    }
}
