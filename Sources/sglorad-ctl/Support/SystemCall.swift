import ErrorModel
import Glibc

/// The system calls on files that the commands need, complete (short reads and writes are continued) and with errors
/// that say what to do.
enum SystemCall {
    /// What the system says about an error number.
    static func reason(_ number: Int32) -> String { String(cString: strerror(number)) }

    /// The error of a call on a path; `attempt` continues the path, as in "cannot be written".
    static func failure(_ path: String, _ attempt: String, _ number: Int32) -> SgloradError {
        let remedy =
            switch number {
            case ENOSPC, EDQUOT: " Make room, or name a place on another disk."
            case EACCES, EPERM, EROFS: " Name a place where you may write, or change its permissions."
            default: ""
            }
        return .storageFailure(path, "\(attempt): \(reason(number)).\(remedy)")
    }

    /// Writes all bytes; `path` is what the error names.
    static func write(_ bytes: [UInt8], to descriptor: Int32, path: String) throws(SgloradError) {
        var written = 0
        while written < bytes.count {
            let count = bytes.withUnsafeBytes { buffer in
                Glibc.write(
                    descriptor, UnsafeRawBufferPointer(rebasing: buffer[written...]).baseAddress,
                    buffer.count - written)
            }
            if count >= 0 {
                written += count
            } else if errno != EINTR {
                throw failure(path, "cannot be written", errno)
            }
        }
    }

    /// Reads `count` bytes, or fewer where the file ends before; `path` is what the error names.
    static func read(_ descriptor: Int32, count: Int, path: String) throws(SgloradError) -> [UInt8] {
        var bytes: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: min(count, 1 << 16))
        while bytes.count < count {
            let got = Glibc.read(descriptor, &buffer, min(buffer.count, count - bytes.count))
            if got > 0 {
                bytes += buffer[..<got]
            } else if got == 0 {
                break
            } else if errno != EINTR {
                throw .invalidFile(path, "it cannot be read: \(reason(errno)).")
            }
        }
        return bytes
    }

    /// Makes a file's or a folder's content durable.
    static func synchronise(_ descriptor: Int32, path: String) throws(SgloradError) {
        guard fsync(descriptor) == 0 else { throw failure(path, "cannot be made durable", errno) }
    }

    /// Makes the names in a folder durable.
    static func synchronise(folder: String) throws(SgloradError) {
        let descriptor = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard descriptor >= 0 else { throw failure(folder, "cannot be opened", errno) }
        defer { close(descriptor) }
        // Some file systems cannot synchronise folders and say so with EINVAL; they need not.
        guard fsync(descriptor) == 0 || errno == EINVAL else {
            throw failure(folder, "cannot be made durable", errno)
        }
    }

    /// The names in a folder, without `.` and `..`, in the order of their bytes.
    static func names(inFolder folder: String) throws(SgloradError) -> [String] {
        guard let stream = opendir(folder) else {
            throw .invalidFile(folder, "the folder cannot be read: \(reason(errno)).")
        }
        defer { closedir(stream) }
        var names: [String] = []
        while let entry = readdir(stream) {
            let name = withUnsafePointer(to: &entry.pointee.d_name) { pointer in
                pointer.withMemoryRebound(
                    to: CChar.self, capacity: MemoryLayout.size(ofValue: pointer.pointee)
                ) {
                    String(cString: $0)
                }
            }
            if name != "." && name != ".." { names.append(name) }
        }
        return names.sorted()
    }

    /// What a path leads to, symbolic links followed; nil where there is nothing.
    static func kind(ofPath path: String) -> FileKind? {
        var information = stat()
        guard stat(path, &information) == 0 else { return nil }
        return FileKind(mode: information.st_mode)
    }

    /// Whether a name stands in its folder, be it a symbolic link that leads nowhere.
    static func exists(_ path: String) -> Bool {
        var information = stat()
        return lstat(path, &information) == 0
    }
}

/// What a file is.
enum FileKind: String, Sendable {
    case file = "file"
    case folder = "folder"
    case pipe = "named pipe"
    case device = "device"
    case socket = "socket"
    case other = "special file"

    /// From the mode that `stat` gives.
    init(mode: mode_t) {
        switch mode & S_IFMT {
        case S_IFREG: self = .file
        case S_IFDIR: self = .folder
        case S_IFIFO: self = .pipe
        case S_IFCHR, S_IFBLK: self = .device
        case S_IFSOCK: self = .socket
        default: self = .other
        }
    }
}
