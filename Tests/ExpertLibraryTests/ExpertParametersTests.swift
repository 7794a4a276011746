import ErrorModel
import ExpertLibrary
import Files
import Foundation
import LinearAlgebra
import LowRank
import Storage
import TestSupport
import Testing

@testable import AdapterFormats

@Suite("ExpertParameters")
struct ExpertParametersTests {
    private let place: TemporaryLibrary

    init() throws { place = try TemporaryLibrary() }

    /// Writes parameters into a file of the temporary folder; gives its path.
    private func write(_ parameters: ExpertParameters) throws -> String {
        let path = place.state.root + "/parameters"
        let file = try DurableFile(in: place.state.temporary)
        try parameters.write(of: "owls", base: "minilm", to: file.descriptor, path: path)
        try file.commit(as: path)
        return path
    }

    @Test(arguments: [(UInt64(1), 1), (2, 2), (3, 3), (4, 8)])
    func `mean and population variance are those of the checkpoints`(seed: UInt64, count: Int) throws {
        let base = try Sample.base()
        let checkpoints = Sample.checkpoints(base, count: count, seed: seed)
        let parameters = try ExpertParameters(checkpoints, on: base.layout)
        let placed = try checkpoints.map { try base.layout.place($0.factors).parameters }
        #expect(parameters.names == checkpoints.map(\.name))
        #expect(parameters.checkpoints.map(\.array) == placed)
        let (mean, variance) = (parameters.mean.array, parameters.variance.array)
        try #require(mean.count == base.layout.parameterCount && variance.count == mean.count)
        for place in mean.indices {
            let values = placed.map { Double($0[place]) }
            let middle = values.reduce(0, +) / Double(count)
            let spread = values.reduce(0) { $0 + ($1 - middle) * ($1 - middle) } / Double(count)
            #expect(abs(Double(mean[place]) - middle) < 1e-6)
            #expect(abs(Double(variance[place]) - spread) < 1e-6)
        }
        if count == 1 { #expect(variance.allSatisfy { $0 == 0 }) }
        let norm = mean.reduce(0.0) { $0 + Double($1) * Double($1) }.squareRoot()
        #expect(abs(parameters.meanNorm - norm) < 1e-9)
        let deviation = variance.reduce(0.0) { $0 + Double($1).squareRoot() } / Double(mean.count)
        #expect(abs(parameters.deviation - deviation) < 1e-9)
    }

    @Test func `large numbers with small differences keep their variance`() throws {
        let base = try Sample.base()
        let checkpoints = [0, 1].map { number in
            PEFTCheckpoint(
                name: "\(number)",
                factors: base.layout.sites.map { site in
                    SiteFactors(
                        site: site, rank: 2, scale: 2,
                        a: [Float](repeating: 4096 + Float(number) * 0.5, count: 2 * site.inFeatures),
                        b: [Float](repeating: 1, count: 2 * site.outFeatures))
                })
        }
        let parameters = try ExpertParameters(checkpoints, on: base.layout)
        let slice = base.layout.slices[0]
        #expect(parameters.variance[slice.a].array.allSatisfy { $0 == 0.0625 })
        #expect(parameters.mean[slice.a].array.allSatisfy { $0 == 4096.25 })
    }

    @Test func `parameters are read back bit for bit`() throws {
        let base = try Sample.base()
        let parameters = try ExpertParameters(Sample.checkpoints(base, count: 4), on: base.layout)
        let again = try ExpertParameters(
            path: try write(parameters), names: parameters.names, layout: base.layout)
        #expect(again.names == parameters.names)
        #expect(again.mean.array == parameters.mean.array)
        #expect(again.variance.array == parameters.variance.array)
        #expect(again.checkpoints.map(\.array) == parameters.checkpoints.map(\.array))
        #expect(again.meanNorm == parameters.meanNorm && again.deviation == parameters.deviation)
    }

    @Test func `a file with other checkpoints or of another layout is rejected`() throws {
        let base = try Sample.base()
        let path = try write(ExpertParameters(Sample.checkpoints(base), on: base.layout))
        let fewer = refusal(.invalidFile) {
            _ = try ExpertParameters(path: path, names: ["", "checkpoint-1"], layout: base.layout)
        }
        #expect(fewer?.message.contains("'checkpoints'") == true)
        let other = try AdapterLayout(sites: base.layout.sites, rank: 3, scale: 2)
        let another = refusal(.invalidFile) {
            _ = try ExpertParameters(path: path, names: ["", "checkpoint-1", "checkpoint-2"], layout: other)
        }
        #expect(another?.parameters["file"] == .string(path))
    }

    @Test func `a truncated file is rejected`() throws {
        let base = try Sample.base()
        let path = try write(ExpertParameters(Sample.checkpoints(base), on: base.layout))
        let whole = try Data(contentsOf: URL(filePath: path))
        for length in [0, 7, 100, whole.count - 1] {
            try whole.prefix(length).write(to: URL(filePath: path))
            _ = refusal(.invalidFile) {
                _ = try ExpertParameters(
                    path: path, names: ["", "checkpoint-1", "checkpoint-2"], layout: base.layout)
            }
        }
    }

    @Test func `checkpoints of other sites are rejected, and the error names the site`() throws {
        let base = try Sample.base()
        let strange = PEFTCheckpoint(name: "", factors: [Sample.checkpoints(base)[0].factors[0]])
        let error = refusal(.layoutMismatch) { _ = try ExpertParameters([strange], on: base.layout) }
        #expect(error?.parameters["site"] == .string("layer.0.value"))
    }
}
