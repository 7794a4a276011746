package import ErrorModel
package import Files

/// The rule for the names under which model servers know adapters.
///
/// The configured owner's adapters have their labels for names; anybody else's have their user ID before the label, so that no
/// user can take another's name.
package struct PublishedName: Sendable, Hashable {
    /// The longest name in bytes.
    package static let longest = 64

    /// The whole name.
    package let text: String

    /// The name of a user's adapter with a label.
    ///
    /// - Parameters:
    ///   - label: the label, or what was given instead of it.
    ///   - uid: the adapter's owner.
    ///   - owner: the user whose labels are names as they are; nil for none.
    /// - Throws: `invalidRequest` of the parameter `name` where the label makes no name.
    package init(_ label: String, of uid: UserID, owner: UserID?) throws(SgloradError) {
        let isPlain = uid == owner
        let name = isPlain ? label : "\(uid)-\(label)"
        guard Self.isSound(label), Self.isSound(name) else {
            let room = isPlain ? Self.longest : Self.longest - "\(uid)-".utf8.count
            throw .invalidRequest(
                field: "name",
                reason:
                    "is \(Quoted(label)); a published name has 1 to \(room) of a to z, 0 to 9, '.', '_' and '-', the first "
                    + "of which is a letter or a digit")
        }
        guard !isPlain || !Self.beginsWithNumber(label) else {
            throw .invalidRequest(
                field: "name",
                reason: "is \(Quoted(label)), which begins as other users' names do, with a number and '-'")
        }
        text = name
    }

    /// The label that a name was made of.
    static func label(of name: String, uid: UserID) -> String {
        let prefix = "\(uid)-"
        return name.hasPrefix(prefix) ? String(name.dropFirst(prefix.count)) : name
    }

    /// Whether a text matches `[a-z0-9][a-z0-9._-]{0,63}`: it is a section of a preset file and a folder's name, and nothing
    /// else.
    static func isSound(_ text: String) -> Bool {
        guard (1...longest).contains(text.utf8.count) else { return false }
        return text.utf8.enumerated().allSatisfy { place, byte in
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "0")...UInt8(ascii: "9"): true
            case UInt8(ascii: "."), UInt8(ascii: "_"), UInt8(ascii: "-"): place > 0
            default: false
            }
        }
    }

    private static func beginsWithNumber(_ label: String) -> Bool {
        let digits = label.utf8.prefix { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }
        return !digits.isEmpty && label.utf8.dropFirst(digits.count).first == UInt8(ascii: "-")
    }
}
