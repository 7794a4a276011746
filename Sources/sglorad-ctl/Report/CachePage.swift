internal import FoundationEssentials
internal import SgloradInterface

/// A cache report as one HTML page, with charts and tables.
///
/// Rendering is deterministic: the same report and moment give the same bytes. Every text of the report is escaped.
struct CachePage: Sendable {
    let report: CacheReport
    /// When the report was made, in seconds since 1970.
    let now: Int

    /// The whole document.
    var html: String {
        HTMLPage(
            title: "sglorad cache report",
            summary: report.isOfEverybody
                ? "What this machine's daemon has stored and answered, for all its users."
                : "What this machine's daemon has stored and answered, as far as it concerns you.",
            content: [head, conditions, space, requests, adapterCharts, adapterTable, library].joined(),
            written: HTMLPage.moment(now)
        ).html
    }

    private var head: String {
        let (status, statistics) = (report.status, report.statistics)
        let facts = HTMLPage.facts([
            ("state", status.state), ("sglorad", status.version),
            ("started", "\(Self.day(status.startedAt)) UTC"),
            ("state directory", status.stateDirectory),
            ("text encoder", status.encoder?.name ?? "cannot be loaded"),
            ("kernels", status.kernel), ("training for", status.training),
        ])
        let tiles: [(Int, String, Int?)] = [
            (statistics.bases, "base models", nil),
            (statistics.experts.count, "experts", statistics.experts.bytes),
            (statistics.generators.count, "generators", statistics.generators.bytes),
            (statistics.adapters.count, "adapters", statistics.adapters.bytes),
            (report.adapters.count { $0.pinned == true }, "of them pinned", nil),
            (statistics.uploads.count, "unused uploads", statistics.uploads.bytes),
        ]
        let items = tiles.map { count, name, bytes in
            "<li><b>\(count)</b><span>\(name)</span>\(bytes.map { "<small>\(Format.bytes($0))</small>" } ?? "")</li>"
        }
        return facts + "<ul class=\"tiles\">\(items.joined())</ul>\n"
    }

    private var conditions: String {
        report.status.conditions.map {
            "<p class=\"note\"><b>\(Markup.escaped($0.name))</b>\(Markup.escaped($0.message)) "
                + "\(Markup.escaped($0.remedy))</p>\n"
        }.joined()
    }

    private var space: String {
        let statistics = report.statistics
        var kinds: [(String, Int)] = [
            ("experts", statistics.experts.bytes), ("generators", statistics.generators.bytes),
            ("adapters", statistics.adapters.bytes), ("uploads", statistics.uploads.bytes),
        ]
        if let bytes = statistics.databaseBytes { kinds.append(("databases", bytes)) }
        let owners = report.owners
        let byBase = sizes { $0.base }
        let byUser =
            report.isOfEverybody
            ? sizes { owners[$0.adapterId].map { "user \($0)" } ?? "request is gone" } : []
        return charts(
            "Where the space goes",
            [
                Chart.bars("Size on disk by kind", kinds.map { Self.size($0.0, $0.1) }),
                Chart.bars("Adapters by base model", byBase), Chart.bars("Adapters by user", byUser),
                Chart.bars("Adapters by label", sizes { $0.label ?? "no label" }),
            ])
    }

    private var requests: String {
        let queue = report.status.queue
        let states = [
            ("queued", queue.queued), ("running", queue.running), ("done", queue.done),
            ("refused", queue.refused),
            ("failed", queue.failed), ("cancelled", queue.cancelled),
        ]
        let all = states.reduce(0) { $0 + $1.1 }
        let bars = states.map { Chart.Bar(name: $0.0, value: Double($0.1), label: "\($0.1)") }
        var parts = [all > 0 ? Chart.bars("Requests by state", bars) : ""]
        if let answers = report.answers {
            parts.append(
                Chart.columns(
                    "Answer times since the start", Self.columns(answers),
                    axis:
                        "up to; mean \(Self.time(answers.seconds / Double(answers.count))) of \(answers.count)"
                ))
        }
        return charts("Requests", parts)
    }

