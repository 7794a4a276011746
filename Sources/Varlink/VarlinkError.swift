public import ErrorModel

/// A varlink error: a qualified name and typed parameters.
///
/// If a handler throws it, the server replies with it; if a server replies with an error, the client throws
/// it.
public struct VarlinkError: Error, Sendable, Hashable {
    /// The qualified name, such as `org.varlink.service.MethodNotFound`.
    public let name: String
    /// The parameters by name.
    ///
    /// Received parameters that `SgloradError.Parameter` cannot represent are left out.
    public let parameters: [String: SgloradError.Parameter]

    public init(_ name: String, parameters: [String: SgloradError.Parameter] = [:]) {
        self.name = name
        self.parameters = parameters
    }

    /// The varlink error for an error of this program: the code's name in an interface, its parameters, and
    /// its message as the parameter `message`.
    public init(_ error: SgloradError, interface: String) {
        name = "\(interface).\(error.code.name)"
        parameters = error.parameters.merging(["message": .string(error.message)]) { declared, _ in declared }
    }

    /// The parameter `message`, if there is one.
    public var message: String? {
        guard case .string(let message)? = parameters["message"] else { return nil }
        return message
    }
}

extension VarlinkError {
    /// No interface of that name.
    public static func interfaceNotFound(_ interface: String) -> VarlinkError {
        VarlinkError("org.varlink.service.InterfaceNotFound", parameters: ["interface": .string(interface)])
    }

    /// The interface has no method of that name.
    public static func methodNotFound(_ method: String) -> VarlinkError {
        VarlinkError("org.varlink.service.MethodNotFound", parameters: ["method": .string(method)])
    }

    /// The interface has this method, but the service does not implement it.
    public static func methodNotImplemented(_ method: String) -> VarlinkError {
        VarlinkError("org.varlink.service.MethodNotImplemented", parameters: ["method": .string(method)])
    }

    /// A parameter is missing or invalid; a nested one is named by its path, such as `intent.topK`.
    public static func invalidParameter(_ parameter: String) -> VarlinkError {
        VarlinkError("org.varlink.service.InvalidParameter", parameters: ["parameter": .string(parameter)])
    }

    /// The caller is not authorised.
    public static let permissionDenied = VarlinkError("org.varlink.service.PermissionDenied")

    /// The method streams and must be called with `more`.
    public static let expectedMore = VarlinkError("org.varlink.service.ExpectedMore")
}

extension VarlinkError: CustomStringConvertible {
    public var description: String {
        if let message { return "\(name): \(message)" }
        let fields = parameters.sorted { $0.key < $1.key }.map { "\($0.key)=\($0.value.text)" }
        return fields.isEmpty ? name : "\(name) (\(fields.joined(separator: ", ")))"
    }
}

extension SgloradError.Parameter {
    fileprivate var text: String {
        switch self {
        case .string(let value): value
        case .bool(let value): String(value)
        case .int(let value): String(value)
        case .double(let value): String(value)
        case .strings(let values): values.joined(separator: ",")
        }
    }
}

/// The parameters of an error as a JSON object.
struct ErrorParameters: Codable {
    private struct Key: CodingKey {
        let stringValue: String
        let intValue: Int? = nil
        init(stringValue: String) { self.stringValue = stringValue }
        init?(intValue: Int) { return nil }
    }

    let values: [String: SgloradError.Parameter]

    init(_ values: [String: SgloradError.Parameter]) {
        self.values = values
    }

    init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: Key.self)
        var values: [String: SgloradError.Parameter] = [:]
        for key in container.allKeys {
            if let value = try? container.decode(String.self, forKey: key) {
                values[key.stringValue] = .string(value)
            } else if let value = try? container.decode(Bool.self, forKey: key) {
                values[key.stringValue] = .bool(value)
            } else if let value = try? container.decode(Int.self, forKey: key) {
                values[key.stringValue] = .int(value)
            } else if let value = try? container.decode(Double.self, forKey: key) {
                values[key.stringValue] = .double(value)
            } else if let value = try? container.decode([String].self, forKey: key) {
                values[key.stringValue] = .strings(value)
            }
        }
        self.values = values
    }

    func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: Key.self)
        for (name, value) in values {
            let key = Key(stringValue: name)
            switch value {
            case .string(let value): try container.encode(value, forKey: key)
            case .bool(let value): try container.encode(value, forKey: key)
            case .int(let value): try container.encode(value, forKey: key)
            // JSON has no infinity and no NaN.
            case .double(let value): if value.isFinite { try container.encode(value, forKey: key) }
            case .strings(let value): try container.encode(value, forKey: key)
            }
        }
    }
}
