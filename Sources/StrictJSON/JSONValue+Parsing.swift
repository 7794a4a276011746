internal import ErrorModel

extension JSONValue {
    /// Reads one document.
    ///
    /// - Throws: `JSONSyntaxError` if the text is not valid JSON, an object has a duplicate key, or a limit is exceeded:
    ///   ``maximumDepth``, ``maximumValues`` or ``maximumNumberLength``.
    public init(parsing bytes: UnsafeRawBufferPointer) throws(JSONSyntaxError) {
        var builder = Builder(scanner: JSONScanner(bytes, maximumDepth: Self.maximumDepth))
        self = try builder.document()
    }

    /// Reads one document, as `init(parsing:)` for memory does.
    public init(parsing bytes: [UInt8]) throws(JSONSyntaxError) {
        self = try bytes.withUnsafeBufferPointer { (buffer) throws(JSONSyntaxError) in
            try JSONValue(parsing: UnsafeRawBufferPointer(buffer))
        }
    }

    /// Builds the tree; the scanner bounds the recursion.
    private struct Builder {
        var scanner: JSONScanner
        var valuesLeft = JSONValue.maximumValues

        mutating func document() throws(JSONSyntaxError) -> JSONValue {
            let value = try value()
            _ = try scanner.next()
            return value
        }

        private mutating func value() throws(JSONSyntaxError) -> JSONValue { try value(try next()) }

        private mutating func next() throws(JSONSyntaxError) -> JSONScanner.Event {
            guard let event = try scanner.next() else { throw scanner.failure("unexpected end of input") }
            return event
        }

        private mutating func value(_ event: JSONScanner.Event) throws(JSONSyntaxError) -> JSONValue {
            valuesLeft -= 1
            guard valuesLeft >= 0 else {
                throw scanner.failure("there are more than \(JSONValue.maximumValues) values")
            }
            switch event {
            case .beginObject: return .object(try members())
            case .beginArray: return .array(try elements())
            case .string(let token), .key(let token): return .string(scanner.decode(token))
            case .number(let token): return try number(token)
            case .bool(let value): return .bool(value)
            case .null: return .null
            case .endObject, .endArray: throw scanner.failure("expected a value")
            }
        }

        private mutating func elements() throws(JSONSyntaxError) -> [JSONValue] {
            var elements: [JSONValue] = []
            while true {
                let event = try next()
                if case .endArray = event { return elements }
                elements.append(try value(event))
            }
        }

        private mutating func members() throws(JSONSyntaxError) -> [Member] {
            var members: [Member] = []
            var names: Set<String> = []
            while case .key(let token) = try next() {
                let name = scanner.decode(token)
                // A set costs more than it saves for the few members that most objects have.
                if members.count == 16 { names = Set(members.map(\.name)) }
                let isDuplicate =
                    members.count < 16
                    ? members.contains { $0.name == name } : !names.insert(name).inserted
                guard !isDuplicate else {
                    throw JSONSyntaxError(
                        reason: "duplicate key \(Quoted(name)) in one object",
                        offset: token.range.lowerBound - 1)
                }
                members.append(Member(name: name, value: try value()))
            }
            return members
        }

        private func number(_ token: JSONScanner.NumberToken) throws(JSONSyntaxError) -> JSONValue {
            guard token.range.count <= JSONValue.maximumNumberLength else {
                throw JSONSyntaxError(
                    reason: "a number is longer than \(JSONValue.maximumNumberLength) bytes",
                    offset: token.range.lowerBound)
            }
            let text = scanner.text(token.range)
            let isNegative = text.utf8.first == UInt8(ascii: "-")
            if token.isWhole, let value = Int(text), !(isNegative && value == 0) { return .integer(value) }
            return .number(text: text)
        }
    }
}
