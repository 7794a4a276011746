/// A recursive-descent parser of varlink's interface grammar (https://varlink.org/Interface-Definition).
///
/// Types, methods and errors share one namespace, as other implementations of varlink require.
struct InterfaceParser {
    typealias Definition = InterfaceDefinition
    typealias SyntaxError = InterfaceDefinition.SyntaxError

    private var tokens: InterfaceTokens
    private var depth = 0

    init(_ text: String) {
        tokens = InterfaceTokens(text)
    }

    mutating func interface() throws(SyntaxError) -> Definition {
        let first = try tokens.next()
        guard first.text == "interface" else {
            throw error("a definition begins with 'interface'", at: first)
        }
        let name = try tokens.next()
        guard isInterfaceName(name.text) else {
            throw error("'\(name.text)' is not an interface name", at: name)
        }
        var definition = Definition(name: name.text, documentation: first.documentation)
        var names: Set<String> = []
        while let keyword = try tokens.nextIfAny() {
            let section = tokens.section
            let member = try tokens.next()
            guard isTypeName(member.text) else {
                throw error("'\(member.text)' is not a type, method or error name", at: member)
            }
            guard names.insert(member.text).inserted else {
                throw error("'\(member.text)' is declared twice", at: member)
            }
            switch keyword.text {
            case "type":
                definition.types.append(
                    .init(
                        name: member.text, type: try tuple(), documentation: keyword.documentation,
                        section: section))
            case "method":
                let input = try structure()
                try expect("->")
                definition.methods.append(
                    .init(
                        name: member.text, input: input, output: try structure(),
                        documentation: keyword.documentation, section: section))
            case "error":
                definition.errors.append(
                    .init(
                        name: member.text, parameters: try structure(), documentation: keyword.documentation,
                        section: section))
            default: throw error("'\(keyword.text)' is not type, method or error", at: keyword)
            }
        }
        try check(definition)
        return definition
    }

    private mutating func structure() throws(SyntaxError) -> Definition.TypeExpression {
        let type = try tuple()
        guard case .structure = type else {
            throw error("an enumeration is not allowed here", at: tokens.last)
        }
        return type
    }

    /// Parses a structure or an enumeration; `()` is a structure without fields.
    private mutating func tuple() throws(SyntaxError) -> Definition.TypeExpression {
        depth += 1
        defer { depth -= 1 }
        guard depth <= 32 else { throw error("types nest too deeply", at: tokens.last) }
        try expect("(")
        var fields: [Definition.Field] = []
        var words: [Definition.Word] = []
        var token = try tokens.next()
        if token.text == ")" { return .structure([]) }
        while true {
            guard isFieldName(token.text) else {
                throw error("'\(token.text)' is not a field name", at: token)
            }
            guard !words.contains(where: { $0.name == token.text }) else {
                throw error("'\(token.text)' is declared twice", at: token)
            }
            words.append(.init(name: token.text, documentation: token.documentation))
            var separator = try tokens.next()
            if separator.text == ":" {
                fields.append(.init(name: token.text, type: try type(), documentation: token.documentation))
                separator = try tokens.next()
            }
            guard fields.isEmpty || fields.count == words.count else {
                throw error(
                    "all fields of a structure have a type, and no word of an enumeration has one", at: token)
            }
            if separator.text == ")" { return fields.isEmpty ? .enumeration(words) : .structure(fields) }
            guard separator.text == "," else {
                throw error("expected ',' or ')' before '\(separator.text)'", at: separator)
            }
            token = try tokens.next()
        }
    }

    private mutating func type(isWrapped: Bool = false) throws(SyntaxError) -> Definition.TypeExpression {
        depth += 1
        defer { depth -= 1 }
        guard depth <= 32 else { throw error("types nest too deeply", at: tokens.last) }
        let token = try tokens.next()
        switch token.text {
        case "?":
            guard !isWrapped else { throw error("'??' is not a type", at: token) }
            return .optional(try type(isWrapped: true))
        case "[]": return .array(try type())
        case "[string]": return .dictionary(try type())
        case "bool": return .bool
        case "int": return .int
        case "float": return .float
        case "string": return .string
        case "object": return .object
        case "(":
            tokens.pushBack(token)
            return try tuple()
        default:
            guard isTypeName(token.text) else { throw error("'\(token.text)' is not a type", at: token) }
            return .named(token.text)
        }
    }

    private mutating func expect(_ text: String) throws(SyntaxError) {
        let token = try tokens.next()
        guard token.text == text else {
            throw error("expected '\(text)' before '\(token.text)'", at: token)
        }
    }

    private func error(_ reason: String, at token: InterfaceTokens.Token) -> SyntaxError {
        SyntaxError(line: token.line, reason: reason)
    }

    /// Checks that every type that is used is defined.
    private func check(_ definition: Definition) throws(SyntaxError) {
        let defined = Set(definition.types.map(\.name))
        let used =
            definition.types.map(\.type) + definition.methods.flatMap { [$0.input, $0.output] }
            + definition.errors.map(\.parameters)
        for name in used.flatMap(\.names) where !defined.contains(name) {
            throw SyntaxError(line: 0, reason: "the type '\(name)' is used but not defined")
        }
    }
}

extension InterfaceParser {
    private func isInterfaceName(_ text: String) -> Bool {
        let parts = text.split(separator: ".", omittingEmptySubsequences: false)
        return parts.count > 1
            && parts.allSatisfy { part in
                !part.isEmpty
                    && part.utf8.allSatisfy { isLetter($0) || isDigit($0) || $0 == UInt8(ascii: "-") }
                    && part.first != "-" && part.last != "-"
            }
    }

    private func isTypeName(_ text: String) -> Bool {
        guard let first = text.utf8.first, first >= 0x41, first <= 0x5A else { return false }
        return text.utf8.allSatisfy { isLetter($0) || isDigit($0) }
    }

    private func isFieldName(_ text: String) -> Bool {
        guard let first = text.utf8.first, isLetter(first) else { return false }
        return text.utf8.allSatisfy { isLetter($0) || isDigit($0) || $0 == UInt8(ascii: "_") }
    }

    private func isLetter(_ byte: UInt8) -> Bool { (byte | 0x20) >= 0x61 && (byte | 0x20) <= 0x7A }
    private func isDigit(_ byte: UInt8) -> Bool { byte >= 0x30 && byte <= 0x39 }
}

extension InterfaceDefinition.TypeExpression {
    /// The names of the defined types it refers to, in order and with repetitions.
    public var names: [String] {
        switch self {
        case .named(let name): [name]
        case .structure(let fields): fields.flatMap(\.type.names)
        case .array(let type), .dictionary(let type), .optional(let type): type.names
        case .bool, .int, .float, .string, .object, .enumeration: []
        }
    }
}
