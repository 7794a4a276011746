import TestSupport
import Testing

@testable import Adaptation

@Suite("Kept answers")
struct KeptAnswersTests {
    @Test func `they are found by the same job, task and adapters alone, until they are discarded`() throws {
        let folder = try TemporaryFolder()
        let kept = try KeptAnswers(in: folder("engine"), identity: [1])
        #expect(kept.find("leave-out/a", adapters: ["x", "y"], queries: 2) == nil)
        let right = [[true, false], [false, false]]
        try kept.keep("leave-out/a", adapters: ["x", "y"], right: right)
        let again = try KeptAnswers(in: folder("engine"), identity: [1])
        #expect(again.find("leave-out/a", adapters: ["x", "y"], queries: 2) == right)
        #expect(again.find("leave-out/a", adapters: ["y", "x"], queries: 2) == nil)
        #expect(again.find("leave-out/a", adapters: ["x", "y"], queries: 3) == nil)
        #expect(again.find("leave-out/b", adapters: ["x", "y"], queries: 2) == nil)
        let other = try KeptAnswers(in: folder("engine"), identity: [2])
        #expect(other.find("leave-out/a", adapters: ["x", "y"], queries: 2) == nil)
        again.discard()
        #expect(kept.find("leave-out/a", adapters: ["x", "y"], queries: 2) == nil)
        #expect(try folder.names == ["engine"])
    }
}
