internal import Foundation
internal import Logging

/// How many files the process may have open at once.
enum OpenFiles {
    /// What the daemon itself needs beside its connections: databases, adapters that are read, children.
    static let own = 512

    /// Raises the limit to what so many connections need, as far as the system lets it.
    static func allow(connections: Int, logger: Logger) {
        let wanted = rlim_t(connections + own)
        var limit = rlimit()
        guard getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit) == 0, limit.rlim_cur < wanted
        else { return }
        limit.rlim_cur = min(wanted, limit.rlim_max)
        guard setrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit) == 0, limit.rlim_cur == wanted
        else {
            logger.warning(
                "fewer files may be open than limits.connections asks for; raise LimitNOFILE",
                metadata: ["files": "\(limit.rlim_max)", "wanted": "\(wanted)"])
            return
        }
    }
}
