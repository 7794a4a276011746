/// A varlink interface as its `.varlink` file defines it (https://varlink.org/Interface-Definition).
public struct InterfaceDefinition: Sendable, Hashable {
    /// A type of the interface.
    public indirect enum TypeExpression: Sendable, Hashable {
        /// A truth value.
        case bool
        /// A signed whole number of 64 bits.
        case int
        /// A floating-point number of 64 bits.
        case float
        /// A string.
        case string
        /// Any JSON object.
        case object
        /// A type that the interface defines under this name.
        case named(String)
        /// Fields in their order.
        case structure([Field])
        /// One of these words.
        case enumeration([String])
        /// `[]T`.
        case array(TypeExpression)
        /// `[string]T`.
        case dictionary(TypeExpression)
        /// `?T`: may be absent or null.
        case optional(TypeExpression)
    }

    /// One field of a structure.
    public struct Field: Sendable, Hashable {
        /// Its name.
        public let name: String
        /// Its type.
        public let type: TypeExpression
        /// The comment before it; empty if there is none.
        public let documentation: String

        /// Makes a field.
        public init(name: String, type: TypeExpression, documentation: String = "") {
            self.name = name
            self.type = type
            self.documentation = documentation
        }
    }

    /// A defined type: `type Name (…)`.
    public struct TypeDefinition: Sendable, Hashable {
        /// Its name.
        public let name: String
        /// A structure or an enumeration.
        public let type: TypeExpression
        /// The comment before it.
        public let documentation: String
    }

    /// A method: `method Name(…) -> (…)`.
    public struct Method: Sendable, Hashable {
        /// Its name.
        public let name: String
        /// Its parameters: a structure.
        public let input: TypeExpression
        /// Its reply: a structure.
        public let output: TypeExpression
        /// The comment before it.
        public let documentation: String
    }

    /// An error: `error Name (…)`.
    public struct ErrorDefinition: Sendable, Hashable {
        /// Its name.
        public let name: String
        /// Its parameters: a structure.
        public let parameters: TypeExpression
        /// The comment before it.
        public let documentation: String
    }

    /// The name of the interface.
    public let name: String
    /// The comment before the interface.
    public let documentation: String
    /// Its types in their order.
    public internal(set) var types: [TypeDefinition] = []
    /// Its methods in their order.
    public internal(set) var methods: [Method] = []
    /// Its errors in their order.
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

    /// The type defined under a name.
    public func type(named name: String) -> TypeDefinition? { types.first { $0.name == name } }
    /// The method of a name.
    public func method(named name: String) -> Method? { methods.first { $0.name == name } }
    /// The error of a name.
    public func error(named name: String) -> ErrorDefinition? { errors.first { $0.name == name } }
}

extension InterfaceDefinition {
    /// What is wrong with the text of a definition, and where.
    public struct SyntaxError: Error, Sendable, Hashable, CustomStringConvertible {
        /// The line, from 1.
        public let line: Int
        /// What is wrong.
        public let reason: String

        /// Line and reason.
        public var description: String { "line \(line): \(reason)" }
    }
}

extension InterfaceDefinition.TypeExpression: CustomStringConvertible {
    /// The type in varlink's own form, on one line and without comments.
    public var description: String {
        switch self {
        case .bool: "bool"
        case .int: "int"
        case .float: "float"
        case .string: "string"
        case .object: "object"
        case .named(let name): name
        case .structure(let fields): "(\(fields.map { "\($0.name): \($0.type)" }.joined(separator: ", ")))"
        case .enumeration(let words): "(\(words.joined(separator: ", ")))"
        case .array(let element): "[]\(element)"
        case .dictionary(let value): "[string]\(value)"
        case .optional(let wrapped): "?\(wrapped)"
        }
    }
}
