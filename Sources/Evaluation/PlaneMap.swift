internal import ErrorModel
internal import LinearAlgebra

/// The projection of embeddings onto their first two principal components.
struct PlaneMap {
    /// The coordinates of each embedding.
    let points: [(x: Double, y: Double)]

    /// Projects embeddings, which must all have the same dimension.
    ///
    /// The components are eigenvectors of the Gram matrix or of the covariance, whichever is smaller.
    init(_ embeddings: [[Float]]) throws(SgloradError) {
        let dimension = embeddings.first?.count ?? 0
        var centre = [Double](repeating: 0, count: dimension)
        for embedding in embeddings {
            for index in 0..<dimension {
                centre[index] += Double(embedding[index]) / Double(embeddings.count)
            }
        }
        let centred = embeddings.map { embedding in (0..<dimension).map { Double(embedding[$0]) - centre[$0] }
        }
        var axes: [[Double]] = []
        if embeddings.count <= dimension {
            let eigen = try SymmetricEigen(Self.gram(centred), order: embeddings.count)
            for (value, vector) in zip(eigen.values, eigen.vectors).prefix(2) {
                axes.append(vector.map { $0 * max(0, value).squareRoot() })
            }
        } else {
            let columns = (0..<dimension).map { index in centred.map { $0[index] } }
            let eigen = try SymmetricEigen(Self.gram(columns), order: dimension)
            for vector in eigen.vectors.prefix(2) { axes.append(centred.map { Self.dot($0, vector) }) }
        }
        points = embeddings.indices.map { place in
            (axes.first?[place] ?? 0, axes.count > 1 ? axes[1][place] : 0)
        }
    }

    private static func gram(_ rows: [[Double]]) -> [Double] {
        let count = rows.count
        var result = [Double](repeating: 0, count: count * count)
        for first in 0..<count {
            for second in 0...first {
                let product = dot(rows[first], rows[second])
                result[first * count + second] = product
                result[second * count + first] = product
            }
        }
        return result
    }

    private static func dot(_ first: [Double], _ second: [Double]) -> Double {
        var sum = 0.0
        for index in first.indices { sum += first[index] * second[index] }
        return sum
    }
}