    private var adapterCharts: String {
        let strategies = grouped { $0.provenance.strategy }.map { name, adapters in
            Chart.Bar(name: name, value: Double(adapters.count), label: "\(adapters.count)")
        }
        return charts(
            "Adapters",
            [
                Chart.columns("Age", ages, axis: "age of the adapter, up to"),
                Chart.columns(
                    "How near the nearest expert was", proximities, axis: "cosine of intent and expert, from"),
                Chart.bars("By strategy", strategies),
            ])
    }

    // MARK: Figures

    private func charts(_ title: String, _ charts: [String]) -> String {
        let drawn = charts.filter { !$0.isEmpty }
        guard !drawn.isEmpty else { return "" }
        return "<h2>\(title)</h2>\n<div class=\"charts\">\n\(drawn.joined())</div>\n"
    }

    private static func size(_ name: String, _ bytes: Int) -> Chart.Bar {
        Chart.Bar(name: name, value: Double(bytes), label: Format.bytes(bytes))
    }

    /// The adapters by some key, those with the most bytes first; what comes after the seventh is put together.
    private func grouped(_ key: (Wire.Adapter) -> String) -> [(name: String, adapters: [Wire.Adapter])] {
        let groups = Dictionary(grouping: report.adapters, by: key).map { ($0, $1) }.sorted { one, other in
            let (first, second) = (Self.bytes(one.1), Self.bytes(other.1))
            return first == second ? one.0 < other.0 : first > second
        }
        guard groups.count > 8 else { return groups }
        return Array(groups.prefix(7)) + [("\(groups.count - 7) others", groups.dropFirst(7).flatMap(\.1))]
    }

    private static func bytes(_ adapters: [Wire.Adapter]) -> Int { adapters.reduce(0) { $0 + $1.bytes } }

    private func sizes(_ key: (Wire.Adapter) -> String) -> [Chart.Bar] {
        grouped(key).map { name, adapters in
            let bytes = Self.bytes(adapters)
            return Chart.Bar(
                name: name, value: Double(bytes),
                label: "\(adapters.count), \(Format.bytes(bytes))")
        }
    }

    private var ages: [Chart.Bar] {
        let (hour, day) = (3600, 86_400)
        let limits = [
            ("hour", hour), ("day", day), ("week", 7 * day), ("month", 31 * day), ("older", Int.max),
        ]
        var counts = [Int](repeating: 0, count: limits.count)
        for adapter in report.adapters {
            guard let created = Self.seconds(adapter.createdAt) else { continue }
            if let place = limits.firstIndex(where: { now - created <= $0.1 }) { counts[place] += 1 }
        }
        return zip(limits, counts).map { Chart.Bar(name: $0.0, value: Double($1), label: "\($1)") }
    }

    private var proximities: [Chart.Bar] {
        var counts = [Int](repeating: 0, count: 10)
        for adapter in report.adapters where adapter.provenance.nearestProximity.isFinite {
            counts[Int(min(9, max(0, (adapter.provenance.nearestProximity * 10).rounded(.down))))] += 1
        }
        return counts.enumerated().map {
            Chart.Bar(name: "0.\($0)", value: Double($1), label: "\($1)")
        }
    }

    /// The histogram's columns between the first and the last that is not empty.
    private static func columns(_ times: CacheReport.AnswerTimes) -> [Chart.Bar] {
        guard let first = times.buckets.firstIndex(where: { $0.count > 0 }),
            let last = times.buckets.lastIndex(where: { $0.count > 0 })
        else { return [] }
        return times.buckets[first...max(last, first)].suffix(12).map {
            Chart.Bar(name: $0.upTo.map(time) ?? "more", value: Double($0.count), label: "\($0.count)")
        }
    }

    /// A duration as short as it can be told apart, such as `2.5 ms` or `30 s`.
    static func time(_ seconds: Double) -> String {
        let (value, unit) = seconds < 1 ? (seconds * 1000, "ms") : (seconds, "s")
        let digits = value < 10 && value != value.rounded() ? 1 : 0
        return "\(Markup.fixed(value, digits: digits)) \(unit)"
    }

    /// The seconds since 1970 of a time on the wire.
    static func seconds(_ text: String) -> Int? {
        (try? Date(text.prefix(19) + "Z", strategy: .iso8601)).map { Int($0.timeIntervalSince1970) }
    }
}
