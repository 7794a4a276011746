internal import AdapterFormats
internal import Benchmark
internal import Foundation
internal import Generation
internal import LowRank
internal import SemanticGuidance
internal import Synthetic
internal import TextEncoding

/// Times of the parts of a request, inside the process.
///
/// The model is the folder named by SGLORAD_MODEL, else the one that `make model` makes.
let benchmarks: @Sendable () -> Void = {
    Benchmark.defaultConfiguration = .init(
        metrics: [.wallClock, .cpuUser, .mallocCountTotal, .peakMemoryResident], warmupIterations: 5,
        maxDuration: .seconds(3))
    let model = ProcessInfo.processInfo.environment["SGLORAD_MODEL"] ?? ".model/all-MiniLM-L6-v2"
    let short = "match definitions of lizards and snakes to their names"

    Benchmark("encode 12 tokens") { benchmark in
        let encoder = try SentenceEncoder(folder: model)
        benchmark.startMeasurement()
        for _ in benchmark.scaledIterations { blackHole(try encoder.encode(short)) }
    }

    Benchmark("encode 242 tokens") { benchmark in
        let encoder = try SentenceEncoder(folder: model)
        let text = [String](repeating: "tell which recipe or kitchen question a cook is asking", count: 24)
            .joined(separator: " ")
        benchmark.startMeasurement()
        for _ in benchmark.scaledIterations { blackHole(try encoder.encode(text)) }
    }

    Benchmark("encode 64 texts of 12 tokens") { benchmark in
        let encoder = try SentenceEncoder(folder: model)
        let texts = (0..<64).map { "\(short), number \($0)" }
        benchmark.startMeasurement()
        for _ in benchmark.scaledIterations { blackHole(try encoder.encode(batch: texts)) }
    }

    for experts in [68, 10_000] {
        Benchmark("guide by \(experts) experts") { benchmark in
            let index = ExpertIndex(embeddings: (0..<experts).map { SyntheticGenerator.embedding($0) })
            let intent = SyntheticGenerator.embedding(-1)
            benchmark.startMeasurement()
            for _ in benchmark.scaledIterations {
                blackHole(index.neighbourhood(of: intent, options: .broad))
            }
        }
    }

    for parameters in [36_864, 4_194_304] {
        Benchmark("generate \(parameters) parameters") { benchmark in
            let folder = FileManager.default.temporaryDirectory.path
            let made = try SyntheticGenerator(parameters: parameters, directions: 64, folder: folder)
            benchmark.startMeasurement()
            for _ in benchmark.scaledIterations {
                blackHole(
                    try made.generator.parameters(guidedBy: made.neighbourhood, in: made.library, seed: 1))
            }
        }
    }

    Benchmark("write an adapter of 36,864 parameters") { benchmark in
        let layout = try AdapterLayout(
            sites: (0..<12).map { Site(path: "layer.\($0)", inFeatures: 384, outFeatures: 384) }, rank: 4,
            scale: 2)
        let adapter = LoRAAdapter(
            layout: layout, parameters: [Float](repeating: 0.5, count: layout.parameterCount))
        benchmark.startMeasurement()
        for _ in benchmark.scaledIterations {
            blackHole(try PEFTWriter.weights(for: adapter, provenance: [:]).bytes())
        }
    }
}
