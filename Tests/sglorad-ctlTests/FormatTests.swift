import Testing

@testable import sglorad_ctl

@Suite struct FormatTests {
    @Test func numbersAreRounded() {
        #expect(Format.fixed(0.5) == "0.500")
        #expect(Format.fixed(-1.23456, digits: 4) == "-1.2346")
        #expect(
            Format.significant(0.000012345) == "1.234e-05" || Format.significant(0.000012345) == "1.235e-05")
        #expect(Format.significant(2) == "2")
        #expect(Format.percent(0.9753) == "97.5 %")
        #expect(Format.fixed(1e300).count == 305)
    }

    @Test func sizesAreInBinaryUnits() {
        #expect(Format.bytes(0) == "0 B")
        #expect(Format.bytes(1023) == "1023 B")
        #expect(Format.bytes(1024) == "1.0 KiB")
        #expect(Format.bytes(76_904) == "75.1 KiB")
        #expect(Format.bytes(5 << 40) == "5.0 TiB")
        #expect(Format.bytes(.max) == "8.0 EiB")
    }

    @Test func durationsAreInSecondsMinutesAndHours() {
        #expect(Format.duration(0.2) == "1 s")
        #expect(Format.duration(59) == "59 s")
        #expect(Format.duration(61) == "1 min 1 s")
        #expect(Format.duration(7_260) == "2 h 1 min")
        #expect(Format.duration(.nan) == "?")
        #expect(Format.duration(.infinity) == "?")
        #expect(Format.duration(-1) == "?")
    }

    @Test func countsArePluralised() {
        #expect(Format.count(1, "file") == "1 file")
        #expect(Format.count(0, "file") == "0 files")
    }
}
