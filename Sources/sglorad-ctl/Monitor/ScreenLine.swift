/// A line of a screen: pieces of safe text, each with a role that decides its colour.
struct ScreenLine: Sendable, Hashable {
    enum Role: Sendable, Hashable {
        case plain
        case heading
        case faint
        case good
        case warning
        case failure
    }

    private struct Piece: Sendable, Hashable {
        let text: SafeText
        let role: Role
    }

    private var pieces: [Piece] = []

    init() {}

    init(_ text: String, _ role: Role = .plain) { add(text, role) }

    /// Appends text of any origin; what could move the cursor or change colours is escaped.
    mutating func add(_ text: String, _ role: Role = .plain) {
        pieces.append(Piece(text: SafeText(text), role: role))
    }

    /// The line without colours and spaces at its end, for tests and for measuring.
    var text: String {
        var text = pieces.map(\.text.description).joined()
        while text.last == " " { text.removeLast() }
        return text
    }

    /// The number of terminal columns the whole line occupies.
    var width: Int { pieces.reduce(0) { $0 + $1.text.width } }

    /// The line in at most `columns` columns; a longer one is cut and ends in `~`.
    func rendered(columns: Int, style: Style) -> String {
        var left = width > columns ? columns - 1 : columns
        var line = ""
        for piece in pieces where left > 0 {
            var shown = ""
            for character in piece.text.description {
                let width = SafeText.width(of: character)
                guard width <= left else {
                    left = 0
                    break
                }
                left -= width
                shown.append(character)
            }
            line += style.shown(shown, piece.role)
        }
        return width > columns && columns > 0 ? line + "~" : line
    }

    /// A text as lines of at most `columns` columns, broken at spaces; a longer word has a line of its own.
    static func wrapped(_ text: String, columns: Int, _ role: Role) -> [ScreenLine] {
        var lines: [String] = []
        for word in SafeText(text).description.split(separator: " ") {
            if let last = lines.last, SafeText("\(last) \(word)").width <= columns {
                lines[lines.count - 1] = "\(last) \(word)"
            } else {
                lines.append((lines.isEmpty ? "" : "  ") + word)
            }
        }
        return lines.map { ScreenLine($0, role) }
    }
}

extension Style {
    /// A text in the colour of its role.
    fileprivate func shown(_ text: String, _ role: ScreenLine.Role) -> String {
        guard !text.isEmpty else { return text }
        return switch role {
        case .plain: text
        case .heading: heading(text)
        case .faint: faint(text)
        case .good: good(text)
        case .warning: warning(text)
        case .failure: failure(text)
        }
    }
}
