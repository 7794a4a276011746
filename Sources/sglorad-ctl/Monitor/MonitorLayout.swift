internal import FoundationEssentials
internal import SgloradInterface

/// The size of a terminal, in characters.
struct TerminalSize: Sendable, Hashable {
    var columns: Int
    var rows: Int
}

/// The lines of a monitor's screen: as much of the board as fits, the most important first.
struct MonitorLayout {
    let board: MonitorBoard
    let size: TerminalSize
    let now: Date

    /// Below this height the screen has no empty lines and no line of keys.
    private static let roomyRows = 16

    /// At most as many lines as the terminal has rows.
    var lines: [ScreenLine] {
        let isRoomy = size.rows >= Self.roomyRows
        var lines = [title, link]
        if isRoomy { lines.append(ScreenLine()) }
        lines += figures
        lines += conditions
        let foot = isRoomy ? 2 : 0
        lines += tables(rows: size.rows - lines.count - foot, isRoomy: isRoomy)
        guard isRoomy else { return Array(lines.prefix(max(0, size.rows))) }
        lines = Array(lines.prefix(size.rows - 1))
        while lines.count < size.rows - 1 { lines.append(ScreenLine()) }
        return lines + [ScreenLine("q or Ctrl-C leaves", .faint)]
    }

    private var isAway: Bool {
        if case .away = board.link { true } else { false }
    }

    private var title: ScreenLine {
        var line = ScreenLine()
        line.add("sglorad \(board.status?.version ?? "")  ", .heading)
        switch board.link {
        case .connecting: line.add("connecting", .faint)
        case .away: line.add("away", .failure)
        case .up:
            let state = board.health?.state ?? "?"
            line.add(state, state == "ok" ? .good : .warning)
        }
        let clock = board.link == .connecting ? "" : Self.clock(now)
        let gap = size.columns - line.width - clock.count
        if gap > 0 {
            line.add(String(repeating: " ", count: gap))
            line.add(clock, .faint)
        }
        return line
    }

    private var link: ScreenLine {
        switch board.link {
        case .connecting: return ScreenLine(board.path, .faint)
        case .away(let since, let why):
            return ScreenLine(
                "away for \(Format.duration(now.timeIntervalSince(since))), trying again: \(why)", .failure)
        case .up(let since, let returned):
            let up = board.status.flatMap { Self.date($0.startedAt) }.map {
                ", up \(Format.duration(max(0, now.timeIntervalSince($0))))"
            }
            guard returned, now.timeIntervalSince(since) < 10 else {
                return ScreenLine("\(board.path)\(up ?? "")", .faint)
            }
            return ScreenLine("the daemon is back\(up ?? "")", .good)
        }
    }

    private var figures: [ScreenLine] {
        let role: ScreenLine.Role = isAway ? .faint : .plain
        var lines: [ScreenLine] = []
        func add(_ name: String, _ text: String?) {
            guard let text else { return }
            var line = ScreenLine()
            line.add(name + String(repeating: " ", count: 10 - name.count), .heading)
            line.add(text, role)
            lines.append(line)
        }
        if let queue = board.health?.queue {
            add("queue", "\(queue.queued) queued, \(queue.running) running")
            add("ended", Self.ended(queue))
        }
        add("workers", workers)
        add("answers", answers)
        add("stages", stages)
        add("cache", cache)
        add("training", board.health?.training.map { "a generator for \($0)" })
        return lines
    }

    private static func ended(_ queue: Wire.QueueCounts) -> String {
        "\(queue.done) done, \(queue.refused) refused, \(queue.failed) failed, \(queue.cancelled) cancelled"
    }

    /// The workers as a bar; nil for those who may not know of them.
    private var workers: String? {
        guard let figures = board.poll?.figures, let all = figures.workers, let busy = figures.busyWorkers
        else { return nil }
        let memory = figures.residentBytes.map { ", the daemon takes \(Format.bytes($0))" } ?? ""
        let bar =
            String(repeating: "#", count: min(32, busy))
            + String(repeating: ".", count: max(0, min(32, all) - busy))
        return "[\(bar)] \(busy) of \(all) busy\(memory)"
    }

