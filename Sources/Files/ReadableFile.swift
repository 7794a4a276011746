public import ErrorModel
internal import Glibc

/// A regular file that somebody else wrote, open for reading; symbolic links are followed.
///
/// The path is checked before it is opened, because opening a device can have an effect, and the open file is checked again,
/// because the name may denote something else by then. A named pipe does not block the call.
public struct ReadableFile: ~Copyable {
    /// The path it was opened by.
    public let path: String
    /// Open for reading until the value goes out of scope.
    public let descriptor: Int32
    /// The file's size in bytes when it was opened.
    public let bytes: Int

    /// Opens a file.
    ///
    /// - Throws: `invalidFile` where it is missing, not a regular file, or cannot be read.
    public init(_ path: String) throws(SgloradError) {
        func requireRegular(_ kind: FileKind) throws(SgloradError) {
            guard kind == .file else {
                throw .invalidFile(path, "it is a \(kind.rawValue), and a regular file is needed.")
            }
        }
        guard let kind = FileKind(of: path) else {
            throw .invalidFile(path, "it cannot be read: \(SgloradError.systemReason(errno)).")
        }
        try requireRegular(kind)
        let descriptor = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC)
        guard descriptor >= 0 else {
            throw .invalidFile(path, "it cannot be read: \(SgloradError.systemReason(errno)).")
        }
        var status = stat()
        let isKnown = fstat(descriptor, &status) == 0
        let opened = FileKind(mode: status.st_mode)
        if !isKnown || opened != .file { close(descriptor) }
        guard isKnown else {
            throw .invalidFile(path, "its status cannot be read: \(SgloradError.systemReason(errno)).")
        }
        try requireRegular(opened)
        self.path = path
        self.descriptor = descriptor
        self.bytes = Int(status.st_size)
    }

    deinit { close(descriptor) }

    /// Reads the next bytes; fewer than `count` only at the file's end.
    ///
    /// - Throws: `invalidFile`.
    public func read(_ count: Int) throws(SgloradError) -> [UInt8] {
        try FileBytes.read(count, from: descriptor, path: path)
    }
}

/// What a path or an open file is; the raw value is what a message calls it.
public enum FileKind: String, Sendable {
    /// A regular file.
    case file
    /// A folder.
    case folder
    /// A symbolic link, where links are not followed.
    case link = "symbolic link"
    /// A named pipe.
    case pipe = "named pipe"
    /// A block or character device.
    case device
    /// A Unix socket.
    case socket
    /// Anything else.
    case other = "special file"

    /// What is at a path; nil where nothing is, or where it cannot be told (`errno` then says why).
    public init?(of path: String, followingLinks: Bool = true) {
        var status = stat()
        guard (followingLinks ? stat(path, &status) : lstat(path, &status)) == 0 else { return nil }
        self.init(mode: status.st_mode)
    }

    /// From the mode that `stat` gives.
    init(mode: UInt32) {
        switch mode & S_IFMT {
        case S_IFREG: self = .file
        case S_IFDIR: self = .folder
        case S_IFLNK: self = .link
        case S_IFIFO: self = .pipe
        case S_IFCHR, S_IFBLK: self = .device
        case S_IFSOCK: self = .socket
        default: self = .other
        }
    }
}
