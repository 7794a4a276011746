internal import Files

/// The files of one pass, in a line for each account; the accounts take turns.
///
/// One account's many files, valid or not, therefore hold up another's by one turn only.
struct IntakeLines {
    /// A file that a pass may process.
    enum Entry: Sendable {
        /// It is in `taking/` already.
        case left(LeftFile)
        /// It is in `new/`.
        case waiting(WaitingFile)

        var bytes: Int {
            switch self {
            case .left(let file): file.bytes
            case .waiting(let file): file.bytes
            }
        }
    }

    /// How many files of an account are processed in one turn, while others wait.
    private static let turn = 4

    private var lines: [UserID: ArraySlice<Entry>] = [:]
    /// The accounts with files, in the order of their turns.
    private var order: [UserID] = []

    /// Whether all files have been handed out.
    var isEmpty: Bool { order.isEmpty }

    /// Adds files at the end of an account's line.
    mutating func append(_ entries: [Entry], of account: UserID) {
        guard !entries.isEmpty else { return }
        if lines[account] == nil { order.append(account) }
        lines[account, default: []] += entries
    }

    /// Begins with another account than the last pass, whose time may not have sufficed for all.
    mutating func shuffle() { order.shuffle() }

    /// The next files: a turn of each account, and more turns as far as there is room.
    ///
    /// - Parameters:
    ///   - count: how many files at most.
    ///   - bytes: the length at which no further file is added; the first file may exceed it.
    mutating func next(atMost count: Int, bytes: Int) -> [Entry] {
        var (part, length): ([Entry], Int) = ([], 0)
        while part.count < count, length < bytes, !order.isEmpty {
            let account = order.removeFirst()
            var line = lines.removeValue(forKey: account) ?? []
            var left = min(Self.turn, count - part.count)
            while left > 0, length < bytes, let entry = line.popFirst() {
                part.append(entry)
                // A longer file is not read, and neither is a folder.
                length += min(max(entry.bytes, 0), SpoolFolder.fileLimit)
                left -= 1
            }
            if !line.isEmpty {
                lines[account] = line
                order.append(account)
            }
        }
        return part
    }
}
