import ArgumentParser
import Foundation
import TestSupport
import Testing

@testable import sglorad_ctl

/// What `sglorad-ctl` shows when it is called alone.
@Suite struct FirstDayTests {
    @Test func pageMatchesTheSnapshot() throws {
        let file = HelpSnapshotTests.folder.deletingLastPathComponent().appending(
            path: "Fixtures/first-day.txt")
        let recorded = try String(contentsOf: file, encoding: .utf8)
        #expect(FirstDay.page == recorded)
        #expect(FirstDay.page.split(separator: "\n").allSatisfy { $0.count <= 80 })
        #expect(FirstDay.steps.count == 5)
    }

    @Test func everyCommandOfItExists() throws {
        for step in FirstDay.steps { _ = try SgloradControl.parseAsRoot(step.words) }
    }

    @Test func theProgramAloneShowsItAndSucceeds() async throws {
        let outcome = try await Program.run("\(Places.products)/sglorad-ctl", [])
        #expect(outcome.status == 0)
        #expect(outcome.output == FirstDay.page)
        #expect(outcome.error.isEmpty)
    }
}
