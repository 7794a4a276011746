internal import SgloradInterface

extension CachePage {
    /// How many adapters the table shows.
    private static let shownAdapters = 50

    /// The newest adapters.
    var adapterTable: String {
        guard !report.adapters.isEmpty else { return "<h2>Adapters</h2><p>There are no adapters yet.</p>\n" }
        let shown = report.adapters.prefix(Self.shownAdapters)
        let owners = report.owners
        var columns: [(title: String, kind: PageTable.Kind)] = [
            ("adapter", .text), ("label", .text), ("strategy", .text), ("nearest expert", .text),
            ("cosine", .number), ("size", .number), ("created", .text), ("pinned", .text),
        ]
        let hasOneBase = report.bases.count == 1
        if !hasOneBase { columns.append(("base", .text)) }
        if report.isOfEverybody { columns.append(("user", .number)) }
        let all = report.statistics.adapters.count
        var table = PageTable(
            shown.count < all ? "The newest \(shown.count) of \(all) adapters" : "All adapters, newest first",
            columns)
        for adapter in shown {
            let made = adapter.provenance
            let nearest = made.experts.max { $0.proximity < $1.proximity }?.expert
            var cells = [
                adapter.adapterId, adapter.label ?? "", made.strategy, nearest ?? "–",
                Markup.fixed(made.nearestProximity), Format.bytes(adapter.bytes), Self.day(adapter.createdAt),
                adapter.pinned == true ? "pinned" : "",
            ]
            if !hasOneBase { cells.append(adapter.base) }
            if report.isOfEverybody { cells.append(owners[adapter.adapterId].map(String.init) ?? "–") }
            table.add(cells)
        }
        return table.html
    }

    /// The base models, experts and generators.
    var library: String {
        guard !report.bases.isEmpty else {
            return "<h2>Library</h2><p>There are no experts yet: sglorad-ctl expert import FOLDER…</p>\n"
        }
        var bases = PageTable(
            "Base models",
            [
                ("base", .text), ("experts", .number), ("rank", .number), ("sites", .number),
                ("parameters", .number),
                ("is the text encoder", .text), ("former names", .text),
            ])
        for base in report.bases {
            bases.add([
                base.name, "\(base.experts)", "\(base.rank)", "\(base.sites.count)", "\(base.parameterCount)",
                Format.yesNo(base.encodes), (base.formerNames ?? []).joined(separator: ", "),
            ])
        }
        return "<h2>Library</h2>\n" + bases.html + expertTable + generatorTable
    }

    private var expertTable: String {
        let guided = report.adapters.flatMap { adapter in
            adapter.provenance.experts.map { "\(adapter.base)\n\($0.expert)" }
        }
        let counts = Dictionary(guided.map { ($0, 1) }, uniquingKeysWith: +)
        var table = PageTable(
            "Experts, and how many of the newest adapters (at most 1,000) each has guided",
            [
                ("expert", .text), ("base", .text), ("task", .text), ("guided", .number),
                ("checkpoints", .number),
                ("size", .number), ("imported", .text), ("initialisation", .text),
            ])
        for expert in report.experts {
            table.add([
                expert.name, expert.base, expert.description,
                "\(counts["\(expert.base)\n\(expert.name)"] ?? 0)",
                "\(expert.checkpoints)", Format.bytes(expert.bytes), Self.day(expert.importedAt),
                expert.foreign == true ? "another" : "the library's",
            ])
        }
        return table.html
    }

    private var generatorTable: String {
        var table = PageTable(
            "Generators",
            [
                ("generator", .text), ("system", .text), ("base", .text), ("state", .text),
                ("experts", .number), ("K", .number),
                ("refuses below", .number), ("explained", .number), ("size", .number), ("created", .text),
            ])
        for generator in report.generators {
            table.add([
                generator.generatorId, generator.system, generator.base, generator.state,
                "\(generator.experts.count)", "\(generator.topK)", Markup.fixed(generator.threshold),
                generator.directions > 0 ? Format.percent(generator.explained) : "–",
                Format.bytes(generator.bytes), Self.day(generator.createdAt),
            ])
        }
        return table.html
    }

    /// A time on the wire to the minute, such as `2026-11-27 11:20`.
    static func day(_ text: String) -> String {
        String(text.prefix(16)).replacing("T", with: " ")
    }
}
