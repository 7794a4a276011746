internal import SgloradInterface

/// How much each expert of a pool is used in all layers together.
enum RoutingLoads {
    /// For each expert the mean of its mean gates over the layers, 0...1.
    static func shares(of map: Wire.RoutingMap) -> [Double] { means(map.layers.map(\.gates)) }

    /// For each expert the mean over the layers of its gate's deviation over the tasks, 0...0.5.
    static func deviations(of map: Wire.RoutingMap) -> [Double] { means(map.layers.map(\.deviations)) }

    private static func means(_ rows: [[Double]]) -> [Double] {
        let count = rows.map(\.count).min() ?? 0
        return (0..<count).map { place in rows.reduce(0) { $0 + $1[place] } / Double(rows.count) }
    }
}

extension Report {
    /// The share of all gates that each expert of lora-gen's pool has.
    mutating func routing(_ whole: Wire.RoutingMap, families: ArraySlice<Wire.RoutingMap>) {
        line("lora-gen: the share of all gates that each expert of its pool has, with a column per family")
        var table = Table(
            [.right("EXPERT"), .right("ALL TASKS"), .right("DEVIATION")]
                + families.map { .right($0.family ?? "") })
        let deviations = RoutingLoads.deviations(of: whole)
        let loads = families.map { RoutingLoads.shares(of: $0) }
        for (expert, (share, deviation)) in zip(RoutingLoads.shares(of: whole), deviations).enumerated() {
            table.add(
                [String(expert), Format.fixed(share), Format.fixed(deviation)]
                    + loads.map { $0.indices.contains(expert) ? Format.fixed($0[expert]) : "" })
        }
        self.table(table, orIfEmpty: "")
    }
}
