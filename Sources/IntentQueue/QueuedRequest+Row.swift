internal import Foundation
internal import GRDB

extension QueuedRequest {
    /// A request from its row.
    init(row: Row) {
        id = row["id"]
        uid = row["uid"]
        base = row["base"]
        label = row["label"]
        state = RequestState(rawValue: row["state"]) ?? .failed
        stage = nil
        submittedAt = Date(timeIntervalSince1970: row["submittedAt"])
        finishedAt = (row["finishedAt"] as Double?).map(Date.init(timeIntervalSince1970:))
        adapter = row["adapter"]
        failure = row["failure"]
        attempts = row["attempts"]
        isCalledOff = row["calledOff"]
        spoolName = row["spoolName"]
    }
}
