internal import CLinux
public import ErrorModel

#if canImport(Glibc)
internal import Glibc
#elseif canImport(Musl)
internal import Musl
#endif

/// What an intent says stands in the daemon's memory: it must not come to stand in a core file, systemd or not.
public enum CoreDumps {
    /// Forbids core files of this process and its children, and reading this one's memory by others of its user.
    ///
    /// - Throws: `internal` where the system refuses.
    public static func forbid() throws(SgloradError) {
        var none = rlimit(rlim_cur: 0, rlim_max: 0)
        guard setrlimit(__rlimit_resource_t(RLIMIT_CORE.rawValue), &none) == 0, sglorad_deny_dumps() == 0
        else {
            throw .internal("core files cannot be forbidden: \(String(cString: strerror(errno)))")
        }
    }
}
