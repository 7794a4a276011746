import Files
import Foundation
import Glibc
import SgloradInterface
import SpoolForms
import TestSupport
import Testing
import Varlink

/// The state directory and spool of every earlier release are opened, served and verified without loss.
///
/// Each fixture was written by the daemon of its version, which was killed with requests queued and running and with a file
/// waiting in the spool: see `make state-fixture`. Their files belong to root.
@Suite(
    "States of earlier releases", .timeLimit(.minutes(20)), .needsModel,
    .enabled(if: geteuid() == 0, "needs root, which owns the fixtures' files"))
struct PreviousStateTests {
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
            requests = try await daemon.reply(
                Methods.ListRequests.Reply.self, "queue", "list", "--limit", "1000"
            ).requests
        }
    }

    @Test(
        "experts, generators, adapters, requests and the spool of an earlier release are served",
        arguments: StateFixture.all)
    func served(_ fixture: StateFixture) async throws {
        try await withTemporaryFolder { folder in
            try await fixture.unpack(into: folder)
            let spool = TestSpool("\(folder)/spool")

            let listings = Collector<Listing>()
            try await Self.run(in: folder, spool) { daemon in
                try await Self.expectContent(fixture.content, of: daemon)
                try await Self.expectOpenWork(fixture.content, of: daemon, spool)
                try await Self.expectExports(fixture.content, of: daemon)
                try await Self.expectSound(daemon)
                await listings.add(try await Listing(daemon))
            }
            try await Self.run(in: folder, spool) { daemon in
                let (before, after) = (await listings.all, try await Listing(daemon))
                #expect(before == [after], "a restart changes nothing")
                try await Self.expectNewRequest(fixture.content, at: daemon)
                try await Self.expectForgetting(fixture.content, at: daemon)
                try await Self.expectSound(daemon)
            }
            let audit = try await StateAudit(state: "\(folder)/state")
            #expect(audit.findings == [])
        }
    }

    @Test("there is a fixture of the first release and one that this version can be compared with")
    func fixtures() {
        #expect(StateFixture.all.count >= 2)
    }

    private static func run(
        in folder: String, _ spool: TestSpool, _ body: @Sendable (TestDaemon) async throws -> Void
    ) async throws {
        let end = try await TestDaemon.run(
            in: folder, configuration: StateFixture.configuration, arguments: ["--spool", spool.path], body)
        #expect(end.status == 0, "\(end.log)")
    }

    /// Everything of the fixture is listed with its digests, states, pins and labels.
    private static func expectContent(
        _ expected: StateFixture.Content, of daemon: TestDaemon
    ) async throws {
        let listing = try await Listing(daemon)
        #expect(Set(listing.experts.map { .init(name: $0.name, digest: $0.digest) }) == expected.experts)
        #expect(
            Set(listing.generators.map { .init(id: $0.generatorId, state: $0.state) }) == expected.generators)
        for adapter in expected.adapters {
            let found = try #require(listing.adapters.first { $0.adapterId == adapter.id }, "\(adapter)")
            #expect(found.digest == adapter.digest && found.label == adapter.label, "\(found)")
            #expect((found.pinned ?? false) == adapter.pinned, "\(found)")
            guard let files = adapter.files else { continue }
            let digests = Dictionary(uniqueKeysWithValues: found.files.map { ($0.name, $0.digest) })
            #expect(digests == files, "\(found)")
        }
        for request in expected.requests {
            let found = try #require(listing.requests.first { $0.requestId == request.id }, "\(request)")
            #expect(found.label == request.label, "\(found)")
            if !request.isOpen { #expect(found.state == request.state, "\(found)") }
        }
        #expect(!listing.requests.contains { expected.forgotten.contains($0.requestId) })
    }

    /// Open requests and waiting files are answered; earlier results and rejected files are still there.
    private static func expectOpenWork(
        _ expected: StateFixture.Content, of daemon: TestDaemon, _ spool: TestSpool
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

    /// Every adapter's files have the content that the fixture's had, and one can be exported.
    private static func expectExports(
        _ expected: StateFixture.Content, of daemon: TestDaemon
    ) async throws {
        for adapter in try await Listing(daemon).adapters {
            for file in adapter.files {
                let content = try Data(contentsOf: URL(filePath: "\(adapter.path)/\(file.name)"))
                #expect(FileDigest.sha256(content) == file.digest, "\(adapter.adapterId), \(file.name)")
            }
        }
        let id = try #require(expected.adapters.first?.id)
        let exported = try await daemon.control("adapter", "export", id, "-o", "\(daemon.folder)/out")
        #expect(exported.status == 0, "\(exported.error)")
    }

    /// Verification finds nothing, and the daemon is healthy.
    private static func expectSound(_ daemon: TestDaemon) async throws {
        let verified = try await daemon.reply(Methods.VerifyCache.Reply.self, "cache", "verify")
        #expect(verified.problems.isEmpty, "\(verified.problems)")
        let status = try await daemon.reply(Methods.Status.Reply.self, "status")
        #expect(status.state == "ok", "\(status.conditions)")
    }

    /// A new request is answered from the fixture's library, under each name of its base, and a repeated key names the first.
    private static func expectNewRequest(
        _ expected: StateFixture.Content, at daemon: TestDaemon
    ) async throws {
        let text = "route questions about trains and cards"
        for base in [nil] + (expected.formerBases ?? []).map(Optional.some) {
            let outcome = try await daemon.control(
                ["request", text, "--seed", "77", "--force", "--json"] + (base.map { ["--base", $0] } ?? []))
            let made = try outcome.decode(Methods.Request.Reply.self)
            #expect(made.request.state == "done" && made.adapter != nil, "\(made.request)")
        }
        for key in expected.keys ?? [] {
            let again = try await daemon.reply(
                Methods.Submit.Reply.self, "request", key.text, "--seed", "\(key.seed)", "--force",
                "--idempotency-key", key.key, "--no-wait")
            #expect(again.requestId == key.request)
        }
    }

    /// A request of the fixture can be forgotten with its adapter.
    private static func expectForgetting(
        _ expected: StateFixture.Content, at daemon: TestDaemon
    ) async throws {
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
