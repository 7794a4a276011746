/// The error type of all modules: what went wrong, what to do about it, and the cause.
///
/// Each ``Code`` corresponds to one varlink error of the interface `io.sglorad` and to one exit status of
/// `sglorad-ctl`; ``parameters`` are the typed fields of that varlink error, beside `message`.
public struct SgloradError: Error, Sendable {
    public let code: Code
    /// What was wrong and what to do, for the user.
    ///
    /// Never contains an intent's text.
    public let message: String
    /// The typed fields of the varlink error, by name; all fields that the code declares are present.
    public let parameters: [String: Parameter]
    public let cause: (any Error)?
    /// The remedy that the error was made with; nil for that of its code.
    let ownRemedy: Remedy?

    public init(
        _ code: Code, _ message: String, parameters: [String: Parameter] = [:], cause: (any Error)? = nil,
        remedy: Remedy? = nil
    ) {
        self.code = code
        self.message = message
        self.parameters = parameters
        self.cause = cause
        ownRemedy = remedy
    }
}

extension SgloradError {
    /// A typed field of an error; encoded as the bare value.
    public enum Parameter: Sendable, Hashable {
        case string(String)
        case bool(Bool)
        case int(Int)
        case double(Double)
        case strings([String])
    }
}

extension SgloradError: CustomStringConvertible {
    /// The message, followed by the chain of causes.
    public var description: String {
        guard let cause else { return message }
        return "\(message) (cause: \(cause))"
    }
}

extension SgloradError.Parameter: Codable {
    public init(from decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer()
        if let value = try? container.decode(String.self) {
            self = .string(value)
        } else if let value = try? container.decode(Bool.self) {
            self = .bool(value)
        } else if let value = try? container.decode(Int.self) {
            self = .int(value)
        } else if let value = try? container.decode(Double.self) {
            self = .double(value)
        } else {
            self = .strings(try container.decode([String].self))
        }
    }

    public func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        switch self {
        case .string(let value): try container.encode(value)
        case .bool(let value): try container.encode(value)
        case .int(let value): try container.encode(value)
        case .double(let value): try container.encode(value)
        case .strings(let value): try container.encode(value)
        }
    }
}

/// The persistent form of an error; the cause is not kept.
extension SgloradError: Codable {
    private enum Keys: String, CodingKey {
        case code, message, parameters
    }

    /// Decodes an error; a code that this version does not know becomes `internal`.
    public init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: Keys.self)
        self.init(
            Code(named: try container.decode(String.self, forKey: .code)) ?? .internal,
            try container.decode(String.self, forKey: .message),
            parameters: try container.decode([String: Parameter].self, forKey: .parameters))
    }

    public func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: Keys.self)
        try container.encode(code.name, forKey: .code)
        try container.encode(message, forKey: .message)
        try container.encode(parameters, forKey: .parameters)
    }
}
