/// The one error of every module: what went wrong, what to do about it, and what caused it.
///
/// A ``Code`` says which kind of failure it is; each code is one varlink error of the interface `io.sglorad` and one
/// exit status of `sglorad-ctl`. ``parameters`` are the typed fields of that varlink error, beside `message`.
public struct SgloradError: Error, Sendable {
    /// Which kind of failure this is.
    public let code: Code
    /// What was wrong and what to do, for a person.
    ///
    /// Never holds an intent's text.
    public let message: String
    /// The typed fields of the varlink error, by name; those that a code declares are all present.
    public let parameters: [String: Parameter]
    /// The error that led to this one, if any.
    public let cause: (any Error)?

    /// Makes an error.
    public init(
        _ code: Code, _ message: String, parameters: [String: Parameter] = [:], cause: (any Error)? = nil
    ) {
        self.code = code
        self.message = message
        self.parameters = parameters
        self.cause = cause
    }
}

extension SgloradError {
    /// One typed field of an error.
    public enum Parameter: Sendable, Hashable {
        /// A string.
        case string(String)
        /// A whole number.
        case int(Int)
        /// A floating-point number.
        case double(Double)
        /// A list of strings.
        case strings([String])
    }
}

extension SgloradError: CustomStringConvertible {
    /// The message, and the chain of causes behind it.
    public var description: String {
        guard let cause else { return message }
        return "\(message) (cause: \(cause))"
    }
}
