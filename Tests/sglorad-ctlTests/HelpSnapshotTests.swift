import ArgumentParser
import Foundation
import Testing

@testable import sglorad_ctl

/// The help of every command, compared with the recorded texts in `Snapshots`.
///
/// `SGLORAD_RECORD=1 swift test --filter HelpSnapshotTests` records them again.
@Suite struct HelpSnapshotTests {
    static let folder = URL(fileURLWithPath: #filePath).deletingLastPathComponent().appendingPathComponent(
        "Snapshots")

    /// A command and its path of subcommands.
    struct Page: Sendable, CustomTestStringConvertible {
        let words: [String]
        let command: any ParsableCommand.Type
        var testDescription: String { words.joined(separator: " ") }
        var file: URL {
            HelpSnapshotTests.folder.appendingPathComponent(words.joined(separator: "-") + ".txt")
        }
    }

    static let pages = collect(SgloradControl.self, [])

    static func collect(_ command: any ParsableCommand.Type, _ above: [String]) -> [Page] {
        let words = above + [command.configuration.commandName ?? command._commandName]
        return [Page(words: words, command: command)]
            + command.configuration.subcommands.flatMap { collect($0, words) }
    }

    @Test(arguments: pages)
    func helpMatchesTheSnapshot(_ page: Page) throws {
        let help = SgloradControl.helpMessage(for: page.command, columns: 100) + "\n"
        if ProcessInfo.processInfo.environment["SGLORAD_RECORD"] == "1" {
            try FileManager.default.createDirectory(at: Self.folder, withIntermediateDirectories: true)
            try Data(help.utf8).write(to: page.file)
        }
        let recorded = try String(contentsOf: page.file, encoding: .utf8)
        #expect(help == recorded, "If the change is intended, record it with SGLORAD_RECORD=1.")
    }

    @Test func everySnapshotBelongsToACommand() throws {
        let files = try FileManager.default.contentsOfDirectory(atPath: Self.folder.path).sorted()
        #expect(files == Self.pages.map(\.file.lastPathComponent).sorted())
    }

    @Test(arguments: pages)
    func everyCommandAndOptionHasHelp(_ page: Page) {
        #expect(!page.command.configuration.abstract.isEmpty)
        #expect(page.command.configuration.abstract.hasSuffix("."))
        // The help of an option or argument is a sentence; without help, its line holds only the name.
        let bare = SgloradControl.helpMessage(for: page.command, columns: 400).split(separator: "\n").filter {
            ($0.hasPrefix("  -") || $0.hasPrefix("  <")) && !$0.hasSuffix(".") && !$0.contains(". (values:")
        }
        #expect(bare.isEmpty)
    }

    @Test func everyLeafCommandTakesSocketAndJSON() {
        for page in Self.pages where page.command.configuration.subcommands.isEmpty {
            let help = SgloradControl.helpMessage(for: page.command, columns: 100)
            #expect(help.contains("--socket <path>"), "\(page.testDescription)")
            #expect(help.contains("--json"), "\(page.testDescription)")
        }
    }
}
