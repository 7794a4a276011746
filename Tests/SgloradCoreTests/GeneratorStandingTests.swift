import ErrorModel
import ExpertCache
import Foundation
import Generation
import Testing

@testable import SgloradCore

@Suite("How a generator stands to the library")
struct GeneratorStandingTests {
    private let row: GeneratorRow
    private let digests: Set<String>

    init() throws {
        let record = try smallGenerator(randomLibrary(experts: 3)).record
        digests = Set(record.experts.map(\.digest))
        row = GeneratorRow(
            base: "minilm", record: try GeneratorFile.json(record), parameters: "0123456789abcdef0123",
            bytes: 1, seconds: 1, createdAt: Date(timeIntervalSince1970: 1_750_000_000),
            experts: digests.sorted())
    }

    @Test func `with its own experts and encoder it is current`() throws {
        let standing = try GeneratorStanding(row, experts: digests, encoder: "encoder")
        #expect(standing.state == .current && standing.reason == nil)
        #expect(standing.record.experts.count == 3 && standing.row == row)
    }

    @Test func `with more experts than it knows it is stale`() throws {
        let standing = try GeneratorStanding(
            row, experts: digests.union(["new-1", "new-2"]), encoder: "encoder")
        #expect(standing.state == .stale && standing.reason?.contains("2 expert(s)") == true)
    }

    @Test func `without one of its experts it is disabled, naming who is missing`() throws {
        for more in [[], ["new-1", "new-2"]] {
            let standing = try GeneratorStanding(
                row, experts: digests.subtracting(["digest-1"]).union(more), encoder: "encoder")
            #expect(standing.state == .disabled)
            #expect(standing.reason?.contains("expert-1") == true)
            #expect(standing.reason?.contains("expert-0") == false)
        }
        #expect(try GeneratorStanding(row, experts: [], encoder: nil).state == .disabled)
    }

    @Test func `with another text encoder it is disabled; one that cannot be loaded is not held against it`()
        throws
    {
        let other = try GeneratorStanding(row, experts: digests, encoder: "another")
        #expect(other.state == .disabled && other.reason?.contains("text encoder") == true)
        #expect(try GeneratorStanding(row, experts: digests, encoder: nil).state == .current)
        #expect(
            try GeneratorStanding(row, experts: digests.union(["new"]), encoder: "another").state
                == .disabled)
    }

    @Test func `a record that cannot be read is a bug of ours, and named`() async {
        for record in ["", "{}", "[]", row.record + "x"] {
            var broken = row
            broken.record = record
            let wrong = broken
            let error = await refusal(.internal) {
                _ = try GeneratorStanding(wrong, experts: digests, encoder: nil)
            }
            #expect(error?.message.contains(row.id) == true)
        }
    }

    @Test func `a library's digest does not depend on the order of its experts`() {
        #expect(BaseSnapshot.digest(of: ["b", "a", "c"]) == BaseSnapshot.digest(of: ["c", "b", "a"]))
        let different = [["a", "b"], ["ab"], ["a"], [], ["a", "b", "c"]].map(BaseSnapshot.digest(of:))
        #expect(Set(different).count == different.count)
        // Of "a", a line feed and "b".
        #expect(
            different[0] == "7e18f737311b2dc3b2f269dd78396b0351f14fb66efa879f768cb23181883c78")
    }
}
