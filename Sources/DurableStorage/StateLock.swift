public import ErrorModel

#if canImport(Glibc)
internal import Glibc
#elseif canImport(Musl)
internal import Musl
#endif

/// Holds a state directory for one daemon: the kernel lets go of it when the process ends, however it ends.
public struct StateLock: Sendable {
    private let descriptor: Int32

    /// Takes the directory.
    ///
    /// - Throws: `alreadyExists` where another daemon holds it.
    public init(_ state: StateDirectory) throws(SgloradError) {
        let path = state.root + "/lock"
        descriptor = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0o600)
        guard descriptor >= 0 else {
            throw .system(path, "the lock cannot be opened", remedy: "Check the folder's owner.")
        }
        guard flock(descriptor, LOCK_EX | LOCK_NB) == 0 else {
            close(descriptor)
            throw SgloradError(
                .alreadyExists,
                "Another sglorad uses the state directory \(state.root). Stop it, or name another with --state-dir.",
                parameters: ["kind": .string("daemon"), "name": .string(state.root)])
        }
    }

    /// Lets go of the directory.
    public func release() {
        close(descriptor)
    }
}
