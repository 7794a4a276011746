import ErrorModel
import ExpertLibrary
import Foundation
import Generation
import TestSupport
import Testing

@testable import Adaptation

@Suite("Generator standing")
struct GeneratorStandingTests {
    private let row: StoredGenerator
    private let digests: Set<String>

    init() throws {
        let record = try smallGenerator(randomLibrary(experts: 3)).record
        digests = Set(record.experts.map(\.digest))
        row = StoredGenerator(
            base: "minilm", record: try JSONText.encode(record), parameters: "0123456789abcdef0123",
            bytes: 1, seconds: 1, createdAt: Date(timeIntervalSince1970: 1_750_000_000),
            experts: digests.sorted())
    }

    @Test func `a generator is current with exactly its experts and its encoder`() throws {
        let standing = try GeneratorStanding(row, experts: digests, encoder: "encoder")
        #expect(standing.state == .current && standing.reason == nil)
        #expect(standing.record.experts.count == 3 && standing.row == row)
    }

    @Test func `a generator is stale where the library has more experts`() throws {
        let standing = try GeneratorStanding(
            row, experts: digests.union(["new-1", "new-2"]), encoder: "encoder")
        #expect(standing.state == .stale && standing.reason?.contains("2 expert(s)") == true)
    }

    @Test func `a generator is disabled where one of its experts is missing, which is named`() throws {
        for more in [[], ["new-1", "new-2"]] {
            let standing = try GeneratorStanding(
                row, experts: digests.subtracting(["digest-1"]).union(more), encoder: "encoder")
            #expect(standing.state == .disabled)
            #expect(standing.reason?.contains("expert-1") == true)
            #expect(standing.reason?.contains("expert-0") == false)
        }
        #expect(try GeneratorStanding(row, experts: [], encoder: nil).state == .disabled)
    }

    @Test func `a generator is disabled by another text encoder, not by one that cannot be loaded`()
        throws
    {
        let other = try GeneratorStanding(row, experts: digests, encoder: "another")
        #expect(other.state == .disabled && other.reason?.contains("text encoder") == true)
        #expect(try GeneratorStanding(row, experts: digests, encoder: nil).state == .current)
        #expect(
            try GeneratorStanding(row, experts: digests.union(["new"]), encoder: "another").state
                == .disabled)
    }

    @Test func `an unreadable record is an internal error that names the generator`() async {
        for record in ["", "{}", "[]", row.record + "x"] {
            var broken = row
            broken.record = record
            let wrong = broken
            let error = refusal(.internal) {
                _ = try GeneratorStanding(wrong, experts: digests, encoder: nil)
            }
            #expect(error?.message.contains(row.id) == true)
        }
    }

    @Test func `a library's digest is independent of the order of its experts`() {
        #expect(BaseSnapshot.digest(of: ["b", "a", "c"]) == BaseSnapshot.digest(of: ["c", "b", "a"]))
        let different = [["a", "b"], ["ab"], ["a"], [], ["a", "b", "c"]].map(BaseSnapshot.digest(of:))
        #expect(Set(different).count == different.count)
        // The SHA-256 of "a", a line feed and "b".
        #expect(
            different[0] == "7e18f737311b2dc3b2f269dd78396b0351f14fb66efa879f768cb23181883c78")
    }
}
