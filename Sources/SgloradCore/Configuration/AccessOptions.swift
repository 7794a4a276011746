/// Which groups of the machine may do what; each is named, or given by its number.
public struct AccessOptions: Sendable, Hashable {
    /// Who may make requests, and see and erase their own.
    public var users: String
    /// Who may see and change everything, besides root and the daemon's own user.
    public var administrators: String

    /// Makes the options; the defaults are the groups that the package makes.
    public init(users: String = "sglorad-users", administrators: String = "sglorad-admin") {
        self.users = users
        self.administrators = administrators
    }
}
