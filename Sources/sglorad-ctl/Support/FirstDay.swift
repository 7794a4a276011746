/// What `sglorad-ctl` shows when it is called alone: the five commands of a first day, and where help is.
enum FirstDay {
    /// A command of the first day, and what it does.
    struct Step: Sendable {
        /// The words after the program's name; those in capitals stand for the user's own.
        let words: [String]
        let purpose: String
    }

    static let steps = [
        Step(words: ["doctor"], purpose: "find out what is missing, and what to do"),
        Step(words: ["expert", "import", "DIR"], purpose: "put a trained adapter into the library"),
        Step(words: ["generator", "train"], purpose: "train the library's generator"),
        Step(words: ["request", "\"TEXT\"", "-o", "OUT"], purpose: "describe a task, get an adapter for it"),
        Step(words: ["monitor"], purpose: "watch the daemon work"),
    ]

    private static let help = [
        Step(words: ["help"], purpose: "every command"),
        Step(words: ["help", "request"], purpose: "a command's options, with examples"),
    ]

    /// The whole page; its lines have at most 80 columns.
    static var page: String {
        """
        sglorad-ctl makes LoRA adapters from plain words, on this machine.

        A first day:
        \(lines(steps))

        Help:
        \(lines(help))

        """
    }

    private static func lines(_ steps: [Step]) -> String {
        let commands = steps.map { "sglorad-ctl \($0.words.joined(separator: " "))" }
        let width = 35
        return zip(commands, steps).map { command, step in
            "  \(command)\(String(repeating: " ", count: max(2, width - command.count)))\(step.purpose)"
        }.joined(separator: "\n")
    }
}
