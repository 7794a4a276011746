import AdapterFormats
import Foundation
import LinearAlgebra
import LowRank
import SemanticGuidance
import Testing

private let shared = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
    .deletingLastPathComponent().deletingLastPathComponent().appending(path: "shared").path(
        percentEncoded: false)

/// One intent of ../shared/reference/priors.json.
private struct ReferenceIntent: Decodable {
    let intent: String
    let topK: Int
    let temperature: Float
    let proximity: [String: Float]
    let top: [String]
    let alpha: [Float]

    enum CodingKeys: String, CodingKey {
        case intent, proximity, top, alpha
        case topK = "K"
        case temperature = "tau"
    }

    static func all() throws -> [ReferenceIntent] {
        struct File: Decodable { let intents: [ReferenceIntent] }
        let data = try Data(contentsOf: URL(filePath: shared + "/reference/priors.json"))
        return try JSONDecoder().decode(File.self, from: data).intents
    }
}

@Suite(
    "The priors of the Python reference",
    .enabled(
        if: FileManager.default.fileExists(atPath: shared + "/reference/priors.safetensors")
            && FileManager.default.fileExists(atPath: shared + "/zoo"),
        "needs ../shared/reference and ../shared/zoo beside the repository"))
struct ReferencePriorTests {
    @Test func `every prior equals that of the reference`() throws {
        let intents = try ReferenceIntent.all()
        let names = try FileManager.default.contentsOfDirectory(atPath: shared + "/zoo").sorted()
        let wanted = Set(intents.flatMap(\.top))
        var moments: [String: (mean: FloatVector, variance: FloatVector)] = [:]
        var layouts: Set<AdapterLayout> = []
        for name in wanted {
            let folder = try PEFTFolder.read(directory: "\(shared)/zoo/\(name)")
            let layout = try AdapterLayout(of: folder.checkpoints[0].factors)
            layouts.insert(layout)
            moments[name] = populationMoments(
                try folder.checkpoints.map { try layout.place($0.factors).parameters })
        }
        try #require(layouts.count == 1)
        let layout = try #require(layouts.first)
        let nothing = FloatVector([Float](repeating: .nan, count: layout.parameterCount))
        let file = try SafetensorsFile(path: shared + "/reference/priors.safetensors")
        try #require(!intents.isEmpty)
        for (number, intent) in intents.enumerated() {
            try #require(intent.proximity.count == names.count)
            let neighbourhood = Neighbourhood(
                proximities: try names.map { try #require(intent.proximity[$0]) },
                options: try GuidanceOptions(
                    topK: intent.topK, temperature: intent.temperature, measure: .plain))
            #expect(neighbourhood.members.map { names[$0.expert] } == intent.top)
            for (member, alpha) in zip(neighbourhood.members, intent.alpha) {
                #expect(abs(member.weight - alpha) < 1e-5)
            }
            let prior = SemanticPrior(
                neighbourhood, means: names.map { moments[$0]?.mean ?? nothing },
                variances: names.map { moments[$0]?.variance ?? nothing })
            let mean = try reference("\(number)/mean", in: file, layout: layout)
            #expect(farthest(prior.mean, mean) < 1e-5, "\(intent.intent)")
            let variance = try reference("\(number)/variance", in: file, layout: layout)
            #expect(farthest(prior.variance, variance) < 1e-5, "\(intent.intent)")
        }
    }

    /// The largest absolute difference; infinite if the lengths differ or a value is NaN.
    private func farthest(_ first: [Float], _ second: [Float]) -> Float {
        guard first.count == second.count else { return .infinity }
        return zip(first, second).reduce(0) { farthest, pair in
            let distance = abs(pair.0 - pair.1)
            return distance.isNaN ? .infinity : max(farthest, distance)
        }
    }

    private func populationMoments(_ samples: [[Float]]) -> (mean: FloatVector, variance: FloatVector) {
        let count = Double(samples.count)
        var mean: [Float] = []
        var variance: [Float] = []
        for place in samples[0].indices {
            let values = samples.map { Double($0[place]) }
            let middle = values.reduce(0, +) / count
            mean.append(Float(middle))
            variance.append(Float(values.reduce(0) { $0 + ($1 - middle) * ($1 - middle) } / count))
        }
        return (FloatVector(mean), FloatVector(variance))
    }

    /// The parameters of a reference tensor set in the layout's order.
    private func reference(
        _ prefix: String, in file: SafetensorsFile, layout: AdapterLayout
    ) throws -> [Float] {
        try layout.slices.flatMap { slice in
            let start = "\(prefix)/base_model.model.\(slice.site.path)"
            return try file.floats(start + ".lora_A.weight").array
                + file.floats(start + ".lora_B.weight").array
        }
    }
}
