import ErrorModel
import Files
import Foundation
import TestSupport
import Testing

@testable import Storage

@Suite("The version of a state directory")
struct StateVersionTests {
    private let folder: TemporaryFolder
    private let state: StateDirectory
    private let known = StateVersion(parts: ["layout": 2, "queue.db": 7])
    private var path: String { state.closed + "/version" }

    init() throws {
        folder = try TemporaryFolder()
        state = try StateDirectory(root: folder("state"))
    }

    @Test func `a directory without a record is known, also one that does not exist`() throws {
        try known.requireKnown(state.root)
        try known.requireKnown(folder("none"))
    }

    @Test func `what was recorded is known to the same and to later versions`() throws {
        #expect(known.record(in: state))
        try known.requireKnown(state.root)
        try StateVersion(parts: ["layout": 3, "queue.db": 7, "more": 1]).requireKnown(state.root)
    }

    @Test(arguments: [["layout": 1, "queue.db": 7], ["layout": 2, "queue.db": 6], ["queue.db": 9]])
    func `an earlier version refuses, names what is needed and what differs`(parts: [String: Int]) throws {
        #expect(known.record(in: state))
        let error = try #require(throws: SgloradError.self) {
            try StateVersion(parts: parts).requireKnown(state.root)
        }
        #expect(error.isNewerState && error.code == .storageFailure)
        #expect(error.message.contains("\(SgloradRelease.version)"), "\(error)")
        #expect(error.message.contains("layout 2") != error.message.contains("queue.db 7"), "\(error)")
    }

    @Test func `a damaged record says nothing, and is written again`() throws {
        #expect(known.record(in: state))
        let sound = try Data(contentsOf: URL(filePath: path))
        for place in sound.indices {
            var damaged = sound
            damaged[place] ^= 1
            try damaged.write(to: URL(filePath: path))
            try StateVersion(parts: [:]).requireKnown(state.root)
        }
        #expect(known.record(in: state))
        #expect(try Data(contentsOf: URL(filePath: path)) == sound)
    }

    @Test func `is written once`() throws {
        #expect(known.record(in: state))
        let inode = try #require(
            FileManager.default.attributesOfItem(atPath: path)[.systemFileNumber] as? Int)
        #expect(known.record(in: state))
        #expect(try FileManager.default.attributesOfItem(atPath: path)[.systemFileNumber] as? Int == inode)
        #expect(StateVersion(parts: ["layout": 3]).record(in: state))
        #expect(try String(contentsOfFile: path, encoding: .utf8).contains("layout 3\n"))
    }

    @Test func `a record that cannot be written is no failure`() throws {
        Folder.remove(state.temporary)
        #expect(!known.record(in: state))
    }
}
