import Foundation
import LinearAlgebra
import SgloradInterface
import TestSupport
import Testing

/// Adapters whose tensors are named after what was around the model, and dead ones: one import must not spoil a library.
@Suite("Imported names", .timeLimit(.minutes(20)), .needsModel)
struct ImportedNamesTests {
    /// Prefix, suffix and name of the tensors of wrapped models.
    private static let wrappers = [
        ("base_model.model._orig_mod.", "", ""), ("module.base_model.model.", "", ".default"),
        ("base_model.model.module.module.", "", ""),
        (
            "_fsdp_wrapped_module.base_model.model.", "._checkpoint_wrapped_module",
            ".default._fsdp_wrapped_module"
        ), ("base_model.model.base_model.model.", "", ".default"),
    ]

    @Test("names that training tools wrap are those of the model", arguments: wrappers)
    func wrapped(prefix: String, suffix: String, name: String) async throws {
        let wrapped = MadeAdapter(prefix: prefix, suffix: suffix, name: name)
        try await TestDaemon.run { daemon in
            let folder = try wrapped.write(to: "\(daemon.folder)/wrapped")
            let reply = try await daemon.reply(
                Methods.ImportExpert.Reply.self, "expert", "import", folder)
            #expect(reply.notes?.first?.contains("training tools") == true)
            try await daemon.importExperts(Places.twoExperts)
            let bases = try await daemon.reply(Methods.ListBases.Reply.self, "base", "list").bases
            #expect(bases.count == 1 && bases.first?.encodes == true)
            #expect(bases.first?.sites.map(\.path) == wrapped.paths.sorted())
            let made = try await daemon.reply(
                Methods.Request.Reply.self, "request", "plants", "--force", "-o", "\(daemon.folder)/out")
            #expect(made.adapter?.provenance.experts.count == 3)
        }
    }

    @Test("sites under a prefix are refused by name, and the library begins with the right ones")
    func prefixed() async throws {
        try await TestDaemon.run { daemon in
            for (index, prefix) in [
                "0.auto_model.", "bert.", "model.", "model.bert.", "0.auto_model.module.",
            ].enumerated() {
                for width in [384, 32] {
                    let folder = try MadeAdapter(
                        prefix: "base_model.model.\(prefix)", layers: 0..<2, width: width
                    ).write(to: "\(daemon.folder)/prefixed-\(index)-\(width)")
                    let outcome = try await daemon.control("expert", "import", folder)
                    #expect(outcome.status == 65, "\(outcome.output)")
                    for part in [
                        "under the prefix", "8 tensors", "base_model.model.\(prefix)encoder.layer.0",
                    ] {
                        #expect(outcome.error.contains(part), "\(outcome.error)")
                    }
                    let added = try await daemon.control("base", "add", "other", folder)
                    #expect(added.status == 65, "\(added.output)")
                }
            }
            let bases = try await daemon.reply(Methods.ListBases.Reply.self, "base", "list").bases
            #expect(bases.isEmpty, "none of them began a library")
            try await daemon.importExperts(Places.twoExperts)
            // Now the name is known, and the message still says what is in front of the sites.
            let late = try await daemon.control("expert", "import", "\(daemon.folder)/prefixed-1-384")
            #expect(late.status == 65 && late.error.contains("under the prefix 'bert.'"), "\(late.error)")
            // Another layout altogether: both sides' names are shown.
            let few = try MadeAdapter(layers: 0..<2).write(to: "\(daemon.folder)/few")
            let outcome = try await daemon.control("expert", "import", few)
            #expect(outcome.status == 65, "\(outcome.output)")
            #expect(
                outcome.error.contains("8 tensors") && outcome.error.contains("12 sites"), "\(outcome.error)")
            // Somebody who means it can have it.
            let meant = try await daemon.control(
                "expert", "import", "\(daemon.folder)/prefixed-1-384", "--base", "head", "--new-base")
            #expect(meant.status == 0, "\(meant.error)")
        }
    }

    @Test(
        "a dead adapter is refused and never a library's reference", arguments: ["B", "A", "constant", "NaN"])
    func dead(kind: String) async throws {
        let adapter = MadeAdapter { a, b, _ in
            switch kind {
            case "A": a = a.map { _ in 0 }
            case "B": b = b.map { _ in 0 }
            case "NaN": b[7] = .nan
            default: (a, b) = (a.map { _ in 0.01 }, b.map { _ in 0.01 })
            }
        }
        try await withTemporaryFolder { folder in
            let dead = try adapter.write(to: "\(folder)/dead")
            try await TestDaemon.run { daemon in
                let outcome = try await daemon.control("expert", "import", dead)
                let word = ["A": "lora_A is 0", "B": "lora_B is 0", "NaN": "index 7"][kind] ?? "not trained"
                #expect(outcome.status == 65 && outcome.error.contains(word), "\(outcome.error)")
                try await daemon.importExperts(Places.twoExperts)
                let list = try await daemon.reply(Methods.ListExperts.Reply.self, "expert", "list")
                #expect(list.experts.map(\.foreign) == [nil, nil])
            }
        }
    }

    @Test("a first expert that is dead at some sites does not make the others foreign")
    func partlyDead() async throws {
        try await withTemporaryFolder { folder in
            let partly = try MadeAdapter(seed: 3) { _, b, site in if site < 9 { b = b.map { _ in 0 } } }
                .write(to: "\(folder)/partly")
            let whole = try (4..<7).map { try MadeAdapter(seed: $0).write(to: "\(folder)/whole-\($0)") }
            let foreign = try MadeAdapter(seed: 9) { a, _, site in
                var random = CounterRandom(seed: 1000, stream: UInt64(site))
                a = random.gaussians(a.count).map { $0 * 0.03 }
            }.write(to: "\(folder)/zforeign")
            try await TestDaemon.run(experts: [partly, foreign] + whole) { daemon in
                let list = try await daemon.reply(Methods.ListExperts.Reply.self, "expert", "list")
                #expect(list.experts.map(\.foreign) == [nil, nil, nil, nil, true], "\(list.experts)")
                let checked = try await daemon.control("cache", "verify")
                #expect(checked.status == 0, "\(checked.output)")
            }
        }
    }
}
