internal import ErrorModel
internal import Foundation
internal import Logging

extension AccessPolicy {
    /// Looks the groups of the options up; says in the log which of them there is not.
    ///
    /// - Throws: `invalidRequest` for a number that cannot be a group of people.
    init(_ options: AccessOptions, logger: Logger) throws(SgloradError) {
        own = geteuid()
        users = try Self.group(options.users, key: "access.users", logger)
        administrators = try Self.group(options.administrators, key: "access.administrators", logger)
    }

    /// The number of a group that a key names; nil where there is no such group, which the log then says.
    ///
    /// - Throws: `invalidRequest` for a number that cannot be a group of people.
    static func group(_ name: String, key: String, _ logger: Logger) throws(SgloradError) -> UInt32? {
        let found: UInt32?
        if let number = UInt32(name) {
            found = number
        } else {
            switch GroupName(name).lookUp() {
            case .found(let number): found = number
            case .absent:
                found = nil
                logger.notice(
                    "there is no such group; nobody but root and the daemon's own user has its rights",
                    metadata: ["key": "\(key)", "group": "\(name)"])
            case .failed(let reason):
                found = nil
                logger.warning(
                    "a group cannot be looked up; nobody has its rights",
                    metadata: ["key": "\(key)", "group": "\(name)", "reason": "\(reason)"])
            }
        }
        // Supplementary membership of group 0 is not seen, and the other number stands for all groups without a name.
        guard found != 0, found != unnamed, found != .max else {
            throw .invalidRequest(
                field: key, reason: "is '\(name)'; a group of its own is needed, not root's or nobody's")
        }
        return found
    }
}
