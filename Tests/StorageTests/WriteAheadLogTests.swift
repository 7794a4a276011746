import ErrorModel
import Foundation
import GRDB
import Storage
import TestSupport
import Testing

@Suite("A write-ahead log before it is opened")
struct WriteAheadLogTests {
    private let folder: TemporaryFolder
    private var path: String { folder("a.db") }
    private static let frame = 24 + 4096

    init() throws { folder = try TemporaryFolder() }

    /// Commits so many transactions, and leaves database and log as a kill would.
    private func commit(_ transactions: Int) throws {
        var configuration = Configuration()
        configuration.journalMode = .wal
        let database = try DatabaseQueue(path: folder("live.db"), configuration: configuration)
        try database.write { try $0.execute(sql: "CREATE TABLE t (a INTEGER PRIMARY KEY, b BLOB)") }
        for number in 0..<transactions {
            try database.write { db in
                try db.execute(
                    sql: "INSERT INTO t (b) VALUES (?)",
                    arguments: [Data(repeating: UInt8(number), count: 3000)])
            }
        }
        for suffix in ["", "-wal"] {
            try FileManager.default.copyItem(atPath: folder("live.db") + suffix, toPath: path + suffix)
        }
        try database.close()
    }

    private var log: Data {
        get throws { try Data(contentsOf: URL(filePath: path + "-wal")) }
    }

    private func change(_ body: (inout Data) -> Void) throws {
        var bytes = try log
        body(&bytes)
        try bytes.write(to: URL(filePath: path + "-wal"))
    }

    @Test func `a whole log, an empty one and none are sound`() throws {
        #expect(try WriteAheadLog.damage(of: path) == nil)
        try commit(5)
        #expect(try log.count > 5 * Self.frame)
        #expect(try WriteAheadLog.damage(of: path) == nil)
        try change { $0 = Data() }
        #expect(try WriteAheadLog.damage(of: path) == nil)
    }

    @Test(arguments: [0, 5, 9, 13, 17, 24, 500, 4119])
    func `a flipped byte anywhere in a frame is found, and the commits after it are counted`(place: Int)
        throws
    {
        try commit(8)
        let frames = (try log.count - 32) / Self.frame
        let damaged = frames / 2
        try change { $0[32 + Self.frame * damaged + place] ^= 1 }
        let damage = try #require(try WriteAheadLog.damage(of: path))
        #expect(damage.readableFrames == damaged && !damage.isHeader)
        #expect(damage.ignoredFrames == frames - damaged && damage.ignoredCommits >= 3)
        // SQLite reads as far and no further.
        let read = try DatabaseQueue(path: path)
        #expect(try read.read { try Int.fetchOne($0, sql: "SELECT count(*) FROM t") ?? 0 } < 8)
        try read.close()
    }

    @Test(arguments: 0..<32) func `a flipped byte of the header is found`(place: Int) throws {
        try commit(3)
        try change { $0[place] ^= 4 }
        let damage = try #require(try WriteAheadLog.damage(of: path))
        #expect(damage.isHeader && damage.readableFrames == 0 && damage.ignoredCommits >= 3)
    }

    @Test func `a transaction that was cut off while it was written is no damage`() throws {
        try commit(4)
        let length = try log.count
        for cut in [1, 100, Self.frame - 1, Self.frame] {
            try change { $0 = $0.prefix(length - cut) }
            #expect(try WriteAheadLog.damage(of: path) == nil, "\(cut)")
        }
    }

    @Test func `what is left from before the log began anew is no damage`() throws {
        var configuration = Configuration()
        configuration.journalMode = .wal
        let database = try DatabaseQueue(path: path, configuration: configuration)
        try database.write { try $0.execute(sql: "CREATE TABLE t (a INTEGER PRIMARY KEY, b BLOB)") }
        for _ in 0..<6 {
            try database.write { db in
                try db.execute(sql: "INSERT INTO t (b) VALUES (?)", arguments: [Data(count: 9000)])
            }
        }
        try database.writeWithoutTransaction { try $0.execute(sql: "PRAGMA wal_checkpoint(RESTART)") }
        try database.write { try $0.execute(sql: "INSERT INTO t (b) VALUES (x'01')") }
        #expect(try log.count > 10 * Self.frame)
        #expect(try WriteAheadLog.damage(of: path) == nil)
        try database.close()
    }
}
