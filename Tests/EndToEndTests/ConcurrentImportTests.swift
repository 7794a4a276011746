import Foundation
import SgloradInterface
import TestSupport
import Testing
import Varlink

/// Imports that run at the same time, also beside removals, renames, trainings and requests.
@Suite("Concurrent imports", .timeLimit(.minutes(20)), .serialized, .needsModel)
struct ConcurrentImportTests {
    /// How many rounds; SGLORAD_IMPORT_ROUNDS sets another number.
    private static let rounds =
        ProcessInfo.processInfo.environment["SGLORAD_IMPORT_ROUNDS"].flatMap { Int($0) } ?? 15

    /// An expert of a rank of which every direction is used.
    private static func expert(_ folder: String, _ name: String, rank: Int, seed: Int) throws -> String {
        try MadeAdapter(rank: rank, seed: UInt64(seed)).write(
            to: "\(folder)/\(name)", describing: "match plants called \(name) to their names")
    }

    @Test("none fails and none is lost when each raises the rank")
    func raisingRank() async throws {
        try await withTemporaryFolder { folder in
            let first = try Self.expert(folder, "first", rank: 2, seed: 1)
            let others = try (3...8).map { try Self.expert(folder, "rank-\($0)", rank: $0, seed: $0) }
            try await TestDaemon.run { daemon in
                for round in 0..<Self.rounds {
                    try await daemon.importExperts([first])
                    try await withThrowingTaskGroup { group in
                        for other in others.shuffled() {
                            group.addTask {
                                let outcome = try await daemon.control("expert", "import", other)
                                #expect(outcome.status == 0, "round \(round): \(outcome.error)")
                            }
                        }
                        group.addTask {
                            for _ in 0..<4 {
                                let made = try await daemon.control("request", "plants", "--force")
                                #expect(made.status == 0, "round \(round): \(made.error)")
                            }
                        }
                        try await group.waitForAll()
                    }
                    try await Self.expectWhole(daemon, count: 7, rank: 8)
                    let removed = try await daemon.control(
                        "base", "remove", "sentence-transformers/all-MiniLM-L6-v2", "--with-experts")
                    #expect(removed.status == 0, "\(removed.error)")
                }
            }
        }
    }

    @Test("imports beside removals, renames, trainings and requests lose nothing")
    func besideOthers() async throws {
        try await withTemporaryFolder { folder in
            let present = try (1...4).map { try Self.expert(folder, "present-\($0)", rank: 2, seed: $0) }
            let goer = try Self.expert(folder, "goer", rank: 2, seed: 50)
            try await TestDaemon.run(experts: present) { daemon in
                for round in 0..<max(3, Self.rounds / 3) {
                    let new = try (0..<3).map {
                        try Self.expert(
                            folder, "new-\(round)-\($0)", rank: 3 + min(round, 8), seed: 100 + 3 * round + $0)
                    }
                    _ = try await daemon.control("expert", "import", goer)
                    try await withThrowingTaskGroup { group in
                        for expert in new {
                            group.addTask {
                                let outcome = try await daemon.control("expert", "import", expert)
                                #expect(outcome.status == 0, "round \(round): \(outcome.error)")
                            }
                        }
                        group.addTask {
                            let outcome = try await daemon.control("expert", "remove", "goer")
                            #expect(outcome.status == 0, "round \(round): \(outcome.error)")
                        }
                        group.addTask {
                            let base = try await daemon.reply(Methods.ListBases.Reply.self, "base", "list")
                                .bases.first
                            let name = try #require(base?.name)
                            let outcome = try await daemon.control("base", "rename", name, "name-\(round)")
                            #expect(outcome.status == 0, "round \(round): \(outcome.error)")
                        }
                        group.addTask {
                            let outcome = try await daemon.control("generator", "train", "--steps", "5")
                            #expect(outcome.status == 0, "round \(round): \(outcome.error)")
                        }
                        group.addTask {
                            for _ in 0..<5 {
                                let made = try await daemon.control(
                                    "request", "plants", "--force", "--strategy", "weighted")
                                #expect(made.status == 0, "round \(round): \(made.error)")
                            }
                        }
                        try await group.waitForAll()
                    }
                    try await Self.expectWhole(daemon, count: 4 + 3 * (round + 1), rank: 3 + min(round, 8))
                }
            }
        }
    }

    /// Expects one base with that many experts, all of which can be read.
    private static func expectWhole(_ daemon: TestDaemon, count: Int, rank: Int) async throws {
        let bases = try await daemon.reply(Methods.ListBases.Reply.self, "base", "list").bases
        #expect(bases.map(\.experts) == [count] && bases.map(\.rank) == [rank])
        let checked = try await daemon.control("cache", "verify")
        #expect(checked.status == 0, "\(checked.output) \(checked.error)")
        let made = try await daemon.control("request", "plants", "--force", "--strategy", "mean")
        #expect(made.status == 0, "\(made.error)")
        let blobs = daemon.files("private/blobs").filter { $0.contains("/") && !$0.hasSuffix(".json") }
        let generators = try await daemon.reply(Methods.ListGenerators.Reply.self, "generator", "list")
            .generators
        #expect(
            blobs.count == count + 1 + generators.count, "a blob an expert and a generator, and the reference"
        )
    }
}
