internal import CLinux

#if canImport(Glibc)
internal import Glibc
#elseif canImport(Musl)
internal import Musl
#endif

/// Lets one more user at a file or a folder, by a POSIX access control list: what `setfacl -m u:UID:…` writes.
///
/// Source of the attribute's form: Linux, `include/uapi/linux/posix_acl_xattr.h`.
public enum AccessList {
    /// How a user came to have access.
    public enum Grant: Sendable, Hashable {
        /// The file is the user's own.
        case owner
        /// An access control list names the user.
        case list
        /// The user has no access: the file system keeps no access lists, and the daemon may not give the file away.
        case none
    }

    /// Lets a user read a file, or enter and list a folder.
    ///
    /// - Parameters:
    ///   - descriptor: an open file or folder of the daemon's.
    ///   - uid: the user.
    ///   - folder: whether it is a folder.
    ///   - givingAway: whether, where the file system keeps no access lists, a daemon that is root gives the file to the
    ///     user, who then owns it.
    public static func grant(_ descriptor: Int32, to uid: UInt32, folder: Bool, givingAway: Bool) -> Grant {
        if uid == geteuid() { return .owner }
        let list = attribute(
            named: (.user, uid, folder ? 5 : 4), owner: folder ? 7 : 6, group: 0, mask: folder ? 5 : 4)
        if fsetxattr(descriptor, name, list, list.count, 0) == 0 { return .list }
        guard givingAway, geteuid() == 0, fchown(descriptor, uid, gid_t.max) == 0 else { return .none }
        return fchmod(descriptor, folder ? 0o500 : 0o400) == 0 ? .owner : .none
    }

    /// Lets a group make files in a folder that it cannot list.
    ///
    /// - Parameters:
    ///   - descriptor: an open folder of the daemon's.
    ///   - gid: the group.
    /// - Returns: false where the file system keeps no access lists.
    public static func letMakeFiles(_ descriptor: Int32, group gid: UInt32) -> Bool {
        let list = attribute(named: (.group, gid, 3), owner: 7, group: 7, mask: 7)
        return fsetxattr(descriptor, name, list, list.count, 0) == 0
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

    /// The attribute's bytes: a version, then entries of tag, rights and identifier, little-endian and in the tags' order.
    private static func attribute(
        named: (tag: Tag, identifier: UInt32, rights: UInt16), owner: UInt16, group: UInt16, mask: UInt16
    ) -> [UInt8] {
        var entries: [(Tag, UInt16, UInt32)] = [
            (.ownerUser, owner, .max), (.ownerGroup, group, .max), (.mask, mask, .max), (.other, 0, .max),
            (named.tag, named.rights, named.identifier),
        ]
        entries.sort { $0.0.rawValue < $1.0.rawValue }
        var bytes = littleEndian(UInt32(2))
        for (tag, rights, identifier) in entries {
            bytes += littleEndian(tag.rawValue) + littleEndian(rights) + littleEndian(identifier)
        }
        return bytes
    }

    private static func littleEndian(_ value: some FixedWidthInteger) -> [UInt8] {
        withUnsafeBytes(of: value.littleEndian) { Array($0) }
    }
}
