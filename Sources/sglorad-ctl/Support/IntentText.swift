internal import ErrorModel
internal import Files
internal import Glibc

/// Reads an intent's text from the argument or, for `-`, from standard input, which keeps it out of the process list.
enum IntentText {
    /// The daemon's limit, in bytes of UTF-8.
    static let maximumBytes = 32_768

    /// The text of an argument; `-` reads standard input to its end.
    ///
    /// Throws `invalidIntent` if the text is blank, longer than ``maximumBytes`` or not UTF-8.
    static func resolve(_ argument: String, standardInput: Int32 = STDIN_FILENO) throws(SgloradError)
        -> String
    {
        guard argument == "-" else { return try checked(DashedText.restored(argument)) }
        // A final line break does not count, so two bytes more than the limit are accepted.
        var bytes = try FileBytes.read(
            maximumBytes + 3, from: standardInput, path: "standard input")
        guard bytes.count <= maximumBytes + 2 else { throw tooLong }
        if bytes.last == lineFeed { bytes.removeLast() }
        return try checked(decoded(bytes[...]))
    }

    /// The texts of `encode`: the arguments or, without any or for `-`, one text per line of standard input.
    ///
    /// Throws `invalidRequest` if there are too many texts, or one is blank or too long.
    static func resolveLines(
        _ arguments: [String], standardInput: Int32 = STDIN_FILENO
    ) throws(SgloradError) -> [String] {
        let texts =
            arguments.isEmpty || arguments == ["-"]
            ? try lines(standardInput) : arguments.map(DashedText.restored)
        guard texts.count <= maximumLines else { throw tooManyLines }
        for (index, text) in texts.enumerated() {
            do {
                _ = try checked(text)
            } catch {
                throw .invalidRequest(
                    field: "texts",
                    reason:
                        "holds an empty or too long text (number \(index + 1)): 1 to \(maximumBytes) bytes are allowed"
                )
            }
        }
        return texts
    }

    private static func lines(_ standardInput: Int32) throws(SgloradError) -> [String] {
        let limit = maximumLines * (maximumBytes + 2)
        let bytes = try FileBytes.read(limit + 1, from: standardInput, path: "standard input")
        guard bytes.count <= limit else { throw tooManyLines }
        var lines = bytes.split(separator: lineFeed, omittingEmptySubsequences: false)
        if lines.last?.isEmpty == true { lines.removeLast() }
        guard lines.count <= maximumLines else { throw tooManyLines }
        var texts: [String] = []
        for line in lines { texts.append(try decoded(line)) }
        return texts
    }

    /// The maximum number of texts per command.
    private static let maximumLines = 1_024

    private static var tooManyLines: SgloradError {
        .invalidRequest(
            field: "texts",
            reason: "holds more than \(maximumLines) texts; run the command several times with fewer texts")
    }

    /// The text itself, unless it is blank or too long.
    private static func checked(_ text: String) throws(SgloradError) -> String {
        guard text.utf8.count <= maximumBytes else { throw tooLong }
        guard text.unicodeScalars.contains(where: { !$0.properties.isWhitespace }) else {
            throw .invalidIntent(field: "text", reason: "is empty; describe the task in plain language")
        }
        return text
    }

    private static let lineFeed = UInt8(ascii: "\n")

    private static var tooLong: SgloradError {
        .invalidIntent(
            field: "text", reason: "is longer than \(maximumBytes) bytes; shorten it")
    }

    /// Decodes a line, without the carriage return of a CRLF line break.
    private static func decoded(_ line: ArraySlice<UInt8>) throws(SgloradError) -> String {
        let bytes = line.last == UInt8(ascii: "\r") ? line.dropLast() : line
        guard let text = String(validating: bytes, as: UTF8.self) else {
            throw .invalidIntent(
                field: "text", reason: "is not valid UTF-8; convert it, for example with iconv")
        }
        return text
    }
}
