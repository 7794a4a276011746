public import ErrorModel

#if canImport(Glibc)
internal import Glibc
#elseif canImport(Musl)
internal import Musl
#endif

/// A file that appears under its name whole or not at all: written elsewhere, synchronised, renamed.
///
/// The calls block on the disk; they belong on a thread of their own, not in the cooperative pool.
public struct DurableFile: ~Copyable {
    /// Where the file is while it is being written.
    public let temporaryPath: String
    /// Open for reading and writing until ``commit(as:synchronisingFolder:)``.
    public let descriptor: Int32
    private var committed = false

    /// Begins a file of mode 0600.
    ///
    /// - Parameter folder: an existing folder on the same file system as the final place.
    public init(in folder: String) throws(SgloradError) {
        let path = "\(folder)/\(Self.uniqueName())"
        let descriptor = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0o600)
        guard descriptor >= 0 else {
            throw .system(path, "a file cannot be made", remedy: "Check the folder's owner and mode.")
        }
        self.temporaryPath = path
        self.descriptor = descriptor
    }

    deinit {
        close(descriptor)
        if !committed { unlink(temporaryPath) }
    }

    /// Appends bytes.
    public func write(_ bytes: [UInt8]) throws(SgloradError) {
        try Self.append(bytes, to: descriptor, path: temporaryPath)
    }

    /// Appends bytes to an open file, however many calls it takes.
    ///
    /// - Parameters:
    ///   - bytes: what to append.
    ///   - descriptor: the file, open for writing.
    ///   - path: what errors call the file.
    public static func append(_ bytes: [UInt8], to descriptor: Int32, path: String) throws(SgloradError) {
        var done = 0
        while done < bytes.count {
            let count = bytes.withUnsafeBytes { buffer in
                systemWrite(descriptor, buffer.baseAddress.map { $0 + done }, buffer.count - done)
            }
            if count < 0 {
                if errno == EINTR { continue }
                throw .system(path, "writing failed")
            }
            done += count
        }
    }

    /// Synchronises the file, gives it its name, and synchronises the folder.
    ///
    /// - Parameters:
    ///   - path: the name it gets; a file of that name is replaced.
    ///   - synchronisingFolder: false where the caller renames more into the folder and synchronises it once.
    public consuming func commit(as path: String, synchronisingFolder: Bool = true) throws(SgloradError) {
        guard fsync(descriptor) == 0 else { throw .system(path, "the disk did not take the file") }
        guard rename(temporaryPath, path) == 0 else { throw .system(path, "the file cannot get its name") }
        committed = true
        if synchronisingFolder { try Self.synchronise(folder: Self.parent(of: path)) }
    }

    /// Writes a small file in one go.
    public static func write(
        _ bytes: [UInt8], to path: String, temporary: String, synchronisingFolder: Bool = true
    ) throws(SgloradError) {
        let file = try DurableFile(in: temporary)
        try file.write(bytes)
        try file.commit(as: path, synchronisingFolder: synchronisingFolder)
    }

    /// Makes renames and removals within a folder durable.
    public static func synchronise(folder: String) throws(SgloradError) {
        let descriptor = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard descriptor >= 0 else { throw .system(folder, "the folder cannot be opened") }
        defer { close(descriptor) }
        guard fsync(descriptor) == 0 else { throw .system(folder, "the disk did not take the folder") }
    }

    /// Removes a file or a folder with all it holds; what is not there is as good as removed.
    public static func removeTree(_ path: String) {
        var status = stat()
        guard lstat(path, &status) == 0 else { return }
        guard status.st_mode & S_IFMT == S_IFDIR else {
            unlink(path)
            return
        }
        for name in entries(of: path) { removeTree(path + "/" + name) }
        rmdir(path)
    }

    /// The names in a folder, sorted; none if it cannot be read.
    public static func entries(of folder: String) -> [String] {
        guard let stream = opendir(folder) else { return [] }
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

    /// Whether there is a folder of that path; a link to one is none.
    public static func isFolder(_ path: String) -> Bool {
        var status = stat()
        return lstat(path, &status) == 0 && status.st_mode & S_IFMT == S_IFDIR
    }

    /// A path less its last component.
    public static func parent(of path: String) -> String {
        guard let slash = path.lastIndex(of: "/") else { return "." }
        return slash == path.startIndex ? "/" : String(path[..<slash])
    }

    /// A path's last component.
    public static func name(of path: String) -> String {
        path.split(separator: "/").last.map(String.init) ?? path
    }

    /// A name that no other file of this machine has.
    public static func uniqueName() -> String {
        var generator = SystemRandomNumberGenerator()
        let digits = String(generator.next(), radix: 16)
        return String(repeating: "0", count: 16 - digits.count) + digits
    }
}

/// The C library's `write`, under a name that the methods above do not hide.
private func systemWrite(_ descriptor: Int32, _ bytes: UnsafeRawPointer?, _ count: Int) -> Int {
    write(descriptor, bytes, count)
}
