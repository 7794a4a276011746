public import ErrorModel
internal import Glibc

/// Folders: creating, listing, synchronising and removing them.
///
/// Each call blocks on the disk.
public enum Folder {
    /// Creates a folder of mode 0700 and the missing ones above it; one that exists keeps its mode.
    ///
    /// - Throws: `storageFailure` that names the folder which cannot be created.
    public static func make(_ path: String) throws(SgloradError) {
        if mkdir(path, 0o700) == 0 { return }
        if errno == ENOENT, let slash = path.lastIndex(of: "/"), slash > path.startIndex {
            try make(String(path[..<slash]))
            if mkdir(path, 0o700) == 0 { return }
        }
        let number = errno
        if number == EEXIST, FileKind(of: path) == .folder { return }
        errno = number
        throw .system(
            path, "the folder cannot be created", remedy: "Check the path, its owner and the disk.")
    }

    /// Whether there is a folder at that path; a symbolic link to one does not count.
    public static func exists(_ path: String) -> Bool {
        FileKind(of: path, followingLinks: false) == .folder
    }

    /// The names in a folder, sorted; none if it cannot be read.
    public static func entries(of folder: String) -> [String] {
        (try? names(in: folder)) ?? []
    }

    /// The names in a folder, sorted, without "." and "..".
    ///
    /// - Throws: `invalidFile` where it is missing, not a folder, or cannot be read.
    public static func names(in folder: String) throws(SgloradError) -> [String] {
        guard let stream = opendir(folder) else {
            throw .invalidFile(folder, "the folder cannot be read: \(SgloradError.systemReason(errno)).")
        }
        defer { closedir(stream) }
        var names: [String] = []
        while let entry = readdir(stream) {
            let name = withUnsafeBytes(of: entry.pointee.d_name) { bytes in
                String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
            }
            if name != ".", name != ".." { names.append(name) }
        }
        return names.sorted()
    }

    /// Makes renames and removals within a folder durable.
    ///
    /// A file system that cannot synchronise folders says so with EINVAL; it has nothing to synchronise.
    ///
    /// - Throws: `storageFailure`.
    public static func synchronise(_ folder: String) throws(SgloradError) {
        let descriptor = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard descriptor >= 0 else { throw .system(folder, "the folder cannot be opened") }
        defer { close(descriptor) }
        guard fsync(descriptor) == 0 || errno == EINVAL else {
            throw .system(folder, "the folder could not be synchronised")
        }
    }

    /// Removes a file, or a folder with all it holds; symbolic links are removed, not followed.
    ///
    /// What does not exist counts as removed. What cannot be removed stays; the caller looks for it where that matters.
    public static func remove(_ path: String) {
        guard let kind = FileKind(of: path, followingLinks: false) else { return }
        guard kind == .folder else {
            unlink(path)
            return
        }
        for name in entries(of: path) { remove(path + "/" + name) }
        rmdir(path)
    }
}
