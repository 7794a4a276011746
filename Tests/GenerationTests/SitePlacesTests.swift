import LowRank
import Testing

@testable import Generation

@Suite("Places of sites")
struct SitePlacesTests {
    @Test("the first number of a path is the layer, the rest the module")
    func numbered() {
        let paths = ["encoder.layer.0.query", "encoder.layer.0.value", "encoder.layer.11.query", "h.2.mlp.3"]
        let places = SitePlaces(paths.map { Site(path: $0, inFeatures: 2, outFeatures: 2) })
        #expect(places.layers == ["0", "11", "2"])
        #expect(places.modules == ["encoder.layer.query", "encoder.layer.value", "h.mlp.3"])
        #expect(places.sites.map(\.layer) == [0, 0, 1, 2])
        #expect(places.sites.map(\.module) == [0, 1, 0, 2])
    }

    @Test("a path without a number is a layer of its own")
    func unnumbered() {
        let places = SitePlaces(["head", "pooler"].map { Site(path: $0, inFeatures: 2, outFeatures: 2) })
        #expect(places.layers == ["head", "pooler"] && places.modules == ["head", "pooler"])
    }
}
