internal import Foundation
internal import GRDB

/// How old the queue is, in seconds: what retention is counted in, since it only ever goes forward.
///
/// Within one start of the box it follows the uptime, however the wall clock is set. Over a restart it grows by what the
/// wall clock says, if that is forward.
struct QueueAge: Sendable {
    private let clock: QueueClock
    private let atOpening: Double
    private let uptimeAtOpening: Duration

    /// Takes up the age that the database holds, and writes it down anew.
    init(_ db: Database, clock: QueueClock) throws {
        self.clock = clock
        uptimeAtOpening = clock.uptime()
        var age = 0.0
        if let row = try Row.fetchOne(db, sql: "SELECT * FROM age") {
            let past =
                row["boot"] as String == clock.boot
                ? uptimeAtOpening.inSeconds - row["uptime"]
                : clock.wall().timeIntervalSince1970 - row["wall"]
            age = row["seconds"] + max(0, past)
        }
        atOpening = age
        try write(db)
    }

    /// The age now.
    var seconds: Double { atOpening + max(0, (clock.uptime() - uptimeAtOpening).inSeconds) }

    /// Writes the age down, for the next start.
    func write(_ db: Database) throws {
        try db.execute(
            sql: "INSERT OR REPLACE INTO age (id, seconds, boot, uptime, wall) VALUES (1, ?, ?, ?, ?)",
            arguments: [
                seconds, clock.boot, clock.uptime().inSeconds, clock.wall().timeIntervalSince1970,
            ])
    }
}
