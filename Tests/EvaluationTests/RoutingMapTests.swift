import Testing

@testable import Evaluation
@testable import Generation

@Suite("Routing maps")
struct RoutingMapTests {
    private static func layers(_ gates: [[Float]]) -> [RoutedLayer] {
        gates.enumerated().map { layer, row in
            RoutedLayer(
                layer: String(layer),
                experts: row.indices.filter { row[$0] != 0 }.map { .init(expert: $0, gate: row[$0]) })
        }
    }

    private static let routings = [
        (family: "wn", layers: layers([[0.75, 0.25, 0], [0, 0.5, 0.5]])),
        (family: "hwu", layers: layers([[0.25, 0, 0.75], [0, 0.5, 0.5]])),
        (family: "wn", layers: layers([[0.5, 0.5, 0], [1, 0, 0]])),
    ]

    @Test("gates are averaged over all tasks and over each family's")
    func means() throws {
        let maps = RoutingMap.maps(Self.routings, pool: 3)
        #expect(maps.map(\.family) == [nil, "hwu", "wn"] && maps.map(\.tasks) == [3, 1, 2])
        #expect(maps[0].layers.map(\.layer) == ["0", "1"])
        #expect(maps[0].layers[0].gates == [0.5, 0.25, 0.25])
        #expect(
            maps[2].layers == [
                .init(layer: "0", gates: [0.625, 0.375, 0], deviations: [0.125, 0.125, 0]),
                .init(layer: "1", gates: [0.5, 0.25, 0.25], deviations: [0.5, 0.25, 0.25]),
            ])
        #expect(maps[1].layers.allSatisfy { $0.deviations == [0, 0, 0] })
        for layer in maps.flatMap(\.layers) {
            #expect(abs(layer.gates.reduce(0, +) - 1) < 1e-9)
        }
    }

    @Test("one family has no map of its own, and no task has none")
    func few() {
        #expect(RoutingMap.maps([Self.routings[0], Self.routings[2]], pool: 3).map(\.family) == [nil])
        #expect(RoutingMap.maps([], pool: 3).isEmpty)
    }
}
