import Generation
import SemanticGuidance
import TestSupport
import Testing
import TextEncoding

@testable import Evaluation

/// Refusal of intents unrelated to the library, and acceptance of new tasks of its kind.
@Suite(
    "Calibrated refusal on the zoo",
    .enabled(if: Fixture.hasReference, "needs ../shared and the text encoder")
)
struct ZooRefusalTests {
    static let unrelated = [
        "Suggest replies to the Sicilian defence and other chess openings",
        "Summarise the income tax law of Iceland for lawyers", "qwxz vbnm plok jhgf",
        "Translate Old Norse sagas into modern Danish", "Write haiku about the sea in autumn",
        "Predict tomorrow's closing price of a share from its candlestick chart",
        "Find null pointer bugs in kernel drivers written in C",
        "Transcribe the Morse code of a ship's radio log", "Detect forged signatures on scanned contracts",
        "Prove lemmas of algebraic topology in Lean", "Compose a fugue in the style of Bach",
        "Estimate the age of a galaxy from its spectrum",
        "Classify the sentiment of film reviews as good or bad", "Draft cover letters for job applications",
        "Rank football teams of the Bundesliga by expected goals",
        "Label the parts of speech in Swahili sentences", "asdf 1234 !!!! zzzz",
        "Generate SQL from questions about a warehouse schema", "Recognise handwritten digits on envelopes",
        "Plan the moves of a robot arm that stacks pallets",
    ]

    @Test func `unrelated intents are refused, held-out tasks are accepted`() throws {
        let library = try Fixture.library(Places.shared + "/zoo")
        let threshold = RefusalCalibration.threshold(
            library.foldProximities().map { RefusalCalibration.Observation(proximity: $0.proximity) })
        let encoder = try Fixture.encoder.get()
        func refuses(_ text: String) throws -> Bool {
            let proximities = library.index.proximities(to: try encoder.encode(text).embedding, by: .plain)
            return Relevance(plainProximities: proximities, threshold: threshold)?.refuses ?? true
        }
        #expect(Self.unrelated.count == 20)
        #expect(try Self.unrelated.filter(refuses).count >= 18)
        let heldOut = try Fixture.tasks { $0.split == .heldOut }
        #expect(heldOut.count == 10)
        #expect(try heldOut.map(\.description).filter(refuses).count <= 2)
    }
}
