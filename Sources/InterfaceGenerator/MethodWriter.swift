internal import VarlinkDefinition

/// What the generator knows about one method.
struct MethodModel {
    /// Whether a method sends several replies.
    enum Streaming {
        case never
        /// `[Supports 'more' flag]`: with `more` there are several replies, without it only the last.
        case supported
        /// `[Requires 'more' flag]`.
        case required
    }

    let definition: InterfaceDefinition.Method
    let documentation: Documentation
    let streaming: Streaming

    init(_ definition: InterfaceDefinition.Method) throws {
        self.definition = definition
        documentation = Documentation(definition.documentation)
        let known = ["Supports 'more' flag", "Requires 'more' flag"]
        if let unknown = documentation.annotations.subtracting(known).min() {
            throw GeneratorError("\(definition.name): unknown annotation [\(unknown)]")
        }
        streaming =
            documentation.annotations.contains(known[1])
            ? .required : documentation.annotations.contains(known[0]) ? .supported : .never
    }

    /// The type that describes the method.
    var type: String { "Methods.\(definition.name)" }
    /// The function of the handler and of the client.
    var function: String { SwiftNames.member(definition.name) }
    /// The first sentence of its comment.
    var summary: Documentation { Documentation(documentation.summary) }

    /// The parameter of the client's function; a method without parameters needs no argument.
    var argument: String {
        definition.input == .structure([])
            ? "_ parameters: \(type).Parameters = .init()" : "_ parameters: \(type).Parameters"
    }
}

/// Writes the methods of an interface: their types, the handler, its dispatch and the client's calls.
struct MethodWriter {
    let methods: [MethodModel]
    /// The prefix of the handler's and the dispatcher's names.
    let prefix: String

    /// Writes the type of one method with its parameters and its reply.
    static func write(_ method: MethodModel, _ types: inout TypeWriter, to source: inout SourceText) throws {
        let note: String? =
            switch method.streaming {
            case .never: nil
            case .supported: "Streams if it is called with `more`."
            case .required: "Streams; it must be called with `more`."
            }
        source.gap()
        source.document(method.documentation, note: note)
        try source.block("public enum \(method.definition.name): VarlinkMethod") { source in
            source.line("public static let interface = Wire.interface")
            source.line("public static let name = \"\(method.definition.name)\"")
            try types.write(method.definition.input, as: "Parameters", Documentation(""), to: &source)
            try types.write(method.definition.output, as: "Reply", Documentation(""), to: &source)
        }
    }

    /// Writes `enum Methods` with all methods and their names.
    func namespace(interface: String, to source: inout SourceText) {
        source.line("/// The methods of the interface `\(interface)`.")
        source.block("public enum Methods") { source in
            source.line("/// The name of a method, without the interface.")
            source.block("public enum Name: String, Sendable, Hashable, CaseIterable") { source in
                for method in methods {
                    source.line("case \(method.function) = \"\(method.definition.name)\"")
                }
            }
            source.line()
            source.line("/// All methods, in the order of the interface.")
            source.line("public static let all: [any VarlinkMethod.Type] = [")
            source.indented { source in
                for method in methods { source.line("\(method.definition.name).self,") }
            }
            source.line("]")
        }
    }

    /// Writes the protocol that a server implements.
    func handler(interface: String, to source: inout SourceText) {
        source.line("/// Implements the interface `\(interface)`: one requirement for each method.")
        source.line("///")
        source.line(
            "/// A function that takes a `MethodStream` sends its replies itself, the last one with `finish`."
        )
        source.block("public protocol \(prefix)Handler: Sendable") { source in
            for method in methods {
                source.document(method.summary)
                switch method.streaming {
                case .never:
                    source.declaration(
                        "func \(method.function)", ["_ call: \(method.type).Call"],
                        " async throws -> \(method.type).Reply")
                case .supported, .required:
                    source.declaration(
                        "func \(method.function)", ["_ stream: \(method.type).Stream"], " async throws")
                }
                source.line()
            }
            source.line("/// Called when a connection has ended and none of its calls is running any more.")
            source.line("func connectionClosed(_ id: ConnectionID) async")
        }
        source.line()
        source.block("extension \(prefix)Handler") { source in
            source.line("public func connectionClosed(_ id: ConnectionID) async {}")
        }
    }

