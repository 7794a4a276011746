import ErrorModel
import Files
import Foundation
import GRDB
import Synchronization
import Testing

@testable import ExpertLibrary

/// What a call reads must not grow with the library: no statement of it walks through a table.
@Suite("Growth")
final class GrowthTests: OpenLibrary {
    /// A statement, without and with its arguments.
    private struct Seen: Sendable {
        var sql: String
        var expanded: String
    }

    private final class Trace: Sendable {
        let seen = Mutex<[Seen]>([])
    }

    /// The statements of a call, those of triggers left out.
    private func statements(_ body: () async throws -> Void) async throws -> [Seen] {
        let trace = Trace()
        let database = store.experts.resources.database
        try await database.read { db in
            db.trace(options: .statement) { event in
                guard case .statement(let statement) = event else { return }
                let seen = Seen(sql: statement.sql, expanded: statement.expandedSQL)
                trace.seen.withLock { $0.append(seen) }
            }
        }
        try await body()
        try await database.read { db in db.trace(options: .statement, nil) }
        return trace.seen.withLock { $0 }.filter { seen in
            !["--", "BEGIN", "COMMIT", "PRAGMA"].contains { seen.sql.hasPrefix($0) }
        }
    }

    /// The tables that statements walk through, as SQLite's plans name them.
    private func scans(_ statements: [Seen]) async throws -> Set<String> {
        let texts = Set(statements.map(\.expanded))
        return try await store.experts.resources.database.read { db in
            var scans: Set<String> = []
            for text in texts {
                for row in try Row.fetchAll(db, sql: "EXPLAIN QUERY PLAN \(text)") {
                    let detail: String = row["detail"]
                    if detail.hasPrefix("SCAN"), detail != "SCAN CONSTANT ROW" { scans.insert(detail) }
                }
            }
            return scans
        }
    }

    private func add(_ number: Int) async throws {
        let base = try await store.bases.find("minilm")?.base
        let change = LibraryChange(
            before: base, after: try base ?? Sample.base(), expert: Sample.expert("e\(number)"))
        #expect(try await store.experts.apply(change))
    }

    /// What an import asks of the library, and what a request does.
    private func importAndRequest(_ number: Int) async throws -> (added: [Seen], asked: [Seen]) {
        let added = try await statements {
            _ = try await store.bases.populations()
            _ = try await store.experts.find("e\(number)", base: "minilm")
            try await add(number)
        }
        let found = try #require(try await store.embeddings.load(of: "minilm", encoder: "encoder"))
        let asked = try await statements {
            _ = try await store.experts.find(rows: (0..<4).map { found.identity($0).row })
        }
        return (added, asked)
    }

    @Test func `an import and a request make the same statements in a small and a large library`()
        async throws
    {
        for number in 0..<10 { try await add(number) }
        let small = try await importAndRequest(10)
        for number in 11..<150 { try await add(number) }
        let large = try await importAndRequest(150)
        #expect(small.added.map(\.sql) == large.added.map(\.sql))
        #expect(small.asked.map(\.sql) == large.asked.map(\.sql))
        let scans = try await scans(large.added + large.asked)
        // There are few base models.
        let walked = scans.filter { !$0.contains("base") }
        #expect(walked.isEmpty, "\(walked)")
    }

    @Test func `a pass with nothing to evict, a share and the statistics walk through no table`() async throws
    {
        for number in 0..<20 {
            let owner = UserID(rawValue: UInt32(1000 + number % 3))
            try await store.adapters.insert(
                store.adapters.write(Sample.draft(request: "r-\(number)", uid: owner)))
        }
        let policy = EvictionPolicy(
            maximumBytes: 1 << 30, maximumBytesPerUser: 1 << 20, maximumAge: 1e6, minimumAge: 0)
        var (evicted, bytes, usage) = (-1, 0, LibraryUsage(count: 0, bytes: 0))
        let seen = try await statements {
            evicted = try await store.adapters.evict(policy).evicted.count
            bytes = try await store.adapters.bytes(of: 1000)
            usage = try await store.statistics().adapters
        }
        #expect(evicted == 0 && bytes == 49)
        #expect(usage == LibraryUsage(count: 20, bytes: 140))
        let scans = try await scans(seen)
        #expect(scans.allSatisfy { $0.contains("adapterUsage") || !$0.contains("adapter") })
        #expect(scans.allSatisfy { !$0.contains("expert") })
    }
}
