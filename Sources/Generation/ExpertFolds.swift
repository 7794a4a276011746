internal import SemanticGuidance

/// A hash of UTF-8 text that is the same in every process: 64-bit FNV-1a (Fowler, Noll and Vo, RFC 9923).
///
/// It derives folds and random streams from names; Swift's own hashes differ from run to run.
public enum StableHash {
    /// The hash of a text.
    public static func of(_ text: String) -> UInt64 {
        text.utf8.reduce(0xCBF2_9CE4_8422_2325) { ($0 ^ UInt64($1)) &* 0x0000_0100_0000_01B3 }
    }
}

/// The assignment of experts to the folds of a leave-out evaluation.
///
/// Experts are sorted by ``StableHash`` of their names, equal hashes by name, and dealt to the folds in turn.
/// The assignment depends on the set of names alone, and the sizes of two folds differ by at most one.
public struct ExpertFolds: Sendable, Hashable {
    /// The names of each fold, sorted.
    public let folds: [[String]]

    /// The number of folds of a library with at least as many experts.
    public static let standardCount = 8

    /// Assigns names to folds.
    ///
    /// - Parameters:
    ///   - names: the experts' names, each once.
    ///   - count: the number of folds; with fewer names every name gets a fold of its own.
    public init(names: [String], count: Int = standardCount) {
        let order = names.sorted { first, second in
            let (a, b) = (StableHash.of(first), StableHash.of(second))
            return a == b ? first.utf8.lexicographicallyPrecedes(second.utf8) : a < b
        }
        let count = max(1, min(count, names.count))
        var folds = [[String]](repeating: [], count: count)
        for (place, name) in order.enumerated() { folds[place % count].append(name) }
        self.folds = folds.map { $0.sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) } }
    }
}

extension Library {
    /// The folds of the library's experts.
    public var folds: [[String]] { ExpertFolds(names: experts.map(\.name)).folds }

    /// The threshold of relevance, calibrated on proximities alone.
    var threshold: Float {
        RefusalCalibration.threshold(
            foldProximities().map { RefusalCalibration.Observation(proximity: $0.proximity) })
    }

    /// The plain cosine of each expert's description to the nearest expert outside its fold.
    public func foldProximities() -> [(name: String, proximity: Float)] {
        folds.flatMap { names -> [(String, Float)] in
            let left = Set(names)
            let rest = experts.indices.filter { !left.contains(experts[$0].name) }
            return experts.filter { left.contains($0.name) }.map { expert in
                let proximities = index.proximities(to: expert.embedding, by: .plain)
                return (expert.name, rest.map { proximities[$0] }.max() ?? 0)
            }
        }
    }
}
