/// Swift names for the names of an interface.
enum SwiftNames {
    private static let keywords: Set<String> = [
        "actor", "any", "as", "associatedtype", "async", "await", "break", "case", "catch", "class",
        "continue",
        "default", "defer", "deinit", "do", "else", "enum", "extension", "fallthrough", "false",
        "fileprivate", "for",
        "func", "guard", "if", "import", "in", "init", "inout", "internal", "is", "let", "nil", "operator",
        "package",
        "precedencegroup", "private", "protocol", "public", "repeat", "rethrows", "return", "self", "static",
        "struct",
        "subscript", "super", "switch", "throw", "throws", "true", "try", "typealias", "var", "where",
        "while",
    ]
    /// Names that a nested type cannot or must not have.
    private static let reservedTypes: Set<String> = ["Any", "CodingKeys", "Protocol", "Self", "Type"]

    /// The property, enumeration case or function for a name: in lower camel case, quoted if it is a keyword.
    static func member(_ name: String) -> String {
        let plain = unquoted(name)
        return keywords.contains(plain) ? "`\(plain)`" : plain
    }

    /// Whether the member's name is the name in the interface.
    static func isSame(_ name: String) -> Bool { unquoted(name) == name }

    /// The type that is nested in a structure for a field whose type has no name.
    static func nestedType(_ field: String) -> String {
        let name = unquoted(field)
        let type = name.prefix(1).uppercased() + name.dropFirst()
        return reservedTypes.contains(type) ? "\(type)Value" : type
    }

    private static func unquoted(_ name: String) -> String {
        let parts = name.split(separator: "_")
        let joined = parts.dropFirst().reduce(String(parts.first ?? "")) {
            $0 + $1.prefix(1).uppercased() + $1.dropFirst()
        }
        return joined.prefix(1).lowercased() + joined.dropFirst()
    }
}
