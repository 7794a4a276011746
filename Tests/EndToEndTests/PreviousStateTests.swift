import Files
import Foundation
import Glibc
import SgloradInterface
import SpoolForms
import TestSupport
import Testing
import Varlink

/// A state directory and a spool of an earlier release are opened, served and verified without loss.
///
/// The fixture was written by the daemon of commit c58e2ad, which was killed with requests queued and running and with a
/// file waiting in the spool. Its files belong to root.
@Suite(
    "State of the release before", .timeLimit(.minutes(20)), .needsModel,
    .enabled(if: geteuid() == 0, "needs root, which owns the fixture's files"))
struct PreviousStateTests {
    /// What the fixture contains, from `expected.json`.
    private struct Expected: Decodable, Sendable {
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
        }

        struct Request: Decodable, Hashable, Sendable {
            let id: String
            let state: String
            let label: String?

            var isOpen: Bool { state == "queued" || state == "running" }
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
        let spool: Spool
    }

    /// Everything that the daemon lists.
    private struct Listing: Equatable, Sendable {
        let experts: [Wire.Expert]
        let generators: [Wire.Generator]
        let adapters: [Wire.Adapter]
        let requests: [Wire.QueuedRequest]

        init(_ daemon: TestDaemon) async throws {
            experts = try await daemon.reply(Methods.ListExperts.Reply.self, "expert", "list").experts
            generators = try await daemon.reply(Methods.ListGenerators.Reply.self, "generator", "list")
                .generators
            adapters = try await daemon.reply(Methods.ListAdapters.Reply.self, "adapter", "list").adapters
            requests = try await daemon.reply(Methods.ListRequests.Reply.self, "queue", "list").requests
        }
    }

    private static let fixtures = Places.file("Tests/EndToEndTests/Fixtures")

    /// Retains everything of the fixture, although it was written long ago.
    private static let configuration = """
        queue:
          keepKeys: 365d
          keepRequests: 3650d
        privacy:
          keepLabels: 3650d
        spool:
          keepResults: 365d
          keepRejected: 365d
        """

    @Test("experts, generators, adapters, requests and the spool of commit c58e2ad are served")
    func served() async throws {
        let expected = try JSONDecoder().decode(
            Expected.self, from: Data(contentsOf: URL(filePath: "\(Self.fixtures)/expected.json")))
        try await withTemporaryFolder { folder in
            // -m sets the modification times to now, since the spool's retention goes by them.
            let unpacked = try await Program.run(
                "tar", ["-xmf", "\(Self.fixtures)/state-c58e2ad.tar.gz", "-C", folder])
            try #require(unpacked.status == 0, "\(unpacked.error)")
            let spool = TestSpool("\(folder)/spool")

            let listings = Collector<Listing>()
            try await Self.run(in: folder, spool) { daemon in
                try await Self.expectContent(expected, of: daemon)
                try await Self.expectOpenWork(expected, of: daemon, spool)
                try await Self.expectExport(expected, of: daemon)
                try await Self.expectSound(daemon)
                await listings.add(try await Listing(daemon))
            }
            try await Self.run(in: folder, spool) { daemon in
                let (before, after) = (await listings.all, try await Listing(daemon))
                #expect(before == [after], "a restart changes nothing")
                try await Self.expectForgetting(expected, at: daemon)
                try await Self.expectSound(daemon)
            }
            let audit = try await StateAudit(state: "\(folder)/state")
            #expect(audit.findings == [])
        }
    }

    private static func run(
        in folder: String, _ spool: TestSpool, _ body: @Sendable (TestDaemon) async throws -> Void
    ) async throws {
        let end = try await TestDaemon.run(
            in: folder, configuration: configuration, arguments: ["--spool", spool.path], body)
        #expect(end.status == 0, "\(end.log)")
    }

    /// Everything of the fixture is listed with its digests, states, pins and labels.
    private static func expectContent(_ expected: Expected, of daemon: TestDaemon) async throws {
        let listing = try await Listing(daemon)
        #expect(
            Set(listing.experts.map { Expected.Expert(name: $0.name, digest: $0.digest) }) == expected.experts
        )
        #expect(
            Set(listing.generators.map { Expected.Generator(id: $0.generatorId, state: $0.state) })
                == expected.generators)
        let adapters = listing.adapters.map { adapter in
            Expected.Adapter(
                id: adapter.adapterId, digest: adapter.digest, label: adapter.label,
                pinned: adapter.pinned ?? false)
        }
        #expect(expected.adapters.isSubset(of: adapters), "\(adapters)")
        for request in expected.requests {
            let found = try #require(listing.requests.first { $0.requestId == request.id }, "\(request)")
            #expect(found.label == request.label, "\(found)")
            if !request.isOpen { #expect(found.state == request.state, "\(found)") }
        }
        #expect(!listing.requests.contains { expected.forgotten.contains($0.requestId) })
    }

    /// Open requests and waiting files are answered; earlier results and rejected files are still there.
    private static func expectOpenWork(
        _ expected: Expected, of daemon: TestDaemon, _ spool: TestSpool
    ) async throws {
        for request in expected.requests where request.isOpen {
            let finished = try await daemon.finished(request.id)
            #expect(finished.state == "done" && finished.adapterId != nil, "\(finished)")
        }
        for name in expected.spool.waiting {
            let result = try await firstValue("the result \(name)") {
                try spool.result(Wire.SpoolResult.self, name)
            }
            #expect(result.state == .done, "\(name): \(result)")
        }
        try await eventually("the spool to be taken in") {
            spool.names("new").isEmpty && spool.names("taking").isEmpty
        }
        #expect(spool.names("done/0") == (expected.spool.done + expected.spool.waiting).sorted())
        #expect(spool.names("rejected/0") == expected.spool.rejected)
    }

    /// An adapter is exported with the content that its digests name.
    private static func expectExport(_ expected: Expected, of daemon: TestDaemon) async throws {
        let id = try #require(expected.adapters.first?.id)
        let adapter = try await daemon.reply(Methods.GetAdapter.Reply.self, "adapter", "show", id).adapter
        let exported = try await daemon.control("adapter", "export", id, "-o", "\(daemon.folder)/out")
        try #require(exported.status == 0, "\(exported.error)")
        #expect(!adapter.files.isEmpty)
        for file in adapter.files {
            let content = try Data(contentsOf: URL(filePath: "\(daemon.folder)/out/\(file.name)"))
            #expect(FileDigest.sha256(content) == file.digest, "\(file.name)")
        }
    }

    /// Verification finds nothing, and the daemon is healthy.
    private static func expectSound(_ daemon: TestDaemon) async throws {
        let verified = try await daemon.reply(Methods.VerifyCache.Reply.self, "cache", "verify")
        #expect(verified.problems.isEmpty, "\(verified.problems)")
        let status = try await daemon.reply(Methods.Status.Reply.self, "status")
        #expect(status.state == "ok", "\(status.conditions)")
    }

    /// A request of the fixture can be forgotten with its adapter.
    private static func expectForgetting(_ expected: Expected, at daemon: TestDaemon) async throws {
        let requests = try await Listing(daemon).requests
        let done = try #require(
            requests.first { request in
                expected.requests.contains { $0.id == request.requestId } && request.adapterId != nil
            })
        let forgotten = try await daemon.reply(Methods.Forget.Reply.self, "forget", done.requestId)
        #expect(forgotten.requests == [done.requestId])
        let left = try await Listing(daemon)
        #expect(!left.requests.contains { $0.requestId == done.requestId })
        #expect(!left.adapters.contains { $0.adapterId == done.adapterId })
    }
}
