internal import ErrorModel
internal import Executors
internal import Files
internal import Glibc
internal import Synchronization

/// The journal of adapters that were published a moment ago: it makes small ones durable with one flush for all that are
/// published together.
///
/// An adapter's files are written in place without a flush, and their contents are appended here with one. Later the files
/// themselves are made durable, many at once, and the journal is emptied (`AdapterJournal+Settling.swift`). After a crash the
/// start restores from it what is not complete.
///
/// There are two segments: one takes what is published while the files of the other are made durable.
///
/// Invariants:
/// - A segment is emptied only after the files of all its adapters, their rows, and whatever else relies on it are durable.
/// - An adapter is changed or removed only after the segment that holds it was emptied.
final class AdapterJournal: Sendable {
    /// The largest adapter that is journalled, in bytes: writing it twice costs less than the flushes that it saves.
    static let largestAdapter = 256 << 10
    /// The most bytes of one segment; less on a small disk.
    private static let usualCapacity = 32 << 20

    /// Adapters that one caller publishes, waiting for the flush.
    private final class Ticket: Sendable {
        let records: [JournalRecord]
        let result = Mutex<Result<Bool, SgloradError>>(.success(false))

        init(_ records: [JournalRecord]) { self.records = records }
    }

    let state: StateDirectory
    let segments: [JournalSegment]
    /// The index of the segment that takes what is published; changed on `writer` alone.
    let current = Mutex(0)
    /// Appends, one after the other.
    let writer = FileExecutor(label: "io.sglorad.library.journal")
    /// Passed by those who settle.
    let settling = Turnstile()
    /// Whether somebody was asked to settle and has not begun.
    let isSettlingCalled = Mutex(false)
    let flush: FileSystemFlush
    private let capacity: Int
    private let waiting = Mutex<[Ticket]>([])

    /// Opens the journal; blocks.
    ///
    /// - Throws: `storageFailure`.
    init(_ state: StateDirectory) throws(SgloradError) {
        self.state = state
        var segments: [JournalSegment] = []
        var made: Set<String> = []
        for path in state.adapterJournals {
            if access(path, F_OK) != 0 { made.insert(Path.parent(of: path)) }
            segments.append(try JournalSegment(path))
        }
        for folder in made { try Folder.synchronise(folder) }
        self.segments = segments
        flush = try FileSystemFlush(of: state.adapters)
        var disk = statvfs()
        let total = statvfs(state.adapters, &disk) == 0 ? Int(disk.f_blocks) * Int(disk.f_frsize) : 0
        capacity = min(Self.usualCapacity, total / 64)
    }

    /// Whether any segment holds one of some adapters.
    func holds(_ ids: some Sequence<String>) -> Bool {
        let ids = Set(ids)
        return segments.contains { $0.holds(ids) }
    }

    /// Whether every one of some adapters is in a segment.
    func holdsAll(_ ids: some Sequence<String>) -> Bool {
        ids.allSatisfy { id in segments.contains { $0.holds([id]) } }
    }

    /// Whether so much is journalled that the files should be made durable soon.
    var isDue: Bool { segments[current.withLock { $0 }].state.withLock { $0.end > capacity / 2 } }

    /// Appends adapters, together with those of everybody who waits at the same time; durable when it returns.
    ///
    /// - Returns: false where the journal has no room at present; nothing is appended then.
    /// - Throws: `storageFailure`; they may be in the journal all the same.
    func append(_ records: [JournalRecord]) async throws(SgloradError) -> Bool {
        let ticket = Ticket(records)
        waiting.withLock { $0.append(ticket) }
        return try await writer.run { [self] () throws(SgloradError) in
            // Whoever comes first appends for all, and the others find that it was done.
            appendWaiting()
            return try ticket.result.withLock { $0 }.get()
        }
    }

    private func appendWaiting() {
        let tickets = waiting.withLock { waiting in
            defer { waiting = [] }
            return waiting
        }
        let segment = segments[current.withLock { $0 }]
        var end = segment.state.withLock { $0.end }
        var appended: [Ticket] = []
        for ticket in tickets {
            let bytes = ticket.records.reduce(0) { $0 + $1.bytes }
            guard segment.isUsable, end + bytes <= capacity else { continue }
            do throws(SgloradError) {
                for record in ticket.records { end = try segment.write(record, at: end) }
                appended.append(ticket)
            } catch {
                fail([ticket], in: segment, error)
            }
        }
        guard !appended.isEmpty else { return }
        do throws(SgloradError) {
            try segment.synchronise()
        } catch {
            return fail(appended, in: segment, error)
        }
        let adapters = appended.flatMap(\.records).map(\.adapter)
        segment.state.withLock { state in
            state.end = end
            state.adapters += adapters
        }
        for ticket in appended { ticket.result.withLock { $0 = .success(true) } }
    }

    /// Records that adapters could not be appended; parts of them, or all, may be in the segment.
    private func fail(_ tickets: [Ticket], in segment: JournalSegment, _ error: SgloradError) {
        let adapters = tickets.flatMap(\.records).map(\.adapter)
        segment.state.withLock { state in
            state.isInDoubt = true
            state.adapters += adapters
        }
        for ticket in tickets { ticket.result.withLock { $0 = .failure(error) } }
    }
}
