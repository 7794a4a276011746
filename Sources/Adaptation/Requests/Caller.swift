package import Files

/// The authenticated caller, and what they may see.
///
/// What belongs to another user is reported as not found, because refusing access would reveal that it
/// exists.
package struct Caller: Sendable, Hashable {
    /// The user.
    package let uid: UserID
    /// Whether the caller may see and change everything.
    package let isAdministrator: Bool

    package init(uid: UserID, isAdministrator: Bool) {
        self.uid = uid
        self.isAdministrator = isAdministrator
    }

    /// Whether the caller may see what belongs to `owner`.
    package func sees(_ owner: UserID) -> Bool { isAdministrator || owner == uid }

    /// The owner to restrict a listing to; nil for all owners.
    package var listedOwner: UserID? { isAdministrator ? nil : uid }
}
