/// The assignment of experts to the folds of a leave-out evaluation.
///
/// Experts are sorted by the FNV-1a hash (64 bits) of their names' UTF-8, equal hashes by name, and dealt to the folds in
/// turn: a name's fold depends on the set of names alone, and no two folds differ by more than one expert. Source of the
/// hash: Fowler, Noll and Vo, RFC 9923.
public struct ExpertFolds: Sendable, Hashable {
    /// The names of each fold, sorted.
    public let folds: [[String]]

    /// How many folds there are, where there are as many experts.
    public static let standardCount = 8

    /// Deals names, each of which is there once, to folds.
    ///
    /// - Parameters:
    ///   - names: the experts' names.
    ///   - count: how many folds; with fewer names there is a fold for each.
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
