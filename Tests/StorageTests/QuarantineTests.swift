import Files
import Storage
import TestSupport
import Testing

@Suite("Quarantine")
struct QuarantineTests {
    private let folder: TemporaryFolder
    private let quarantine: Quarantine

    init() throws {
        folder = try TemporaryFolder()
        quarantine = Quarantine(try StateDirectory(root: folder("state")))
    }

    /// What is in quarantine, without the times.
    private var names: [String] {
        quarantine.items.map { String($0.name.drop { $0 != "-" }.dropFirst()) }.sorted()
    }

    @Test func `each item has its reason and a name of its own`() throws {
        for content in 1...2 {
            try folder.write([UInt8(content)], to: "state/private/blobs/file")
            let item = try quarantine.move(
                [folder("state/private/blobs/file"), folder("missing")], as: "file", reason: "has no form")
            #expect(item.reason == "has no form")
            #expect(!folder.has("state/private/blobs/file"))
        }
        #expect(quarantine.items.count == 2 && quarantine.items.allSatisfy { $0.reason == "has no form" })
        let contents = try quarantine.items.map { try folder.read("state/private/damaged/\($0.name)/file") }
        #expect(Set(contents) == [[1], [2]])
    }

    @Test func `erased adapters are removed, however often they were quarantined, and nothing else is`()
        throws
    {
        let stamp = "20260102T030405Z"
        let others = [
            "adaptera-1-02", "adaptera-1-1", "adaptera-1-x", "adaptera-12", "adaptera-2", "cache.db",
            "expertadaptera-1",
        ]
        for name in ["adaptera-1", "adaptera-1-2", "adaptera-1-1000"] + others {
            try folder.write([1], to: "state/private/damaged/\(stamp)-\(name)/reason")
        }
        try folder.write([1], to: "file")
        try quarantine.move([folder("file")], as: "adaptera-1", reason: "is damaged")
        quarantine.removeAdapters(["a-1", "a-3"])
        #expect(names == others)
        quarantine.removeAdapters([String]())
        #expect(names == others)
    }

    @Test func `a new state directory has no quarantine`() {
        quarantine.removeAdapters(["a-1"])
        #expect(names.isEmpty && !folder.has("state/private/damaged"))
    }
}
