import AdapterFormats
import LinearAlgebra
import LowRank
import Testing
import TextEncoding

/// Expects each encoding to match its row of a reference: components within 1e-4, cosine at least 0.99999.
func expectEqual(
    _ encodings: [Encoding], _ reference: FloatVector, sourceLocation: SourceLocation = #_sourceLocation
) throws {
    let width = try #require(encodings.first).embedding.count
    try #require(reference.count == encodings.count * width, sourceLocation: sourceLocation)
    let rows = reference.array
    var farthest: Float = 0
    var leastCosine = 1.0
    for (row, encoding) in encodings.enumerated() {
        var cosine = 0.0
        for (column, value) in encoding.embedding.enumerated() {
            farthest = max(farthest, abs(value - rows[row * width + column]))
            cosine += Double(value) * Double(rows[row * width + column])
        }
        leastCosine = min(leastCosine, cosine)
    }
    #expect(farthest <= 1e-4, "the largest difference of a component", sourceLocation: sourceLocation)
    #expect(leastCosine >= 0.99999, "the smallest cosine", sourceLocation: sourceLocation)
    if Reference.printsDistances { print("largest difference \(farthest), smallest cosine \(leastCosine)") }
}

/// Reads an adapter from tensors named `<prefix><site>.lora_A<suffix>` and `…lora_B<suffix>`.
func adapter(
    in file: SafetensorsFile, prefix: String, suffix: String, scale: Float
) throws -> LoRAAdapter {
    var factors: [SiteFactors] = []
    for tensor in file.tensors
    where tensor.name.hasPrefix(prefix) && tensor.name.hasSuffix(".lora_A" + suffix) {
        let path = String(tensor.name.dropFirst(prefix.count).dropLast(".lora_A".count + suffix.count))
        let other = try #require(file.tensor(named: prefix + path + ".lora_B" + suffix))
        factors.append(
            SiteFactors(
                site: Site(path: path, inFeatures: tensor.shape[1], outFeatures: other.shape[0]),
                rank: tensor.shape[0], scale: scale, a: try file.floats(tensor.name).array,
                b: try file.floats(other.name).array))
    }
    return try AdapterLayout(of: factors).place(factors)
}

/// A random adapter over some of an encoder's sites.
func randomAdapter(_ sites: [Site], rank: Int = 2, scale: Float = 1, size: Float = 0.1) throws -> LoRAAdapter
{
    let layout = try AdapterLayout(sites: sites, rank: rank, scale: scale)
    var random = CounterRandom(seed: 11)
    return LoRAAdapter(layout: layout, parameters: random.gaussians(layout.parameterCount).map { $0 * size })
}
