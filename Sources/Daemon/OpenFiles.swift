internal import Glibc
internal import Logging

/// The limit on open files.
enum OpenFiles {
    /// File descriptors needed besides the connections: databases, adapters being read, child processes.
    static let own = 512

    /// Raises the soft limit to what `connections` need, up to the hard limit; logs a warning if that is too
    /// low.
    static func allow(connections: Int, logger: Logger) {
        let wanted = rlim_t(connections + own)
        var limit = rlimit()
        guard getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit) == 0, limit.rlim_cur < wanted
        else { return }
        limit.rlim_cur = min(wanted, limit.rlim_max)
        guard setrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit) == 0, limit.rlim_cur == wanted
        else {
            logger.warning(
                "the limit on open files is too low for limits.connections; raise LimitNOFILE",
                metadata: ["files": "\(limit.rlim_max)", "wanted": "\(wanted)"])
            return
        }
    }
}
