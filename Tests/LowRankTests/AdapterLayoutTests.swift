import ErrorModel
import Foundation
import LowRank
import Testing

@Suite("AdapterLayout")
struct AdapterLayoutTests {
    private let query = Site(path: "layer.0.query", inFeatures: 3, outFeatures: 5)
    private let value = Site(path: "layer.0.value", inFeatures: 3, outFeatures: 4)

    private func mismatch(_ body: () throws -> some Any) -> SgloradError? {
        let error = #expect(throws: SgloradError.self) { _ = try body() }
        #expect(error?.code == .layoutMismatch)
        return error
    }

    @Test func `sites are sorted by path`() throws {
        let layout = try AdapterLayout(sites: [value, query], rank: 2, scale: 2)
        #expect(layout.sites == [query, value])
        #expect(try layout == AdapterLayout(sites: [query, value], rank: 2, scale: 2))
    }

    @Test func `slices cover the vector, A before B`() throws {
        let layout = try AdapterLayout(sites: [query, value], rank: 2, scale: 2)
        let slices = layout.slices
        #expect(slices.map(\.site) == layout.sites)
        #expect(slices.map(\.a) == [0..<6, 16..<22])
        #expect(slices.map(\.b) == [6..<16, 22..<30])
        #expect(layout.parameterCount == 30)
    }

    @Test(arguments: [0, -1, 4097, Int.max, Int.min]) func `a rank out of range is rejected`(rank: Int) {
        let error = mismatch { try AdapterLayout(sites: [query], rank: rank, scale: 1) }
        #expect(error?.message.contains("rank \(rank)") == true)
    }

    @Test(arguments: [0, -3, (1 << 24) + 1, Int.max, Int.min]) func `features out of range are rejected`(
        features: Int
    ) {
        for site in [
            Site(path: "x", inFeatures: features, outFeatures: 1),
            Site(path: "x", inFeatures: 1, outFeatures: features),
        ] {
            let error = mismatch { try AdapterLayout(sites: [query, site], rank: 1, scale: 1) }
            #expect(error?.parameters["site"] == .string("x"))
        }
    }

    @Test(arguments: [0, Float.nan, .infinity]) func `a scale that is zero or not finite is rejected`(
        scale: Float
    ) {
        _ = mismatch { try AdapterLayout(sites: [query], rank: 1, scale: scale) }
    }

    @Test func `missing sites, empty paths and duplicate paths are rejected`() {
        _ = mismatch { try AdapterLayout(sites: [], rank: 1, scale: 1) }
        _ = mismatch {
            try AdapterLayout(sites: [Site(path: "", inFeatures: 1, outFeatures: 1)], rank: 1, scale: 1)
        }
        let error = mismatch { try AdapterLayout(sites: [query, value, query], rank: 1, scale: 1) }
        #expect(error?.parameters["site"] == .string(query.path))
        // One text in two normalisation forms, which are not adjacent in byte order.
        let twice = ["caf\u{E9}", "cafz", "cafe\u{301}"].map { Site(path: $0, inFeatures: 1, outFeatures: 1) }
        _ = mismatch { try AdapterLayout(sites: twice, rank: 1, scale: 1) }
    }

    @Test func `the parameter count is limited to what BLAS can count`() throws {
        let large = (0..<2).map { Site(path: "x\($0)", inFeatures: 1 << 18, outFeatures: 1 << 17) }
        #expect(try AdapterLayout(sites: [large[0]], rank: 4096, scale: 1).parameterCount == 3 << 29)
        let error = mismatch { try AdapterLayout(sites: large, rank: 4096, scale: 1) }
        #expect(error?.parameters["site"] == .string("x1"))
        let site = Site(path: "x", inFeatures: 1 << 24, outFeatures: 1 << 24)
        _ = mismatch { try AdapterLayout(sites: [site], rank: 4096, scale: 1) }
    }

    @Test func `a layout survives a JSON round trip, and invalid JSON is rejected`() throws {
        let layout = try AdapterLayout(sites: [query, value], rank: 2, scale: 1.6666666)
        let data = try JSONEncoder().encode(layout)
        #expect(try JSONDecoder().decode(AdapterLayout.self, from: data) == layout)
        let text = try #require(String(data: data, encoding: .utf8))
        for (right, wrong) in [
            ("\"rank\":2", "\"rank\":0"), ("\"rank\":2", "\"rank\":9223372036854775807"),
            ("\"inFeatures\":3", "\"inFeatures\":-3"), ("layer.0.value", "layer.0.query"),
        ] {
            let changed = text.replacingOccurrences(of: right, with: wrong)
            #expect(changed != text)
            _ = mismatch { try JSONDecoder().decode(AdapterLayout.self, from: Data(changed.utf8)) }
        }
    }
}
