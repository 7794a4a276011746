import ErrorModel
import FoundationEssentials
import Glibc

/// Where a command's result goes: standard output, once, as text or as one JSON document.
struct Output: Sendable {
    /// Whether the result is one JSON document.
    let json: Bool

    /// Prints a reply: its own JSON, or what `report` makes of it.
    func emit(_ reply: some Encodable, _ report: (inout Report) -> Void) throws {
        if json {
            try emit(json: reply)
        } else {
            var text = Report()
            report(&text)
            try Self.print(text.rendered(.of(descriptor: STDOUT_FILENO)))
        }
    }

    /// Prints one of many replies: its JSON on a line of its own, or what `report` makes of it.
    func emitLine(_ reply: some Encodable, _ report: (inout Report) -> Void) throws {
        guard json else { return try emit(reply, report) }
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        try Self.print(String(decoding: try encoder.encode(reply), as: UTF8.self) + "\n")
    }

    /// Prints one JSON document.
    func emit(json document: some Encodable) throws { try Self.print(Self.encoded(document) + "\n") }

    /// Tells of a failure: the message on standard error and, under `--json`, an object on standard output.
    func emit(_ failure: Failure) {
        let style = Style.of(descriptor: STDERR_FILENO)
        StandardError.write("\(style.failure("sglorad-ctl:")) \(SafeText(failure.message))\n")
        // The status tells of the failure even where standard output cannot be written.
        if json { try? emit(json: FailureDocument(failure)) }
    }

    /// The JSON of a value: pretty, keys sorted, so that equal values give equal text.
    static func encoded(_ value: some Encodable) throws -> String {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
        return String(decoding: try encoder.encode(value), as: UTF8.self)
    }

    private static func print(_ text: String) throws(SgloradError) {
        try SystemCall.write(Array(text.utf8), to: STDOUT_FILENO, path: "standard output")
    }
}

/// Messages and progress, which never mix with a command's result.
enum StandardError {
    /// Whether a person may be looking.
    static var isTerminal: Bool { isatty(STDERR_FILENO) == 1 }

    /// How many columns the terminal has, 80 where it does not say.
    static var columns: Int {
        var size = winsize()
        guard ioctl(STDERR_FILENO, UInt(TIOCGWINSZ), &size) == 0, size.ws_col > 0 else { return 80 }
        return Int(size.ws_col)
    }

    /// Writes what is already safe to print; a closed standard error is no reason to fail.
    static func write(_ text: String) {
        try? SystemCall.write(Array(text.utf8), to: STDERR_FILENO, path: "standard error")
    }
}
