import AdapterFormats
import ErrorModel
import ExpertLibrary
import Files
import Foundation
import GRDB
import LinearAlgebra
import LowRank
import Storage
import Testing

/// Databases of version 1 know neither references nor foreign experts.
@Suite("cache.db, from version 1 to 2")
struct GaugeMigrationTests {
    private let place: TemporaryLibrary

    init() throws { place = try TemporaryLibrary() }

    /// Puts the database back to version 1, as far as the change of version 2 goes.
    private func downgrade() throws {
        let database = try DatabaseQueue(path: place.state.cacheDatabase)
        try database.write { db in
            try db.execute(
                sql: """
                    DROP TRIGGER expertAdded;
                    DROP TRIGGER expertRemoved;
                    DROP TRIGGER expertResized;
                    DROP TRIGGER expertChanged;
                    DROP TABLE libraryState;
                    DROP INDEX expertParameters;
                    ALTER TABLE base DROP COLUMN reference;
                    ALTER TABLE expert DROP COLUMN isForeign;
                    ALTER TABLE expert DROP COLUMN alignment;
                    DELETE FROM grdb_migrations WHERE identifier LIKE '2:%' OR identifier LIKE '8:%';
                    """)
        }
        try database.close()
    }

    private func stored(
        _ name: String, _ seed: UInt64, at moment: TimeInterval, in store: LibraryStore
    ) async throws -> ExpertRecord {
        let base = try Sample.base()
        var expert = Sample.expert(name)
        expert.importedAt = Date(timeIntervalSince1970: moment)
        let parameters = try ExpertParameters(Sample.checkpoints(base, count: 1, seed: seed), on: base.layout)
        expert = try store.experts.store(parameters, of: expert, base: base)
        try await store.experts.insert(expert, creating: base)
        return expert
    }

    @Test func `a library gets the reference of its first-imported expert, which is not the first by name`()
        async throws
    {
        let old = try place.open()
        let later = try await stored("apes", 1, at: 2000, in: old)
        let first = try await stored("owls", 2, at: 1000, in: old)
        let twin = try await stored("twins of owls", 2, at: 3000, in: old)
        try old.close()
        try downgrade()

        let store = try place.open()
        #expect(try await store.bases.all().map(\.reference) == [nil])
        #expect(try await store.experts.all() == [later, first, twin], "rows outlive the migration")
        try await store.references.adopt()
        let base = try #require(try await store.bases.all().first)
        let reference = try #require(try store.references.find(of: base))
        let parameters = try store.experts.parameters(of: first, on: base.layout)
        #expect(reference.parameters.array == parameters.mean.array)
        #expect(reference.layout == base.layout)
        // Random factors of another seed share nothing with it; its twin does.
        #expect(try await store.experts.all().map(\.isForeign) == [true, false, false])
        #expect(try await store.experts.all().map(\.parameters) == [later, first, twin].map(\.parameters))
        try store.close()

        let again = try place.open()
        try await again.references.adopt()
        #expect(try await again.bases.all() == [base])
        try again.close()
    }

    @Test func `a base without experts gets its reference with its first expert`() async throws {
        let store = try place.open()
        #expect(try await store.bases.insert(Sample.base()))
        try await store.references.adopt()
        let base = try #require(try await store.bases.all().first)
        #expect(base.reference == nil)
        #expect(try store.references.find(of: base) == nil)
        try store.close()
    }

    @Test func `a manifest of version 1 still decodes`() throws {
        var expert = Sample.expert("owls")
        expert.isForeign = true
        expert.alignment = 0.75
        let encoder = JSONEncoder()
        let whole = try encoder.encode(expert)
        #expect(try JSONDecoder().decode(ExpertRecord.self, from: whole) == expert)
        var members = try #require(try JSONSerialization.jsonObject(with: whole) as? [String: Any])
        members["isForeign"] = nil
        members["alignment"] = nil
        let old = try JSONDecoder().decode(
            ExpertRecord.self, from: JSONSerialization.data(withJSONObject: members))
        #expect(old == Sample.expert("owls"))
    }
}
