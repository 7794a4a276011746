internal import ErrorModel
internal import Executors
internal import Files
internal import Synchronization

/// How the journal is emptied: after the files of its adapters were made durable.
extension AdapterJournal {
    /// Makes the files of all journalled adapters durable, and their rows, and empties the journal.
    ///
    /// Adapters can be published meanwhile.
    ///
    /// - Parameters:
    ///   - files: runs the blocking calls.
    ///   - rows: makes the rows durable that were committed before it is called.
    /// - Throws: `storageFailure`; what was not settled stays journalled, and the next call tries again.
    func settle(
        on files: FileExecutor, rows: @Sendable () async throws(SgloradError) -> Void
    ) async throws(SgloradError) {
        try await settling.pass { () async throws(SgloradError) in
            isSettlingCalled.withLock { $0 = false }
            while let segment = await next() {
                try await rows()
                try await files.run { [self] () throws(SgloradError) in try settle(segment) }
            }
        }
    }

    /// The segment to be settled next, which takes nothing more from now on; nil where there is none.
    private func next() async -> JournalSegment? {
        // On the writer, so that nothing is being appended.
        await writer.run { [self] in
            current.withLock { current in
                let other = 1 - current
                if !segments[other].isEmpty { return segments[other] }
                guard !segments[current].isEmpty else { return nil }
                defer { current = other }
                return segments[current]
            }
        }
    }

    /// Makes the files of a segment's adapters durable, and empties it; blocks.
    private func settle(_ segment: JournalSegment) throws(SgloradError) {
        let folders = AdapterFolders(state: state)
        let (adapters, bytes, isInDoubt) = segment.state.withLock { ($0.adapters, $0.end, $0.isInDoubt) }
        if isInDoubt {
            // Of a file that could not be written out the kernel may show the old content, or none.
            try JournalRecord.each(of: segment.descriptor, segment.path) { (record) throws(SgloradError) in
                guard Folder.exists(state.folder(of: record.adapter)) else { return }
                try folders.restore(record, evenComplete: true)
            }
        } else {
            do throws(SgloradError) {
                if flush.isCheap(own: 2 * bytes) {
                    try flush.synchronise()
                } else {
                    try folders.synchronise(adapters)
                }
            } catch {
                segment.state.withLock { $0.isInDoubt = true }
                throw error
            }
        }
        try segment.empty()
    }

    /// Restores the adapters that an earlier run left in the journal, as far as they are not complete, and empties it; blocks.
    ///
    /// The folder of an adapter that nobody wants is restored too: without a row it is removed again by the reconciliation.
    ///
    /// - Parameter rows: makes the rows durable that are there.
    /// - Returns: the adapters that were in the journal.
    /// - Throws: `storageFailure` where the journal cannot be read, or an adapter cannot be written; the journal then stays as it
    ///   is.
    func restore(rows: () throws(SgloradError) -> Void) throws(SgloradError) -> [AdapterRecord] {
        let folders = AdapterFolders(state: state)
        var found: [AdapterRecord] = []
        for segment in segments where !segment.isEmpty {
            var restored: [AdapterRecord] = []
            try JournalRecord.each(of: segment.descriptor, segment.path) { (record) throws(SgloradError) in
                try folders.restore(record, evenComplete: false)
                restored.append(record.adapter)
            }
            // Those that are complete may have been written by a process that was killed.
            try folders.synchronise(restored)
            try rows()
            try segment.empty()
            found += restored
        }
        return found
    }
}
