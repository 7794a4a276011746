internal import VarlinkDefinition

/// Writes structures and enumerations as Swift types, and keeps count of the modules that their public parts
/// need.
struct TypeWriter {
    typealias TypeExpression = InterfaceDefinition.TypeExpression

    /// The modules that public declarations refer to.
    private(set) var imports: Set<String> = []
    /// Whether forms are written, which refer to `Form.Name`; other types refer to `Wire.Name`.
    let isForm: Bool

    /// Writes `public struct` or `public enum` with a name.
    mutating func write(
        _ type: TypeExpression, as name: String, _ documentation: Documentation, to source: inout SourceText
    ) throws {
        source.gap()
        source.document(documentation)
        switch type {
        case .structure(let fields): try write(fields, as: name, to: &source)
        case .enumeration(let words): write(words, as: name, to: &source)
        default: throw GeneratorError("\(name): \(type) is neither a structure nor an enumeration")
        }
    }

    private func write(_ words: [InterfaceDefinition.Word], as name: String, to source: inout SourceText) {
        source.block("public enum \(name): String, Codable, Sendable, Hashable, CaseIterable") { source in
            for word in words {
                source.document(Documentation(word.documentation))
                source.line("case \(Self.codingCase(word.name))")
            }
        }
    }

    private mutating func write(
        _ fields: [InterfaceDefinition.Field], as name: String, to source: inout SourceText
    ) throws {
        let opening = "public struct \(name): Codable, Sendable, Hashable"
        guard !fields.isEmpty else { return source.block(opening) { $0.line("public init() {}") } }
        try source.block(opening) { source in
            var arguments: [String] = []
            var nested: [(name: String, type: TypeExpression)] = []
            for field in fields {
                let documentation = Documentation(field.documentation)
                let member = SwiftNames.member(field.name)
                let type = try swiftType(
                    field.type, isPrivate: documentation.annotations.contains("private"),
                    at: "\(name).\(field.name)"
                ) { nested.append((SwiftNames.nestedType(field.name), $0)) }
                source.document(documentation)
                source.line("public var \(member): \(type)")
                arguments.append("\(member): \(type)\(type.hasSuffix("?") ? " = nil" : "")")
            }
            source.line()
            source.declaration("public init", arguments, " {")
            source.indented { source in
                for field in fields {
                    let member = SwiftNames.member(field.name)
                    source.line("self.\(member) = \(member)")
                }
            }
            source.line("}")
            source.line()
            Self.codingKeys(fields.map(\.name), to: &source)
            for type in nested {
                try write(type.type, as: type.name, Documentation(""), to: &source)
            }
        }
    }

    private static func codingKeys(_ names: [String], to source: inout SourceText) {
        source.block("enum CodingKeys: String, CodingKey, CaseIterable") { source in
            var pending = ""
            for name in names {
                let key = codingCase(name)
                let fits = source.indentation + pending.count + 2 + key.count <= SourceText.margin
                if pending.isEmpty || !fits || !SwiftNames.isSame(name) || pending.hasSuffix("\"") {
                    if !pending.isEmpty { source.line(pending) }
                    pending = "case \(key)"
                } else {
                    pending += ", \(key)"
                }
            }
            source.line(pending)
        }
    }

    private static func codingCase(_ name: String) -> String {
        let member = SwiftNames.member(name)
        return SwiftNames.isSame(name) ? member : "\(member) = \"\(name)\""
    }

    /// The Swift type of a field.
    ///
    /// - Parameters:
    ///   - isPrivate: whether the field is annotated `[private]`: its strings are `PrivateText`.
    ///   - place: the field, for messages.
    ///   - nested: called with a structure or an enumeration that has no name, which the caller declares.
    private mutating func swiftType(
        _ type: TypeExpression, isPrivate: Bool, at place: String, nested: (TypeExpression) -> Void
    ) throws -> String {
        switch type {
        case .string where isPrivate:
            imports.insert("Privacy")
            return "PrivateText"
        case .array(let element):
            return "[\(try swiftType(element, isPrivate: isPrivate, at: place, nested: nested))]"
        case .optional(let wrapped):
            return "\(try swiftType(wrapped, isPrivate: isPrivate, at: place, nested: nested))?"
        case _ where isPrivate: throw GeneratorError("\(place): only strings can be [private]")
        case .bool: return "Bool"
        case .int: return "Int"
        case .float: return "Double"
        case .string: return "String"
        case .object:
            imports.insert("ErrorModel")
            return "[String: SgloradError.Parameter]"
        case .named(let name):
            return isForm ? "Form.\(name)" : "Wire.\(name)"
        case .dictionary(let value):
            return "[String: \(try swiftType(value, isPrivate: false, at: place, nested: nested))]"
        case .structure, .enumeration:
            nested(type)
            return SwiftNames.nestedType(String(place.split(separator: ".").last ?? ""))
        }
    }
}
