internal import ErrorModel
internal import Files
internal import GRDB
internal import Storage

/// The age that earlier versions kept in the table `age` of the queue's own database.
///
/// The service's time takes it over at the first start of this version; then the table is empty.
enum EarlierAge {
    private struct Record: Decodable, FetchableRecord {
        let seconds: Double
        let boot: String
        /// In seconds.
        let uptime: Double
        /// In seconds since 1970.
        let wall: Double
    }

    /// Continues the service's time from the table, if there is one.
    ///
    /// - Throws: `storageFailure`; the next start tries again.
    static func takeOver(from database: DurableDatabase, by time: ServiceTime) throws(SgloradError) {
        let last = try database.writeNow { db -> Record? in
            try Record.fetchOne(db, sql: "SELECT seconds, boot, uptime, wall FROM age")
        }
        if let last {
            try time.takeOver(seconds: last.seconds, boot: last.boot, uptime: last.uptime, wall: last.wall)
        }
        // Only now: the time is saved.
        if last != nil { try database.writeNow { db in try db.execute(sql: "DELETE FROM age") } }
    }
}
