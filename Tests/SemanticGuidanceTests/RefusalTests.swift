import ErrorModel
import SemanticGuidance
import Testing

@Suite("Relevance")
struct RelevanceTests {
    @Test func `relevance is the plain cosine of the nearest expert`() throws {
        let relevance = try #require(Relevance(plainProximities: [-0.2, 0.6, 0.4], threshold: 0.3))
        #expect(relevance.nearest == 1 && relevance.proximity == 0.6 && relevance.threshold == 0.3)
        #expect(!relevance.refuses)
        let tie = try #require(Relevance(plainProximities: [0.1, 0.6, 0.6]))
        #expect(tie.nearest == 1)
    }

    @Test func `an intent at the threshold is accepted, one below it is refused`() throws {
        #expect(Relevance.standardThreshold == 0.25)
        let at = try #require(Relevance(plainProximities: [0.25, 0.1]))
        #expect(!at.refuses)
        let under = try #require(Relevance(plainProximities: [Float(0.25).nextDown, 0.1]))
        #expect(under.refuses)
        let far = try #require(Relevance(plainProximities: [-1, -0.5]))
        #expect(far.refuses && far.nearest == 1)
    }

    @Test func `an empty library has no relevance`() {
        #expect(Relevance(plainProximities: []) == nil)
    }

    @Test(
        arguments: [
            (Float(0.1234), "0.123"), (0.0004, "0.000"), (-0.0567, "-0.057"), (-1, "-1.000"),
            (0.0996, "0.100"),
        ])
    func `the refusal states proximity and threshold, as parameters and as text`(
        proximity: Float, said: String
    ) throws {
        let relevance = try #require(Relevance(plainProximities: [proximity], threshold: 0.25))
        let refusal = relevance.refusal(nearest: "wn-birds")
        #expect(refusal.code == .noRelevantExpert)
        #expect(
            refusal.parameters == [
                "proximity": .double(Double(proximity)), "threshold": .double(0.25),
                "nearest": .string("wn-birds"),
            ])
        #expect(refusal.message.contains("'wn-birds', has proximity \(said), below the threshold of 0.250."))
    }
}

@Suite("Calibrated refusal")
struct RefusalCalibrationTests {
    private func observations(_ proximities: [Float], gains: [Double]? = nil) -> [RefusalCalibration
        .Observation]
    {
        proximities.enumerated().map {
            RefusalCalibration.Observation(proximity: $1, gain: gains?[$0])
        }
    }

    @Test("the threshold is three standard deviations below the mean proximity of the library's own tasks")
    func threeDeviations() {
        let found = RefusalCalibration.threshold(observations([0.48, 0.6, 0.72, 0.6]))
        // Mean 0.6, standard deviation √(0.0288/3).
        #expect(abs(found - (0.6 - 3 * 0.097_979_59)) < 1e-5)
    }

    @Test("the threshold stays in its range, and is the default for fewer than four tasks")
    func range() {
        #expect(RefusalCalibration.threshold([]) == 0.25)
        #expect(RefusalCalibration.threshold(observations([0.9, 0.9, 0.9])) == 0.25)
        #expect(RefusalCalibration.threshold(observations([0.1, 0.9, 0.1, 0.9])) == 0.25)
        #expect(RefusalCalibration.threshold(observations([0.9, 0.9, 0.9, 0.9])) == 0.35)
    }

    @Test("the threshold rises to where guidance gains nothing, if enough tasks show it")
    func harmfulGuidance() {
        let proximities: [Float] = [0.5, 0.51, 0.52, 0.53, 0.54, 0.7, 0.75, 0.8, 0.85, 0.9]
        let harmed = [-0.1, -0.1, -0.1, -0.1, -0.1, 0.2, 0.2, 0.2, 0.2, 0.2]
        let plain = RefusalCalibration.threshold(observations(proximities))
        let found = RefusalCalibration.threshold(observations(proximities, gains: harmed))
        #expect(found == 0.54 && plain < 0.54)
        let mixed = [-0.1, 0.1, -0.1, 0.1, -0.1, 0.2, 0.2, 0.2, 0.2, 0.2]
        #expect(RefusalCalibration.threshold(observations(proximities, gains: mixed)) == plain)
    }
}
