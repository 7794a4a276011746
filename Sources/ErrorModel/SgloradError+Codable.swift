extension SgloradError.Parameter: Codable {
    /// Decodes a string, a number or a list of strings.
    public init(from decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer()
        if let value = try? container.decode(String.self) {
            self = .string(value)
        } else if let value = try? container.decode(Int.self) {
            self = .int(value)
        } else if let value = try? container.decode(Double.self) {
            self = .double(value)
        } else {
            self = .strings(try container.decode([String].self))
        }
    }

    /// Encodes the bare value.
    public func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        switch self {
        case .string(let value): try container.encode(value)
        case .int(let value): try container.encode(value)
        case .double(let value): try container.encode(value)
        case .strings(let value): try container.encode(value)
        }
    }
}

/// An error as it is kept on disk; its cause is not.
extension SgloradError: Codable {
    private enum Keys: String, CodingKey {
        case code, message, parameters
    }

    /// Decodes an error; a code of another version becomes `internal`.
    public init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: Keys.self)
        self.init(
            Code(named: try container.decode(String.self, forKey: .code)) ?? .internal,
            try container.decode(String.self, forKey: .message),
            parameters: try container.decode([String: Parameter].self, forKey: .parameters))
    }

    /// Encodes code, message and parameters.
    public func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: Keys.self)
        try container.encode(code.name, forKey: .code)
        try container.encode(message, forKey: .message)
        try container.encode(parameters, forKey: .parameters)
    }
}
