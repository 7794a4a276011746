import AdapterFormats
import Foundation
import LinearAlgebra
import LowRank
import SgloradInterface
import SpoolForms
import TestSupport
import Testing
import Varlink

/// Libraries whose experts have arbitrary gauges: rotated, imbalanced, padded, or from another initialisation.
@Suite("Gauge", .timeLimit(.minutes(20)), .serialized, .needsModel)
struct GaugeTests {
    private static let intents = [
        "match definitions of lizards and snakes to their names",
        "route requests about hotels and flights to what the user wants",
        "answer questions about a lost bank card",
    ]
    private static let texts = [
        "a limbless scaly reptile", "snake", "i need a room for two nights", "book hotel",
        "my card was stolen yesterday", "lost or stolen card", "a woody plant with a trunk",
    ]

    /// The whole zoo where `shared` is available, else the example library.
    private static let zoo: [String] = {
        let folder = Places.hasShared("zoo") ? "\(Places.shared)/zoo" : "\(Places.zoo)/experts"
        let names = (try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []
        return names.sorted().map { "\(folder)/\($0)" }.filter {
            FileManager.default.fileExists(atPath: "\($0)/expert.json")
        }
    }()

    /// A library's embeddings of the texts: without an adapter, and per strategy and intent.
    private struct Embeddings: Sendable {
        var plain: [[Double]] = []
        var merged: [String: [[Double]]] = [:]
    }

    private static func embeddings(_ daemon: TestDaemon) async throws -> Embeddings {
        var outcome = Embeddings()
        let input = texts.joined(separator: "\n") + "\n"
        func embed(_ options: [String]) async throws -> [[Double]] {
            let result = try await daemon.control(["encode"] + options + ["--json"], input: input)
            try #require(result.status == 0, "\(result.error)")
            return try result.decode(Methods.Encode.Reply.self).embeddings.map(\.values)
        }
        outcome.plain = try await embed([])
        for strategy in ["weighted", "nearest", "mean"] {
            for intent in intents {
                let reply = try await daemon.reply(
                    Methods.Request.Reply.self, "request", intent, "--strategy", strategy, "--force")
                let id = try #require(reply.adapter?.adapterId)
                outcome.merged["\(strategy): \(intent)"] = try await embed(["--adapter", id])
            }
        }
        return outcome
    }

    /// ‖x − y‖ over all texts, relative to how far the adapter moves them from the plain embeddings.
    private static func difference(_ first: [[Double]], _ second: [[Double]], from plain: [[Double]])
        -> Double
    {
        func distance(_ one: [[Double]], _ two: [[Double]]) -> Double {
            zip(one.joined(), two.joined()).reduce(0) { $0 + ($1.0 - $1.1) * ($1.0 - $1.1) }.squareRoot()
        }
        return distance(first, second) / distance(second, plain)
    }

    @Test("random gauges and padding of the experts do not change what is merged")
    func scrambledLibrary() async throws {
        try await withTemporaryFolder { folder in
            let scrambled = try await onOwnThread { try Self.scrambledZoo(in: folder) }
            let outcomes = Collector<Embeddings>()
            for experts in [Self.zoo, scrambled] {
                try await TestDaemon.run(experts: experts) { daemon in
                    let list = try await daemon.reply(Methods.ListExperts.Reply.self, "expert", "list")
                    #expect(list.experts.count == experts.count)
                    #expect(list.experts.allSatisfy { $0.foreign == nil })
                    let bases = try await daemon.reply(Methods.ListBases.Reply.self, "base", "list")
                    #expect(bases.bases.map(\.rank) == [4], "padding with zeros does not raise the rank")
                    await outcomes.add(try await Self.embeddings(daemon))
                }
            }
            let (untouched, found) = (await outcomes.all[0], await outcomes.all[1])
            for (name, merged) in untouched.merged.sorted(by: { $0.key < $1.key }) {
                let other = try #require(found.merged[name])
                let difference = Self.difference(other, merged, from: untouched.plain)
                print("gauge: \(name): \(difference)")
                // A single expert needs no gauge. The others' gauges are known only as well as their common
                // initialisation of A, which training moved by about half its norm, and which fewer experts tell less
                // well: the example library has 28, the zoo 68.
                let bound = name.hasPrefix("nearest") ? 1e-3 : Places.hasShared("zoo") ? 0.1 : 0.15
                #expect(difference < bound, "\(name)")
            }
        }
    }

    /// The zoo with a random gauge for every expert, and every third padded to rank 8.
    private static func scrambledZoo(in folder: String) throws -> [String] {
        try zoo.enumerated().map { index, expert in
            let target = "\(folder)/\(URL(filePath: expert).lastPathComponent)"
            try ScrambledExperts.write(
                expert, to: target, .init(seed: UInt64(index), rank: index % 3 == 1 ? 8 : 4))
            return target
        }
    }

    private static let judgesRecall =
        ProcessInfo.processInfo.environment["SGLORAD_GAUGE"] == "1" && Places.hasShared("tasks")

    /// Each method's recall@1 on the held-out tasks, with a generator trained on the given library.
    private static func recall(
        _ experts: [String], _ recorder: Collector<[String: Double]>
    ) async throws {
        try await TestDaemon.run(experts: experts) { daemon in
            let trained = try await daemon.control("generator", "train")
            try #require(trained.status == 0, "\(trained.error)")
            let reply = try await daemon.reply(
                Methods.EvaluateGenerator.Reply.self, "generator", "evaluate", "--tasks",
                "\(Places.shared)/tasks", "--held-out")
            let groups = try #require(reply.report?.parts.first?.groups)
            let all = try #require(groups.first { $0.family == nil })
            await recorder.add(
                Dictionary(uniqueKeysWithValues: all.methods.map { ($0.method, $0.recallAt1.mean) }))
        }
    }

    @Test(
        "random gauges change the recall of every method by less than a percentage point",
        .enabled(if: judgesRecall, "takes minutes and the tasks in ../shared: make gauge"))
    func scrambledRecall() async throws {
        try await withTemporaryFolder { folder in
            let recorder = Collector<[String: Double]>()
            try await Self.recall(Self.zoo, recorder)
            try await Self.recall(try Self.scrambledZoo(in: folder), recorder)
            let (untouched, found) = (await recorder.all[0], await recorder.all[1])
            #expect(untouched.count >= 12 && found.keys == untouched.keys)
            for (method, recall) in untouched.sorted(by: { $0.key < $1.key }) {
                let other = try #require(found[method])
                print("gauge: recall@1 of \(method): \(recall), scrambled \(other)")
                #expect(abs(other - recall) <= 0.01, "\(method)")
            }
        }
    }

    @Test("an expert from another initialisation is marked as foreign and merged by its ΔW")
    func foreignExpert() async throws {
        try await withTemporaryFolder { folder in
            let source = Places.experts("wn-fish")[0]
            try ScrambledExperts.write(
                source, to: "\(folder)/wn-fish", .init(seed: 5, noise: 3))
            try await TestDaemon.run(experts: Places.experts("wn-birds") + ["\(folder)/wn-fish"]) { daemon in
                let list = try await daemon.reply(Methods.ListExperts.Reply.self, "expert", "list")
                #expect(list.experts.map(\.foreign) == [nil, true])
                let shown = try await daemon.control("expert", "show", "wn-fish")
                #expect(shown.output.contains("another initialisation"), "\(shown.output)")
                let reply = try await daemon.reply(
                    Methods.Request.Reply.self, "request", "match definitions of sharks to their names",
                    "--strategy", "weighted", "-o", "\(folder)/out")
                let weights = try #require(reply.adapter?.provenance.experts)
                var parts: [(weight: Double, change: [DoubleMatrix])] = []
                for guide in weights {
                    let path = guide.expert == "wn-fish" ? "\(folder)/wn-fish" : Places.experts("wn-birds")[0]
                    parts.append((guide.weight, try Self.meanChange(path)))
                }
                let made = try PEFTFolder.read(directory: "\(folder)/out").checkpoints[0].factors
                for (site, factor) in made.enumerated() {
                    let sum = Self.sum(parts.map { ($0.weight, $0.change[site]) })
                    let found = Self.change(factor)
                    let error = Self.sum([(1, found), (-1, sum)]).squaredNorm
                    let gram = sum.multiplied(by: sum, transposeSelf: true)
                    let least = try SymmetricEigen(gram.values, order: gram.rows).values.dropFirst(4)
                        .reduce(0) { $0 + max($1, 0) }
                    #expect(abs(error - least) < 1e-3 * sum.squaredNorm, "\(factor.site.path)")
                }
                let trained = try await daemon.control("generator", "train", "--steps", "20")
                #expect(trained.error.contains("at least two"), "the foreign expert does not count")
            }
        }
    }

    @Test("an expert of a higher rank raises the library's rank atomically and disables its generators")
    func higherRank() async throws {
        try await withTemporaryFolder { folder in
            try ScrambledExperts.write(
                Places.experts("wn-fish")[0], to: "\(folder)/wide", .init(seed: 9, rank: 6))
            // Uses all six directions, including the two padded ones.
            try Self.widen("\(folder)/wide")
            try await TestDaemon.run(experts: Places.experts("wn-birds", "wn-insects")) { daemon in
                _ = try await daemon.control("generator", "train", "--steps", "20")
                let before = try await daemon.reply(
                    Methods.Request.Reply.self, "request", "birds", "--strategy", "nearest", "--force", "-o",
                    "\(folder)/before")
                #expect(before.adapter?.provenance.experts.first?.expert == "wn-birds")
                let blobs = Self.blobs(daemon)
                let reply = try await daemon.reply(
                    Methods.ImportExpert.Reply.self, "expert", "import", "\(folder)/wide", "--name", "wide")
                #expect(reply.raisedRank == 6 && reply.expert.foreign == true)
                let bases = try await daemon.reply(Methods.ListBases.Reply.self, "base", "list")
                #expect(bases.bases.map(\.rank) == [6])
                let generators = try await daemon.reply(
                    Methods.ListGenerators.Reply.self, "generator", "list")
                #expect(generators.generators.map(\.state) == ["disabled"])
                #expect(generators.generators.first?.reason?.contains("rank is 6 now, and was 4") == true)
                _ = try await daemon.reply(
                    Methods.Request.Reply.self, "request", "birds", "--strategy", "nearest", "--force", "-o",
                    "\(folder)/after")
                let made = try ["before", "after"].map {
                    try PEFTFolder.read(directory: "\(folder)/\($0)").checkpoints[0].factors
                }
                #expect(made[1].allSatisfy { $0.rank == 6 })
                for (one, other) in zip(made[0], made[1]) {
                    let (one, other) = (Self.change(one), Self.change(other))
                    #expect(Self.sum([(1, one), (-1, other)]).squaredNorm < 1e-20 * one.squaredNorm)
                }
                // The old blobs of both experts are gone: left are one blob each, the reference, the generator and the
                // new expert.
                let now = Self.blobs(daemon)
                #expect(now.count == blobs.count + 1, "\(now)")
                #expect(Set(now).intersection(blobs).count < blobs.count)
                let removed = try await daemon.control("expert", "remove", "wn-birds")
                #expect(removed.status == 0)
                try await daemon.importExperts(Places.experts("wn-birds"))
                let list = try await daemon.reply(Methods.ListExperts.Reply.self, "expert", "list")
                #expect(list.experts.map(\.foreign) == [true, nil, nil], "the reference outlives its expert")
            }
        }
    }
}

extension GaugeTests {
    /// The blobs on disk, without their manifests and folders.
    private static func blobs(_ daemon: TestDaemon) -> [String] {
        daemon.files("private/blobs").filter { $0.contains("/") && !$0.hasSuffix(".json") }
    }

