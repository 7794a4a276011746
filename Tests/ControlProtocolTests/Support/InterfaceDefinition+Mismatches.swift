import ControlProtocol

extension InterfaceDefinition {
    /// How a Swift type differs from a type of the interface; empty if it does not.
    func mismatches<T: Decodable>(of type: T.Type, typed name: String) -> [String] {
        guard let defined = self.type(named: name) else { return ["\(name): not a type of the interface"] }
        return mismatches(of: type, defined.type, at: name)
    }

    /// How a Swift type differs from the parameters of a method.
    func mismatches<T: Decodable>(of type: T.Type, inputOf method: String) -> [String] {
        guard let defined = self.method(named: method) else {
            return ["\(method): not a method of the interface"]
        }
        return mismatches(of: type, defined.input, at: "\(method) input")
    }

    /// How a Swift type differs from the reply of a method.
    func mismatches<T: Decodable>(of type: T.Type, outputOf method: String) -> [String] {
        guard let defined = self.method(named: method) else {
            return ["\(method): not a method of the interface"]
        }
        return mismatches(of: type, defined.output, at: "\(method) output")
    }

    /// How a Swift type differs from the parameters of an error.
    func mismatches<T: Decodable>(of type: T.Type, error: String) -> [String] {
        guard let defined = self.error(named: error) else {
            return ["\(error): not an error of the interface"]
        }
        return mismatches(of: type, defined.parameters, at: error)
    }

    private func mismatches<T: Decodable>(
        of type: T.Type, _ expected: TypeExpression, at path: String
    ) -> [String] {
        do {
            return compare(try CodableShape.of(type), expected, at: path, depth: 0)
        } catch {
            return ["\(path): \(type) cannot be recorded: \(error)"]
        }
    }

    private func compare(_ swift: TypeExpression, _ expected: TypeExpression, at path: String, depth: Int)
        -> [String]
    {
        // Deeper than the recorder goes only recursive types go.
        guard depth < CodableShape.maximumDepth else { return [] }
        let difference = ["\(path): \(expected) in the interface, \(swift) in Swift"]
        switch (swift, expected) {
        case (_, .named(let name)):
            guard let defined = type(named: name) else { return ["\(path): the type \(name) is not defined"] }
            return compare(swift, defined.type, at: path, depth: depth)
        case (.structure(let fields), .structure(let expectedFields)):
            return compare(fields, expectedFields, at: path, depth: depth)
        case (.array(let element), .array(let expectedElement)):
            return compare(element, expectedElement, at: "\(path)[]", depth: depth + 1)
        case (.dictionary(let value), .dictionary(let expectedValue)):
            return compare(value, expectedValue, at: "\(path)[string]", depth: depth + 1)
        case (.optional(let wrapped), .optional(let expectedWrapped)):
            return compare(wrapped, expectedWrapped, at: path, depth: depth)
        case (.enumeration(let words), .enumeration(let expectedWords)):
            return Set(words) == Set(expectedWords) ? [] : difference
        // The interface may leave the words open.
        case (.enumeration, .string): return []
        case (.optional, .object): return difference
        case (_, .object): return []
        default: return swift == expected ? [] : difference
        }
    }

    private func compare(_ fields: [Field], _ expected: [Field], at path: String, depth: Int) -> [String] {
        var differences: [String] = []
        for field in expected {
            guard let found = fields.first(where: { $0.name == field.name }) else {
                differences.append("\(path).\(field.name): in the interface and not in Swift")
                continue
            }
            differences += compare(found.type, field.type, at: "\(path).\(field.name)", depth: depth + 1)
        }
        for field in fields where !expected.contains(where: { $0.name == field.name }) {
            differences.append("\(path).\(field.name): in Swift and not in the interface")
        }
        return differences
    }
}
