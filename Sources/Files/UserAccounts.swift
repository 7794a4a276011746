internal import ErrorModel
internal import Glibc
internal import Synchronization

/// The account that each user ID is counted under wherever something is shared out: queue, connections, turns,
/// disk.
///
/// A user who owns a range in `/etc/subuid` (subuid(5)) can act as every ID of it, by `newuidmap` or a rootless
/// container. Counted one by one, these IDs would have as many shares as the range has members, so all of them
/// count as the owner. What a user may *see* is never decided by the account, only by the ID itself.
///
/// A range of root's is an account of its own, named by its first ID: the container that root started is not
/// root, and must not use up root's share.
public final class UserAccounts: Sendable {
    private struct Range: Sendable {
        let first: UInt32
        let last: UInt32
        let account: UserID
    }

    /// What identifies a version of the file: device, inode, size, and the time of the last change.
    private struct Version: Equatable {
        let device: UInt
        let inode: UInt
        let size: Int
        let seconds: Int
        let nanoseconds: Int
    }

    private struct State {
        var version: Version?
        var ranges: [Range] = []
    }

    /// The largest file that is read; one line takes some 30 bytes.
    static let maximumBytes = 16 << 20

    private let file: String
    private let state = Mutex(State())

    /// Reads the ranges.
    ///
    /// A file that does not exist means that there are none.
    ///
    /// - Parameter file: the table of subordinate user IDs.
    public init(file: String = "/etc/subuid") {
        self.file = file
        refresh()
    }

    /// The account of a user: the owner of the range that the ID belongs to, or the user itself.
    public func account(of user: UserID) -> UserID {
        state.withLock { state in
            // The ranges are sorted and disjoint.
            var (low, high) = (0, state.ranges.count)
            while low < high {
                let middle = (low + high) / 2
                if state.ranges[middle].first <= user.rawValue { low = middle + 1 } else { high = middle }
            }
            guard low > 0, user.rawValue <= state.ranges[low - 1].last else { return user }
            return state.ranges[low - 1].account
        }
    }

    /// Reads the file again if it has changed.
    ///
    /// Blocks on the disk, and on the name service for ranges whose owner is given by name. A file that cannot be
    /// read leaves the previous ranges in effect.
    ///
    /// - Returns: whether the ranges were read.
    @discardableResult
    public func refresh() -> Bool {
        var status = stat()
        guard stat(file, &status) == 0 else {
            guard errno == ENOENT else { return false }
            return state.withLock { state in
                defer { state = State() }
                return state.version != nil
            }
        }
        let version = Version(
            device: UInt(status.st_dev), inode: UInt(status.st_ino), size: Int(status.st_size),
            seconds: status.st_mtim.tv_sec, nanoseconds: status.st_mtim.tv_nsec)
        guard state.withLock({ $0.version != version }),
            let bytes = try? read()
        else { return false }
        let ranges = Self.ranges(String(decoding: bytes, as: UTF8.self), owner: Self.user(named:))
        state.withLock { $0 = State(version: version, ranges: ranges) }
        return true
    }

    private func read() throws(SgloradError) -> [UInt8] {
        let file = try ReadableFile(file)
        return try file.read(min(file.bytes, Self.maximumBytes))
    }

    /// The ranges of a table, sorted and disjoint; where two overlap, the line that comes first has the ID.
    ///
    /// A line that is not `owner:first:count`, or whose owner is unknown, is passed over as shadow's tools do.
    private static func ranges(_ table: String, owner: (Substring) -> UserID?) -> [Range] {
        var found: [Range] = []
        for line in table.split(whereSeparator: \.isNewline) {
            let fields = line.split(separator: ":", omittingEmptySubsequences: false)
            guard fields.count == 3, let first = UInt32(fields[1]), let count = UInt32(fields[2]), count > 0,
                let user = owner(fields[0])
            else { continue }
            let (end, overflows) = first.addingReportingOverflow(count - 1)
            let last = overflows ? UInt32.max - 1 : end
            guard first <= last else { continue }
            found.append(Range(first: first, last: last, account: user == 0 ? UserID(first) : user))
        }
        return disjoint(found)
    }

    /// Cuts out of each range what an earlier one has.
    private static func disjoint(_ ranges: [Range]) -> [Range] {
        var edges: Set<UInt32> = []
        for range in ranges {
            edges.insert(range.first)
            if range.last < .max { edges.insert(range.last + 1) }
        }
        let starts = edges.sorted()
        // Without an overlap, which is the rule, sorting is all that there is to do.
        let sorted = ranges.sorted { $0.first < $1.first }
        guard zip(sorted, sorted.dropFirst()).contains(where: { $0.last >= $1.first }) else { return sorted }
        return starts.enumerated().compactMap { index, start in
            let last = index + 1 < starts.count ? starts[index + 1] - 1 : UInt32.max
            let holder = ranges.first { $0.first <= start && start <= $0.last }
            return holder.map { Range(first: start, last: min(last, $0.last), account: $0.account) }
        }
    }

    /// The ID of a user that is given by number or by name; nil if there is none.
    ///
    /// Blocks: it looks names up (getpwnam_r(3)).
    public static func user(named name: some StringProtocol) -> UserID? {
        if let number = UInt32(name) { return UserID(number) }
        var buffer = [CChar](repeating: 0, count: 1_024)
        while true {
            var entry = passwd()
            var result: UnsafeMutablePointer<passwd>?
            let status = getpwnam_r(String(name), &entry, &buffer, buffer.count, &result)
            switch status {
            case 0: return result == nil ? nil : UserID(entry.pw_uid)
            case EINTR: continue
            case ERANGE where buffer.count < 1 << 20:
                buffer = [CChar](repeating: 0, count: buffer.count * 4)
            default: return nil
            }
        }
    }
}
