import Foundation
import SgloradInterface
import TestSupport
import Testing

/// `sglorad-ctl cache report` against the real daemon: as text, as JSON and as a page.
@Suite("Cache report", .timeLimit(.minutes(10)), .needsModel)
struct CacheReportTests {
    @Test("the page holds what the daemon has, escaped, in a file of the caller's")
    func page() async throws {
        try await TestDaemon.run(experts: Places.twoExperts) { daemon in
            let label = "</style><script>alert('x')</script>"
            let made = try await daemon.reply(
                Methods.Request.Reply.self, "request", "match definitions of birds to their names", "--seed",
                "1", "--label", label)
            let id = try #require(made.adapter?.adapterId)
            let path = "\(daemon.folder)/cache.html"
            let written = try await daemon.control("cache", "report", "--html", path)
            #expect(written.status == 0 && written.output.hasPrefix("Wrote \(path), "), "\(written.error)")
            let page = try String(contentsOfFile: path, encoding: .utf8)
            #expect(page.hasPrefix("<!DOCTYPE html>") && page.hasSuffix("</html>\n"))
            #expect(page.contains(id) && page.contains("wn-birds") && page.contains("wn-fish"))
            #expect(page.contains("&lt;script&gt;alert(&#39;x&#39;)") && !page.contains("<script"))
            #expect(page.contains("Answer times since the start"))
            let mode = try FileManager.default.attributesOfItem(atPath: path)[.posixPermissions] as? Int
            #expect(mode == 0o600)
        }
    }

    @Test("a file is replaced only where that is asked for, and standard output gets the page alone")
    func destinations() async throws {
        try await TestDaemon.run { daemon in
            let path = "\(daemon.folder)/cache.html"
            try Data("mine".utf8).write(to: URL(filePath: path))
            let refused = try await daemon.control("cache", "report", "--html", path)
            #expect(refused.status != 0 && refused.error.contains("--replace"), "\(refused.error)")
            #expect(try String(contentsOfFile: path, encoding: .utf8) == "mine")
            let replaced = try await daemon.control("cache", "report", "--html", path, "--replace")
            #expect(
                replaced.status == 0 && replaced.output.hasPrefix("Replaced \(path), "), "\(replaced.error)")
            let printed = try await daemon.control("cache", "report", "--html", "-")
            #expect(printed.output.hasPrefix("<!DOCTYPE html>") && printed.output.hasSuffix("</html>\n"))
            let text = try await daemon.control("cache", "report")
            #expect(
                text.status == 0 && text.output.contains("There are no base models yet."), "\(text.output)")
            let json = try await daemon.control("cache", "report", "--json")
            #expect(json.status == 0 && json.output.contains("\"statistics\""), "\(json.output)")
        }
    }
}
