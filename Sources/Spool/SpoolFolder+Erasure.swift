internal import Files
internal import Foundation
internal import Glibc

/// What to erase of a user's data in the spool.
public enum SpoolErasure: Sendable, Hashable {
    /// The results of some requests, and the rejected files that contain a label.
    case some(requests: Set<String>, label: String?)
    /// All results, rejected files and files that are not taken in yet.
    case all
}

extension SpoolFolder {
    /// Erases a user's data.
    ///
    /// - Returns: the number of results, and of other files without their reasons.
    func forget(_ erasure: SpoolErasure, of owner: UserID) -> (results: Int, files: Int) {
        let done = UserFolder(existingOf: owner, in: .done, of: self)
        let rejected = UserFolder(existingOf: owner, in: .rejected, of: self)
        var (results, files) = (0, 0)
        switch erasure {
        case .all:
            results = done?.remove { _ in true } ?? 0
            files = rejected?.remove { !$0.isReason } ?? 0
            _ = rejected?.remove { _ in true }
            for folder in [temporary, new, taking] { files += removeFiles(of: owner, in: folder) }
        case .some(let requests, let label):
            results =
                done?.remove { name in
                    guard let content = done?.content(name), let id = Self.request(content) else {
                        return false
                    }
                    return requests.contains(id)
                } ?? 0
            guard let label, let rejected else { break }
            var marks: Set<Substring> = []
            files = rejected.remove { name in
                guard !name.isReason else { return false }
                // A file that is too long to search is erased, too: too much is better than too little.
                if let content = rejected.content(name), content.range(of: Data(label.utf8)) == nil {
                    return false
                }
                marks.insert(name.mark)
                return true
            }
            _ = rejected.remove { marks.contains($0.mark) }
        }
        return (results, files)
    }

    /// The request that a result is about.
    private static func request(_ result: Data) -> String? {
        struct Result: Decodable { var requestId: String? }
        return try? JSONDecoder().decode(Result.self, from: result).requestId
    }

    private func removeFiles(of owner: UserID, in folder: Int32) -> Int {
        FolderNames.all(folder).count { name in
            var status = stat()
            return fstatat(folder, name.path, &status, AT_SYMLINK_NOFOLLOW) == 0
                && status.st_uid == owner.rawValue && unlinkat(folder, name.path, 0) == 0
        }
    }
}

extension FileName {
    private var text: String { String(decoding: bytes, as: UTF8.self) }

    /// Whether this is the reason beside a rejected file.
    fileprivate var isReason: Bool { text.hasSuffix(".reason") }

    /// The prefix that a rejected file and its reason share.
    fileprivate var mark: Substring { text.prefix(16) }
}

extension UserFolder {
    /// The longest file that is searched, in bytes: longer than any result and any intent.
    private static let contentLimit = 1 << 20

    /// Removes the files that meet a condition.
    ///
    /// - Returns: how many there were.
    fileprivate func remove(where condition: (FileName) -> Bool) -> Int {
        defer { fsync(descriptor) }
        return FolderNames.all(descriptor).count { name in
            condition(name) && unlinkat(descriptor, name.path, 0) == 0
        }
    }

    /// The content of a regular file, empty for anything else; nil if it is too long or cannot be read.
    ///
    /// A rejected file still belongs to its owner, who can make it as large as the disk.
    fileprivate func content(_ name: FileName) -> Data? {
        let file = openat(descriptor, name.path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC)
        guard file >= 0 else { return Data() }
        defer { close(file) }
        var status = stat()
        guard fstat(file, &status) == 0, status.st_mode & S_IFMT == S_IFREG else { return Data() }
        let handle = FileHandle(fileDescriptor: file, closeOnDealloc: false)
        guard let content = try? handle.read(upToCount: Self.contentLimit + 1) else { return nil }
        return content.count <= Self.contentLimit ? content : nil
    }
}