    private static func change(_ factor: SiteFactors) -> DoubleMatrix {
        let a = DoubleMatrix(
            rows: factor.rank, columns: factor.site.inFeatures, values: factor.a.map(Double.init))
        let b = DoubleMatrix(
            rows: factor.site.outFeatures, columns: factor.rank,
            values: factor.b.map { Double($0) * Double(factor.scale) })
        return b.multiplied(by: a)
    }

    private static func sum(_ parts: [(weight: Double, matrix: DoubleMatrix)]) -> DoubleMatrix {
        var sum = DoubleMatrix(rows: parts[0].matrix.rows, columns: parts[0].matrix.columns)
        for part in parts {
            for index in sum.values.indices { sum.values[index] += part.weight * part.matrix.values[index] }
        }
        return sum
    }

    /// ΔW of the mean over an expert's checkpoints of the factors, per site.
    private static func meanChange(_ directory: String) throws -> [DoubleMatrix] {
        let checkpoints = try PEFTFolder.read(directory: directory).checkpoints
        return checkpoints[0].factors.indices.map { site in
            func mean(_ part: (SiteFactors) -> [Float]) -> [Float] {
                var sum = [Double](repeating: 0, count: part(checkpoints[0].factors[site]).count)
                for checkpoint in checkpoints {
                    for (index, value) in part(checkpoint.factors[site]).enumerated() {
                        sum[index] += Double(value)
                    }
                }
                return sum.map { Float($0 / Double(checkpoints.count)) }
            }
            let first = checkpoints[0].factors[site]
            return change(
                SiteFactors(
                    site: first.site, rank: first.rank, scale: first.scale, a: mean(\.a), b: mean(\.b)))
        }
    }

    /// Adds noise to every direction of a folder's factors, so that none is zero.
    private static func widen(_ directory: String) throws {
        let folder = try PEFTFolder.read(directory: directory)
        var random = CounterRandom(seed: 1)
        for checkpoint in folder.checkpoints {
            let layout = try AdapterLayout(of: checkpoint.factors)
            var numbers = try layout.place(checkpoint.factors).parameters
            for slice in layout.slices {
                let (a, b) = (numbers[slice.a].map(abs).max() ?? 1, numbers[slice.b].map(abs).max() ?? 1)
                for (index, number) in zip(slice.a, random.gaussians(slice.a.count)) {
                    numbers[index] += 0.3 * a * number
                }
                for (index, number) in zip(slice.b, random.gaussians(slice.b.count)) {
                    numbers[index] += 0.3 * b * number
                }
            }
            let files = try PEFTWriter.files(
                for: LoRAAdapter(layout: layout, parameters: numbers), template: folder.template,
                provenance: [:])
            let place = checkpoint.name.isEmpty ? directory : "\(directory)/\(checkpoint.name)"
            for file in files { try Data(file.contents).write(to: URL(filePath: "\(place)/\(file.name)")) }
        }
    }
}
