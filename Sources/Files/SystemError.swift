public import ErrorModel
internal import Glibc

extension SgloradError {
    /// A failed system call, with the meaning of `errno`; to be made before anything else can change it.
    ///
    /// - Parameters:
    ///   - path: the file or folder.
    ///   - failure: what failed, as a clause: "the file cannot be opened".
    ///   - remedy: what to do, as a sentence; a full disk has a remedy of its own.
    public static func system(_ path: String, _ failure: String, remedy: String = "") -> SgloradError {
        let number = errno
        let help = number == ENOSPC || number == EDQUOT ? "Free space on that disk and try again." : remedy
        return .storageFailure(
            path, "\(failure): \(systemReason(number))." + (help.isEmpty ? "" : " \(help)"),
            remedy: nextStep(number, path))
    }

    /// How to see what an error number means for a path; nil where that is the general remedy.
    private static func nextStep(_ number: Int32, _ path: String) -> Remedy? {
        guard path.hasPrefix("/") else { return nil }
        let folder = Remedy.word(Path.parent(of: path))
        switch number {
        case ENOSPC: return .type("df -h \(folder)", to: "see what room that disk has")
        case EDQUOT: return .type("quota", to: "see what room you have")
        case EROFS: return .type("findmnt -T \(folder)", to: "see why that file system is read-only")
        case EACCES, EPERM:
            return .type("ls -ld \(folder) \(Remedy.word(path))", to: "see who may use it")
        default: return nil
        }
    }

    /// The C library's text for an error number, without a full stop.
    public static func systemReason(_ number: Int32) -> String { String(cString: strerror(number)) }
}
