import Foundation
import SgloradInterface
import TestSupport
import Testing

/// Base models by several names, renamed, removed and emptied.
@Suite("Names of base models", .timeLimit(.minutes(20)), .needsModel)
struct BaseNameTests {
    private static let name = "sentence-transformers/all-MiniLM-L6-v2"

    private func bases(_ daemon: TestDaemon) async throws -> [Wire.Base] {
        try await daemon.reply(Methods.ListBases.Reply.self, "base", "list").bases
    }

    @Test("capitals, slashes, the hub's address and its cache are the same name; a path is asked about")
    func secondNames() async throws {
        try await TestDaemon.run(experts: Places.twoExperts) { daemon in
            let same = [
                "Sentence-Transformers/all-minilm-L6-v2", "\(Self.name)/",
                "https://huggingface.co/\(Self.name)",
                "/root/.cache/huggingface/hub/models--sentence-transformers--all-MiniLM-L6-v2/snapshots/c9745ed1d9f2",
            ]
            for (index, name) in same.enumerated() {
                let folder = try MadeAdapter(base: name, seed: UInt64(index)).write(
                    to: "\(daemon.folder)/same-\(index)")
                let reply = try await daemon.reply(
                    Methods.ImportExpert.Reply.self, "expert", "import", folder)
                #expect(reply.expert.base == Self.name && reply.baseCreated == nil)
                #expect(reply.notes?.first?.contains("is known here as") == true)
            }
            for (index, name) in ["/models/all-MiniLM-L6-v2", "mirror/all-MiniLM-L6-v2", "all-MiniLM-L6-v2"]
                .enumerated()
            {
                let folder = try MadeAdapter(base: name, seed: UInt64(10 + index))
                    .write(to: "\(daemon.folder)/other-\(index)")
                let refused = try await daemon.control("expert", "import", folder)
                #expect(refused.status == 65, "\(refused.output)")
                #expect(
                    refused.error.contains("--base '\(Self.name)'") && refused.error.contains("--new-base"))
                let taken = try await daemon.control("expert", "import", folder, "--base", Self.name)
                #expect(taken.status == 0, "\(taken.error)")
            }
            #expect(try await bases(daemon).map(\.name) == [Self.name])
            let made = try await daemon.control("request", "birds", "--force")
            #expect(made.status == 0, "\(made.error)")
        }
    }

    @Test("an empty base does not count, and can be removed; a base with experts only on purpose")
    func removal() async throws {
        try await TestDaemon.run(experts: Places.twoExperts) { daemon in
            let folder = try MadeAdapter(base: "/models/minilm").write(to: "\(daemon.folder)/second")
            let created = try await daemon.control("expert", "import", folder, "--new-base")
            #expect(created.status == 0, "\(created.error)")
            let ambiguous = try await daemon.control("request", "birds", "--force")
            #expect(ambiguous.status == 65 && ambiguous.error.contains("--base"), "\(ambiguous.error)")
            let full = try await daemon.control("base", "remove", "/models/minilm")
            #expect(full.status == 65 && full.error.contains("--with-experts"), "\(full.error)")
            let emptied = try await daemon.control("expert", "remove", "second", "--base", "/models/minilm")
            #expect(emptied.status == 0, "\(emptied.error)")
            let made = try await daemon.control("request", "birds", "--force")
            #expect(made.status == 0, "the only base with experts: \(made.error)")
            let removed = try await daemon.control("base", "remove", "/models/minilm")
            #expect(removed.status == 0 && removed.output.contains("0 experts"), "\(removed.error)")
            #expect(try await bases(daemon).map(\.name) == [Self.name])
            let all = try await daemon.control("base", "remove", Self.name, "--with-experts")
            #expect(all.status == 0 && all.output.contains("2 experts"), "\(all.output)")
            #expect(
                daemon.files("private/blobs").allSatisfy { !$0.contains("/") },
                "\(daemon.files("private/blobs"))")
            let unknown = try await daemon.control("base", "remove", "none")
            #expect(unknown.status == 65, "\(unknown.error)")
        }
    }

    @Test(
        "a renamed base keeps its experts, generators and requests, over a restart; the old name leads to it")
    func renaming() async throws {
        try await withTemporaryFolder { folder in
            let path = "/models/minilm"
            let experts = try (1...4).map {
                try MadeAdapter(base: path, seed: $0).write(
                    to: "\(folder)/e\($0)", describing: "match plants of kind \($0) to their names")
            }
            try await TestDaemon.run(in: folder) { daemon in
                try await daemon.importExperts(experts)
                let trained = try await daemon.control("generator", "train", "--steps", "10")
                #expect(trained.status == 0, "\(trained.error)")
                let digests = try await daemon.reply(Methods.ListExperts.Reply.self, "expert", "list")
                let renamed = try await daemon.reply(
                    Methods.RenameBase.Reply.self, "base", "rename", path, Self.name)
                #expect(renamed.base.formerNames == [path] && renamed.base.experts == 4)
                let now = try await daemon.reply(Methods.ListExperts.Reply.self, "expert", "list")
                #expect(now.experts.map(\.digest) == digests.experts.map(\.digest))
                #expect(now.experts.allSatisfy { $0.base == Self.name })
                let generators = try await daemon.reply(
                    Methods.ListGenerators.Reply.self, "generator", "list")
                #expect(generators.generators.map(\.state) == ["current"])
                #expect(generators.generators.map(\.base) == [Self.name])
                // The same folders again: nothing new, under the old name as well.
                let again = try await daemon.reply(
                    Methods.ImportExpert.Reply.self, "expert", "import", experts[0])
                #expect(again.unchanged == true)
                let made = try await daemon.control(
                    "request", "plants", "--force", "--base", path, "--strategy", "sg-lora", "-o",
                    "\(folder)/out")
                #expect(made.status == 0, "\(made.error)")
                let configuration = try String(
                    contentsOfFile: "\(folder)/out/adapter_config.json", encoding: .utf8)
                #expect(configuration.contains(Self.name) && !configuration.contains(path))
                let checked = try await daemon.control("cache", "verify")
                #expect(checked.status == 0, "\(checked.output)")
                let taken = try await daemon.control("base", "rename", Self.name, "")
                #expect(taken.status == 65, "\(taken.error)")
            }
            let end = try await TestDaemon.run(in: folder) { daemon in
                #expect(try await bases(daemon).map(\.name) == [Self.name])
                let next = try MadeAdapter(base: path, seed: 9).write(to: "\(folder)/next")
                let reply = try await daemon.reply(Methods.ImportExpert.Reply.self, "expert", "import", next)
                #expect(reply.expert.base == Self.name && reply.baseCreated == nil)
            }
            #expect(end.status == 0, "\(end.log)")
        }
    }

    @Test("a library whose last expert went begins anew, with other sites and another initialisation")
    func beginningAnew() async throws {
        try await TestDaemon.run { daemon in
            let first = try MadeAdapter(rank: 8, layers: 0..<2).write(to: "\(daemon.folder)/first")
            try await daemon.importExperts([first])
            let refused = try await daemon.control(["expert", "import"] + Places.twoExperts)
            #expect(refused.status == 65, "\(refused.output)")
            _ = try await daemon.control("expert", "remove", "first")
            let reply = try await daemon.reply(
                Methods.ImportExpert.Reply.self, "expert", "import", Places.twoExperts[0])
            #expect(reply.notes?.contains { $0.contains("began anew") } == true && reply.raisedRank == nil)
            try await daemon.importExperts([Places.twoExperts[1]])
            let list = try await daemon.reply(Methods.ListExperts.Reply.self, "expert", "list")
            #expect(list.experts.map(\.foreign) == [nil, nil])
            let now = try await bases(daemon)
            #expect(now.map(\.rank) == [4] && now.map(\.sites.count) == [12])
            // One blob an expert and the new reference.
            #expect(
                daemon.files("private/blobs").filter { $0.contains("/") && !$0.hasSuffix(".json") }.count == 3
            )
            let made = try await daemon.control("request", "birds", "--force")
            #expect(made.status == 0, "\(made.error)")
        }
    }
}
