internal import SgloradInterface

extension ReportPage {
    /// The section of how lora-gen mixes its pool, one heat map for all tasks and one for each family; empty without one.
    var routingSection: String {
        guard let maps = report.routing, let whole = maps.first, !whole.layers.isEmpty else { return "" }
        return """
            <section>
            <h2>What lora-gen mixes</h2>
            <p>Each layer of an adapter is mixed from two of the pool's experts. A cell is an expert's mean gate in a layer over \
            the tasks: the stronger, the more it is used. Maps that differ between families show a router that reads the \
            description.</p>
            <div class="charts">
            \(maps.map(heatMap).joined())</div>
            \(loadTable(whole, families: Array(maps.dropFirst())))
            </section>

            """
    }

    private func heatMap(_ map: Wire.RoutingMap) -> String {
        let (left, top, cell) = (46.0, 22.0, 32.0)
        let pool = map.layers.map(\.gates.count).max() ?? 0
        let title = map.family ?? "all tasks"
        var drawing = Drawing(
            width: left + cell * Double(pool), height: top + cell * Double(map.layers.count) + 6,
            label: "Mean gates of \(title), layers by experts of the pool", style: "chart")
        for expert in 0..<pool {
            drawing.text(
                left + cell * (Double(expert) + 0.5), top - 8, String(expert), anchor: "middle", style: "tick"
            )
        }
        for (row, layer) in map.layers.enumerated() {
            let y = top + cell * Double(row)
            drawing.text(left - 8, y + cell / 2 + 4, layer.layer, anchor: "end", style: "tick")
            for (expert, gate) in layer.gates.enumerated() {
                drawing.cell(
                    left + cell * Double(expert) + 1, y + 1, width: cell - 2, height: cell - 2, share: gate,
                    tooltip:
                        "\(title), layer \(layer.layer), expert \(expert): mean gate \(Markup.fixed(gate))")
            }
        }
        return
            "<section><h3>\(Markup.escaped(title)) (\(map.tasks))</h3><figure>\(drawing.svg)</figure></section>\n"
    }

    /// The share of all gates that each expert of the pool has, with a column per family.
    private func loadTable(_ whole: Wire.RoutingMap, families: [Wire.RoutingMap]) -> String {
        var table = PageTable(
            "The share of all gates that each expert of the pool has, and how its gates vary from task to task",
            [("expert", .number), ("all tasks", .number), ("deviation", .number)]
                + families.map { ($0.family ?? "", .number) })
        let deviations = RoutingLoads.deviations(of: whole)
        let loads = families.map { RoutingLoads.shares(of: $0) }
        for (expert, (share, deviation)) in zip(RoutingLoads.shares(of: whole), deviations).enumerated() {
            let cells = [share, deviation] + loads.map { $0.indices.contains(expert) ? $0[expert] : 0 }
            table.add(
                heading: String(expert), cells.map { "<td>\(Markup.fixed($0))</td>" }.joined())
        }
        return table.html
    }
}
