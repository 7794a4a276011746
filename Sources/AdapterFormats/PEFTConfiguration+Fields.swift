internal import ErrorModel
internal import StrictJSON

extension PEFTConfiguration {
    /// Typed access to the members of a configuration; `null` counts as absent.
    struct Fields {
        let values: [String: JSONValue]
        let displayName: String

        subscript(name: String) -> JSONValue? {
            guard let value = values[name], !value.isNull else { return nil }
            return value
        }

        /// Whether a member is present and not null, false or empty.
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

        /// The sorted names of `target_modules`; nil if the list alone does not define the adapted modules.
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
                names.insert(ModuleWrappers.unwrapped(path: name))
            }
            let narrowing = ["layers_to_transform", "layers_pattern", "exclude_modules"]
            guard !names.isEmpty, !narrowing.contains(where: isSet) else { return nil }
            return names.sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }
        }
    }
}

/// A `rank_pattern` or `alpha_pattern`: values for the modules whose paths match a key.
///
/// PEFT treats a key as the regular expression `(.*\.)?(key)$`, matched from the start of the path, and takes
/// the first key that matches. This reader accepts only the keys that PEFT itself writes: plain names and
/// paths, optionally with a leading "^" for a complete path; a dot matches only a dot. Other regular
/// expressions are rejected, because a malicious one could run forever. Paths are compared without what
/// `ModuleWrappers` knows.
struct PEFTPatterns<Value: Sendable>: Sendable {
    private var entries: [String: (order: Int, value: Value)] = [:]

    /// Reads a member that is an object; `read` returns nil for an invalid value.
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
                    remedy: "Use plain module paths in \(name) and save the adapter again.")
            }
            guard let value = read(member.value) else {
                throw fields.wrong("\(name) \(Quoted(member.name))", member.value, "a number in range")
            }
            let path = ModuleWrappers.unwrapped(path: String(plain))
            let key = plain.count < member.name.count ? "^\(path)" : path
            if entries[key] == nil { entries[key] = (order, value) }
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
