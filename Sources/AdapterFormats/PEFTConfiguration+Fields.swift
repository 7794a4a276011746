internal import ErrorModel
internal import StrictJSON

extension PEFTConfiguration {
    /// The members of a configuration, each read as what it must be.
    ///
    /// `null` is the same as nothing.
    struct Fields {
        let values: [String: JSONValue]
        let displayName: String

        subscript(name: String) -> JSONValue? {
            guard let value = values[name], !value.isNull else { return nil }
            return value
        }

        /// Whether a member is there and says something: not null, false, or empty.
        func isSet(_ name: String) -> Bool {
            switch values[name] {
            case nil, .null, .bool(false): false
            case .string(let value): !value.isEmpty
            case .array(let value): !value.isEmpty
            case .object(let value): !value.isEmpty
            default: true
            }
        }

        func wrong(_ name: String, _ value: JSONValue, _ right: String) -> SgloradError {
            let found =
                switch value {
                case .integer(let number): "\(number)"
                case .number(let text): text
                case .string(let text): "\(Quoted(text))"
                default: value.kind
                }
            return .invalidFile(displayName, "has \(found) as \(name); it must be \(right)")
        }

        func string(_ name: String) throws(SgloradError) -> String? {
            guard let value = self[name] else { return nil }
            guard let string = value.string else { throw wrong(name, value, "a string") }
            return string
        }

        func bool(_ name: String) throws(SgloradError) -> Bool {
            guard let value = self[name] else { return false }
            guard let bool = value.bool else { throw wrong(name, value, "true or false") }
            return bool
        }

        func whole(_ name: String, default: Int, in range: ClosedRange<Int>) throws(SgloradError) -> Int {
            guard let value = self[name] else { return `default` }
            guard let number = value.integer, range.contains(number) else {
                throw wrong(name, value, "a whole number from \(range.lowerBound) to \(range.upperBound)")
            }
            return number
        }

        func nonzero(_ name: String, default: Double) throws(SgloradError) -> Double {
            guard let value = self[name] else { return `default` }
            guard let number = value.double, number.isFinite, number != 0 else {
                throw wrong(name, value, "a finite number other than 0")
            }
            return number
        }

        /// The sorted names of `target_modules`, or nil where they do not alone say which modules are adapted.
        func targetModules() throws(SgloradError) -> [String]? {
            guard let value = self["target_modules"] else { return nil }
            if value.string != nil { return nil }
            guard let elements = value.array else {
                throw wrong("target_modules", value, "a list of names or a regular expression")
            }
            var names: Set<String> = []
            for element in elements {
                guard let name = element.string else {
                    throw wrong("target_modules", element, "a list of names")
                }
                names.insert(name)
            }
            let narrowing = ["layers_to_transform", "layers_pattern", "exclude_modules"]
            guard !names.isEmpty, !narrowing.contains(where: isSet) else { return nil }
            return names.sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }
        }
    }
}

/// A `rank_pattern` or `alpha_pattern`: values for the modules that a key matches.
///
/// PEFT reads a key as a regular expression, `(.*\.)?(key)$` from the path's start, and takes the first that matches. Here
/// keys are plain names and paths, with "^" before one that must be the whole path, as PEFT itself writes them; a dot
/// stands for a dot only. Other regular expressions are refused by name: a hostile one could run without end.
struct PEFTPatterns<Value: Sendable>: Sendable {
    private var entries: [String: (order: Int, value: Value)] = [:]

    /// Reads a member that is an object; `read` gives nil for what is not a value.
    init(
        _ fields: PEFTConfiguration.Fields, _ name: String, read: (JSONValue) -> Value?
    ) throws(SgloradError) {
        guard let object = fields[name] else { return }
        guard let members = object.object else { throw fields.wrong(name, object, "an object") }
        for (order, member) in members.enumerated() {
            let plain =
                member.name.utf8.first == UInt8(ascii: "^") ? member.name.dropFirst() : member.name[...]
            guard !plain.isEmpty,
                !plain.unicodeScalars.contains(where: { "\\^$*+?{}[]|()".unicodeScalars.contains($0) })
            else {
                throw .unsupportedAdapter(
                    feature: "the regular expression \(Quoted(member.name)) in \(name)",
                    remedy: "Write \(name) with plain module paths and save the adapter again.")
            }
            guard let value = read(member.value) else {
                throw fields.wrong("\(name) \(Quoted(member.name))", member.value, "a number in range")
            }
            entries[member.name] = (order, value)
        }
    }

    /// The value of the first key, in the file's order, that matches a path.
    func first(matching path: String) -> Value? {
        guard !entries.isEmpty else { return nil }
        var best = entries["^\(path)"]
        for suffix in path.dottedSuffixes {
            if let entry = entries[String(suffix)], entry.order < best?.order ?? .max { best = entry }
        }
        return best?.value
    }
}
