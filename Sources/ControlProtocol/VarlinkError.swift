public import ErrorModel

/// An error reply of varlink: a fully qualified name and typed parameters.
///
/// A server answers with it when a handler throws it; a client throws it when a server answers with an error.
public struct VarlinkError: Error, Sendable, Hashable {
    /// The fully qualified name, such as `org.varlink.service.MethodNotFound`.
    public let name: String
    /// The parameters by name; a received parameter of another kind than those of `SgloradError.Parameter` is left out.
    public let parameters: [String: SgloradError.Parameter]

    /// Makes an error.
    public init(_ name: String, parameters: [String: SgloradError.Parameter] = [:]) {
        self.name = name
        self.parameters = parameters
    }

    /// The varlink error of one of the program's own errors: its code's name within an interface, its parameters, and its
    /// message as the parameter `message`.
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

    /// The interface has such a method, the service does not offer it.
    public static func methodNotImplemented(_ method: String) -> VarlinkError {
        VarlinkError("org.varlink.service.MethodNotImplemented", parameters: ["method": .string(method)])
    }

    /// A parameter is missing or wrong; a nested one is named with dots, as in `intent.topK`.
    public static func invalidParameter(_ parameter: String) -> VarlinkError {
        VarlinkError("org.varlink.service.InvalidParameter", parameters: ["parameter": .string(parameter)])
    }

    /// The caller may not do this.
    public static let permissionDenied = VarlinkError("org.varlink.service.PermissionDenied")

    /// The method sends several replies and must be called with `more`.
    public static let expectedMore = VarlinkError("org.varlink.service.ExpectedMore")
}

extension VarlinkError: CustomStringConvertible {
    /// The name, and the message or the parameters.
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
        case .int(let value): String(value)
        case .double(let value): String(value)
        case .strings(let values): values.joined(separator: ",")
        }
    }
}
