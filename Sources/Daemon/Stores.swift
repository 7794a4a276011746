internal import Adaptation
internal import Control
internal import ErrorModel
internal import ExpertLibrary
internal import Files
internal import IntentQueue
internal import Logging
internal import Storage

/// The daemon's persistent state, open and consistent: the locked state directory, the library and the queue.
struct Stores: Sendable {
    let lock: StateLock
    let opened: OpenedStores

    /// Opens everything and recovers from a crash of the previous run.
    ///
    /// - Throws: `alreadyExists` if another daemon uses the state directory, `storageFailure`, also where a newer version wrote it.
    init(_ options: DaemonOptions, _ foundations: Foundations) async throws(SgloradError) {
        foundations.start.begin("Opening the databases")
        let logger = foundations.logger
        try Self.version.requireKnown(options.stateDirectory)
        let state = try StateDirectory(
            root: options.stateDirectory,
            readers: try options.publishGroup.flatMap { (name) throws(SgloradError) in
                try AccessPolicy.group(name, key: "publish.group", logger)
            })
        lock = try StateLock(state)
        do throws(SgloradError) {
            try state.adoptEarlierLayout()
            state.sweepTemporary()
            try state.openPathToAdapters()
            opened = try await OpenedStores.open(
                state, options: options.queue, keepingTombstones: options.keepTombstones,
                accounts: foundations.accounts, progress: foundations.start, logger: logger)
            if !Self.version.record(in: state) {
                logger.notice(
                    "the state directory's version could not be recorded; the next start tries again")
            }
        } catch {
            lock.release()
            throw error
        }
    }

    /// The form of the state that this program knows.
    private static let version = StateVersion(parts: [
        "layout": StateDirectory.layout, "cache.db": LibraryStore.schema, "queue.db": RequestQueue.schema,
    ])

    /// Records an orderly stop, once everything has ended and the databases are closed, so that the next start serves at once.
    ///
    /// A run that was too short to examine everything leaves that to the next.
    func recordCleanStop() {
        if opened.store.integrity.isTrusted { CleanStop(opened.store.state).record() }
    }

    /// Closes both databases.
    func close() async {
        try? opened.queue.time.save()
        // Where that fails, the next start restores what was published a moment ago from the journal.
        try? await opened.store.adapters.settle()
        try? await opened.queue.close()
        try? opened.store.close()
    }
}
