import DurableStorage
import Testing

@Suite("DamagedStore")
struct DamagedStoreTests {
    private let folder: TemporaryFolder
    private let store: DamagedStore

    init() throws {
        folder = try TemporaryFolder()
        store = DamagedStore(try StateDirectory(root: folder("state")))
    }

    /// What lies aside, without the times.
    private var names: [String] {
        store.items.map { String($0.name.drop { $0 != "-" }.dropFirst()) }.sorted()
    }

    @Test func `what is moved aside lies there with its reason, under a name of its own`() throws {
        for content in 1...2 {
            try folder.write([UInt8(content)], to: "state/blobs/file")
            let item = try store.moveAside(
                [folder("state/blobs/file"), folder("missing")], as: "file", reason: "has no form")
            #expect(item.reason == "has no form")
            #expect(!folder.has("state/blobs/file"))
        }
        #expect(store.items.count == 2 && store.items.allSatisfy { $0.reason == "has no form" })
        let contents = try store.items.map { try folder.read("state/damaged/\($0.name)/file") }
        #expect(Set(contents) == [[1], [2]])
    }

    @Test func `adapters that are forgotten go from it, they alone, however often they were put there`()
        throws
    {
        let stamp = "20260102T030405Z"
        let others = [
            "adaptera-1-02", "adaptera-1-1", "adaptera-1-x", "adaptera-12", "adaptera-2", "cache.db",
            "expertadaptera-1",
        ]
        for name in ["adaptera-1", "adaptera-1-2", "adaptera-1-1000"] + others {
            try folder.write([1], to: "state/damaged/\(stamp)-\(name)/reason")
        }
        try folder.write([1], to: "file")
        try store.moveAside([folder("file")], as: "adaptera-1", reason: "is damaged")
        store.removeAdapters(["a-1", "a-3"])
        #expect(names == others)
        store.removeAdapters([String]())
        #expect(names == others)
    }

    @Test func `nothing lies aside of a directory where nothing was found`() {
        store.removeAdapters(["a-1"])
        #expect(names.isEmpty && !folder.has("state/damaged"))
    }
}
