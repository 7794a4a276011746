internal import ErrorModel
internal import Files
internal import Foundation
internal import Storage
internal import Synchronization

/// Tombstones of erased requests: their identifiers, which reveal nothing about their content, in a few files in
/// `forgotten/`.
///
/// They are kept beside the databases, so that restoring a backup over the state directory removes none of them. The next
/// start then repeats the erasures that the backup has undone. They are kept for a horizon, counted in the service's own
/// time; a backup must not be older.
///
/// Every call blocks.
final class Tombstones: Sendable {
    /// From how many lists on some are merged.
    static let mostLists = 16

    private let state: StateDirectory
    private let folder: String
    private let time: ServiceTime
    private let horizon: Duration
    private let kept: Mutex<Kept>

    private struct Kept: Sendable {
        var lists: [TombstoneList] = []
        /// All tombstones, from the start until the erasures are repeated.
        var index: TombstoneIndex?
    }

    /// Opens the folder and reads the tombstones; creates it if it is missing.
    ///
    /// An earlier version kept an empty file for each request, named by its identifier. They are put into lists here, and so
    /// are those that were written while the disk was full.
    ///
    /// - Parameters:
    ///   - state: the state directory.
    ///   - time: the time in which their ages are counted.
    ///   - horizon: how long they are kept.
    ///   - progress: told while many are read.
    /// - Throws: `storageFailure`.
    init(
        _ state: StateDirectory, time: ServiceTime, keeping horizon: Duration, progress: some StartObserver
    ) throws(SgloradError) {
        self.state = state
        self.time = time
        self.horizon = horizon
        folder = state.forgotten
        try Folder.make(folder)
        kept = Mutex(Kept())
        let now = Int(time.now.age)
        var (index, lists): (TombstoneIndex, [TombstoneList]) = (TombstoneIndex(), [])
        var names: [String] = []
        var loose = 0
        for name in FolderNames(folder) {
            if name.hasSuffix(TombstoneList.suffix) { names.append(name) } else { loose += 1 }
            if loose & 0x3FFF == 0x3FFF { progress.step() }
        }
        for name in names {
            let (list, isWhole) = try TombstoneList.read(
                folder + "/" + name, into: &index, progress: { progress.step() })
            if isWhole { lists.append(list) } else { try replaceDamaged(list, &lists) }
        }
        if loose > 0 { try collect(&index, &lists, now: now, progress: progress) }
        index.sort()
        kept.withLock { [lists, index] kept in
            kept = Kept(lists: lists, index: index)
            // The service's time was lost, or a backup of it restored: these age from now on. On a full disk the next start
            // tries again.
            for list in lists where list.ages.upperBound > now {
                try? merge([list], in: &kept, progress: { progress.step() })
            }
        }
    }

    /// Whether a request was erased; only until `release()`.
    func contains(_ request: String) -> Bool { kept.withLock { $0.index?.contains(request) ?? false } }

    /// How many there are; only until `release()`.
    var count: Int { kept.withLock { $0.index?.count ?? 0 } }

    /// Releases the memory that `contains(_:)` needs, once the erasures are repeated.
    func release() { kept.withLock { $0.index = nil } }

    /// Adds tombstones, durable when it returns.
    func add(_ requests: some Sequence<String>) throws(SgloradError) {
        let names = requests.filter { TombstoneList.isIdentifier($0.utf8) }
        guard !names.isEmpty else { return }
        let now = Int(time.now.age)
        var index = TombstoneIndex()
        for name in names { index.add(name, age: now) }
        index.sort()
        try kept.withLock { (kept) throws(SgloradError) in
            do throws(SgloradError) {
                kept.lists += try TombstoneList.write(index, in: folder, temporary: state.temporary)
            } catch {
                // On a full disk a folder often has room for a name where a file has none for its content.
                for name in names { try addName(name) }
            }
            try Folder.synchronise(folder)
            for name in names { kept.index?.add(name, age: now) }
            kept.index?.sort()
            // The tombstones are durable, whether or not the disk has room for a merged list.
            if kept.lists.count > Self.mostLists { try? merge(Self.smallest(kept.lists), in: &kept) }
        }
    }

    /// Drops the tombstones beyond the horizon.
    ///
    /// - Throws: `storageFailure`; nothing is lost then.
    func expire() throws(SgloradError) {
        let limit = Int(time.now.age - horizon.inSeconds)
        try kept.withLock { (kept) throws(SgloradError) in
            for list in kept.lists where list.ages.lowerBound <= limit { try merge([list], in: &kept) }
        }
    }

