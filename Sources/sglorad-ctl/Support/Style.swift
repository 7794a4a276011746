import Glibc

/// The few colours there are: on a terminal that can show them, and not where `NO_COLOR` is set.
struct Style: Sendable {
    /// Whether colours are used.
    let isColoured: Bool

    /// No colours at all.
    static let plain = Style(isColoured: false)

    /// The style for a file descriptor, by what it is and by the environment.
    static func of(descriptor: Int32) -> Style {
        Style(
            isColoured: isatty(descriptor) == 1 && (Environment["NO_COLOR"] ?? "").isEmpty
                && Environment["TERM"] != "dumb")
    }

    /// A table's head.
    func heading(_ text: String) -> String { wrap(text, "1") }
    /// Something that wants attention.
    func warning(_ text: String) -> String { wrap(text, "33") }
    /// Something that went wrong.
    func failure(_ text: String) -> String { wrap(text, "31") }

    private func wrap(_ text: String, _ code: String) -> String {
        isColoured ? "\u{1B}[\(code)m\(text)\u{1B}[0m" : text
    }
}

/// The environment's variables, by name.
enum Environment {
    /// The value of a variable, or nil where it is not set.
    static subscript(_ name: String) -> String? { getenv(name).map { String(cString: $0) } }
}
