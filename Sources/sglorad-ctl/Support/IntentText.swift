import ErrorModel
import Glibc

/// Where an intent's text comes from: the argument itself or, for `-`, standard input, so that it need not stand in the
/// list of processes.
enum IntentText {
    /// The most that the daemon takes.
    static let maximumBytes = 32_768

    /// The text of an argument; `-` reads the descriptor to its end.
    static func resolve(_ argument: String, standardInput: Int32 = STDIN_FILENO) throws(SgloradError)
        -> String
    {
        guard argument == "-" else { return try checked(argument) }
        // The line's end does not count, so up to two bytes more than the limit may come.
        var bytes = try SystemCall.read(standardInput, count: maximumBytes + 3, path: "standard input")
        guard bytes.count <= maximumBytes + 2 else { throw tooLong }
        if bytes.last == lineFeed { bytes.removeLast() }
        return try checked(decoded(bytes[...]))
    }

    /// The texts of `encode`: the arguments or, for none or `-`, one text a line of standard input.
    static func resolveLines(
        _ arguments: [String], standardInput: Int32 = STDIN_FILENO
    ) throws(SgloradError) -> [String] {
        let texts = arguments.isEmpty || arguments == ["-"] ? try lines(standardInput) : arguments
        guard texts.count <= maximumLines else { throw tooManyLines }
        for (index, text) in texts.enumerated() {
            do {
                _ = try checked(text)
            } catch {
                throw .invalidRequest(
                    field: "texts",
                    reason:
                        "holds a text, number \(index + 1), that is empty or longer than \(maximumBytes) bytes"
                )
            }
        }
        return texts
    }

    private static func lines(_ standardInput: Int32) throws(SgloradError) -> [String] {
        let limit = maximumLines * (maximumBytes + 2)
        let bytes = try SystemCall.read(standardInput, count: limit + 1, path: "standard input")
        guard bytes.count <= limit else { throw tooManyLines }
        var lines = bytes.split(separator: lineFeed, omittingEmptySubsequences: false)
        if lines.last?.isEmpty == true { lines.removeLast() }
        guard lines.count <= maximumLines else { throw tooManyLines }
        var texts: [String] = []
        for line in lines { texts.append(try decoded(line)) }
        return texts
    }

    /// The most texts that one command encodes.
    private static let maximumLines = 1_024

    private static var tooManyLines: SgloradError {
        .invalidRequest(
            field: "texts", reason: "holds more than \(maximumLines) texts; encode them in several parts")
    }

    /// A text that is neither blank nor too long.
    private static func checked(_ text: String) throws(SgloradError) -> String {
        guard text.utf8.count <= maximumBytes else { throw tooLong }
        guard text.unicodeScalars.contains(where: { !$0.properties.isWhitespace }) else {
            throw .invalidIntent(field: "text", reason: "is empty; say in plain words what is wanted")
        }
        return text
    }

    private static let lineFeed = UInt8(ascii: "\n")

    private static var tooLong: SgloradError {
        .invalidIntent(
            field: "text", reason: "is longer than \(maximumBytes) bytes; say in fewer words what is wanted")
    }

    /// The text of a line's bytes, without the carriage return that some systems put before the line feed.
    private static func decoded(_ line: ArraySlice<UInt8>) throws(SgloradError) -> String {
        let bytes = line.last == UInt8(ascii: "\r") ? line.dropLast() : line
        guard let text = String(validating: bytes, as: UTF8.self) else {
            throw .invalidIntent(
                field: "text", reason: "is not valid UTF-8; convert it, for example with iconv")
        }
        return text
    }
}