    // MARK: Merging

    /// The small lists: merging them costs little, and leaves few.
    private static func smallest(_ lists: [TombstoneList]) -> [TombstoneList] {
        var (chosen, sum): ([TombstoneList], Int) = ([], 0)
        for list in lists.sorted(by: { $0.count < $1.count }) {
            guard chosen.count < mostLists / 2 || list.count <= 2 * sum,
                sum + list.count <= TombstoneList.most
            else { break }
            chosen.append(list)
            sum += list.count
        }
        return chosen
    }

    /// Replaces lists by one without what is beyond the horizon.
    private func merge(
        _ chosen: [TombstoneList], in kept: inout Kept, progress: () -> Void = {}
    ) throws(SgloradError) {
        let now = time.now.age
        var index = TombstoneIndex()
        for list in chosen {
            _ = try TombstoneList.read(folder + "/" + list.name, into: &index, progress: progress)
        }
        index.sort()
        index.expire(until: Int(now - horizon.inSeconds), now: Int(now))
        let merged = try TombstoneList.write(
            index, in: folder, temporary: state.temporary, progress: progress)
        try Folder.synchronise(folder)
        let gone = Set(chosen.map(\.name))
        for name in gone { unlink(folder + "/" + name) }
        kept.lists.removeAll { gone.contains($0.name) }
        kept.lists += merged
        try Folder.synchronise(folder)
    }

    /// Puts what can be read of a damaged list into a new one, and the file into quarantine.
    private func replaceDamaged(
        _ list: TombstoneList, _ lists: inout [TombstoneList]
    ) throws(SgloradError) {
        var index = TombstoneIndex()
        let path = folder + "/" + list.name
        _ = try TombstoneList.read(path, into: &index, progress: {})
        index.sort()
        lists += try TombstoneList.write(index, in: folder, temporary: state.temporary)
        try Folder.synchronise(folder)
        try Quarantine(state).move(
            [path], as: "tombstones",
            reason:
                "The list of forgotten requests \(path) was damaged; \(index.count) of its tombstones could be "
                + "read and are kept. A backup restored from now on may bring the other requests back: forget them "
                + "again then.")
    }

    // MARK: Names

    /// Adds a tombstone as an empty file, named by the request.
    private func addName(_ name: String) throws(SgloradError) {
        let path = folder + "/" + name
        let descriptor = open(path, O_WRONLY | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0o600)
        guard descriptor >= 0 else { throw .system(path, "a tombstone cannot be written") }
        close(descriptor)
    }

    /// Puts tombstones that are names into lists, some at a time, so that an interrupted start has lost none.
    private func collect(
        _ index: inout TombstoneIndex, _ lists: inout [TombstoneList], now: Int, progress: some StartObserver
    ) throws(SgloradError) {
        progress.begin("Collecting the tombstones of an earlier version")
        var part: [String] = []
        func put(_ index: inout TombstoneIndex, _ lists: inout [TombstoneList]) throws(SgloradError) {
            var some = TombstoneIndex()
            for name in part {
                some.add(name, age: now)
                index.add(name, age: now)
            }
            some.sort()
            defer { part = [] }
            // Where the disk is full, the names stay and count.
            guard let new = try? TombstoneList.write(some, in: folder, temporary: state.temporary) else {
                return
            }
            try Folder.synchronise(folder)
            lists += new
            for (number, name) in part.enumerated() {
                unlink(folder + "/" + name)
                if number & 0x3FF == 0 { progress.step() }
            }
        }
        for name in FolderNames(folder) where TombstoneList.isIdentifier(name.utf8) {
            part.append(name)
            if part.count & 0x3FFF == 0 { progress.step() }
            if part.count == TombstoneList.most / 2 { try put(&index, &lists) }
        }
        if !part.isEmpty { try put(&index, &lists) }
        try Folder.synchronise(folder)
    }
}

/// The names in a folder, read one after the other, so that millions need no memory; none where it cannot be read.
private final class FolderNames: Sequence, IteratorProtocol {
    private let stream: OpaquePointer?

    init(_ folder: String) {
        stream = opendir(folder)
    }

    deinit {
        if let stream { closedir(stream) }
    }

    func next() -> String? {
        guard let stream, let entry = readdir(stream) else { return nil }
        let name = withUnsafeBytes(of: entry.pointee.d_name) { bytes in
            String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
        }
        return name == "." || name == ".." ? next() : name
    }
}
