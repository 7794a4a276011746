internal import ErrorModel
internal import Files
internal import IntentQueue
internal import Logging
internal import Storage

/// What the queue has lost since the last run without SQLite saying so: the end of its write-ahead log, or its last requests.
///
/// Each loss becomes an item of the quarantine, which `status` names until an operator removes it.
struct QueueLosses {
    private let state: StateDirectory
    private let damaged: Quarantine
    private let logger: Logger
    private let log: WriteAheadLog.Damage?

    /// Examines the log, and keeps a copy of it if it is damaged; before anything else opens the database.
    ///
    /// - Throws: `storageFailure` where it cannot be read.
    init(_ state: StateDirectory, _ damaged: Quarantine, _ logger: Logger) throws(SgloradError) {
        self.state = state
        self.damaged = damaged
        self.logger = logger
        log = try WriteAheadLog.damage(of: state.queueDatabase)
        guard let log else { return }
        let path = state.queueDatabase + "-wal"
        let place =
            log.isHeader
            ? "its header" : "frame \(log.readableFrames + 1) of \(log.readableFrames + log.ignoredFrames)"
        report(
            copying: [path], as: "queue.db-wal",
            "The log \(path) was damaged in \(place): \(log.ignoredCommits) transactions after it are lost. Requests that "
                + "were accepted shortly before the last stop may be missing, and some that had ended may be answered again. "
                + "'sglorad-ctl queue list' shows what is left; make missing requests again. If the power failed while the "
                + "last transaction was written, that one was not acknowledged. A copy of the log is in the folder; it may "
                + "hold texts of requests: remove it soon.")
    }

    /// Compares the opened queue with what was acknowledged.
    ///
    /// - Parameters:
    ///   - queue: the queue.
    ///   - isReplaced: whether the whole database was found damaged and moved away, which is reported already.
    func compare(_ queue: RequestQueue, isReplaced: Bool) {
        let missing = queue.missingSubmissions
        guard missing > 0, !isReplaced else { return }
        report(
            as: "queue.db-shortened",
            "\(state.queueDatabase) has become shorter: the last \(missing) requests that were accepted are missing. If a "
                + "backup was restored, this is expected. Otherwise the file or its log was damaged or removed while the "
                + "daemon was stopped. Make these requests again.")
    }

    private func report(copying paths: [String] = [], as name: String, _ reason: String) {
        logger.error("the queue has lost requests", metadata: ["reason": "\(reason)"])
        do throws(SgloradError) {
            try damaged.keep(copiesOf: paths, as: name, reason: reason)
        } catch {
            logger.error("the loss cannot be recorded in the quarantine", metadata: ["error": "\(error)"])
        }
    }
}
