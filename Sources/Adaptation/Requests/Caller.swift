package import Files

/// The authenticated caller, and what they may see.
///
/// What belongs to another user is reported as not found, because refusing access would reveal that it
/// exists.
package struct Caller: Sendable, Hashable {
    /// The user.
    package let uid: UserID
    /// Whose turns and shares the caller uses: the user, or the owner of the subordinate range that the user is in.
    package let account: UserID
    /// Whether the caller may see and change everything.
    package let isAdministrator: Bool

    /// - Parameters:
    ///   - uid: the user.
    ///   - isAdministrator: whether everything is theirs to see.
    ///   - account: whom the user counts as; nil for the user itself.
    package init(uid: UserID, account: UserID? = nil, isAdministrator: Bool) {
        self.uid = uid
        self.account = account ?? uid
        self.isAdministrator = isAdministrator
    }

    /// Whether the caller may see what belongs to `owner`.
    package func sees(_ owner: UserID) -> Bool { isAdministrator || owner == uid }

    /// The owner to restrict a listing to; nil for all owners.
    package var listedOwner: UserID? { isAdministrator ? nil : uid }
}
