internal import ErrorModel
internal import Glibc

/// A socket file of our own that somebody can connect to.
struct ListeningSocket {
    /// The listening descriptor.
    let descriptor: Int32
    private let path: String
    private let device: dev_t
    private let inode: ino_t

    /// Makes the socket file and listens.
    ///
    /// A file that a dead server left behind is replaced. Nobody can connect before the permission bits are set, for the
    /// socket does not listen yet.
    ///
    /// - Throws: `AlreadyExists` if somebody listens there or something else has that name, `InvalidRequest` for a path
    ///   that cannot be a socket's, `StorageFailure` if the system refuses.
    init(path: String, mode: UInt16, group: UInt32? = nil) throws(SgloradError) {
        guard let address = UnixAddress(path: path) else {
            throw .invalidRequest(
                field: "socket",
                reason: "must be a path of 1 to \(UnixAddress.maximumPathLength) bytes; '\(path)' has"
                    + " \(path.utf8.count). Choose a shorter one")
        }
        let lock = FolderLock(of: path)
        defer { lock.release() }
        try Self.clear(path, address)
        let descriptor: Int32
        switch UnixAddress.makeSocket() {
        case .success(let made): descriptor = made
        case .failure(let error): throw .storageFailure(path, "no socket could be made: \(error)")
        }
        var status = stat()
        guard address.withSocketAddress({ bind(descriptor, $0, $1) }) == 0 else {
            let error = SystemError(errno)
            close(descriptor)
            throw .storageFailure(
                path, "the socket could not be made: \(error). Its folder must exist and be writable.")
        }
        // A process that is not in the group may not; its own group can use the socket then.
        if let group { _ = lchown(path, .max, group) }
        guard chmod(path, mode_t(mode)) == 0, lstat(path, &status) == 0, listen(descriptor, SOMAXCONN) == 0
        else {
            let error = SystemError(errno)
            close(descriptor)
            unlink(path)
            throw .storageFailure(path, "the socket could not be opened: \(error)")
        }
        self.descriptor = descriptor
        self.path = path
        device = status.st_dev
        inode = status.st_ino
    }

    /// Removes the socket file, unless another one has its name by now.
    func unlinkFile() {
        var status = stat()
        guard lstat(path, &status) == 0, status.st_dev == device, status.st_ino == inode else { return }
        unlink(path)
    }

    /// Removes what a dead server left behind.
    private static func clear(_ path: String, _ address: UnixAddress) throws(SgloradError) {
        var status = stat()
        guard lstat(path, &status) == 0 else { return }
        guard status.st_mode & S_IFMT == S_IFSOCK else {
            throw SgloradError(
                .alreadyExists, "\(path) is there and is no socket. Choose another path, or remove it.",
                parameters: ["kind": .string("file"), "name": .string(path)])
        }
        let probe: Int32
        switch UnixAddress.makeSocket() {
        case .success(let made): probe = made
        case .failure(let error): throw .storageFailure(path, "no socket could be made: \(error)")
        }
        defer { close(probe) }
        let isServed = address.withSocketAddress { connect(probe, $0, $1) } == 0 || errno != ECONNREFUSED
        guard !isServed else {
            throw SgloradError(
                .alreadyExists,
                "Another daemon serves \(path) already. Stop it first, or choose another path with --socket.",
                parameters: ["kind": .string("socket"), "name": .string(path)])
        }
        guard unlink(path) == 0 || errno == ENOENT else {
            throw .storageFailure(path, "a socket left behind could not be removed: \(SystemError(errno))")
        }
    }
}

/// Keeps two starting servers from each taking the other's new socket for one that was left behind.
///
/// It gives up after a second: anybody who may read the folder can hold the lock, and must not be able to stop a start.
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
