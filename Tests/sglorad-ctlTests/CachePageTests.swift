import Foundation
import SgloradInterface
import Testing

@testable import sglorad_ctl

/// The HTML page of a cache report: complete, self-contained, and safe whatever its texts contain.
@Suite struct CachePageTests {
    static let evil = "</title></style><script>alert(1)</script>\"'&\u{1B}[31m\u{202E}<img src=//x>"

    /// A report whose every text is `text`.
    static func report(text: String, adapters: Int = 60, isOfEverybody: Bool = true) throws -> CacheReport {
        let provenance = Wire.Provenance(
            strategy: text, choice: nil, base: text,
            experts: [Wire.GuidingExpert(expert: text, digest: text, proximity: 0.5, weight: 1)], topK: 1,
            temperature: 0.1, proximity: "plain", nearestProximity: 0.5, threshold: 0.3, seed: 1,
            generator: nil, library: text, encoder: text, kernel: text, version: text, warnings: nil)
        let made = (0..<adapters).map { place in
            Wire.Adapter(
                adapterId: "a-\(place)", base: text, digest: text, files: [], bytes: 1000 * place,
                path: text, label: place.isMultiple(of: 2) ? "\(text) \(place)" : nil,
                createdAt: "2026-11-0\(1 + place % 9)T12:00:00Z", truncated: nil, pinned: place == 3,
                provenance: provenance)
        }
        let requests = made.map {
            Wire.QueuedRequest(
                requestId: "r-\($0.adapterId)", state: "done", stage: nil, calledOff: nil, base: text,
                label: text, submittedAt: "2026-11-01T12:00:00Z", finishedAt: nil, attempts: nil,
                adapterId: $0.adapterId, failure: nil, truncated: nil, uid: isOfEverybody ? 1000 : nil)
        }
        let metrics = """
            # TYPE sglorad_answer_seconds histogram
            sglorad_answer_seconds_bucket{le="0.005"} 0
            sglorad_answer_seconds_bucket{le="0.01"} 3
            sglorad_answer_seconds_bucket{le="0.025"} 7
            sglorad_answer_seconds_bucket{le="+Inf"} 8
            sglorad_answer_seconds_sum 2.5
            sglorad_answer_seconds_count 8
            """
        return CacheReport(
            status: Methods.Status.Reply(
                version: text, state: "degraded",
                conditions: [.init(name: text, message: text, remedy: text)],
                startedAt: text, stateDirectory: text,
                encoder: Wire.Encoder(
                    name: text, folder: text, digest: text, dimension: 384, maximumTokens: 256),
                kernel: text, sqlite: text,
                queue: Wire.QueueCounts(
                    queued: 1, running: 0, done: adapters, refused: 2, failed: 0, cancelled: 1),
                training: text),
            statistics: Methods.CacheStatistics.Reply(
                bases: 1, experts: .init(count: 1, bytes: 4096), generators: .init(count: 0, bytes: 0),
                adapters: .init(count: adapters, bytes: made.reduce(0) { $0 + $1.bytes }),
                uploads: .init(count: 0, bytes: 0), databaseBytes: isOfEverybody ? 100_000 : nil),
            bases: [
                Wire.Base(
                    name: text, sites: [], rank: 8, scale: 1, parameterCount: 10, experts: 1, library: text,
                    encodes: true, createdAt: text, formerNames: [text])
            ],
            experts: [
                Wire.Expert(
                    name: text, base: text, description: text, digest: text, checkpoints: 1, bytes: 4096,
                    importedAt: text, descriptionTruncated: nil, foreign: true)
            ],
            generators: [], adapters: made, requests: requests,
            answers: CacheReport.AnswerTimes(metrics: metrics))
    }

    private static func page(_ report: CacheReport) -> String {
        CachePage(report: report, now: 1_795_000_000).html
    }

    @Test func textsCannotBreakOutOfTheMarkup() throws {
        let page = Self.page(try Self.report(text: Self.evil))
        for mark in ["<script", "<img", "\u{1B}", "\u{202E}"] { #expect(!page.contains(mark)) }
        #expect(page.contains("&lt;script&gt;alert(1)"))
        #expect(page.components(separatedBy: "</style>").count == 2)
    }

    @Test func loadsNothingExternal() throws {
        let page = Self.page(try Self.report(text: "plain"))
        for word in ["http:", "https:", "src=", "url(", "@import", "<link", "<img", "<iframe", "javascript"] {
            #expect(!page.contains(word), "\(word)")
        }
        #expect(page.contains("default-src 'none'"))
    }

    @Test func everyTableHasACaptionAndHeadings() throws {
        let page = Self.page(try Self.report(text: "plain"))
        let tables = page.components(separatedBy: "<table>").count - 1
        #expect(tables == 3)
        #expect(page.components(separatedBy: "<caption>").count - 1 == tables)
        #expect(!page.contains("<th>") && page.contains("<html lang=\"en\">"))
        #expect(
            page.components(separatedBy: "role=\"img\" aria-label=").count
                == page.components(separatedBy: "<svg").count)
    }

    @Test func usersAndAnswerTimesAreForAdministrators() throws {
        let everybody = Self.page(try Self.report(text: "plain"))
        #expect(everybody.contains("user 1000") && everybody.contains("for all its users"))
        #expect(everybody.contains("The newest 50 of 60 adapters"))
        var own = try Self.report(text: "plain", isOfEverybody: false)
        own.answers = nil
        let page = Self.page(own)
        #expect(
            !page.contains("user 1000") && !page.contains("by user")
                && page.contains("as far as it concerns you"))
    }

    @Test func answerTimesAreReadFromTheMetrics() throws {
        let times = try #require(try Self.report(text: "plain").answers)
        #expect(times.buckets.map(\.count) == [0, 3, 4, 1] && times.count == 8)
        #expect(times.buckets.map(\.upTo) == [0.005, 0.01, 0.025, nil])
        #expect(CacheReport.AnswerTimes(metrics: "sglorad_answer_seconds_count 0\n") == nil)
        #expect(CachePage.time(0.0025) == "2.5 ms" && CachePage.time(30) == "30 s")
    }

    @Test func anEmptyReportSaysWhatToDo() throws {
        var report = try Self.report(text: "plain", adapters: 0)
        (report.bases, report.experts, report.answers) = ([], [], nil)
        let page = Self.page(report)
        #expect(page.contains("There are no adapters yet") && page.contains("expert import"))
        #expect(!page.contains("NaN") && !page.contains("inf"))
    }

    @Test func renderingIsDeterministic() throws {
        let report = try Self.report(text: "plain")
        #expect(Self.page(report) == Self.page(report))
        #expect(Self.page(report).contains("Written on 18 November 2026, 11:06 UTC"))
    }

    /// Hostile pages for `make pages`, which opens them in a browser.
    @Test(.enabled(if: ProcessInfo.processInfo.environment["SGLORAD_PAGES"] != nil))
    func writePages() throws {
        let folder = URL(filePath: ProcessInfo.processInfo.environment["SGLORAD_PAGES"] ?? ".")
        let long = String(repeating: "unbroken", count: 30)
        for (name, text) in [("cache-hostile", Self.evil), ("cache-long", long)] {
            try Data(Self.page(try Self.report(text: text)).utf8).write(
                to: folder.appending(path: "\(name).html"))
        }
    }
}
