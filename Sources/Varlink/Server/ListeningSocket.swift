internal import ErrorModel
internal import Glibc

/// Where a server listens.
public enum ListenAddress: Sendable, Hashable {
    /// A socket file that the server creates with these permission bits and removes when it ends.
    ///
    /// If a group is named, it becomes the file's group where this process is allowed to change it.
    case path(String, mode: UInt16, group: UInt32? = nil)
    /// A listening socket that was passed in (systemd's socket activation). Its file is left alone; the
    /// server closes the descriptor.
    case descriptor(Int32)
}

/// A listening socket and the file that this process created for it.
struct ListeningSocket {
    let descriptor: Int32
    private let path: String
    private let device: dev_t
    private let inode: ino_t

    /// Creates the socket file and listens.
    ///
    /// A file that a dead server left behind is replaced. Nobody can connect before the permission bits are
    /// set, because the socket does not listen until then.
    ///
    /// - Throws: `AlreadyExists` if another process listens there or the path is not a socket,
    ///   `InvalidRequest` for a path that a socket cannot have, `StorageFailure` if a system call fails.
    init(path: String, mode: UInt16, group: UInt32? = nil) throws(SgloradError) {
        guard let address = UnixAddress(path: path) else {
            throw .invalidRequest(
                field: "socket",
                reason: "must be a path of 1 to \(UnixAddress.maximumPathLength) bytes; '\(path)' has"
                    + " \(path.utf8.count). Choose a shorter path")
        }
        let lock = FolderLock(of: path)
        defer { lock.release() }
        try Self.clear(path, address)
        let descriptor: Int32
        switch UnixAddress.makeSocket() {
        case .success(let made): descriptor = made
        case .failure(let error): throw .storageFailure(path, "cannot create a socket: \(error)")
        }
        var status = stat()
        guard address.withSocketAddress({ bind(descriptor, $0, $1) }) == 0 else {
            let error = SystemError(errno)
            close(descriptor)
            throw .storageFailure(
                path, "cannot create the socket file: \(error). Its folder must exist and be writable.")
        }
        // A process outside the group is not allowed to do this; the file then keeps the process's own group.
        if let group { _ = lchown(path, .max, group) }
        guard chmod(path, mode_t(mode)) == 0, lstat(path, &status) == 0, listen(descriptor, SOMAXCONN) == 0
        else {
            let error = SystemError(errno)
            close(descriptor)
            unlink(path)
            throw .storageFailure(path, "cannot listen on the socket: \(error)")
        }
        self.descriptor = descriptor
        self.path = path
        device = status.st_dev
        inode = status.st_ino
    }

    /// Removes the socket file, unless it has been replaced.
    func unlinkFile() {
        var status = stat()
        guard lstat(path, &status) == 0, status.st_dev == device, status.st_ino == inode else { return }
        unlink(path)
    }

    /// Removes the socket file of a dead server.
    private static func clear(_ path: String, _ address: UnixAddress) throws(SgloradError) {
        var status = stat()
        guard lstat(path, &status) == 0 else { return }
        guard status.st_mode & S_IFMT == S_IFSOCK else {
            throw SgloradError(
                .alreadyExists, "\(path) exists and is not a socket. Remove it, or choose another path.",
                parameters: ["kind": .string("file"), "name": .string(path)])
        }
        let probe: Int32
        switch UnixAddress.makeSocket() {
        case .success(let made): probe = made
        case .failure(let error): throw .storageFailure(path, "cannot create a socket: \(error)")
        }
        defer { close(probe) }
        let isServed = address.withSocketAddress { connect(probe, $0, $1) } == 0 || errno != ECONNREFUSED
        guard !isServed else {
            throw SgloradError(
                .alreadyExists,
                "Another process already listens on \(path). Stop it first, or choose another path.",
                parameters: ["kind": .string("socket"), "name": .string(path)])
        }
        guard unlink(path) == 0 || errno == ENOENT else {
            throw .storageFailure(
                path, "cannot remove the socket file of an earlier process: \(SystemError(errno))")
        }
    }
}

/// A lock that keeps two servers that start at once from mistaking each other's new socket for an orphan.
///
/// It gives up after a second: anybody who can read the folder can hold the lock, and must not be able to
/// prevent a start.
private struct FolderLock {
    private let descriptor: Int32

    init(of path: String) {
        let folder = path.lastIndex(of: "/").map { String(path[...$0]) } ?? "."
        descriptor = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard descriptor >= 0 else { return }
        for _ in 0..<50 where flock(descriptor, LOCK_EX | LOCK_NB) != 0 {
            usleep(20_000)
        }
    }

    func release() {
        if descriptor >= 0 { close(descriptor) }
    }
}
