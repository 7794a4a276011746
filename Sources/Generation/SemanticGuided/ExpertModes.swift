internal import LinearAlgebra
internal import SemanticGuidance

/// The modes (kinds of task) of a library: a clustering of its experts by their descriptions.
///
/// Spherical k-means (Dhillon and Modha, 2001) over the centred embeddings, initialised by farthest-point
/// traversal from the first expert; deterministic.
enum ExpertModes {
    /// The mode of each expert, in 0..<`count`; all are 0 unless there are more experts than `count`.
    ///
    /// - Parameter embeddings: unit embeddings, one per expert.
    static func assign(_ embeddings: [[Float]], count: Int) -> [Int] {
        guard count > 1, embeddings.count > count else { return [Int](repeating: 0, count: embeddings.count) }
        let points = centred(embeddings)
        var centres = [points[0]]
        while centres.count < count {
            let nearest = points.map { point in centres.map { dot(point, $0) }.max() ?? 0 }
            guard let farthest = nearest.indices.min(by: { nearest[$0] < nearest[$1] }) else { break }
            centres.append(points[farthest])
        }
        var groups: [Int] = []
        for _ in 0..<20 {
            let before = groups
            groups = points.map { point in
                centres.indices.max { dot(point, centres[$0]) < dot(point, centres[$1]) } ?? 0
            }
            if groups == before { break }
            for index in centres.indices {
                let members = points.indices.filter { groups[$0] == index }.map { points[$0] }
                if !members.isEmpty { centres[index] = unit(sum(members)) }
            }
        }
        return groups
    }

    private static func centred(_ embeddings: [[Float]]) -> [[Float]] {
        let mean = sum(embeddings).map { $0 / Float(embeddings.count) }
        return embeddings.map { unit(zip($0, mean).map { $0 - $1 }) }
    }

    private static func sum(_ vectors: [[Float]]) -> [Float] {
        var result = [Float](repeating: 0, count: vectors.first?.count ?? 0)
        for vector in vectors { for index in result.indices { result[index] += vector[index] } }
        return result
    }

    private static func unit(_ vector: [Float]) -> [Float] {
        let norm = dot(vector, vector).squareRoot()
        return norm > 1e-6 ? vector.map { $0 / norm } : vector
    }

    private static func dot(_ first: [Float], _ second: [Float]) -> Float {
        zip(first, second).reduce(0) { $0 + $1.0 * $1.1 }
    }
}
