/// A name from a file within quotation marks, safe and short enough for a message: control characters are shown as their
/// code points, and what is longer than 160 characters is cut.
struct Quoted: CustomStringConvertible {
    let description: String

    init(_ name: String) {
        var text = "'"
        var length = 0
        for scalar in name.unicodeScalars {
            guard length < 160 else {
                text += "…"
                break
            }
            if scalar.properties.generalCategory == .control {
                text += "\\u{\(String(scalar.value, radix: 16))}"
            } else {
                text.unicodeScalars.append(scalar)
            }
            length += 1
        }
        description = text + "'"
    }
}

extension String {
    /// Whether the text holds a control character, NUL included.
    var holdsControlCharacter: Bool {
        unicodeScalars.contains { $0.value < 0x20 || (0x7F...0x9F).contains($0.value) }
    }
}
