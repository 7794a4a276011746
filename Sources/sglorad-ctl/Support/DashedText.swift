internal import ArgumentParser

/// Texts on the command line that begin with a hyphen, such as "-5 degrees in the morning".
///
/// The parser would take them for options, so they are marked before it sees them, and restored where a text is read.
enum DashedText {
    /// The commands whose arguments are texts.
    private static let commands: Set<String> = ["request", "explain", "encode"]
    /// The options whose values are texts.
    private static let options: Set<String> = ["--label", "--idempotency-key", "--text"]
    private static let flags: Set<String> = ["--json", "--force", "--no-wait", "--spool", "--sites"]
    /// A private-use character, which no text begins with.
    private static let mark: Character = "\u{10FFFD}"

    /// Marks the arguments that cannot be options: a name of an option contains no white space and begins with a letter.
    static func marked(_ arguments: [String]) -> [String] {
        guard let command = arguments.first,
            commands.contains(command) || arguments.starts(with: ["queue", "retry"])
        else { return arguments }
        let end = arguments.firstIndex(of: "--") ?? arguments.endIndex
        return arguments.indices.map { index in
            let argument = arguments[index]
            guard (1..<end).contains(index), argument.hasPrefix("-"), argument.count > 1 else {
                return argument
            }
            let name = argument.prefix { $0 != "=" }
            let before = arguments[index - 1]
            let isValue = before.hasPrefix("-") && !flags.contains(before) && !options.contains(before)
            let first = argument.dropFirst().first ?? "-"
            let isNumber = !isValue && first != "-" && !(first.isASCII && first.isLetter)
            return name.contains(where: \.isWhitespace) || isNumber ? String(mark) + argument : argument
        }
    }

    /// The text as it was typed.
    static func restored(_ text: String) -> String {
        text.first == mark ? String(text.dropFirst()) : text
    }

    /// What to add to a usage error if a text may have been taken for an option.
    static func hint(_ arguments: [String], error message: String) -> String? {
        guard let command = arguments.first, commands.contains(command),
            message.contains("Unknown option") || message.contains("Missing expected argument"),
            arguments.dropFirst().contains(where: { $0.hasPrefix("-") && $0 != "-" && $0 != "--" })
        else { return nil }
        return "If a text begins with a hyphen, put '--' before it: sglorad-ctl \(command) -- \"-…\""
    }
}

/// Words after the text, which a text without quotation marks leaves.
struct UnquotedWords: ParsableArguments {
    @Argument(help: .hidden)
    var words: [String] = []

    func validate() throws {
        guard words.isEmpty else {
            throw ValidationError(
                "The text must be one argument, but it is followed by \(words.count) more. Put it in quotation marks: "
                    + "\"route requests about travel bookings\".")
        }
    }
}
