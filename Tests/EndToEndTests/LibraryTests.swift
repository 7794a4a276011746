import Foundation
import SgloradInterface
import SpoolForms
import TestSupport
import Testing
import Varlink

/// The library and its generators as experts are added and removed.
@Suite("Library", .timeLimit(.minutes(20)), .needsModel)
struct LibraryTests {
    private static let intent = "match definitions of birds to their names"

    @Test("an added expert makes the generator stale, a removed one disables it")
    func snapshots() async throws {
        try await TestDaemon.run(experts: Places.fewExperts) { daemon in
            _ = try await daemon.control("generator", "train", "--steps", "30")
            try await daemon.importExperts(Places.experts("wn-herbs"))
            var list = try await daemon.reply(Methods.ListGenerators.Reply.self, "generator", "list")
            #expect(list.generators.map(\.state) == ["stale"])
            let stale = try await daemon.reply(
                Methods.Request.Reply.self, "request", Self.intent, "--strategy", "sg-lora")
            #expect(stale.adapter?.provenance.warnings?.contains { $0.contains("stale") } == true)
            #expect(stale.adapter?.provenance.experts.contains { $0.expert == "wn-herbs" } == false)

            let removed = try await daemon.reply(
                Methods.RemoveExpert.Reply.self, "expert", "remove", "wn-fish", "--derived")
            #expect(removed.disabledGenerators == list.generators.map(\.generatorId))
            #expect(removed.removedAdapters == [stale.adapter?.adapterId])
            list = try await daemon.reply(Methods.ListGenerators.Reply.self, "generator", "list")
            #expect(list.generators.map(\.state) == ["disabled"])
            #expect(list.generators.first?.reason?.contains("wn-fish") == true)
            let refused = try await daemon.control("request", Self.intent, "--strategy", "sg-lora")
            #expect(refused.status == 1 && refused.error.contains("disabled"), "\(refused.error)")
        }
    }

    @Test("importing an expert again changes nothing; another expert of the same name is rejected")
    func importAgain() async throws {
        try await TestDaemon.run(experts: Places.experts("wn-birds")) { daemon in
            let again = try await daemon.reply(
                Methods.ImportExpert.Reply.self, "expert", "import", "\(Places.zoo)/experts/wn-birds")
            #expect(again.unchanged == true)
            let other = try await daemon.control(
                "expert", "import", "\(Places.zoo)/experts/wn-fish", "--name", "wn-birds", "--description",
                "fish")
            #expect(other.status == 65)
            #expect(other.error.contains("already"), "\(other.error)")
            let list = try await daemon.reply(Methods.ListExperts.Reply.self, "expert", "list")
            #expect(list.experts.map(\.name) == ["wn-birds"])
            #expect(list.experts.first?.checkpoints == 4)
        }
    }

    @Test("an intent without a relevant expert is refused with the proximities, and answered with force")
    func irrelevantIntent() async throws {
        try await TestDaemon.run(experts: Places.fewExperts) { daemon in
            let nonsense = "qwxz vbnm plok jhgf"
            let refused = try await daemon.control("request", nonsense, "--json")
            #expect(refused.status == 2)
            #expect(refused.output.contains("io.sglorad.NoRelevantExpert"), "\(refused.output)")
            #expect(refused.output.contains("threshold") && refused.output.contains("nearest"))
            let explained = try await daemon.reply(Methods.Explain.Reply.self, "explain", nonsense)
            #expect(explained.wouldRefuse)
            #expect(explained.nearestProximity < explained.threshold)
            let forced = try await daemon.reply(Methods.Request.Reply.self, "request", nonsense, "--force")
            #expect(forced.adapter?.provenance.warnings?.contains { $0.contains("forced") } == true)
        }
    }

    @Test("a cancelled training leaves the earlier generator in use")
    func cancelTraining() async throws {
        try await TestDaemon.run(experts: Places.fewExperts) { daemon in
            _ = try await daemon.control("generator", "train", "--steps", "20")
            let before = try await daemon.reply(Methods.ListGenerators.Reply.self, "generator", "list")
            async let training = daemon.control("generator", "train", "--steps", "100000", "--seed", "5")
            var cancelled = false
            for _ in 0..<200 where !cancelled {
                try await Task.sleep(for: .milliseconds(50))
                let reply = try await daemon.reply(
                    Methods.CancelTraining.Reply.self, "generator", "cancel")
                cancelled = reply.cancelled
            }
            #expect(cancelled)
            let outcome = try await training
            #expect(outcome.status == 1)
            #expect(outcome.error.contains("earlier generator"), "\(outcome.error)")
            let after = try await daemon.reply(Methods.ListGenerators.Reply.self, "generator", "list")
            #expect(after.generators.map(\.generatorId) == before.generators.map(\.generatorId))
            #expect(daemon.files("private/temporary").isEmpty)
        }
    }
}
