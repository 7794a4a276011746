import Files
import Foundation
import Glibc
import Storage
import TestSupport
import Testing

@Suite("The record of an orderly stop")
struct CleanStopTests {
    private let folder: TemporaryFolder
    private let state: StateDirectory
    private var stop: CleanStop { CleanStop(state) }

    init() throws {
        folder = try TemporaryFolder()
        state = try StateDirectory(root: folder("state"))
        for path in [state.cacheDatabase, state.queueDatabase, state.serviceTime] {
            try Data("as it was".utf8).write(to: URL(filePath: path))
        }
        try Folder.make(state.adapters + "/name")
    }

    @Test func `holds for one start`() throws {
        #expect(try !stop.take())
        stop.record()
        #expect(try stop.take())
        #expect(try !stop.take())
    }

    @Test(
        "does not hold after a change from outside",
        arguments: ["cache.db", "queue.db", "time", "blobs", "adapters", "folder", "record"])
    func changed(what: String) throws {
        stop.record()
        let path =
            switch what {
            case "blobs": state.blobs + "/ab"
            case "adapters": state.adapters + "/other"
            case "folder": state.adapters + "/name/adapter"
            case "record": state.cleanStop
            default: "\(state.closed)/\(what)"
            }
        // As long as what was there, and the same time of change: a restored file keeps both.
        let file = URL(filePath: path)
        let before = try? file.resourceValues(forKeys: [.contentModificationDateKey]).contentModificationDate
        try Data("as it is!".utf8).write(to: file)
        if let before {
            // Before Linux 6.13 a file's times have the resolution of the kernel's tick.
            usleep(20_000)
            try FileManager.default.setAttributes([.modificationDate: before], ofItemAtPath: path)
        }
        #expect(try !stop.take())
        #expect(!FileManager.default.fileExists(atPath: state.cleanStop))
    }

    @Test func `is not written beside a log that is still to be read`() throws {
        try Data("log".utf8).write(to: URL(filePath: state.queueDatabase + "-wal"))
        stop.record()
        #expect(try !stop.take())
    }
}
