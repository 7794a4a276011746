internal import Foundation

/// The name of a group of the machine.
struct GroupName {
    /// What came of looking a name up.
    enum Lookup {
        case found(UInt32)
        case absent
        case failed(String)
    }

    private let name: String

    init(_ name: String) {
        self.name = name
    }

    /// Looks the name up in the system's databases; may block.
    func lookUp() -> Lookup {
        var buffer = [CChar](repeating: 0, count: 1_024)
        while true {
            var group = group()
            var result: UnsafeMutablePointer<group>?
            let status = getgrnam_r(name, &group, &buffer, buffer.count, &result)
            switch status {
            case 0: return result == nil ? .absent : .found(group.gr_gid)
            case EINTR: continue
            // A group of many members does not fit.
            case ERANGE where buffer.count < 16 << 20:
                buffer = [CChar](repeating: 0, count: buffer.count * 4)
            // Some name services say so of a name that they do not know (getgrnam(3)).
            case ENOENT, ESRCH, EBADF, EPERM: return .absent
            default: return .failed(String(cString: strerror(status)))
            }
        }
    }
}
