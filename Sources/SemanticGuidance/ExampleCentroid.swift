/// Guidance by examples: their texts' mean direction beside the description's.
public enum ExampleCentroid {
    /// The examples' share; the description has the rest.
    ///
    /// The best of 0, 0.3 and 0.6 in a leave-out trial of `weighted` with sixteen texts; see docs/generator.md.
    static let share: Float = 0.6

    /// The embedding that guides: unit((1 - s)·d + s·unit(Σ e)), with the share s.
    ///
    /// - Parameters:
    ///   - description: d, the unit embedding of the description.
    ///   - examples: e, the unit embeddings of the examples' texts, at least one.
    /// - Returns: a unit embedding; the description's own if the sum has no direction.
    public static func blended(_ description: [Float], with examples: [[Float]]) -> [Float] {
        guard let mean = taskVector(of: examples) else { return description }
        let blend = zip(description, mean).map { (1 - share) * $0 + share * $1 }
        return unit(blend) ?? description
    }

    /// The task vector of examples: unit(Σ e), the mean direction of their texts under the frozen base.
    ///
    /// - Parameter examples: e, the unit embeddings of the examples' texts.
    /// - Returns: a unit embedding; nil if there are no examples, or if their sum has no direction.
    public static func taskVector(of examples: [[Float]]) -> [Float]? {
        var sum = [Float](repeating: 0, count: examples.first?.count ?? 0)
        for example in examples {
            for place in sum.indices { sum[place] += example[place] }
        }
        return unit(sum)
    }

    private static func unit(_ vector: [Float]) -> [Float]? {
        let length = vector.reduce(0) { $0 + $1 * $1 }.squareRoot()
        return length > 1e-12 ? vector.map { $0 / length } : nil
    }
}
