import SemanticGuidance
import Testing

@Suite("Calibrated refusal")
struct RefusalCalibrationTests {
    private func observations(_ proximities: [Float], gains: [Double]? = nil) -> [RefusalCalibration
        .Observation]
    {
        proximities.enumerated().map {
            RefusalCalibration.Observation(proximity: $1, gain: gains?[$0])
        }
    }

    @Test("lies three deviations under what the library's own tasks are from each other")
    func threeDeviations() {
        let found = RefusalCalibration.threshold(observations([0.48, 0.6, 0.72, 0.6]))
        // Mean 0.6, deviation √(0.0288/3).
        #expect(abs(found - (0.6 - 3 * 0.097_979_59)) < 1e-5)
    }

    @Test("stays within its range, and is the standard where there is too little to see")
    func range() {
        #expect(RefusalCalibration.threshold([]) == 0.25)
        #expect(RefusalCalibration.threshold(observations([0.9, 0.9, 0.9])) == 0.25)
        #expect(RefusalCalibration.threshold(observations([0.1, 0.9, 0.1, 0.9])) == 0.25)
        #expect(RefusalCalibration.threshold(observations([0.9, 0.9, 0.9, 0.9])) == 0.35)
    }

    @Test("rises to where guidance gained nothing, if enough tasks show it")
    func fruitless() {
        let proximities: [Float] = [0.5, 0.51, 0.52, 0.53, 0.54, 0.7, 0.75, 0.8, 0.85, 0.9]
        let harmed = [-0.1, -0.1, -0.1, -0.1, -0.1, 0.2, 0.2, 0.2, 0.2, 0.2]
        let plain = RefusalCalibration.threshold(observations(proximities))
        let found = RefusalCalibration.threshold(observations(proximities, gains: harmed))
        #expect(found == 0.54 && plain < 0.54)
        let mixed = [-0.1, 0.1, -0.1, 0.1, -0.1, 0.2, 0.2, 0.2, 0.2, 0.2]
        #expect(RefusalCalibration.threshold(observations(proximities, gains: mixed)) == plain)
    }
}
