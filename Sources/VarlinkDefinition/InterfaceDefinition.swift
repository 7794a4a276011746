/// A varlink interface, parsed from its `.varlink` file (https://varlink.org/Interface-Definition).
///
/// Comments are kept: the comment lines directly above a member, a field or a word document it. A comment
/// line `# == Title ==` starts a section, which the members below it belong to.
public struct InterfaceDefinition: Sendable, Hashable {
    /// A type of the interface.
    public indirect enum TypeExpression: Sendable, Hashable {
        case bool
        /// A signed 64-bit integer.
        case int
        /// A 64-bit floating-point number.
        case float
        case string
        /// Any JSON object.
        case object
        /// A type that the interface defines under this name.
        case named(String)
        /// Fields in order.
        case structure([Field])
        /// One of these words.
        case enumeration([Word])
        /// `[]T`.
        case array(TypeExpression)
        /// `[string]T`.
        case dictionary(TypeExpression)
        /// `?T`: may be absent or null.
        case optional(TypeExpression)
    }

    /// One field of a structure.
    public struct Field: Sendable, Hashable {
        public let name: String
        public let type: TypeExpression
        /// The comment above it; empty if there is none.
        public let documentation: String

        public init(name: String, type: TypeExpression, documentation: String = "") {
            self.name = name
            self.type = type
            self.documentation = documentation
        }
    }

    /// One word of an enumeration.
    public struct Word: Sendable, Hashable {
        public let name: String
        /// The comment above it; empty if there is none.
        public let documentation: String

        public init(name: String, documentation: String = "") {
            self.name = name
            self.documentation = documentation
        }
    }

    /// A defined type: `type Name (…)`.
    public struct TypeDefinition: Sendable, Hashable {
        public let name: String
        /// A structure or an enumeration.
        public let type: TypeExpression
        /// The comment above it.
        public let documentation: String
        /// The title of its section, if any.
        public let section: String?
    }

    /// A method: `method Name(…) -> (…)`.
    public struct Method: Sendable, Hashable {
        public let name: String
        /// Its parameters: a structure.
        public let input: TypeExpression
        /// Its reply: a structure.
        public let output: TypeExpression
        /// The comment above it.
        public let documentation: String
        /// The title of its section, if any.
        public let section: String?
    }

    /// An error: `error Name (…)`.
    public struct ErrorDefinition: Sendable, Hashable {
        public let name: String
        /// Its parameters: a structure.
        public let parameters: TypeExpression
        /// The comment above it.
        public let documentation: String
        /// The title of its section, if any.
        public let section: String?
    }

    /// The name of the interface, such as `org.example.ping`.
    public let name: String
    /// The comment above the `interface` line.
    public let documentation: String
    /// Its types in order.
    public internal(set) var types: [TypeDefinition] = []
    /// Its methods in order.
    public internal(set) var methods: [Method] = []
    /// Its errors in order.
    public internal(set) var errors: [ErrorDefinition] = []

    /// Parses a definition.
    ///
    /// - Throws: ``SyntaxError``, with the line.
    public init(parsing text: String) throws(SyntaxError) {
        var parser = InterfaceParser(text)
        self = try parser.interface()
    }

    init(name: String, documentation: String) {
        self.name = name
        self.documentation = documentation
    }

    /// The type with this name.
    public func type(named name: String) -> TypeDefinition? { types.first { $0.name == name } }
    /// The method with this name.
    public func method(named name: String) -> Method? { methods.first { $0.name == name } }
    /// The error with this name.
    public func error(named name: String) -> ErrorDefinition? { errors.first { $0.name == name } }
}

extension InterfaceDefinition {
    /// A syntax error of a definition.
    public struct SyntaxError: Error, Sendable, Hashable, CustomStringConvertible {
        /// The line, from 1; 0 where the whole definition is at fault.
        public let line: Int
        public let reason: String

        public var description: String { "line \(line): \(reason)" }
    }
}

extension InterfaceDefinition.TypeExpression: CustomStringConvertible {
    /// The type in varlink's own syntax, on one line and without comments.
    public var description: String {
        switch self {
        case .bool: "bool"
        case .int: "int"
        case .float: "float"
        case .string: "string"
        case .object: "object"
        case .named(let name): name
        case .structure(let fields): "(\(fields.map { "\($0.name): \($0.type)" }.joined(separator: ", ")))"
        case .enumeration(let words): "(\(words.map(\.name).joined(separator: ", ")))"
        case .array(let element): "[]\(element)"
        case .dictionary(let value): "[string]\(value)"
        case .optional(let wrapped): "?\(wrapped)"
        }
    }
}
