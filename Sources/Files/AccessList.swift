internal import CLinux
internal import Glibc

/// Gives one more user, and a group, access to a file or folder by a POSIX access control list, as
/// `setfacl -m u:UID:…,g:GID:…` does.
///
/// Source of the attribute's format: Linux, `include/uapi/linux/posix_acl_xattr.h`.
public enum AccessList {
    /// How a user has access.
    public enum Grant: Sendable, Hashable {
        /// The user owns the file.
        case owner
        /// An access control list names the user.
        case list
        /// The user has no access: the file system does not support access lists, and the ownership was not changed.
        case none
    }

    /// Lets a user, and optionally a group, read a file, or enter and list a folder.
    ///
    /// - Parameters:
    ///   - descriptor: an open file or folder of this process's user.
    ///   - uid: the user.
    ///   - group: a group that gets the same access; it gets none where the file system does not support access lists.
    ///   - folder: whether it is a folder.
    ///   - givingAway: whether a process of root makes the user the owner where access lists are not supported.
    public static func grant(
        _ descriptor: Int32, to uid: UserID, group: UInt32? = nil, folder: Bool, givingAway: Bool
    ) -> Grant {
        let isOwner = uid == .current
        let rights: UInt16 = folder ? 5 : 4
        var named: [Entry] = isOwner ? [] : [Entry(tag: .user, rights: rights, identifier: uid.rawValue)]
        if let group { named.append(Entry(tag: .group, rights: rights, identifier: group)) }
        if !named.isEmpty {
            let list = attribute(naming: named, owner: folder ? 7 : 6, group: 0, mask: rights)
            if fsetxattr(descriptor, name, list, list.count, 0) == 0, !isOwner { return .list }
        }
        if isOwner { return .owner }
        guard givingAway, geteuid() == 0, fchown(descriptor, uid.rawValue, gid_t.max) == 0 else {
            return .none
        }
        return fchmod(descriptor, folder ? 0o500 : 0o400) == 0 ? .owner : .none
    }

    /// Lets a group create files in a folder that it cannot list.
    ///
    /// - Parameters:
    ///   - descriptor: an open folder of this process's user.
    ///   - gid: the group.
    /// - Returns: false where the file system does not support access lists.
    public static func letMakeFiles(_ descriptor: Int32, group gid: UInt32) -> Bool {
        let list = attribute(
            naming: [Entry(tag: .group, rights: 3, identifier: gid)], owner: 7, group: 7, mask: 7)
        return fsetxattr(descriptor, name, list, list.count, 0) == 0
    }

    /// Lets users and a group pass through a folder of mode 0700, which they cannot list, and nobody else.
    ///
    /// - Parameters:
    ///   - descriptor: an open folder of this process's user.
    ///   - users: the users; they replace those of an earlier call.
    ///   - group: the group; nil for none.
    /// - Returns: the error number where the list cannot be set; nil on success.
    public static func letPass(_ descriptor: Int32, users: Set<UserID>, group: UInt32?) -> Int32? {
        var named = users.subtracting([.current]).sorted().map {
            Entry(tag: .user, rights: 1, identifier: $0.rawValue)
        }
        if let group { named.append(Entry(tag: .group, rights: 1, identifier: group)) }
        if named.isEmpty {
            if fremovexattr(descriptor, name) != 0, errno != ENODATA, errno != ENOTSUP { return errno }
            return fchmod(descriptor, 0o700) == 0 ? nil : errno
        }
        let list = attribute(naming: named, owner: 7, group: 0, mask: 1)
        return fsetxattr(descriptor, name, list, list.count, 0) == 0 ? nil : errno
    }

    private static let name = "system.posix_acl_access"

    private enum Tag: UInt16 {
        case ownerUser = 0x01
        case user = 0x02
        case ownerGroup = 0x04
        case group = 0x08
        case mask = 0x10
        case other = 0x20
    }

    private struct Entry {
        var tag: Tag
        var rights: UInt16
        var identifier = UInt32.max
    }

    /// The attribute's bytes: a version, then entries of tag, rights and identifier, little-endian and in the tags' order.
    private static func attribute(
        naming named: [Entry], owner: UInt16, group: UInt16, mask: UInt16
    ) -> [UInt8] {
        let entries = [
            Entry(tag: .ownerUser, rights: owner), Entry(tag: .ownerGroup, rights: group),
            Entry(tag: .mask, rights: mask), Entry(tag: .other, rights: 0),
        ]
        var bytes = littleEndian(UInt32(2))
        // The kernel wants the entries of one kind sorted by identifier.
        for entry in (entries + named).sorted(by: {
            ($0.tag.rawValue, $0.identifier) < ($1.tag.rawValue, $1.identifier)
        }) {
            bytes +=
                littleEndian(entry.tag.rawValue) + littleEndian(entry.rights)
                + littleEndian(entry.identifier)
        }
        return bytes
    }

    private static func littleEndian(_ value: some FixedWidthInteger) -> [UInt8] {
        withUnsafeBytes(of: value.littleEndian) { Array($0) }
    }
}
