import Testing

@testable import sglorad_ctl

/// Tables, escaping and textual reports.
@Suite struct TableTests {
    @Test func columnsAreAlignedAndNothingIsTruncated() {
        var table = Table([.left("EXPERT"), .right("WEIGHT"), .left("DESCRIPTION")])
        let long = String(repeating: "words ", count: 60) + "end"
        table.add(["a", "0.5", long])
        table.add(["birds-of-prey", "0.125", "x"])
        #expect(
            table.lines() == [
                "EXPERT         WEIGHT  DESCRIPTION",
                "a                 0.5  \(long)",
                "birds-of-prey   0.125  x",
            ])
    }

    @Test func linesHaveNoTrailingSpacesAndMissingCellsAreEmpty() {
        var table = Table([.left("A"), .left("LONGER")])
        table.add(["value"])
        table.add(["v", "w", "ignored"])
        #expect(table.lines() == ["A      LONGER", "value", "v      w"])
    }

    @Test func tableWithoutTitlesHasNoHeader() {
        var table = Table([.left(""), .left("")])
        table.add(["state", "ok"])
        #expect(table.lines() == ["state  ok"])
    }

    @Test func wideCharactersTakeTwoColumns() {
        var table = Table([.left("N"), .left("M")])
        table.add(["鳥", "1"])
        table.add(["abc", "2"])
        table.add(["e\u{301}", "3"])
        table.add(["🐦", "4"])
        #expect(table.lines() == ["N    M", "鳥   1", "abc  2", "e\u{301}    3", "🐦   4"])
    }

    @Test func styleColoursOnlyTheHeader() {
        var table = Table([.left("A")])
        table.add(["b"])
        #expect(table.lines(Style(isColoured: true)) == ["\u{1B}[1mA\u{1B}[0m", "b"])
    }

    @Test func controlCharactersAreEscaped() {
        var table = Table([.left("A"), .left("B")])
        table.add(["\u{1B}[2Jx\n\r\t\u{7}\u{9B}", "\u{202E}evil\u{2028}"])
        let line = table.lines().joined()
        #expect(line.contains(#"\u{1B}[2Jx\n\r\t\u{7}\u{9B}  \u{202E}evil\u{2028}"#))
        #expect(!line.unicodeScalars.contains { $0.value < 0x20 || $0.value == 0x9B || $0.value == 0x202E })
    }

    @Test func joinersAreKept() {
        #expect(SafeText("👩‍🚀").description == "👩‍🚀")
        #expect(SafeText("👩‍🚀").width == 2)
        #expect(SafeText("plain text").width == 10)
    }

    @Test func reportHandlesEmptyTablesAndEscapesSentences() {
        var report = Report()
        report.fields([("state", "ok"), ("nothing", nil), ("queue", "1\u{1B}")])
        report.space()
        report.table(Table([.left("X")]), orIfEmpty: "None.")
        report.line("a\u{1B}b")
        report.warning("look")
        #expect(report.rendered() == "state  ok\nqueue  1\\u{1B}\n\nNone.\na\\u{1B}b\nWarning: look\n")
    }
}
