internal import Files
internal import Foundation
internal import Glibc
internal import SpoolForms

/// What to erase of a user's data in the spool.
public enum SpoolErasure: Sendable, Hashable {
    /// The results of some requests, and what holds a label: results, and rejected files.
    case some(requests: Set<String>, label: String?)
    /// All results and rejected files.
    case all
}

/// What an erasure in the spool has removed.
public struct SpoolErased: Sendable, Hashable {
    /// Something of the user's that could not be removed.
    public struct Leftover: Sendable, Hashable {
        /// Where it is.
        public let path: String
        /// Why, and who can remove it; one or two sentences.
        public let reason: String

        /// Makes a leftover from its parts.
        public init(path: String, reason: String) {
            self.path = path
            self.reason = reason
        }
    }

    /// The number of results.
    public var results: Int
    /// The number of other files, without the reasons beside them.
    public var files: Int
    /// What could not be removed.
    public var left: [Leftover]

    /// Makes a record; by default nothing was removed or left.
    public init(results: Int = 0, files: Int = 0, left: [Leftover] = []) {
        self.results = results
        self.files = files
        self.left = left
    }

    /// Adds what another part of the erasure has removed.
    public static func += (total: inout SpoolErased, part: SpoolErased) {
        total.results += part.results
        total.files += part.files
        total.left += part.left
    }
}

extension SpoolFolder {
    /// Erases a user's results and rejected files, and the reasons beside these.
    ///
    /// The caller makes sure that none that is meant can be added any more. What is added meanwhile for other reasons stays.
    func forget(_ erasure: SpoolErasure, of owner: UserID) -> SpoolErased {
        var erased = SpoolErased()
        var marks: Set<Substring>?
        if let rejected = UserFolder(existingOf: owner, in: .rejected, of: self) {
            marks = eraseRejected(erasure, rejected, owner, &erased)
            rejected.flush()
        }
        guard let done = UserFolder(existingOf: owner, in: .done, of: self) else { return erased }
        let condition = ResultCondition(erasure, marks: marks ?? [])
        for name in FolderNames.all(done.descriptor) where condition.isMet(by: done, name) {
            if unlinkat(done.descriptor, name.path, 0) == 0 { erased.results += 1 }
        }
        done.flush()
        return erased
    }

    /// Erases rejected files with their reasons.
    ///
    /// - Returns: the prefixes of their names.
    private func eraseRejected(
        _ erasure: SpoolErasure, _ rejected: UserFolder, _ owner: UserID, _ erased: inout SpoolErased
    ) -> Set<Substring> {
        let search: LabelSearch?
        switch erasure {
        case .all: search = nil
        case .some(_, nil): return []
        case .some(_, let label?): search = LabelSearch(label)
        }
        var marks: Set<Substring> = []
        let names = FolderNames.all(rejected.descriptor)
        for name in names {
            // A reason quotes nothing of the file.
            if let search, !search.finds(in: FileName(name.rejected).stem),
                name.isReason || !rejected.holds(search, name)
            {
                continue
            }
            marks.insert(name.mark)
        }
        for name in names where marks.contains(name.mark) {
            // The reasons are the daemon's own, and so is a file that was given a new owner by a restored backup.
            if unlinkat(rejected.descriptor, name.path, 0) == 0 {
                erased.files += name.isReason ? 0 : 1
                continue
            }
            var folder = FolderErasure(of: owner)
            let reason = folder.remove(name, in: rejected.descriptor)
            erased.files += folder.files
            if let reason {
                erased.left.append(
                    SpoolErased.Leftover(
                        path: "\(rejected.path)/\(name.display)",
                        reason: "It is a folder, and \(reason). Empty it, and repeat 'sglorad-ctl forget'."))
            }
        }
        return marks
    }
}

/// Which results an erasure removes.
private struct ResultCondition {
    private struct Result: Decodable {
        var requestId: String?
        var label: String?
        var rejected: String?
    }

