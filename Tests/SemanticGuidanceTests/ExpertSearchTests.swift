import LinearAlgebra
import SemanticGuidance
import Testing

@Suite("ExpertSearch")
struct ExpertSearchTests {
    private static func unit(_ vector: [Float]) -> [Float] {
        let length = Float(vector.reduce(0.0) { $0 + Double($1) * Double($1) }.squareRoot())
        return vector.map { $0 / length }
    }

    /// Embeddings with a common part, in clusters, and some of them several times.
    private static func embeddings(_ count: Int, dimension: Int, _ random: inout CounterRandom) -> [[Float]] {
        let common = random.gaussians(dimension)
        let centres = (0..<5).map { _ in random.gaussians(dimension) }
        var result: [[Float]] = []
        for _ in 0..<count {
            if !result.isEmpty, random.below(4) == 0 {
                result.append(result[random.below(result.count)])
                continue
            }
            let (centre, own) = (centres[random.below(5)], random.gaussians(dimension))
            result.append(unit((0..<dimension).map { common[$0] + centre[$0] + 0.05 * own[$0] }))
        }
        return result
    }

    @Test(arguments: 1...12) func `the search is the sorted list of all proximities, bit for bit`(
        seed: UInt64
    ) {
        var random = CounterRandom(seed: seed)
        let embeddings = Self.embeddings(1 + random.below(300), dimension: 48, &random)
        let index = ExpertIndex(embeddings: embeddings)
        for query in [Self.unit(random.gaussians(48)), embeddings[random.below(embeddings.count)]] {
            let plain = index.proximities(to: query, by: .plain)
            let centred = index.proximities(to: query, by: .centred)
            for measure in ProximityMeasure.allCases {
                let values = measure == .plain ? plain : centred
                for count in [1, 3, 16, 1024] {
                    let sorted = values.indices.sorted { (values[$0], $1) > (values[$1], $0) }.prefix(count)
                    let search = index.search(query, by: measure, count: count)
                    #expect(search.nearest.map(\.expert) == Array(sorted))
                    #expect(search.nearest.map(\.plain) == sorted.map { plain[$0] })
                    #expect(search.nearest.map(\.centred) == sorted.map { centred[$0] })
                    #expect(search.mostRelevant?.proximity == plain.max())
                    #expect(search.mostRelevant?.expert == plain.firstIndex(of: plain.max() ?? 0))
                }
            }
        }
    }

    @Test func `a large library, which all cores search, gives the sorted list too`() {
        var random = CounterRandom(seed: 30)
        let embeddings = Self.embeddings(20_000, dimension: 8, &random)
        let index = ExpertIndex(embeddings: embeddings)
        let query = Self.unit(random.gaussians(8))
        let excluded: Set<Int> = [index.search(query, by: .centred, count: 1).nearest[0].expert]
        for measure in ProximityMeasure.allCases {
            let values = index.proximities(to: query, by: measure)
            let sorted = values.indices.filter { !excluded.contains($0) }
                .sorted { (values[$0], $1) > (values[$1], $0) }.prefix(40)
            let search = index.search(query, by: measure, count: 40, excluding: excluded)
            #expect(search.nearest.map(\.expert) == Array(sorted))
            let plain = index.proximities(to: query, by: .plain)
            #expect(search.mostRelevant?.expert == plain.firstIndex(of: plain.max() ?? 0))
        }
    }

    @Test func `embeddings that lie among other data in another order give the same`() {
        var random = CounterRandom(seed: 20)
        let embeddings = Self.embeddings(40, dimension: 8, &random)
        let order = (0..<40).map { ($0 * 7) % 40 }
        var memory: [Float] = []
        for embedding in embeddings { memory += embedding + [.nan, 7, .infinity] }
        let rows = EmbeddingRows(
            FloatVector(memory), stride: 11, dimension: 8, places: order.map(UInt32.init))
        let index = ExpertIndex(rows)
        let same = ExpertIndex(embeddings: order.map { embeddings[$0] })
        let query = Self.unit(random.gaussians(8))
        for measure in ProximityMeasure.allCases {
            #expect(index.proximities(to: query, by: measure) == same.proximities(to: query, by: measure))
        }
        let some = ExpertIndex(rows.selecting([3, 5, 30]))
        let alone = ExpertIndex(embeddings: [3, 5, 30].map { embeddings[order[$0]] })
        #expect(some.search(query, by: .centred, count: 3) == alone.search(query, by: .centred, count: 3))
    }

    @Test func `excluded experts are not among the nearest`() {
        var random = CounterRandom(seed: 21)
        let embeddings = Self.embeddings(30, dimension: 16, &random)
        let index = ExpertIndex(embeddings: embeddings)
        let search = index.search(embeddings[4], by: .centred, count: 5, excluding: [4, 9])
        #expect(!search.nearest.contains { [4, 9].contains($0.expert) })
        #expect(search.mostRelevant?.expert == embeddings.firstIndex(of: embeddings[4]))
    }

    @Test func `chosen experts have the proximities that a search finds, in their own order`() {
        var random = CounterRandom(seed: 22)
        let embeddings = Self.embeddings(30, dimension: 16, &random)
        let index = ExpertIndex(embeddings: embeddings)
        let query = Self.unit(random.gaussians(16))
        let all = index.search(query, by: .centred, count: 30).nearest
        let chosen = [17, 3, 29]
        #expect(
            index.hits(chosen, to: query) == chosen.compactMap { expert in all.first { $0.expert == expert } }
        )
    }

    @Test func `an empty library has no nearest experts`() {
        let search = ExpertIndex(embeddings: []).search([1, 0], by: .plain, count: 4)
        #expect(search.nearest.isEmpty && search.mostRelevant == nil)
        #expect(Relevance(search) == nil)
    }
}
