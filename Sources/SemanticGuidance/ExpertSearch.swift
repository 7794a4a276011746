internal import Dispatch
internal import Foundation
internal import Synchronization

/// The experts nearest to an intent, found by one pass over a library's embeddings.
public struct ExpertSearch: Sendable, Hashable {
    /// An expert with its proximities.
    public struct Hit: Sendable, Hashable {
        /// The expert's index in the library's order.
        public let expert: Int
        /// The cosine of the two embeddings.
        public let plain: Float
        /// The cosine after the library's mean embedding was subtracted from both.
        public let centred: Float
    }

    /// The measure by which the experts were searched.
    public let measure: ProximityMeasure
    /// The nearest experts by ``measure``, nearest first.
    public let nearest: [Hit]
    /// The expert of the highest plain cosine, and that cosine; nil without experts.
    public let mostRelevant: (expert: Int, proximity: Float)?

    /// The experts that guide: the nearest K, if so many were searched for.
    public func neighbourhood(_ options: GuidanceOptions) -> Neighbourhood {
        Neighbourhood(
            nearest: nearest.prefix(options.topK).map {
                ($0.expert, measure == .plain ? $0.plain : $0.centred)
            }, options: options)
    }

    public static func == (one: ExpertSearch, other: ExpertSearch) -> Bool {
        one.measure == other.measure && one.nearest == other.nearest
            && one.mostRelevant?.expert == other.mostRelevant?.expert
    }

    public func hash(into hasher: inout Hasher) { hasher.combine(nearest) }
}

extension ExpertIndex {
    /// Searches the experts nearest to an intent.
    ///
    /// The result is that of sorting ``proximities(to:by:)``, bit for bit. Centred proximities are computed for those experts
    /// alone that can be among the nearest; for the others an inner product bounds them.
    ///
    /// - Parameters:
    ///   - embedding: the unit embedding of the intent.
    ///   - measure: the proximity by which experts are the nearest.
    ///   - wanted: how many are wanted; fewer in a smaller library.
    ///   - excluded: indices of experts that are passed over; they still count for ``ExpertSearch/mostRelevant``.
    public func search(
        _ embedding: [Float], by measure: ProximityMeasure, count wanted: Int,
        excluding excluded: Set<Int> = []
    ) -> ExpertSearch {
        guard count > 0 else { return ExpertSearch(measure: measure, nearest: [], mostRelevant: nil) }
        let query = ProximityQuery(embedding, in: self)
        let scan = scan(query, measure, wanted, excluded)
        return rows.withVectors { vector in
            let hits = scan.candidates.filter { $0.highest >= scan.lowest.least }.map { candidate in
                ExpertSearch.Hit(
                    expert: candidate.expert, plain: candidate.plain,
                    centred: query.centred(vector(candidate.expert), candidate.expert))
            }
            func value(_ hit: ExpertSearch.Hit) -> Float { measure == .plain ? hit.plain : hit.centred }
            let nearest = hits.sorted { (value($0), $1.expert) > (value($1), $0.expert) }.prefix(wanted)
            return ExpertSearch(measure: measure, nearest: Array(nearest), mostRelevant: scan.best)
        }
    }

    /// The proximities of some experts to an intent, in their order.
    ///
    /// - Parameters:
    ///   - experts: their indices in the library's order.
    ///   - embedding: the unit embedding of the intent.
    public func hits(_ experts: [Int], to embedding: [Float]) -> [ExpertSearch.Hit] {
        let query = ProximityQuery(embedding, in: self)
        return rows.withVectors { vector in
            experts.map { expert in
                ExpertSearch.Hit(
                    expert: expert, plain: ProximityQuery.cosine(query.product(vector(expert))),
                    centred: query.centred(vector(expert), expert))
            }
        }
    }

    /// The experts from which on several threads share a search: fewer are read in about a millisecond.
    static let parallel = 1 << 14

    /// Passes over all experts, those of a large library on all cores.
    private func scan(
        _ query: ProximityQuery, _ measure: ProximityMeasure, _ wanted: Int, _ excluded: Set<Int>
    ) -> Scan {
        let parts = count < Self.parallel ? 1 : ProcessInfo.processInfo.activeProcessorCount
        let scans = Mutex([Scan?](repeating: nil, count: parts))
        DispatchQueue.concurrentPerform(iterations: parts) { part in
            let found = scan(
                count * part / parts..<count * (part + 1) / parts, query, measure, wanted, excluded)
            scans.withLock { $0[part] = found }
        }
        var all = Scan(wanted)
        for case let scan? in scans.withLock({ $0 }) { all.add(scan) }
        return all
    }

    /// Passes over some of the experts.
    private func scan(
        _ range: Range<Int>, _ query: ProximityQuery, _ measure: ProximityMeasure, _ wanted: Int,
        _ excluded: Set<Int>
    ) -> Scan {
        rows.withVectors { vector in
            var scan = Scan(wanted)
            for expert in range {
                let product = query.product(vector(expert))
                let plain = ProximityQuery.cosine(product)
                if plain > scan.best.proximity { scan.best = (expert, plain) }
                let bounds =
                    measure == .plain ? plain...plain : query.boundsOfCentred(expert, product: product)
                guard bounds.upperBound >= scan.lowest.least, !excluded.contains(expert) else { continue }
                scan.lowest.add(bounds.lowerBound)
                scan.candidates.append((expert, plain, bounds.upperBound))
            }
            return scan
        }
    }
}

/// What a pass over experts has found.
private struct Scan: Sendable {
    /// The expert of the highest plain cosine; of equal ones the first.
    var best = (expert: 0, proximity: -Float.infinity)
    /// The lower bounds of the nearest.
    var lowest: LargestValues
    /// The experts that could be among the nearest when they were met.
    var candidates: [(expert: Int, plain: Float, highest: Float)] = []

    init(_ wanted: Int) { lowest = LargestValues(count: wanted) }

    /// Adds what a pass over later experts has found.
    mutating func add(_ later: Scan) {
        if later.best.proximity > best.proximity { best = later.best }
        for value in later.lowest.heap { lowest.add(value) }
        candidates += later.candidates
    }
}

/// The largest of many values.
private struct LargestValues: Sendable {
    /// A binary heap with the least of them first.
    private(set) var heap: [Float] = []
    private let count: Int

    init(count: Int) {
        self.count = max(1, count)
    }

    /// The least of the largest values, or -∞ before there are so many.
    var least: Float { heap.count < count ? -.infinity : heap[0] }

    mutating func add(_ value: Float) {
        if heap.count < count {
            heap.append(value)
            var child = heap.count - 1
            while child > 0, heap[child] < heap[(child - 1) / 2] {
                heap.swapAt(child, (child - 1) / 2)
                child = (child - 1) / 2
            }
        } else if value > heap[0] {
            heap[0] = value
            var parent = 0
            while true {
                var least = parent
                for child in [2 * parent + 1, 2 * parent + 2] where child < heap.count {
                    if heap[child] < heap[least] { least = child }
                }
                if least == parent { return }
                heap.swapAt(parent, least)
                parent = least
            }
        }
    }
}
