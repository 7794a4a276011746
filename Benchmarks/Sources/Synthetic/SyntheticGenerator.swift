internal import AdapterFormats
internal import ErrorModel
internal import Foundation
public import Generation
public import LinearAlgebra
internal import LowRank
public import SemanticGuidance

/// A library and a generator of any size, with numbers that mean nothing: only their amount matters.
public struct SyntheticGenerator: Sendable {
    /// The experts, sixteen of them, all of which guide.
    public let library: Library
    public let generator: SemanticGuidedGenerator
    public let neighbourhood: Neighbourhood
    /// The file of U, in half precision.
    public let directions: HalfVector

    /// Makes them, with U in a file as in a generator's.
    ///
    /// - Parameters:
    ///   - parameters: D, a multiple of 1,024.
    ///   - directions: k.
    ///   - folder: where the file is made; it may be removed as soon as this returns.
    public init(parameters d: Int, directions k: Int, folder: String) throws {
        let (experts, width, latent) = (16, 128, 16)
        let layout = try AdapterLayout(
            sites: [Site(path: "site", inFeatures: d / 8, outFeatures: d / 8)], rank: 4, scale: 2)
        let means = (0..<experts).map { SyntheticGenerator.vector(layout.parameterCount, salt: $0) }
        let embeddings = (0..<experts).map { SyntheticGenerator.embedding($0) }
        library = Library(
            layout: layout,
            experts: (0..<experts).map { expert in
                LibraryExpert(
                    name: "expert-\(10 + expert)", digest: "\(expert)", embedding: embeddings[expert],
                    mean: means[expert], variance: means[expert], checkpoints: [means[expert]])
            })
        let path = "\(folder)/directions-\(d)-\(k).safetensors"
        try SyntheticGenerator.write(d, k, to: path)
        let file = try SafetensorsFile(path: path, displayName: path)
        guard case .half(let half) = try file.stream("directions") else {
            throw SgloradError.internal("the directions are not stored in half precision")
        }
        self.directions = half
        let tensors: [String: [Int]] = [
            "origin": [d], "experts.means": [experts, k], "experts.variances": [experts, k],
            "steering.gains": [2, 2], "steering.shifts": [2, d],
            "encoder.0.weight": [width, 3 * k], "encoder.0.bias": [width],
            "encoder.1.weight": [2 * latent, width], "encoder.1.bias": [2 * latent],
            "prior.0.weight": [width, 2 * k], "prior.0.bias": [width],
            "prior.1.weight": [2 * latent, width], "prior.1.bias": [2 * latent],
            "decoder.0.weight": [width, latent + 2 * k], "decoder.0.bias": [width],
            "decoder.1.weight": [width, width], "decoder.1.bias": [width],
            "decoder.2.weight": [k, width], "decoder.2.bias": [k],
        ]
        let record = try SyntheticGenerator.record(layout, experts: experts, directions: k)
        generator = try SemanticGuidedGenerator(record: record, file: "synthetic") {
            name throws(SgloradError) in
            if name == "directions" { return ([d, k], .half(half)) }
            guard let shape = tensors[name] else { return nil }
            return (shape, .single(SyntheticGenerator.vector(shape.reduce(1, *), salt: shape.count)))
        }
        neighbourhood = Neighbourhood(
            proximities: (0..<experts).map { 0.5 + 0.01 * Float($0) }, options: .broad)
    }

    /// A description's embedding, not quite of unit length.
    public static func embedding(_ number: Int) -> [Float] {
        vector(384, salt: number &* 13).array
    }

    /// Small numbers that differ.
    private static func vector(_ count: Int, salt: Int) -> FloatVector {
        FloatVector(count: count) { numbers in
            for index in numbers.indices {
                numbers[index] = Float((index &* 7919 &+ salt) & 1023) * 1e-4 - 0.05
            }
        }
    }

    private static func write(_ d: Int, _ k: Int, to path: String) throws {
        let block = (0..<1024 * k).map { Float(($0 &* 7919) & 1023) * 1e-3 - 0.5 }
        var writer = try SafetensorsWriter()
        try writer.add(
            "directions", shape: [d, k],
            stream: .made(rows: d, of: k, atOnce: 1024) { rows, target in
                block.withUnsafeBufferPointer { block in
                    guard let block = block.baseAddress else { return }
                    target.update(from: block, count: rows.count * k)
                }
            }, as: .float16)
        guard FileManager.default.createFile(atPath: path, contents: nil),
            let handle = FileHandle(forWritingAtPath: path)
        else { throw SgloradError.storageFailure(path, "cannot be written") }
        try writer.write(to: handle.fileDescriptor, path: path)
        try handle.close()
    }

    /// A record of the generator, read from JSON as from a generator's file.
    private static func record(
        _ layout: AdapterLayout, experts: Int, directions k: Int
    ) throws -> GeneratorRecord {
        struct Record: Encodable {
            struct Steering: Encodable {
                let modes: [Int]
                let tasks = 2
                let loss: Float = 1
            }
            let base = "synthetic"
            let layout: AdapterLayout
            let encoder = ""
            let experts: [GeneratorRecord.Expert]
            let plan: TrainingPlan
            let directions: Int
            let explained = 1.0
            let unit: Float = 1
            let reconstruction: Float = 1
            let divergence: Float = 1
            let threshold: Float = 0.25
            let correctionShare: Float = 0.5
            let steering: Steering
        }
        var plan = TrainingPlan()
        plan.directions = k
        let record = Record(
            layout: layout,
            experts: (0..<experts).map { GeneratorRecord.Expert(name: "expert-\(10 + $0)", digest: "\($0)") },
            plan: plan, directions: k,
            steering: Record.Steering(modes: (0..<experts).map { $0 % 2 }))
        return try JSONDecoder().decode(GeneratorRecord.self, from: JSONEncoder().encode(record))
    }
}