    /// How long answers take: what this monitor has seen, otherwise the mean since the daemon's start.
    private var answers: String? {
        if let median = board.answerTime(quantile: 0.5), let high = board.answerTime(quantile: 0.95),
            let longest = board.answerTimes.max()
        {
            let of = board.answerTimes.count
            return "median \(Format.time(median)), 95 % below \(Format.time(high)), longest "
                + "\(Format.time(longest)), of the last \(of)"
        }
        guard let figures = board.poll?.figures, let count = figures.answers, count > 0,
            let seconds = figures.answerSeconds
        else { return "none seen yet" }
        return "mean \(Format.time(seconds / Double(count))) of \(count) since the daemon's start"
    }

    private var stages: String? {
        guard let stages = board.poll?.figures.stages, !stages.isEmpty else { return nil }
        return stages.map { "\($0.name) \(Format.time($0.mean))" }.joined(separator: ", ") + " (means)"
    }

    private var cache: String? {
        guard let cache = board.poll?.cache else { return nil }
        func part(_ usage: Wire.Usage, _ noun: String) -> String {
            "\(Format.count(usage.count, noun)) \(Format.bytes(usage.bytes))"
        }
        return [
            part(cache.experts, "expert"), part(cache.generators, "generator"),
            part(cache.adapters, "adapter"),
        ].joined(separator: ", ")
    }

    /// What degrades the daemon, with the remedies, in at most a third of the screen.
    private var conditions: [ScreenLine] {
        let conditions = board.health?.conditions ?? []
        guard !conditions.isEmpty else { return [] }
        let lines = conditions.flatMap {
            ScreenLine.wrapped(
                "\($0.name): \($0.message) \($0.remedy)", columns: size.columns, isAway ? .faint : .warning)
        }
        let room = max(2, size.rows / 3)
        guard lines.count > room else { return lines }
        return lines.prefix(room - 1) + [ScreenLine("… more in 'sglorad-ctl status'", .faint)]
    }
}

extension MonitorLayout {
    /// The requests and the adapters, which share the rows that are left.
    private func tables(rows: Int, isRoomy: Bool) -> [ScreenLine] {
        let gap = isRoomy ? 1 : 0
        let requests = requestTable
        let adapters = adapterTable
        guard rows >= 2 + gap, !(requests.isEmpty && adapters.isEmpty) else { return [] }
        // Each gets half, and what the other does not need.
        let half = (rows - 2 * gap) / 2
        let first = min(requests.count, max(half, rows - 2 * gap - adapters.count))
        let second = rows - first - 2 * gap
        var lines: [ScreenLine] = []
        if first >= 2, !requests.isEmpty {
            if isRoomy { lines.append(ScreenLine()) }
            lines += requests.prefix(first)
        }
        if second >= 2, !adapters.isEmpty {
            if isRoomy { lines.append(ScreenLine()) }
            lines += adapters.prefix(second)
        }
        return lines
    }

    private var requestTable: [ScreenLine] {
        var table = Table([.left("REQUEST"), .left("STATE"), .right("AGE"), .left("LABEL")])
        for request in board.requests {
            let stage = request.stage.map { " (\($0))" } ?? ""
            table.add([
                request.requestId, request.state + stage, age(request.submittedAt),
                Self.shortened(request.label ?? request.failure ?? ""),
            ])
        }
        return lines(of: table)
    }

    private var adapterTable: [ScreenLine] {
        var table = Table([.left("ADAPTER"), .left("STRATEGY"), .right("AGE"), .left("NEAREST EXPERT")])
        for adapter in board.poll?.adapters ?? [] {
            let nearest = adapter.provenance.experts.max { $0.proximity < $1.proximity }
            table.add([
                adapter.adapterId, adapter.provenance.strategy, age(adapter.createdAt),
                Self.shortened(nearest?.expert ?? ""),
            ])
        }
        return lines(of: table)
    }

    private func lines(of table: Table) -> [ScreenLine] {
        guard !table.isEmpty else { return [] }
        return table.lines().enumerated().map { index, line in
            ScreenLine(line, index == 0 ? .heading : isAway ? .faint : .plain)
        }
    }

    private func age(_ time: String) -> String {
        Self.date(time).map { Format.duration(max(0, now.timeIntervalSince($0))) } ?? "?"
    }

    /// The last column must not make a row's other columns unreadable.
    private static func shortened(_ text: String) -> String {
        text.count > 120 ? String(text.prefix(119)) + "~" : text
    }

    private static func date(_ text: String) -> Date? { try? Date(text, strategy: .iso8601) }

    /// The time of day in UTC, as all times of the interface.
    private static func clock(_ now: Date) -> String {
        let text = now.formatted(.iso8601)
        return String(text.dropFirst(11).prefix(8)) + " UTC"
    }
}
