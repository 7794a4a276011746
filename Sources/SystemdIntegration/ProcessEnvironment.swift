internal import Glibc

/// Reads variables of the environment: of this process, or given ones.
struct ProcessEnvironment: Sendable {
    private let given: [String: String]?

    /// The environment of this process, or the given one in its place.
    init(_ given: [String: String]? = nil) {
        self.given = given
    }

    /// A variable that is set and not empty.
    subscript(name: String) -> String? {
        let value = given == nil ? getenv(name).map { String(cString: $0) } : given?[name]
        return value?.isEmpty == true ? nil : value
    }
}
