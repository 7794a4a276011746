internal import ErrorModel
internal import Files
internal import FoundationEssentials
internal import Glibc

/// Prints a command's result on standard output, as text or as one JSON document.
struct Output: Sendable {
    /// Whether the result is printed as JSON.
    let json: Bool

    /// Prints a reply as JSON, or as the text that `report` makes of it.
    func emit(_ reply: some Encodable, _ report: (inout Report) -> Void) throws {
        if json {
            try emit(json: reply)
        } else {
            var text = Report()
            report(&text)
            try Self.print(text.rendered(.of(descriptor: STDOUT_FILENO)))
        }
    }

    /// Prints one of many replies: as JSON on a single line, or as the text that `report` makes of it.
    func emitLine(_ reply: some Encodable, _ report: (inout Report) -> Void) throws {
        guard json else { return try emit(reply, report) }
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        try Self.print(String(decoding: try encoder.encode(reply), as: UTF8.self) + "\n")
    }

    /// Prints one JSON document.
    func emit(json document: some Encodable) throws { try Self.print(Self.encoded(document) + "\n") }

    /// Prints a text that is safe to print.
    func emit(text: String) throws { try Self.print(text) }

    /// Prints a failure: its message and the next step on standard error and, with `--json`, an object on standard output.
    func emit(_ failure: Failure) {
        let style = Style.of(descriptor: STDERR_FILENO)
        StandardError.write(failure.text(style))
        // If standard output cannot be written either, the exit status still reports the failure.
        if json { try? emit(json: FailureDocument(failure)) }
    }

    /// Pretty-printed JSON with sorted keys, so that equal values give equal text.
    static func encoded(_ value: some Encodable) throws -> String {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
        return String(decoding: try encoder.encode(value), as: UTF8.self)
    }

    private static func print(_ text: String) throws(SgloradError) {
        try FileBytes.append(Array(text.utf8), to: STDOUT_FILENO, path: "standard output")
    }
}

/// Messages and progress, kept apart from the command's result.
enum StandardError {
    static var isTerminal: Bool { isatty(STDERR_FILENO) == 1 }

    /// The terminal's width, or 80 if it is unknown.
    static var columns: Int {
        var size = winsize()
        guard ioctl(STDERR_FILENO, UInt(TIOCGWINSZ), &size) == 0, size.ws_col > 0 else { return 80 }
        return Int(size.ws_col)
    }

    /// Writes text that is already safe to print; errors are ignored, since standard error may be closed.
    static func write(_ text: String) {
        try? FileBytes.append(Array(text.utf8), to: STDERR_FILENO, path: "standard error")
    }
}

/// Terminal colours, used on a capable terminal unless `NO_COLOR` is set.
struct Style: Sendable {
    let isColoured: Bool

    static let plain = Style(isColoured: false)

    /// The style for a file descriptor, by its type and the environment.
    static func of(descriptor: Int32) -> Style {
        Style(
            isColoured: isatty(descriptor) == 1 && (Environment["NO_COLOR"] ?? "").isEmpty
                && Environment["TERM"] != "dumb")
    }

    /// A table's header.
    func heading(_ text: String) -> String { wrap(text, "1") }
    func faint(_ text: String) -> String { wrap(text, "2") }
    func good(_ text: String) -> String { wrap(text, "32") }
    func warning(_ text: String) -> String { wrap(text, "33") }
    func failure(_ text: String) -> String { wrap(text, "31") }

    private func wrap(_ text: String, _ code: String) -> String {
        isColoured ? "\u{1B}[\(code)m\(text)\u{1B}[0m" : text
    }
}

/// The process's environment variables.
enum Environment {
    /// The value of a variable; nil if it is not set.
    static subscript(_ name: String) -> String? { getenv(name).map { String(cString: $0) } }
}
