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
    /// Where the file system keeps no access lists, a daemon that is root gives the file to the user, who may then read but
    /// not write it.
    ///
    /// - Parameters:
    ///   - descriptor: an open file or folder of the daemon's.
    ///   - uid: the user.
    ///   - folder: whether it is a folder.
    public static func grant(_ descriptor: Int32, to uid: UInt32, folder: Bool) -> Grant {
        if uid == geteuid() { return .owner }
        let list = attribute(uid: uid, rights: folder ? 5 : 4, owner: folder ? 7 : 6)
        if fsetxattr(descriptor, "system.posix_acl_access", list, list.count, 0) == 0 { return .list }
        guard geteuid() == 0, fchown(descriptor, uid, gid_t.max) == 0 else { return .none }
        return fchmod(descriptor, folder ? 0o500 : 0o400) == 0 ? .owner : .none
    }

    private enum Tag: UInt16 {
        case ownerUser = 0x01
        case user = 0x02
        case ownerGroup = 0x04
        case mask = 0x10
        case other = 0x20
    }

    /// The attribute's bytes: a version, then entries of tag, rights and identifier, little-endian and in the tags' order.
    private static func attribute(uid: UInt32, rights: UInt16, owner: UInt16) -> [UInt8] {
        let entries: [(Tag, UInt16, UInt32)] = [
            (.ownerUser, owner, .max), (.user, rights, uid), (.ownerGroup, 0, .max), (.mask, rights, .max),
            (.other, 0, .max),
        ]
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
