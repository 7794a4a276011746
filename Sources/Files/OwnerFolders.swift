internal import ErrorModel
internal import Glibc
internal import Synchronization

/// The users' folders in `adapters/`, whose names nobody can guess.
///
/// Whoever owns an adapter may pass through `adapters/`. A folder that had its owner's number for a name would show them by
/// `stat` who else has adapters, how many, and when the latest was made; a random name of 128 bits does not.
///
/// The record of the names is one symbolic link for each user, `private/owners/<uid>`: it appears whole or not at all, and an
/// operator can follow it. A link is durable before its folder exists.
final class OwnerFolders: Sendable {
    /// The folder of the users' folders.
    let adapters: String
    /// The folder of the links.
    let links: String
    /// The names, also of users whose folder was never created.
    private let names = Mutex<[UserID: String]>([:])

    init(adapters: String, links: String) {
        self.adapters = adapters
        self.links = links
    }

    /// A user's folder, whether it exists or not; blocks where it was not asked for before.
    func path(of uid: UserID) -> String {
        let name = names.withLock { names in
            if let name = names[uid] { return name }
            let name = linked(uid) ?? Self.newName()
            names[uid] = name
            return name
        }
        return adapters + "/" + name
    }

    /// The users who have a folder, or had one, by its name; blocks.
    var users: [String: UserID] {
        var users: [String: UserID] = [:]
        for entry in Folder.entries(of: links) {
            guard let uid = UInt32(entry).map({ UserID($0) }), let name = linked(uid) else { continue }
            users[name] = uid
        }
        return users
    }

    /// Records the name of a user's folder; durable when it returns.
    ///
    /// - Parameter name: a name to keep; nil for the one that ``path(of:)`` has given out.
    /// - Returns: the folder's path, under the name recorded before if there is one.
    /// - Throws: `storageFailure`.
    func record(_ uid: UserID, as name: String? = nil) throws(SgloradError) -> String {
        let link = "\(links)/\(uid)"
        let name = name ?? Path.name(of: path(of: uid))
        // Relative, so that a copy of the state directory is whole.
        if symlink("../../\(Path.name(of: adapters))/\(name)", link) == 0 {
            try Folder.synchronise(links)
            names.withLock { $0[uid] = name }
        } else if errno != EEXIST {
            throw .system(link, "the user's folder cannot be recorded")
        } else if let recorded = linked(uid) {
            names.withLock { $0[uid] = recorded }
        } else {
            throw .storageFailure(
                link, "this should be a symbolic link to the user's folder in \(adapters). Remove it.")
        }
        return path(of: uid)
    }

    /// The name to which a user's link leads; nil where there is no link that leads to a folder of `adapters`.
    private func linked(_ uid: UserID) -> String? {
        var buffer = [UInt8](repeating: 0, count: 512)
        let count = readlink("\(links)/\(uid)", &buffer, buffer.count)
        guard count > 0, count < buffer.count else { return nil }
        let prefix = "../../\(Path.name(of: adapters))/"
        let target = String(decoding: buffer[..<count], as: UTF8.self)
        guard target.hasPrefix(prefix) else { return nil }
        let name = String(target.dropFirst(prefix.count))
        return Path.isPlainName(name) ? name : nil
    }

    /// Thirty-two random hexadecimal digits.
    static func newName() -> String { Path.uniqueName() + Path.uniqueName() }
}
