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
            path, "\(failure): \(systemReason(number))." + (help.isEmpty ? "" : " \(help)"))
    }

    /// The C library's text for an error number, without a full stop.
    public static func systemReason(_ number: Int32) -> String { String(cString: strerror(number)) }
}
