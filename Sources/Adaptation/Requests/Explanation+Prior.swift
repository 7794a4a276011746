internal import Generation
internal import LinearAlgebra
internal import LowRank
internal import SemanticGuidance

/// Computing the prior in parts, so that no piece of work is long, whatever the size of the library's adapters.
extension Explanation.Prior {
    /// How many numbers one part reads, at most: parameters times guiding experts.
    private static let partSize = 1 << 21

    /// Sums over some of the prior's parameters.
    struct Sums: Sendable {
        /// The sum of the squares of μ*.
        var squares = 0.0
        /// The sums of the variance within the experts, and of that between them.
        var within = 0.0, between = 0.0
        var count = 0

        static func += (one: inout Sums, other: Sums) {
            one.squares += other.squares
            one.within += other.within
            one.between += other.between
            one.count += other.count
        }

        var size: Double { (squares / Double(max(1, count))).squareRoot() }
        var variance: Double { (within + between) / Double(max(1, count)) }
    }

    /// A part of one site's A or B.
    struct Part: Sendable {
        /// The site's place in the layout.
        let site: Int
        let isA: Bool
        let range: Range<Int>

        /// The sums over this part; blocks for some milliseconds.
        func sums(_ guided: GuidedIntent) -> Sums {
            let prior = SemanticPrior(guided.neighbourhood) { index in
                let expert = guided.library.expert(index)
                return (expert.mean[range], expert.variance[range])
            }
            var sums = Sums(count: range.count)
            for value in prior.mean { sums.squares += Double(value) * Double(value) }
            for value in prior.within { sums.within += Double(value) }
            for value in prior.between { sums.between += Double(value) }
            return sums
        }
    }

    /// The parts of the prior of an intent.
    static func parts(of guided: GuidedIntent) -> [Part] {
        let length = max(1, partSize / max(1, guided.neighbourhood.members.count))
        return guided.library.layout.slices.enumerated().flatMap { site, slice in
            [(true, slice.a), (false, slice.b)].flatMap { isA, whole in
                stride(from: whole.lowerBound, to: whole.upperBound, by: length).map { start in
                    Part(site: site, isA: isA, range: start..<min(start + length, whole.upperBound))
                }
            }
        }
    }

    /// Groups of parts, each of which makes one piece of work.
    static func pieces(of guided: GuidedIntent) -> [[Part]] {
        let length = max(1, partSize / max(1, guided.neighbourhood.members.count))
        var pieces: [[Part]] = []
        var room = 0
        for part in parts(of: guided) {
            if part.range.count > room {
                pieces.append([])
                room = length
            }
            pieces[pieces.count - 1].append(part)
            room -= part.range.count
        }
        return pieces
    }

    /// Puts the prior together from the sums over all its parts.
    init(_ guided: GuidedIntent, parts: [(part: Part, sums: Sums)]) {
        let slices = guided.library.layout.slices
        var ofA = [Sums](repeating: Sums(), count: slices.count)
        var ofB = ofA
        var all = Sums()
        for (part, sums) in parts {
            if part.isA { ofA[part.site] += sums } else { ofB[part.site] += sums }
            all += sums
        }
        meanNorm = all.squares.squareRoot()
        variance = all.variance
        within = all.within / Double(max(1, all.count))
        between = all.between / Double(max(1, all.count))
        sites = slices.enumerated().map { index, slice in
            Explanation.SitePrior(
                site: slice.site.path, meanA: ofA[index].size, meanB: ofB[index].size,
                deviationA: ofA[index].variance.squareRoot(), deviationB: ofB[index].variance.squareRoot())
        }
    }
}
