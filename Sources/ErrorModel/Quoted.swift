/// A name from untrusted input in quotation marks, safe to show in an error message.
///
/// Control characters are shown as their code points, and the name is cut after 160 characters.
public struct Quoted: CustomStringConvertible {
    public let description: String

    public init(_ name: String) {
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
    /// Whether the text holds a C0 or C1 control character or DEL.
    public var holdsControlCharacter: Bool {
        unicodeScalars.contains { $0.value < 0x20 || (0x7F...0x9F).contains($0.value) }
    }
}
