internal import ErrorModel

extension PEFTConfiguration {
    /// The members of a configuration, each read as what it must be.
    ///
    /// `null` is the same as nothing.
    struct Fields {
        let values: [String: StrictJSON]
        let displayName: String

        subscript(name: String) -> StrictJSON? {
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

        func wrong(_ name: String, _ value: StrictJSON, _ right: String) -> SgloradError {
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