    /// Writes the interface that hands each call to a handler.
    func dispatcher(to source: inout SourceText) {
        source.line("/// Authorises each call and hands it to the handler's function for its method.")
        source.block("public struct \(prefix)Dispatcher<Handler: \(prefix)Handler>: VarlinkInterface") {
            source in
            source.line("private let handler: Handler")
            source.line("private let authorise: @Sendable (Methods.Name?, VarlinkCall) throws -> Void")
            source.line()
            source.line("/// - Parameters:")
            source.line("///   - handler: implements the methods.")
            source.line(
                "///   - authorise: called before anything else, with nil for an unknown method; throws to refuse."
            )
            source.declaration(
                "public init",
                [
                    "_ handler: Handler",
                    "authorise: @escaping @Sendable (Methods.Name?, VarlinkCall) throws -> Void",
                ], " {")
            source.indented { source in
                source.line("self.handler = handler")
                source.line("self.authorise = authorise")
            }
            source.line("}")
            source.line()
            source.line("public var name: String { Wire.interface }")
            source.line("public var definition: String { Wire.definition }")
            source.line()
            source.block("public func connectionClosed(_ id: ConnectionID) async") { source in
                source.line("await handler.connectionClosed(id)")
            }
            source.line()
            source.block(
                "public func handle(_ call: VarlinkCall, replies: VarlinkReplies) async throws"
            ) { source in
                source.line("let name = Methods.Name(rawValue: call.methodName)")
                source.line("try authorise(name, call)")
                source.line("guard let name else { throw VarlinkError.methodNotFound(call.method) }")
                source.line("switch name {")
                for method in methods { Self.dispatch(method, to: &source) }
                source.line("}")
            }
        }
    }

    private static func dispatch(_ method: MethodModel, to source: inout SourceText) {
        let function =
            switch method.streaming {
            case .never: "answer"
            case .supported: "stream"
            case .required: "streamOnly"
            }
        let call = "try await replies.\(function)(call, handler.\(method.function))"
        let whole = "case .\(method.function): \(call)"
        if source.indentation + whole.count <= SourceText.margin { return source.line(whole) }
        source.line("case .\(method.function):")
        source.indented { $0.line(call) }
    }

    /// Writes the protocol of whatever can call the methods, with a function for each.
    func calls(interface: String, to source: inout SourceText) {
        let generic = ["_ method: Method.Type", "_ parameters: Method.Parameters"]
        source.line("/// Calls the methods of the interface `\(interface)`.")
        source.block("public protocol \(prefix)Calls: Sendable") { source in
            source.line("/// Calls a method and waits for its one reply.")
            source.declaration(
                "func call<Method: VarlinkMethod>", generic, " async throws -> Method.Reply")
            source.line()
            source.line("/// Calls a method with `more` and returns its replies as they arrive.")
            source.declaration(
                "func stream<Method: VarlinkMethod>", generic,
                " -> AsyncThrowingStream<Method.Reply, any Error>")
        }
        source.line()
        source.line("extension VarlinkClient: \(prefix)Calls {}")
        source.line()
        source.block("extension \(prefix)Calls") { source in
            for method in methods {
                if method.streaming != .required { Self.call(method, to: &source) }
                if method.streaming != .never { Self.stream(method, to: &source) }
            }
        }
    }

    private static func call(_ method: MethodModel, to source: inout SourceText) {
        source.gap()
        source.document(method.summary)
        source.declaration(
            "public func \(method.function)", [method.argument], " async throws -> \(method.type).Reply {")
        source.indented { $0.line("try await call(\(method.type).self, parameters)") }
        source.line("}")
    }

    private static func stream(_ method: MethodModel, to source: inout SourceText) {
        let function =
            method.streaming == .required
            ? method.function : SwiftNames.member("\(method.definition.name)Updates")
        source.gap()
        source.document(method.summary, note: "All replies are returned as they arrive.")
        source.declaration(
            "public func \(function)", [method.argument],
            " -> AsyncThrowingStream<\(method.type).Reply, any Error> {")
        source.indented { $0.line("stream(\(method.type).self, parameters)") }
        source.line("}")
    }
}
