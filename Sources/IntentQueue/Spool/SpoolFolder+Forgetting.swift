internal import Foundation

#if canImport(Glibc)
internal import Glibc
#elseif canImport(Musl)
internal import Musl
#endif

/// What of a user's is to be erased from the spool.
public enum SpoolErasure: Sendable, Hashable {
    /// The results of some requests, and the rejected files that hold a label.
    case some(requests: Set<String>, label: String?)
    /// Everything: results, rejected files, and what waits to be taken in.
    case all
}

extension SpoolFolder {
    /// Erases what the spool holds of a user's.
    ///
    /// - Returns: how many results, and how many other files.
    public func forget(_ erasure: SpoolErasure, of uid: Int) -> (results: Int, files: Int) {
        var (results, files) = (0, 0)
        switch erasure {
        case .all:
            results = remove(of: uid, in: done) { _, _ in true }
            files = remove(of: uid, in: rejected) { _, name in !name.hasSuffix(Self.reason) }
            _ = remove(of: uid, in: rejected) { _, _ in true }
            for folder in [temporary, new, taking] { files += removeOwn(of: uid, in: folder) }
        case .some(let requests, let label):
            results = remove(of: uid, in: done) { content, _ in
                let result = try? JSONDecoder().decode(Answered.self, from: content() ?? Data())
                return result?.requestId.map(requests.contains) ?? false
            }
            guard let label else { break }
            var marks: Set<Substring> = []
            files = remove(of: uid, in: rejected) { content, name in
                guard !name.hasSuffix(Self.reason) else { return false }
                // What is too long to be looked through goes as well: rather too much than what was to be forgotten.
                if let content = content(), content.range(of: Data(label.utf8)) == nil { return false }
                marks.insert(name.prefix(16))
                return true
            }
            _ = remove(of: uid, in: rejected) { _, name in marks.contains(name.prefix(16)) }
        }
        return (results, files)
    }

    private struct Answered: Decodable {
        var requestId: String?
    }

    private static let reason = ".reason"

    /// Removes files of a user's folder.
    private func remove(
        of uid: Int, in parent: Int32, where condition: (() -> Data?, String) -> Bool
    ) -> Int {
        withUserFolder(uid, in: parent) { folder in
            defer { fsync(folder) }
            return FolderNames.all(folder).count { name in
                guard
                    condition({ Self.content(name, in: folder) }, String(decoding: name.bytes, as: UTF8.self))
                else { return false }
                return unlinkat(folder, name.path, 0) == 0
            }
        } ?? 0
    }

    /// The longest file that is looked through: more than any result has, and any intent.
    private static let contentLimit = 1 << 20

    /// A regular file's content, nothing for anything else; nil for one that is too long, or cannot be read.
    ///
    /// A rejected file is its owner's still, who may have made it as long as the disk is.
    private static func content(_ name: FileName, in folder: Int32) -> Data? {
        let descriptor = openat(folder, name.path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC)
        guard descriptor >= 0 else { return Data() }
        defer { close(descriptor) }
        var status = stat()
        guard fstat(descriptor, &status) == 0, status.st_mode & S_IFMT == S_IFREG else { return Data() }
        let handle = FileHandle(fileDescriptor: descriptor, closeOnDealloc: false)
        guard let content = try? handle.read(upToCount: contentLimit + 1) else { return nil }
        return content.count <= contentLimit ? content : nil
    }

    private func removeOwn(of uid: Int, in folder: Int32) -> Int {
        FolderNames.all(folder).count { name in
            var status = stat()
            return fstatat(folder, name.path, &status, AT_SYMLINK_NOFOLLOW) == 0 && Int(status.st_uid) == uid
                && unlinkat(folder, name.path, 0) == 0
        }
    }
}
