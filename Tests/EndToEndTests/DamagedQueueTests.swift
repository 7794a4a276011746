import Foundation
import Glibc
import SgloradInterface
import Storage
import TestSupport
import Testing

/// Damage in the files of queue.db: the daemon starts, says what was lost, and each remedy it names works.
@Suite("A damaged queue", .needsModel)
struct DamagedQueueTests {
    /// Runs a daemon, makes requests that stay acknowledged, and kills it, so that its log stays.
    private static func prepare(_ folder: String, requests: Int = 6) async throws -> [String] {
        let daemon = try DaemonProcess(folder: folder)
        let ids = Names()
        try await daemon.run(stoppingBy: .killing) { process in
            try #require(try await daemon.waitUntilServing(process), "\(daemon.logTail)")
            try await daemon.importExperts(Places.twoExperts)
            for number in 0..<200 {
                let reply = try await daemon.reply(
                    Methods.Request.Reply.self, "request", "definitions of birds", "--seed", "\(number)")
                await ids.add(reply.request.requestId)
                guard await ids.all.count >= requests else { continue }
                // A sweep may truncate the log at any time, but not while the daemon stands still.
                try await standStill(process)
                if logBytes(folder) >= 40_000 { break }
                kill(process, SIGCONT)
            }
        }
        return await ids.all
    }

    private static func logBytes(_ folder: String) -> Int {
        let attributes = try? FileManager.default.attributesOfItem(
            atPath: "\(folder)/state/private/queue.db-wal")
        return attributes?[.size] as? Int ?? 0
    }

    private actor Names {
        var all: [String] = []
        func add(_ name: String) { all.append(name) }
    }

    private static func flip(_ path: String, at place: Int, by mask: UInt8 = 0x20) throws {
        var bytes = try Data(contentsOf: URL(filePath: path))
        try #require(place < bytes.count, "\(path) has \(bytes.count) bytes")
        bytes[place] ^= mask
        try bytes.write(to: URL(filePath: path))
    }

    /// Starts the daemon, which must serve, and follows the remedy of each condition.
    ///
    /// - Returns: the messages of the conditions.
    private static func start(_ folder: String) async throws -> [String] {
        let messages = Names()
        let end = try await TestDaemon.run(in: folder) { daemon in
            for condition in try await daemon.reply(Methods.Status.Reply.self, "status").conditions {
                await messages.add(condition.message)
                #expect(condition.name.hasPrefix("damaged/"), "\(condition)")
                let path = "\(daemon.state)/private/\(condition.name)"
                #expect(condition.remedy.contains(path), "\(condition.remedy)")
                try FileManager.default.removeItem(atPath: path)
            }
            try await Task.sleep(for: .seconds(1))
            let after = try await daemon.reply(Methods.Status.Reply.self, "status")
            #expect(after.state == "ok", "\(after.conditions)")
            _ = try await daemon.reply(Methods.Request.Reply.self, "request", "definitions of birds")
            let verified = try await daemon.control("cache", "verify")
            #expect(verified.status == 0, "\(verified.output)")
        }
        #expect(end.status == 0, "\(end.log)")
        return await messages.all
    }

    @Test func `a log with a flipped byte is reported, with how much of it is lost`() async throws {
        try await withTemporaryFolder { folder in
            let accepted = try await Self.prepare(folder)
            let log = "\(folder)/state/private/queue.db-wal"
            let frames = (try Data(contentsOf: URL(filePath: log)).count - 32) / 4120
            try #require(frames > 4)
            try Self.flip(log, at: 32 + 4120 * (frames / 2) + 2000)
            let messages = try await Self.start(folder)
            let left = Names()
            try await TestDaemon.run(in: folder) { daemon in
                let list = try await daemon.reply(Methods.ListRequests.Reply.self, "queue", "list")
                for request in list.requests { await left.add(request.requestId) }
            }
            let isShorter = !(await left.all).contains { accepted.last == $0 }
            #expect(messages.contains { $0.contains("queue.db-wal was damaged in frame") }, "\(messages)")
            #expect(messages.contains { $0.contains("become shorter") } == isShorter, "\(messages)")
        }
    }

    @Test(arguments: [0, 9, 17, 26]) func `a log whose header is damaged is reported`(place: Int) async throws
    {
        try await withTemporaryFolder { folder in
            _ = try await Self.prepare(folder, requests: 2)
            try Self.flip("\(folder)/state/private/queue.db-wal", at: place)
            let messages = try await Self.start(folder)
            #expect(
                messages.contains { $0.contains("queue.db-wal was damaged in its header") }, "\(messages)")
        }
    }

    @Test func `a log that was removed is noticed`() async throws {
        try await withTemporaryFolder { folder in
            _ = try await Self.prepare(folder, requests: 3)
            try FileManager.default.removeItem(atPath: "\(folder)/state/private/queue.db-wal")
            try FileManager.default.removeItem(atPath: "\(folder)/state/private/queue.db-shm")
            let messages = try await Self.start(folder)
            #expect(
                messages.count == 1 && messages[0].contains("requests that were accepted are missing"),
                "\(messages)")
        }
    }

    @Test(arguments: [0, 16, 18, 19, 20, 44, 52, 56, 68]) func `a flipped byte in the header loses nothing`(
        place: Int
    ) async throws {
        try await withTemporaryFolder { folder in
            let ids = try await Self.prepare(folder, requests: 2)
            // In order, so that everything is in the database itself.
            try await TestDaemon.run(in: folder) { _ in }
            try Self.flip("\(folder)/state/private/queue.db", at: place)
            try await TestDaemon.run(in: folder) { daemon in
                let requests = try await daemon.reply(Methods.ListRequests.Reply.self, "queue", "list")
                #expect(Set(requests.requests.map(\.requestId)) == Set(ids))
                #expect(try await daemon.reply(Methods.Status.Reply.self, "status").state == "ok")
            }
        }
    }
}
