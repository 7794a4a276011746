import ErrorModel
import SemanticGuidance
import Testing

@Suite("Relevance")
struct RelevanceTests {
    @Test func `the nearest expert by plain cosine is the judge`() throws {
        let relevance = try #require(Relevance(plainProximities: [-0.2, 0.6, 0.4], threshold: 0.3))
        #expect(relevance.nearest == 1 && relevance.proximity == 0.6 && relevance.threshold == 0.3)
        #expect(!relevance.refuses)
        let tie = try #require(Relevance(plainProximities: [0.1, 0.6, 0.6]))
        #expect(tie.nearest == 1)
    }

    @Test func `an intent at the threshold passes, one under it is refused`() throws {
        #expect(Relevance.standardThreshold == 0.25)
        let at = try #require(Relevance(plainProximities: [0.25, 0.1]))
        #expect(!at.refuses)
        let under = try #require(Relevance(plainProximities: [Float(0.25).nextDown, 0.1]))
        #expect(under.refuses)
        let far = try #require(Relevance(plainProximities: [-1, -0.5]))
        #expect(far.refuses && far.nearest == 1)
    }

    @Test func `a library without experts cannot be judged by`() {
        #expect(Relevance(plainProximities: []) == nil)
    }

    @Test(
        arguments: [
            (Float(0.1234), "0.123"), (0.0004, "0.000"), (-0.0567, "-0.057"), (-1, "-1.000"),
            (0.0996, "0.100"),
        ])
    func `the refusal carries the numbers, for programs and for people`(proximity: Float, said: String) throws
    {
        let relevance = try #require(Relevance(plainProximities: [proximity], threshold: 0.25))
        let refusal = relevance.refusal(nearest: "wn-birds")
        #expect(refusal.code == .noRelevantExpert)
        #expect(
            refusal.parameters == [
                "proximity": .double(Double(proximity)), "threshold": .double(0.25),
                "nearest": .string("wn-birds"),
            ])
        #expect(refusal.message.contains("'wn-birds', has proximity \(said), under the threshold of 0.250."))
    }
}
