import Generation
import LinearAlgebra
import LowRank
import SemanticGuidance
import Testing

@Suite("Library")
struct LibraryTests {
    private func library(_ names: [String]) throws -> Library {
        let layout = try randomLibrary().layout
        let sample = [Float](repeating: 1, count: layout.parameterCount)
        return Library(
            layout: layout,
            experts: names.enumerated().map { number, name in
                libraryExpert(name, samples: [sample], embedding: unit([Float(number + 1), 1, -1]))
            })
    }

    @Test func `experts are sorted by the bytes of their names`() throws {
        let sorted = ["B", "a", "a-1", "a1", "b", "\u{E9}"]
        var random = CounterRandom(seed: 1)
        for _ in 0..<10 {
            let order = random.permutation(sorted.count)
            #expect(try library(order.map { sorted[$0] }).experts.map(\.name) == sorted)
        }
    }

    @Test func `the index is in the order of the experts`() throws {
        let library = try library(["c", "a", "b"])
        #expect(library.index.count == 3)
        for (place, expert) in library.experts.enumerated() {
            let proximities = library.index.proximities(to: expert.embedding, by: .plain)
            #expect(proximities.indices.max { proximities[$0] < proximities[$1] } == place)
        }
    }

    @Test func `a subset has exactly the given digests, in the library's order`() throws {
        let library = try library(["a", "b", "c", "d"])
        let subset = try #require(library.subset(digests: ["digest of d", "digest of b"]))
        #expect(subset.experts.map(\.name) == ["b", "d"] && subset.layout == library.layout)
        #expect(subset.index.count == 2)
        #expect(library.subset(digests: ["digest of a", "digest of x"]) == nil)
        #expect(library.subset(digests: [])?.experts.isEmpty == true)
    }

    @Test func `a library without some names keeps the rest`() throws {
        let rest = try library(["a", "b", "c"]).excluding(["b", "x"])
        #expect(rest.experts.map(\.name) == ["a", "c"] && rest.index.count == 2)
    }
}