    private let isAll: Bool
    private let requests: Set<String>
    private let label: String?
    private let search: LabelSearch?
    /// The prefixes of the rejected files that are erased.
    private let marks: Set<Substring>

    init(_ erasure: SpoolErasure, marks: Set<Substring>) {
        self.marks = marks
        switch erasure {
        case .all: (isAll, requests, label) = (true, [], nil)
        case .some(let requests, let label): (isAll, self.requests, self.label) = (false, requests, label)
        }
        search = label.map(LabelSearch.init)
    }

    func isMet(by folder: UserFolder, _ name: FileName) -> Bool {
        if isAll { return true }
        guard let content = folder.content(name, limit: UserFolder.resultLimit) else { return false }
        guard let result = try? JSONDecoder().decode(Result.self, from: content) else {
            return search?.finds(in: content) ?? false
        }
        if let id = result.requestId {
            return requests.contains(id) || label != nil && result.label == label
        }
        // The result of a file that was rejected: it holds no more of the file than its name.
        if let place = result.rejected, marks.contains(FileName(Path.name(of: place)).mark) { return true }
        return search?.finds(in: name.stem) ?? false
    }
}

extension FileName {
    fileprivate var text: String { String(decoding: bytes, as: UTF8.self) }

    /// Whether this is the reason beside a rejected file.
    fileprivate var isReason: Bool { text.hasSuffix(".reason") }

    /// The prefix that a rejected file and its reason share.
    fileprivate var mark: Substring { text.prefix(16) }

    /// A rejected file's own name.
    fileprivate var rejected: ArraySlice<UInt8> { bytes.dropFirst(17).dropLast(isReason ? 7 : 0) }

    /// The name without the ending that all intents have.
    var stem: String { text.hasSuffix(".json") ? String(text.dropLast(5)) : text }
}

extension UserFolder {
    /// The longest result that is read, in bytes.
    fileprivate static let resultLimit = 1 << 20
    /// The longest file that is searched for a label, in bytes: longer than any intent.
    fileprivate static let searchLimit = 2 * SpoolFolder.fileLimit

    /// Makes removals durable, as far as the disk permits; a crash before it leaves what a repetition removes.
    fileprivate func flush() { fsync(descriptor) }

    /// Whether a file may hold a label.
    ///
    /// A rejected file still belongs to its owner, who can make it as large as the disk or take the daemon's permission to
    /// read away. A file that cannot be searched therefore counts as holding it: too much is better than too little.
    fileprivate func holds(_ search: LabelSearch, _ name: FileName) -> Bool {
        guard let content = content(name, limit: Self.searchLimit) else { return true }
        return search.finds(in: content)
    }

    /// The content of a regular file, empty for a link and for what is gone; nil for anything that is too long or cannot be
    /// read.
    fileprivate func content(_ name: FileName, limit: Int) -> Data? {
        SpoolFolder.content(name, in: descriptor, limit: limit)
    }
}

extension SpoolFolder {
    /// The content of a regular file, empty for a link, a pipe and what is gone, which are not opened; nil for anything that
    /// is too long or cannot be read, such as a folder.
    static func content(_ name: FileName, in folder: Int32, limit: Int) -> Data? {
        var kind = stat()
        guard fstatat(folder, name.path, &kind, AT_SYMLINK_NOFOLLOW) == 0 else { return Data() }
        switch kind.st_mode & S_IFMT {
        case S_IFREG: break
        case S_IFDIR: return nil
        default: return Data()
        }
        let file = openat(folder, name.path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC | O_NOCTTY)
        guard file >= 0 else { return errno == ENOENT || errno == ELOOP ? Data() : nil }
        defer { close(file) }
        var status = stat()
        guard fstat(file, &status) == 0, status.st_mode & S_IFMT == S_IFREG else { return nil }
        let handle = FileHandle(fileDescriptor: file, closeOnDealloc: false)
        guard let content = try? handle.read(upToCount: limit + 1) ?? Data() else { return nil }
        return content.count <= limit ? content : nil
    }
}
