internal import ArgumentParser
internal import Glibc
internal import SgloradInterface

struct CacheReportCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "report",
        abstract: "Report what is stored and what was answered, as text or as an HTML page to keep.",
        discussion: """
            The page shows where the space goes, how requests ended and how long they took, the adapters by age, base model, \
            label and strategy, and the whole library. It is one file that loads nothing from anywhere, for light and dark \
            displays, phones and paper. Administrators get everybody's adapters, with their users, and the answer times; \
            others get their own. The page names labels and descriptions: only you can read the file.

              sglorad-ctl cache report --html cache.html
            """)

    @OptionGroup var page: PageOptions
    @OptionGroup var connection: Connection

    func run() async throws {
        try await connection.run { output in
            let destination = try page.destination(json: output.json)
            try await connection.withClient { client in
                let found = try await CacheReport.gather(client)
                var sentence: String?
                if let destination {
                    sentence = try destination.write(
                        CachePage(report: found, now: time(nil)).html, mode: 0o600)
                    if case .standardOutput = destination { return }
                }
                try output.emit(found) { report in
                    if let sentence { report.line(sentence) } else { report.cache(found) }
                }
            }
        }
    }
}

extension Report {
    /// A cache report's figures.
    fileprivate mutating func cache(_ found: CacheReport) {
        let (status, statistics) = (found.status, found.statistics)
        fields([
            ("State", status.state), ("Version", status.version), ("State directory", status.stateDirectory),
            ("Database", statistics.databaseBytes.map(Format.bytes)),
        ])
        space()
        var kinds = Table([.left("KIND"), .right("COUNT"), .right("SIZE")])
        for (name, usage) in [
            ("experts", statistics.experts), ("generators", statistics.generators),
            ("adapters", statistics.adapters),
            ("uploads", statistics.uploads),
        ] {
            kinds.add([name, "\(usage.count)", Format.bytes(usage.bytes)])
        }
        table(kinds, orIfEmpty: "")
        space()
        var bases = Table([.left("BASE"), .right("EXPERTS"), .right("ADAPTERS"), .right("SIZE")])
        for base in found.bases {
            let own = found.adapters.filter { $0.base == base.name }
            bases.add([
                base.name, "\(base.experts)", "\(own.count)", Format.bytes(own.reduce(0) { $0 + $1.bytes }),
            ])
        }
        table(bases, orIfEmpty: "There are no base models yet.")
        for condition in status.conditions { warning("\(condition.message) \(condition.remedy)") }
    }
}
