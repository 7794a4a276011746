/// The text of a Swift file as it is written, in the repository's format: 4 spaces, 110 columns.
struct SourceText {
    /// The right margin in columns.
    static let margin = 110

    private(set) var lines: [String] = []
    private var depth = 0

    /// The indentation of the next line, in columns.
    var indentation: Int { depth * 4 }

    /// The whole text, with a newline at its end.
    var text: String { lines.joined(separator: "\n") + "\n" }

    /// Appends one line; an empty one is never indented.
    mutating func line(_ text: String = "") {
        lines.append(text.isEmpty ? "" : String(repeating: " ", count: indentation) + text)
    }

    /// Appends an empty line, unless the last line opens a block or is empty.
    mutating func gap() {
        guard let last = lines.last, !last.isEmpty, !last.hasSuffix("{") else { return }
        line()
    }

    /// Appends a documentation comment.
    mutating func document(_ documentation: Documentation, note: String? = nil) {
        for text in documentation.lines(indentation: indentation, note: note) { line(text) }
    }

    /// Appends `opening {`, an indented body and `}`.
    mutating func block(_ opening: String, _ body: (inout SourceText) throws -> Void) rethrows {
        line("\(opening) {")
        try indented(body)
        line("}")
    }

    /// Appends a body that is indented by one more level.
    mutating func indented(_ body: (inout SourceText) throws -> Void) rethrows {
        depth += 1
        defer { depth -= 1 }
        try body(&self)
    }

    /// Appends a declaration with arguments: on one line if it fits, otherwise with the arguments on lines of
    /// their own.
    mutating func declaration(_ start: String, _ arguments: [String], _ end: String) {
        let whole = "\(start)(\(arguments.joined(separator: ", ")))\(end)"
        guard indentation + whole.count > Self.margin else { return line(whole) }
        line("\(start)(")
        indented { source in
            var pending = ""
            for (index, argument) in arguments.enumerated() {
                let item = argument + (index == arguments.count - 1 ? "" : ",")
                if !pending.isEmpty, source.indentation + pending.count + 1 + item.count > Self.margin {
                    source.line(pending)
                    pending = ""
                }
                pending += (pending.isEmpty ? "" : " ") + item
            }
            source.line(pending)
        }
        line(")\(end)")
    }
}
