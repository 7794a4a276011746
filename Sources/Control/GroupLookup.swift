internal import Foundation

/// Resolves a group's name to its number.
struct GroupLookup {
    enum Lookup {
        case found(UInt32)
        case absent
        case failed(String)
    }

    private let name: String

    init(_ name: String) {
        self.name = name
    }

    /// Queries the system's name services (getgrnam_r(3)); may block.
    func resolve() -> Lookup {
        var buffer = [CChar](repeating: 0, count: 1_024)
        while true {
            var group = group()
            var result: UnsafeMutablePointer<group>?
            let status = getgrnam_r(name, &group, &buffer, buffer.count, &result)
            switch status {
            case 0: return result == nil ? .absent : .found(group.gr_gid)
            case EINTR: continue
            // The buffer is too small for a group with many members.
            case ERANGE where buffer.count < 16 << 20:
                buffer = [CChar](repeating: 0, count: buffer.count * 4)
            // Some name services return these for an unknown name (getgrnam(3)).
            case ENOENT, ESRCH, EBADF, EPERM: return .absent
            default: return .failed(String(cString: strerror(status)))
            }
        }
    }
}
